import type { Exchange, RequestParts, SandboxParts } from './parts.ts';
import type { Person } from './people.ts';
import type { Random } from './random.ts';
import type { MixinAuthorization, PendingAuthorization } from './records.ts';
import type { Api, Service } from './services.ts';
import { withoutDispensable } from './scopes.ts';
import { issueCode } from './tokens.ts';
import type { Describe } from './received-parameters.ts';

export type CallbackParameters = Readonly<Record<string, string | null>>;

/** What a person has said yes to, and whose account it opens. */
export interface Agreed {
  pending: PendingAuthorization;
  personId: string;
  scopes: string[];
}

/** What comes in the fragment when the response type asks for more than a code, or for none. */
export type GrantAtOnce = (exchange: Exchange, agreed: Agreed, code: string | null) => CallbackParameters;

/** In which ways the authorization pages of the providers differ. */
export interface AuthorizationPage {
  api: Api;
  service: Service;
  /** The pretended host that shows the pages. */
  host: string;
  issuer: string;
  describe: Describe;
  newCode(random: Random): string;
  granted(code: string, scopes: readonly string[]): CallbackParameters;
  grantedAtOnce?: GrantAtOnce;
  denied: CallbackParameters;
}

type Sender = Pick<PendingAuthorization, 'redirectUri' | 'state'>;

/** The callback with the parameters in this order; null ones are left out (RFC 6749 4.1.2). */
export function callbackLocation(redirectUri: string, parameters: CallbackParameters): string {
  const location = new URL(redirectUri);
  for (const [name, value] of given(parameters)) location.searchParams.append(name, value);
  return location.href;
}

/** The same behind `#`, which only the browser sees (RFC 6749 4.2.2). */
function fragmentLocation(redirectUri: string, parameters: CallbackParameters): string {
  const location = new URL(redirectUri);
  location.hash = new URLSearchParams(given(parameters)).toString();
  return location.href;
}

function given(parameters: CallbackParameters): [string, string][] {
  return Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== null);
}

/** RFC 9207 2: `iss` belongs into the callback of services that say so, and none of these says so. */
function issuerOf({ parts }: Exchange, page: AuthorizationPage): string | null {
  if (parts.faults.has('authorize_wrong_iss')) return 'https://issuer.invalid/';
  if (parts.faults.has('authorize_foreign_iss')) return foreignIssuer(parts, page.service);
  return parts.faults.has('authorize_with_iss') ? page.issuer : null;
}

/** As in a mix-up attack (RFC 9700 4.4): the issuer of another service that the application may know. */
export function foreignIssuer({ baseUrl }: SandboxParts, service: Service): string {
  const isResonite = service === 'resonite';
  return isResonite ? `${baseUrl}/id.twitch.tv/oauth2` : `${baseUrl}/account.resonite.com/`;
}

/** `state` as it came in, or as a fault wants it; null leaves it out. */
export function returnedState({ parts }: Exchange, service: Service, state: string | null): string | null {
  const { faults } = parts;
  if (faults.has('authorize_wrong_state')) return 'not-your-state';
  if (faults.has('authorize_missing_state')) return null;
  return faults.has('authorize_foreign_state') ? stateBefore(parts, service, state) : state;
}

/** The state of the newest other login at the same service. */
function stateBefore(
  { state: { pending, mixinAuthorizations } }: SandboxParts,
  service: Service,
  own: string | null,
) {
  const others = [...pending.values(), ...[...mixinAuthorizations.values()].map(toMixinState)].filter(
    (login) => login.service === service && login.state !== null && login.state !== own,
  );
  return others.at(-1)?.state ?? 'the-state-of-another-login';
}

function toMixinState({ state }: MixinAuthorization) {
  return { service: 'mixin' as const, state };
}

/** The callback with `state` as it came in, and `iss` where a fault adds it. */
export function respondTo(
  exchange: Exchange,
  page: AuthorizationPage,
  sender: Sender,
  parameters: CallbackParameters,
  toLocation = callbackLocation,
): string {
  const state = returnedState(exchange, page.service, sender.state);
  return toLocation(sender.redirectUri, { ...parameters, state, iss: issuerOf(exchange, page) });
}

function newCode(exchange: Exchange, page: AuthorizationPage, { pending, personId, scopes }: Agreed): string {
  const { parts } = exchange;
  return issueCode(parts, pending, { code: page.newCode(parts.random), personId, scopes }).code;
}

/** A code in the query; whatever else the response type asks for in the fragment (OpenID Connect Core 3.3.2.5). */
function answerYes(exchange: Exchange, page: AuthorizationPage, agreed: Agreed): string {
  const { pending, scopes } = agreed;
  const atOnce = pending.responseType === 'code' ? undefined : page.grantedAtOnce;
  if (!atOnce)
    return respondTo(exchange, page, pending, page.granted(newCode(exchange, page, agreed), scopes));
  const code = pending.responseType.split(' ').includes('code') ? newCode(exchange, page, agreed) : null;
  return respondTo(exchange, page, pending, atOnce(exchange, agreed, code), fragmentLocation);
}

/** The person said yes: what was asked for, and a grant that the next login need not ask for again. */
export function approve(
  exchange: Exchange,
  page: AuthorizationPage,
  pending: PendingAuthorization,
  { person, scopes: wanted }: { person: Person; scopes: string[] },
): string {
  const { parts } = exchange;
  const { faults, state } = parts;
  if (faults.has('authorize_denied')) return deny(exchange, page, pending);
  const scopes = faults.has('fewer_scopes') ? withoutDispensable(wanted) : wanted;
  state.remember({ ...pending, personId: person.id }, pending.scopes);
  return answerYes(exchange, page, { pending, personId: grantedPerson(parts, person), scopes });
}

/** Whose account the code opens: that of who said yes, unless a fault mixes people up. */
export function grantedPerson({ faults, state }: RequestParts, person: Person): string {
  return faults.has('authorize_other_person') ? state.people.another(person.id).id : person.id;
}

export function deny(exchange: Exchange, page: AuthorizationPage, pending: PendingAuthorization): string {
  return respondTo(exchange, page, pending, page.denied);
}
