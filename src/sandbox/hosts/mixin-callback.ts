import { foreignIssuer, grantedPerson, returnedState } from '../callback.ts';
import type { Exchange, SandboxParts } from '../parts.ts';
import type { Person } from '../people.ts';
import { type MixinAuthorization, noClaims } from '../records.ts';
import { findRegistration } from '../registrations.ts';
import { withoutDispensable } from '../scopes.ts';
import { codeLifetimeMilliseconds } from '../tokens.ts';

function callbackOf({ registrations }: SandboxParts, { clientId }: MixinAuthorization): string {
  return findRegistration(registrations, 'mixin', clientId)?.redirectUris[0] ?? '';
}

/** Mixin itself never sends `iss` (RFC 9207). */
function issuerOf({ parts }: Exchange): string {
  if (parts.faults.has('authorize_wrong_iss')) return '&iss=https%3A%2F%2Fissuer.invalid%2F';
  if (!parts.faults.has('authorize_foreign_iss')) return '';
  return `&iss=${encodeURIComponent(foreignIssuer(parts, 'mixin'))}`;
}

/**
 * Glued together as text, as Mixin's page does: always the registered callback, `state` as it
 * came in and never encoded, `&state=` even without one.
 */
function glue(exchange: Exchange, authorization: MixinAuthorization, first: string): string {
  const state = returnedState(exchange, 'mixin', authorization.state);
  const { returnTo } = authorization;
  const back = returnTo === null ? '' : `&return_to=${encodeURIComponent(returnTo)}`;
  const callback = callbackOf(exchange.parts, authorization);
  return `${callback}?${first}${state === null ? '' : `&state=${state}`}${back}${issuerOf(exchange)}`;
}

/** Where the browser goes with the answer, or null while there is none. */
export function mixinCallback(exchange: Exchange, authorization: MixinAuthorization): string | null {
  if (authorization.status === 'approved') return glue(exchange, authorization, `code=${authorization.code}`);
  if (authorization.status === 'denied') return glue(exchange, authorization, 'error=access_denied');
  return null;
}

export function mixinServerError(exchange: Exchange, authorization: MixinAuthorization): string {
  return glue(exchange, authorization, 'error=server_error');
}

/** No scope at all means that the person said no. */
export function answerMixinAuthorization(
  { parts }: Exchange,
  authorization: MixinAuthorization,
  person: Person,
  ticked: readonly string[],
): void {
  const asked = authorization.scopes.filter((scope) => ticked.includes(scope));
  const scopes = parts.faults.has('fewer_scopes') ? withoutDispensable(asked) : asked;
  if (scopes.length === 0 || parts.faults.has('authorize_denied')) {
    authorization.status = 'denied';
    return;
  }
  authorization.code = issueMixinCode(parts, authorization, grantedPerson(parts, person), scopes);
  authorization.status = 'approved';
}

/** Length and alphabet of true codes were not found, only that they are longer than 16 characters. */
function issueMixinCode(
  parts: SandboxParts,
  authorization: MixinAuthorization,
  personId: string,
  scopes: string[],
): string {
  const { clientId, codeChallenge, authorizationId } = authorization;
  const code = parts.random.hex(32);
  parts.state.codes.set(code, {
    code,
    service: 'mixin',
    clientId,
    personId,
    redirectUri: callbackOf(parts, authorization),
    scopes,
    nonce: null,
    claims: noClaims,
    codeChallenge,
    authorizationId,
    expiresAt: parts.now() + codeLifetimeMilliseconds,
    used: false,
  });
  return code;
}
