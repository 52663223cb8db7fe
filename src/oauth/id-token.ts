import { createHash } from 'node:crypto';
import type { IDToken } from 'openid-client';
import { LoginError } from '../errors.ts';
import { recordCheck } from '../inspector/recorder.ts';
import type { Client } from './client.ts';

const oldestMilliseconds = 10 * 60 * 1000;
const leewayMilliseconds = 60 * 1000;

/**
 * An ID token that comes with a code exchange was made just now: `iat` outside the last ten
 * minutes (a minute of leeway) is refused. openid-client checks `exp` but not the age.
 */
export function checkIdTokenAge(provider: string, claims: IDToken, now: number): void {
  const age = now - claims.iat * 1000;
  const recent = age <= oldestMilliseconds + leewayMilliseconds && age >= -leewayMilliseconds;
  recordCheck('id-token-iat', recent, `${Math.round(age / 1000)} s old`);
  if (!recent) {
    throw new LoginError('id_token_invalid', { provider, reason: 'iat is not recent' });
  }
}

/**
 * Made out to this client and to nobody besides, and asked for by it (OpenID Connect Core 3.1.3.7,
 * 3 to 5). openid-client lets other audiences through when `azp` is ours, and any `azp` beside one.
 */
export function checkIdTokenAudience({ provider, clientId }: Client, { aud, azp }: IDToken): void {
  const alone = [aud].flat().every((one) => one === clientId);
  if (!alone) recordCheck('id-token-aud', false, [aud].flat().join(', '));
  if (!alone)
    throw new LoginError('id_token_invalid', { provider: provider.id, reason: 'others are meant too' });
  if (azp === undefined || azp === clientId) return;
  recordCheck('id-token-azp', false, String(azp));
  throw new LoginError('id_token_invalid', { provider: provider.id, reason: 'azp is another client' });
}

/**
 * `at_hash`, where present, binds the access token to the ID token (OpenID Connect Core 3.1.3.6):
 * the left half of the hash of the token's ASCII text. RS256 means SHA-256.
 */
export function checkIdTokenHash(provider: string, claims: IDToken, accessToken: string): void {
  const { at_hash: given } = claims as { at_hash?: unknown };
  if (given === undefined) {
    recordCheck('id-token-at-hash', 'skipped', 'not in the token');
    return;
  }
  const half = createHash('sha256')
    .update(accessToken, 'ascii')
    .digest()
    .subarray(0, 16)
    .toString('base64url');
  recordCheck('id-token-at-hash', given === half);
  if (given !== half) throw new LoginError('id_token_invalid', { provider, reason: 'at_hash differs' });
}
