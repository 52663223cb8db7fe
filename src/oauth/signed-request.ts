import { createHash } from 'node:crypto';
import { signAsync, verifyAsync } from '@noble/ed25519';
import { z } from 'zod';
import { LoginError } from '../errors.ts';
import { readJson, readShape } from '../json.ts';
import type { SigningKeys } from './token-response.ts';

/** A request token lives this long: what fox-one's client uses, the shortest seen. */
export const requestTokenLifeSeconds = 60;

export interface RequestToSign {
  readonly method: string;
  /** Path with query as put on the wire, without scheme and host: `/me`. */
  readonly uri: string;
  /** The exact text sent, `''` when there is none. */
  readonly body: string;
  /** A new UUID, the same as the X-Request-Id header. */
  readonly requestId: string;
  readonly issuedAtSeconds: number;
  readonly lifeSeconds?: number;
}

/**
 * Signs one request with the key of its grant (Mixin's ed25519 variant): an EdDSA JWT whose `sig`
 * is the hash of method, uri and body. Reproduced byte for byte from the official SDK's vectors.
 */
export async function signRequest(
  clientId: string,
  keys: SigningKeys,
  request: RequestToSign,
): Promise<string> {
  const header = { alg: 'EdDSA', typ: 'JWT' };
  const payload = {
    iss: clientId,
    aid: keys.authorizationId,
    iat: request.issuedAtSeconds,
    exp: request.issuedAtSeconds + (request.lifeSeconds ?? requestTokenLifeSeconds),
    jti: request.requestId,
    sig: toMessageHash(request.method, request.uri, request.body),
    scp: keys.scope,
  };
  const signed = `${toBase64Url(JSON.stringify(header))}.${toBase64Url(JSON.stringify(payload))}`;
  // Older clients keep 64 bytes, seed and public key together; the seed is the first half.
  const seed = Buffer.from(keys.seed, 'base64url').subarray(0, 32);
  const signature = await signAsync(Buffer.from(signed), seed);
  return `${signed}.${toBase64Url(signature)}`;
}

/** Lower-case hex SHA-256 of `METHOD + uri + body`, no separators. */
export function toMessageHash(method: string, uri: string, body: string): string {
  return createHash('sha256')
    .update(method + uri + body)
    .digest('hex');
}

export interface SignedAnswer {
  readonly method: string;
  readonly uri: string;
  readonly body: string;
  readonly requestId: string;
}

const integrityShape = z.looseObject({ jti: z.string(), sig: z.string() });

/**
 * Checks X-Integrity-Token: an EdDSA JWT by the provider's key of this grant, over the answer's
 * body and our request id. Throws `userinfo_response_invalid`.
 */
export async function checkIntegrityToken(
  provider: string,
  keys: SigningKeys,
  token: string,
  answer: SignedAnswer,
): Promise<void> {
  const refuse = (reason: string) => new LoginError('userinfo_response_invalid', { provider, reason });
  const [header = '', payload = '', signature = ''] = token.split('.');
  const genuine = await verifyAsync(
    Buffer.from(signature, 'base64url'),
    Buffer.from(`${header}.${payload}`),
    Buffer.from(keys.serverPublicKey, 'base64url'),
  ).catch(() => false);
  if (!genuine) throw refuse('the integrity token is not signed by the provider');
  const claims = readClaims(payload);
  const expected = toMessageHash(answer.method, answer.uri, answer.body);
  if (claims?.jti !== answer.requestId) throw refuse('the integrity token is for another request');
  if (claims.sig !== expected) throw refuse('the integrity token is for another answer');
}

function readClaims(payload: string): z.output<typeof integrityShape> | null {
  try {
    return readShape(integrityShape, readJson(Buffer.from(payload, 'base64url').toString('utf8')));
  } catch {
    return null;
  }
}

function toBase64Url(value: string | Uint8Array): string {
  return Buffer.from(value).toString('base64url');
}
