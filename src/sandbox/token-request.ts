import { createHash } from 'node:crypto';
import type { Exchange } from './endpoint.ts';
import type { Parameters } from './parameters.ts';
import type { RequestParts } from './parts.ts';
import type { Person } from './people.ts';
import type { AuthorizationCode, RefreshToken } from './records.ts';
import type { Registration } from './registrations.ts';

/** A token request; the checks fill in the client, and the code or the refresh token. */
export interface TokenExchange extends Exchange {
  parameters: Parameters;
  registration: Registration;
  code: AuthorizationCode;
  refreshToken: RefreshToken;
}

/** What is not there yet is set by a check that comes before every use. */
export function startTokenRequest(exchange: Exchange, parameters: Parameters): TokenExchange {
  return { ...exchange, parameters } as TokenExchange;
}

/** True when the secret is wrong, or a fault says that it is. */
export function isWrongSecret({ parts, registration, parameters }: TokenExchange): boolean {
  if (parts.faults.has('token_wrong_secret')) return true;
  return registration.clientSecret !== (parameters.get('client_secret') ?? null);
}

/** The code of the request, to whichever client of the service it was issued, or undefined. */
export function issuedCode({
  parts,
  registration,
  parameters,
}: TokenExchange): AuthorizationCode | undefined {
  const code = parts.state.codes.get(parameters.get('code') ?? '');
  return code?.service === registration.service ? code : undefined;
}

/** A code that exists, was given to this client and can still be used, or undefined. */
export function findCode(exchange: TokenExchange): AuthorizationCode | undefined {
  const code = issuedCode(exchange);
  return code?.clientId === exchange.registration.clientId ? code : undefined;
}

export function isCodeExpired({ parts, code }: Pick<TokenExchange, 'parts' | 'code'>): boolean {
  return code.expiresAt <= parts.now() || parts.faults.has('token_code_expired');
}

/** The refresh token of the request, to whichever client of the service it was issued, or undefined. */
export function issuedRefreshToken({
  parts,
  registration,
  parameters,
}: TokenExchange): RefreshToken | undefined {
  if (parts.faults.has('refresh_refused') || parts.faults.has('access_revoked')) return undefined;
  const token = parts.state.refreshTokens.get(parameters.get('refresh_token') ?? '');
  return token?.service === registration.service ? token : undefined;
}

export function findRefreshToken(exchange: TokenExchange): RefreshToken | undefined {
  const token = issuedRefreshToken(exchange);
  return token?.clientId === exchange.registration.clientId ? token : undefined;
}

/** What a refresh goes on with; a fault makes it the grant of another person. */
export function refreshedGrant({ parts, refreshToken }: TokenExchange): RefreshToken {
  if (!parts.faults.has('refresh_other_person')) return refreshToken;
  return { ...refreshToken, personId: parts.state.people.another(refreshToken.personId).id };
}

/** RFC 7636 4.6, over the text of the verifier. */
export function fitsChallenge(verifier: string, challenge: string): boolean {
  return createHash('sha256').update(verifier).digest('base64url') === challenge;
}

/** `scope` as the faults want it, or `usual`; undefined leaves the member out. */
export function scopeMember<S>({ faults }: RequestParts, usual: S): S | null | string[] | undefined {
  if (faults.has('token_scope_null')) return null;
  if (faults.has('token_scope_empty_string')) return [''];
  return faults.has('token_scope_absent') ? undefined : usual;
}

/** A person as the service describes them in ID tokens and profiles. */
export function described({ faults }: RequestParts, person: Person): Person {
  return faults.has('no_email') ? { ...person, email: null } : person;
}

/** The person that userinfo describes; a fault takes another one. */
export function personOf(parts: RequestParts, personId: string): Person {
  const { faults, state } = parts;
  const isOther = faults.has('userinfo_other_person');
  return described(parts, isOther ? state.people.another(personId) : state.people.get(personId));
}

/** A profile as the faults want it. */
export function withProfileFaults(
  { faults }: RequestParts,
  profile: Record<string, unknown>,
  idName: string,
): Record<string, unknown> {
  if (!faults.has('userinfo_without_id')) return profile;
  return Object.fromEntries(Object.entries(profile).filter(([name]) => name !== idName));
}
