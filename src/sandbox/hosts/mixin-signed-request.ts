import { createHash, createPublicKey, verify } from 'node:crypto';
import type { Request } from 'express';
import { z } from 'zod';
import { bodyText, splitScope } from '../parameters.ts';
import type { RequestParts } from '../parts.ts';
import type { SigningGrant } from '../records.ts';
import { isExpired } from '../tokens.ts';

/**
 * The request tokens that a Mixin client signs itself. They are verified with node:crypto, so that
 * no mistake of the library that signs can hide here.
 */

const claimsSchema = z.object({
  iss: z.string(),
  aid: z.string(),
  iat: z.int(),
  exp: z.int(),
  jti: z.string(),
  sig: z.string(),
  scp: z.string(),
});

type Claims = z.infer<typeof claimsSchema>;

export interface SignedRequest {
  parts: RequestParts;
  req: Request;
  /** The request target as the client meant it, without the pretended host. */
  uri: string;
  token: string;
  claims: Claims;
  grant: SigningGrant;
}

type Rule = (request: SignedRequest) => boolean;

const skewSeconds = 60;
const inSeconds = ({ parts }: SignedRequest): number => Math.floor(parts.now() / 1000);

export function requestHash(method: string, uri: string, body: string): string {
  return createHash('sha256').update(`${method}${uri}${body}`).digest('hex');
}

function readPart(part: string | undefined): unknown {
  try {
    return JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}

/** RFC 7515 3.1 and 2: three parts, in base64url without padding. */
const tokenShape = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** The token and its grant, or null when it is no such token at all. */
export function readSignedRequest(
  parts: RequestParts,
  req: Request,
  uri: string,
  token: string,
): SignedRequest | null {
  if (!tokenShape.test(token)) return null;
  const [header, payload] = token.split('.');
  const isEdDsa = (readPart(header) as { alg?: unknown } | null)?.alg === 'EdDSA';
  const claims = claimsSchema.safeParse(readPart(payload));
  const grant = parts.state.signingGrants.get(claims.data?.aid ?? '');
  return isEdDsa && claims.success && grant ? { parts, req, uri, token, claims: claims.data, grant } : null;
}

const signatureFits: Rule = ({ token, grant }) => {
  const end = token.lastIndexOf('.');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: grant.clientKey }, format: 'jwk' });
  return verify(null, Buffer.from(token.slice(0, end)), key, Buffer.from(token.slice(end + 1), 'base64url'));
};

const grantAlive: Rule = ({ parts, grant }) =>
  !isExpired(grant, parts) && !parts.faults.has('access_revoked');
const issuerIsTheClient: Rule = ({ claims, grant }) => claims.iss === grant.clientId;
const notFromTheFuture: Rule = (request) => request.claims.iat <= inSeconds(request) + skewSeconds;
const notExpired: Rule = (request) => request.claims.exp > inSeconds(request) - skewSeconds;
const endsAfterItBegins: Rule = ({ claims }) => claims.exp > claims.iat;
const requestIdIsJti: Rule = ({ claims, req }) => claims.jti !== '' && claims.jti === req.get('x-request-id');
const scopeWithinGrant: Rule = ({ claims, grant }) =>
  splitScope(claims.scp).every((scope) => grant.scopes.includes(scope));
const coversTheRequest: Rule = ({ req, uri, claims }) =>
  claims.sig === requestHash(req.method, uri, bodyText(req));

/** A token is for one request, for as long as it lives; after that `exp` refuses it. */
const notSeenBefore: Rule = (request) => {
  const { grant, claims } = request;
  grant.seen = grant.seen.filter(([, until]) => until > inSeconds(request));
  if (grant.seen.some(([jti]) => jti === claims.jti)) return false;
  grant.seen.push([claims.jti, claims.exp + skewSeconds]);
  return true;
};

/** That the true server refuses a wrong `jti` or `sig` is what its design says; it was not observed. */
export const signedRequestRules: Readonly<Record<string, Rule>> = {
  'the signature does not fit': signatureFits,
  'the grant is over': grantAlive,
  'iss is not the client': issuerIsTheClient,
  'iat lies in the future': notFromTheFuture,
  'exp is over': notExpired,
  'exp is not after iat': endsAfterItBegins,
  'jti is not X-Request-Id': requestIdIsJti,
  'scp is not within the grant': scopeWithinGrant,
  'sig does not cover the request': coversTheRequest,
  'jti was seen before': notSeenBefore,
};

/** The first rule that is broken, in words, or null. */
export function brokenRule(request: SignedRequest): string | null {
  const broken = Object.entries(signedRequestRules).find(([, holds]) => !holds(request));
  return broken?.[0] ?? null;
}
