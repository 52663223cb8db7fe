import type { RequestParts } from './parts.ts';
import type { AppToken } from './records.ts';
import type { Registration } from './registrations.ts';
import type { Service } from './services.ts';

/** A token of the application itself, from the grant client_credentials (RFC 6749 4.4). */
export function issueAppToken(
  { state, now }: RequestParts,
  { service, clientId }: Registration,
  value: string,
  lifetimeSeconds: number,
): AppToken {
  const createdAt = now();
  const token = { value, service, clientId, createdAt, expiresAt: createdAt + lifetimeSeconds * 1000 };
  state.appTokens.set(value, token);
  return token;
}

/** No person can take it back. */
export function liveAppToken(
  { state, now }: RequestParts,
  service: Service,
  value: string | undefined,
): AppToken | undefined {
  const token = state.appTokens.get(value ?? '');
  return token && token.service === service && token.expiresAt > now() ? token : undefined;
}
