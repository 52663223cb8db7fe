import type { SandboxParts } from './parts.ts';
import type { Person } from './people.ts';
import type { PendingAuthorization } from './records.ts';
import type { Api, Service } from './services.ts';
import { withoutDispensable } from './scopes.ts';
import { issueCode } from './tokens.ts';
import type { Describe } from './received-parameters.ts';

export type CallbackParameters = Readonly<Record<string, string | null>>;

/** In which ways the authorization pages of the providers differ. */
export interface AuthorizationPage {
  api: Api;
  service: Service;
  /** The pretended host that shows the pages. */
  host: string;
  issuer: string;
  describe: Describe;
  newCode(): string;
  granted(code: string, scopes: readonly string[]): CallbackParameters;
  denied: CallbackParameters;
}

type Sender = Pick<PendingAuthorization, 'redirectUri' | 'state'>;

/** The callback with the parameters in this order; null ones are left out (RFC 6749 4.1.2). */
export function callbackLocation(redirectUri: string, parameters: CallbackParameters): string {
  const location = new URL(redirectUri);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null) location.searchParams.append(name, value);
  }
  return location.href;
}

function issuerOf({ state }: SandboxParts, page: AuthorizationPage): string | null {
  if (state.faults.has(page.service, 'authorize_wrong_iss')) return 'https://issuer.invalid/';
  return state.faults.has(page.service, 'authorize_with_iss') ? page.issuer : null;
}

/** The callback with `state` as it came in, and `iss` (RFC 9207) where a fault adds it. */
export function respondTo(
  parts: SandboxParts,
  page: AuthorizationPage,
  sender: Sender,
  parameters: CallbackParameters,
): string {
  const isWrongState = parts.state.faults.has(page.service, 'authorize_wrong_state');
  const state = isWrongState ? 'not-your-state' : sender.state;
  return callbackLocation(sender.redirectUri, { ...parameters, state, iss: issuerOf(parts, page) });
}

/** The person said yes: a code, and a grant that the next login need not ask for again. */
export function approve(
  parts: SandboxParts,
  page: AuthorizationPage,
  pending: PendingAuthorization,
  person: Person,
): string {
  if (parts.state.faults.has(page.service, 'authorize_denied')) return deny(parts, page, pending);
  const isFewer = parts.state.faults.has(page.service, 'fewer_scopes');
  const scopes = isFewer ? withoutDispensable(pending.scopes) : pending.scopes;
  const code = issueCode(parts, pending, { code: page.newCode(), personId: person.id, scopes });
  parts.state.remember(code, pending.scopes);
  return respondTo(parts, page, pending, page.granted(code.code, scopes));
}

export function deny(parts: SandboxParts, page: AuthorizationPage, pending: PendingAuthorization): string {
  return respondTo(parts, page, pending, page.denied);
}
