import { createPrivateKey, sign } from 'node:crypto';
import type { SigningGrant } from '../records.ts';
import { requestHash } from './mixin-signed-request.ts';

export interface Answered {
  method: string;
  uri: string;
  body: string;
  requestId: string;
  issuedAtSeconds: number;
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

/**
 * X-Integrity-Token: the server's signature over its answer, with the key of this grant. One client
 * checks `jti` and `sig`; other claims were not found.
 */
export function integrityToken(grant: SigningGrant, answered: Answered): string {
  const { method, uri, body, requestId, issuedAtSeconds } = answered;
  const claims = {
    iat: issuedAtSeconds,
    exp: issuedAtSeconds + 60,
    jti: requestId,
    sig: requestHash(method, uri, body),
  };
  const signed = `${encode({ alg: 'EdDSA', typ: 'JWT' })}.${encode(claims)}`;
  const signature = sign(null, Buffer.from(signed), createPrivateKey(grant.serverPrivateKey));
  return `${signed}.${signature.toString('base64url')}`;
}
