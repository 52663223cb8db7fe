import type { RequestParts, SandboxParts } from './parts.ts';
import type { AccessToken, AuthorizationCode, PendingAuthorization, RefreshToken } from './records.ts';
import type { Service } from './services.ts';

/** No provider publishes the lifetime of its codes; RFC 6749 4.1.2 recommends at most ten minutes. */
export const codeLifetimeMilliseconds = 10 * 60 * 1000;

type Granted = Pick<AuthorizationCode, 'service' | 'clientId' | 'personId' | 'scopes' | 'claims'>;

function toGranted({ service, clientId, personId, scopes, claims }: Granted): Granted {
  return { service, clientId, personId, scopes, claims };
}

export function issueCode(
  { state, now }: SandboxParts,
  pending: PendingAuthorization,
  granted: { code: string; personId: string; scopes: string[] },
): AuthorizationCode {
  const { service, clientId, redirectUri, nonce, claims, codeChallenge } = pending;
  const expiresAt = now() + codeLifetimeMilliseconds;
  const bound = { service, clientId, redirectUri, nonce, claims, codeChallenge };
  const record = { ...bound, ...granted, authorizationId: null, expiresAt, used: false };
  state.codes.set(record.code, record);
  return record;
}

export function issueAccessToken(
  { state, now }: SandboxParts,
  granted: Granted,
  value: string,
  lifetimeSeconds: number,
): AccessToken {
  const createdAt = now();
  const expiresAt = createdAt + lifetimeSeconds * 1000;
  const token = { ...toGranted(granted), value, createdAt, expiresAt };
  state.accessTokens.set(value, token);
  return token;
}

/** A lifetime of null means until the person or the provider ends it. */
export function issueRefreshToken(
  { state, now }: SandboxParts,
  granted: Granted,
  value: string,
  lifetimeSeconds: number | null,
): RefreshToken {
  const expiresAt = lifetimeSeconds === null ? null : now() + lifetimeSeconds * 1000;
  const token = { ...toGranted(granted), value, expiresAt, used: false };
  state.refreshTokens.set(value, token);
  return token;
}

export function liveAccessToken(
  { state, now, faults }: RequestParts,
  service: Service,
  value: string | undefined,
): AccessToken | undefined {
  if (faults.has('access_revoked')) return undefined;
  const token = state.accessTokens.get(value ?? '');
  return token && token.service === service && token.expiresAt > now() ? token : undefined;
}

/** The token of a request for a profile; a fault refuses every one. */
export function profileToken(
  parts: RequestParts,
  service: Service,
  value: string | undefined,
): AccessToken | undefined {
  return parts.faults.has('userinfo_401') ? undefined : liveAccessToken(parts, service, value);
}

export function isExpired({ expiresAt }: { expiresAt: number | null }, { now }: SandboxParts): boolean {
  return expiresAt !== null && expiresAt <= now();
}

export function secondsLeft({ expiresAt }: { expiresAt: number }, { now }: SandboxParts): number {
  return Math.floor((expiresAt - now()) / 1000);
}

/** The credentials after an authentication scheme, `Bearer abc` or `OAuth abc`, whose name has no case. */
export function credentials(header: string | undefined, ...schemes: string[]): string | undefined {
  const [scheme, value, ...rest] = (header ?? '').split(' ');
  const isScheme = schemes.some((entry) => entry.toLowerCase() === scheme?.toLowerCase());
  return isScheme && rest.length === 0 ? value : undefined;
}

/** RFC 6749 2.3.1: both halves of the Basic credentials are form-encoded. Null when they cannot be read. */
export function readBasic(value: string): { id: string; secret: string } | null {
  const text = Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  const decode = (half: string): string => new URLSearchParams(`half=${half}`).get('half') ?? '';
  return colon < 0 ? null : { id: decode(text.slice(0, colon)), secret: decode(text.slice(colon + 1)) };
}
