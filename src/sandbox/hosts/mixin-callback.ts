import type { SandboxParts } from '../parts.ts';
import type { Person } from '../people.ts';
import { randomHex } from '../random.ts';
import { type MixinAuthorization, noClaims } from '../records.ts';
import { findRegistration } from '../registrations.ts';
import { withoutDispensable } from '../scopes.ts';
import { codeLifetimeMilliseconds } from '../tokens.ts';

function callbackOf({ registrations }: SandboxParts, { clientId }: MixinAuthorization): string {
  return findRegistration(registrations, 'mixin', clientId)?.redirectUris[0] ?? '';
}

/**
 * Glued together as text, as Mixin's page does: always the registered callback, `state` as it
 * came in and never encoded, `&state=` even without one.
 */
function glue(parts: SandboxParts, authorization: MixinAuthorization, first: string): string {
  const { faults } = parts.state;
  const state = faults.has('mixin', 'authorize_wrong_state') ? 'not-your-state' : authorization.state;
  const { returnTo } = authorization;
  const back = returnTo === null ? '' : `&return_to=${encodeURIComponent(returnTo)}`;
  const issuer = faults.has('mixin', 'authorize_wrong_iss') ? '&iss=https%3A%2F%2Fissuer.invalid%2F' : '';
  return `${callbackOf(parts, authorization)}?${first}&state=${state}${back}${issuer}`;
}

/** Where the browser goes with the answer, or null while there is none. */
export function mixinCallback(parts: SandboxParts, authorization: MixinAuthorization): string | null {
  if (authorization.status === 'approved') return glue(parts, authorization, `code=${authorization.code}`);
  if (authorization.status === 'denied') return glue(parts, authorization, 'error=access_denied');
  return null;
}

export function mixinServerError(parts: SandboxParts, authorization: MixinAuthorization): string {
  return glue(parts, authorization, 'error=server_error');
}

/** No scope at all means that the person said no. */
export function answerMixinAuthorization(
  parts: SandboxParts,
  authorization: MixinAuthorization,
  person: Person,
  ticked: readonly string[],
): void {
  const { state } = parts;
  const asked = authorization.scopes.filter((scope) => ticked.includes(scope));
  const scopes = state.faults.has('mixin', 'fewer_scopes') ? withoutDispensable(asked) : asked;
  if (scopes.length === 0 || state.faults.has('mixin', 'authorize_denied')) {
    authorization.status = 'denied';
    return;
  }
  authorization.code = issueMixinCode(parts, authorization, person, scopes);
  authorization.status = 'approved';
}

/** Length and alphabet of true codes were not found, only that they are longer than 16 characters. */
function issueMixinCode(
  parts: SandboxParts,
  authorization: MixinAuthorization,
  person: Person,
  scopes: string[],
): string {
  const { clientId, codeChallenge, authorizationId } = authorization;
  const code = randomHex(32);
  parts.state.codes.set(code, {
    code,
    service: 'mixin',
    clientId,
    personId: person.id,
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
