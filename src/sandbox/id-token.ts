import { createHash } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { FaultName } from './faults.ts';
import type { SandboxParts } from './parts.ts';
import type { Service } from './services.ts';

export interface IdTokenRequest {
  service: Service;
  issuer: string;
  audience: string;
  subject: string;
  lifetimeSeconds: number;
  nonce: string | null;
  /** The access token to bind by `at_hash`, or null to leave it out. */
  accessToken: string | null;
  claims: Readonly<Record<string, unknown>>;
}

/** OpenID Connect Core 3.1.3.6: the left half of the hash. */
function leftHalfOfHash(text: string): string {
  return createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url');
}

function claimsOf({ state, now }: SandboxParts, request: IdTokenRequest): Record<string, unknown> {
  const on = (name: FaultName): boolean => state.faults.has(request.service, name);
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

/** An RS256 ID token, or null when a fault leaves it out. */
export function issueIdToken(parts: SandboxParts, request: IdTokenRequest): string | null {
  if (parts.state.faults.has(request.service, 'id_token_missing')) return null;
  const options = { algorithm: 'RS256', keyid: '1' } as const;
  const token = jwt.sign(claimsOf(parts, request), parts.signingKey.privateKey, options);
  return parts.state.faults.has(request.service, 'id_token_bad_signature') ? spoilSignature(token) : token;
}
