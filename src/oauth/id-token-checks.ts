import type { IDToken } from 'openid-client';
import { type CheckName, noneCame } from '../inspector/checks.ts';
import { recordCheck } from '../inspector/recorder.ts';
import { isRecording } from '../inspector/scope.ts';
import { isObject } from '../json.ts';
import type { Client } from './client.ts';

/*
 * openid-client makes these checks in one call. What it returned has passed all of them; where it
 * threw, its error says which one did not hold. Only for the trace: nothing here decides anything.
 */

/** Each check that has passed, with what it found. */
export function recordIdTokenPassed(client: Client, nonce: string | null, claims: IDToken): void {
  if (!isRecording()) return;
  recordCheck('id-token', true);
  recordCheck('id-token-signature', true, 'by a key of the key set');
  recordCheck('id-token-iss', true, claims.iss);
  recordCheck('id-token-aud', true, [claims.aud].flat().join(', '));
  recordCheck('id-token-azp', claims.azp === undefined ? 'skipped' : true, claims.azp ?? 'not in the token');
  recordCheck('id-token-exp', true, toInstant(claims.exp));
  recordCheck('id-token-sub', true, claims.sub);
  if (nonce === null || !client.usesNonce) recordCheck('id-token-nonce', 'skipped', 'none was sent');
  else recordCheck('id-token-nonce', true, { name: 'nonce', secret: nonce });
}

/** A number may be later than any date. */
function toInstant(seconds: number): string {
  const instant = new Date(seconds * 1000);
  return Number.isNaN(instant.getTime()) ? `${seconds} s` : instant.toISOString();
}

const checkOfClaim: Readonly<Record<string, CheckName>> = {
  iss: 'id-token-iss',
  aud: 'id-token-aud',
  azp: 'id-token-azp',
  exp: 'id-token-exp',
  iat: 'id-token-iat',
  sub: 'id-token-sub',
  nonce: 'id-token-nonce',
};

/** The check that openid-client's error says has failed. */
export function recordIdTokenFailure(error: unknown): void {
  if (!isRecording()) return;
  const { code, cause } = findInnermost(error);
  const [name, found] = toFailed(code, isObject(cause) ? cause : {});
  recordCheck(name, false, found);
}

function findInnermost(error: unknown): { code: string; cause: unknown } {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(inner instanceof Error)) return { code: '', cause: null };
  return { code: 'code' in inner ? String(inner.code) : '', cause: inner.cause };
}

function toFailed(code: string, cause: Record<string, unknown>): [CheckName, string] {
  const { claim, claims, body } = cause;
  const named = typeof claim === 'string' ? checkOfClaim[claim] : undefined;
  if (named === 'id-token-exp' && isObject(claims)) return [named, toInstant(Number(claims['exp']))];
  if (named) return [named, 'it does not hold'];
  if (code === 'OAUTH_KEY_SELECTION_FAILED') return ['id-token-signature', 'no key of the key set fits'];
  if ('signature' in cause) return ['id-token-signature', 'not made with that key'];
  // Of a token response: it may also be that of the key set.
  if (isObject(body) && 'access_token' in body && body['id_token'] === undefined)
    return ['id-token', noneCame];
  if ('header' in cause) return ['id-token-signature', 'another algorithm than RS256'];
  if (isObject(claims)) {
    const missing = Object.keys(checkOfClaim).find((one) => !isUsable(one, claims[one]));
    if (missing) return [checkOfClaim[missing]!, 'missing, or of another type'];
  }
  return ['id-token', 'no JWT that can be read'];
}

const optional: readonly string[] = ['azp'];

function isUsable(claim: string, value: unknown): boolean {
  if (value === undefined) return optional.includes(claim);
  return claim === 'exp' || claim === 'iat' ? typeof value === 'number' : true;
}
