import { createHash, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { FaultName } from './faults.ts';
import type { RequestParts } from './parts.ts';
import { toKeySet } from './signing-key.ts';

export interface IdTokenRequest {
  issuer: string;
  audience: string;
  clientSecret: string;
  subject: string;
  lifetimeSeconds: number;
  nonce: string | null;
  /** The access token to bind by `at_hash`, or null to leave it out. */
  accessToken: string | null;
  claims: Readonly<Record<string, unknown>>;
}

/** OpenID Connect Core 3.1.3.6, and 3.3.2.11 for a code: the left half of the hash. */
export function leftHalfOfHash(text: string): string {
  return createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url');
}

function claimsOf({ faults, now }: RequestParts, request: IdTokenRequest): Record<string, unknown> {
  const on = (name: FaultName): boolean => faults.has(name);
  const issuedAt = Math.floor(now() / 1000) - (on('id_token_expired') ? 3600 + request.lifetimeSeconds : 0);
  const claims: Record<string, unknown> = {
    aud: on('id_token_wrong_audience') ? 'somebody-else' : request.audience,
    exp: issuedAt + request.lifetimeSeconds,
    iat: issuedAt,
    iss: on('id_token_wrong_issuer') ? 'https://issuer.invalid' : request.issuer,
    sub: request.subject,
    azp: request.audience,
    ...request.claims,
  };
  if (request.accessToken !== null) claims['at_hash'] = leftHalfOfHash(request.accessToken);
  if (on('id_token_wrong_at_hash')) claims['at_hash'] = leftHalfOfHash('another access token');
  if (request.nonce !== null) claims['nonce'] = request.nonce;
  if (on('id_token_wrong_nonce')) claims['nonce'] = 'not-the-nonce';
  return claims;
}

/** Turns around one byte in the middle: still base64url, no longer the signature. */
function spoilSignature(token: string): string {
  const [header, payload, signature = ''] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  bytes[100] = bytes[100]! ^ 0xff;
  return `${header}.${payload}.${bytes.toString('base64url')}`;
}

/** RFC 7519 6: a token without a signature, which no client may take for one. */
function unsigned(claims: Record<string, unknown>): string {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  return `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.`;
}

/** The key that signs, and the name it goes by. */
function signerOf({ faults, signingKeys: { current, other } }: RequestParts): { id: string; key: KeyObject } {
  if (faults.has('keys_rotated')) return { id: other().id, key: other().privateKey };
  if (faults.has('id_token_foreign_key')) return { id: current.id, key: other().privateKey };
  const id = faults.has('id_token_unknown_key') ? 'nobody-knows-this-key' : current.id;
  return { id, key: current.privateKey };
}

/** An RS256 ID token, or null when a fault leaves it out. */
export function issueIdToken(parts: RequestParts, request: IdTokenRequest): string | null {
  const { faults } = parts;
  if (faults.has('id_token_missing')) return null;
  const claims = claimsOf(parts, request);
  if (faults.has('id_token_unsigned')) return unsigned(claims);
  if (faults.has('id_token_hs256')) return jwt.sign(claims, request.clientSecret, { algorithm: 'HS256' });
  const { id, key } = signerOf(parts);
  const token = jwt.sign(claims, key, { algorithm: 'RS256', keyid: id });
  return faults.has('id_token_bad_signature') ? spoilSignature(token) : token;
}

/** What the address of the key set answers. */
export function publishedKeys({ faults, signingKeys }: RequestParts): object {
  if (faults.has('keys_none')) return toKeySet([]);
  return toKeySet([faults.has('keys_rotated') ? signingKeys.other() : signingKeys.current]);
}
