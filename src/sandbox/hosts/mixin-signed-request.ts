import { createHash, createPublicKey, verify } from 'node:crypto';
import { z } from 'zod';
import { check } from '../endpoint.ts';
import { bodyText, splitScope } from '../parameters.ts';
import type { SigningGrant } from '../records.ts';
import { isExpired } from '../tokens.ts';
import type { ApiCheck, ApiExchange } from './mixin-call.ts';
import { mixinError } from './mixin-error.ts';

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

/** What the client claims, and the grant that it claims it for; each is set by its check. */
export interface SignedRequest {
  claims: Claims;
  grant: SigningGrant;
}

const skewSeconds = 60;

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

/** Clients sign with EdDSA; Mixin's own access tokens are of another kind. */
export function isRequestToken(token: string): boolean {
  return (readPart(token.split('.')[0]) as { alg?: unknown } | null)?.alg === 'EdDSA';
}

function isSignedBy(clientKey: string, token: string): boolean {
  const end = token.lastIndexOf('.');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: clientKey }, format: 'jwk' });
  return verify(null, Buffer.from(token.slice(0, end)), key, Buffer.from(token.slice(end + 1), 'base64url'));
}

interface Call extends SignedRequest {
  exchange: ApiExchange;
  nowSeconds: number;
}

/** A check of request tokens that refuses with `verdict` where `holds` is false. */
function rule(name: string, source: string, verdict: string, holds: (call: Call) => boolean): ApiCheck {
  return check(name, source, (exchange) => {
    const { signed, parts } = exchange;
    if (!signed) return;
    const call = { ...signed, exchange, nowSeconds: Math.floor(parts.now() / 1000) };
    if (!holds(call)) throw mixinError(401, verdict);
  });
}

/** RFC 7515 3.1 and 2: three parts, in base64url without padding. */
const tokenShape = /^[\w-]+\.[\w-]+\.[\w-]+$/;

function readClaims({ signed, token }: ApiExchange): boolean {
  const claims = claimsSchema.safeParse(readPart(token.split('.')[1]));
  if (claims.success) signed!.claims = claims.data;
  return claims.success;
}

function findGrant({ signed, parts }: ApiExchange): boolean {
  const grant = parts.state.signingGrants.get(signed!.claims.aid);
  if (grant) signed!.grant = grant;
  return grant !== undefined;
}

/** A token is for one request, for as long as it lives; after that `exp` refuses it. */
function isFirstUse({ grant, claims, nowSeconds, exchange }: Call): boolean {
  grant.seen = grant.seen.filter(([, until]) => until > nowSeconds);
  if (grant.seen.some(([jti]) => jti === claims.jti)) return false;
  grant.seen.push([claims.jti, claims.exp + skewSeconds]);
  exchange.res.locals['signingGrant'] = grant;
  return true;
}

const nodeSdk = 'MixinNetwork/bot-api-nodejs-client src/client/utils/auth.ts makes it so';
/** That the true server refuses a wrong `jti` or `sig` is what its design says; it was not observed. */
const byDesign = `${nodeSdk}; that the server checks it is its design, and was not seen`;
const ours = (claim: string): string => `RFC 7519 ${claim}; the minute of grace is ours`;

/** That every refusal is 401 is inferred as well: the one number that Mixin has for tokens. */
export const signedRequestChecks: readonly ApiCheck[] = [
  rule(
    'a request token has three parts in base64url without padding',
    'RFC 7515 2 and 3.1',
    'the request token is not readable',
    ({ exchange }) => tokenShape.test(exchange.token),
  ),
  rule(
    'a request token claims iss, aid, iat, exp, jti, sig and scp',
    nodeSdk,
    'a claim is missing',
    ({ exchange }) => readClaims(exchange),
  ),
  rule('aid names a grant', nodeSdk, 'aid names no grant', ({ exchange }) => findGrant(exchange)),
  rule(
    'the signature is by the key of the grant',
    'RFC 8037 3.1; fox-one/mixin-sdk-go oauth_ed25519.go',
    'the signature does not fit',
    ({ grant, exchange }) => isSignedBy(grant.clientKey, exchange.token),
  ),
  rule(
    'the grant is not over',
    'MixinNetwork/developers.mixin.one api/oauth/oauth.md, one year or until the person removes it',
    'the grant is over',
    ({ grant, exchange: { parts } }) => !isExpired(grant, parts) && !parts.faults.has('access_revoked'),
  ),
  rule(
    'iss is the client',
    byDesign,
    'iss is not the client',
    ({ claims, grant }) => claims.iss === grant.clientId,
  ),
  rule(
    'iat is not in the future',
    ours('4.1.6'),
    'iat lies in the future',
    ({ claims, nowSeconds }) => claims.iat <= nowSeconds + skewSeconds,
  ),
  rule(
    'exp is not over',
    ours('4.1.4'),
    'exp is over',
    ({ claims, nowSeconds }) => claims.exp > nowSeconds - skewSeconds,
  ),
  rule(
    'exp is after iat',
    'RFC 7519 4.1.4 and 4.1.6; a rule of ours',
    'exp is not after iat',
    ({ claims }) => claims.exp > claims.iat,
  ),
  rule(
    'jti is X-Request-Id',
    byDesign,
    'jti is not X-Request-Id',
    ({ claims, exchange }) => claims.jti !== '' && claims.jti === exchange.req.get('x-request-id'),
  ),
  rule('scp is within the grant', byDesign, 'scp is not within the grant', ({ claims, grant }) =>
    splitScope(claims.scp).every((scope) => grant.scopes.includes(scope)),
  ),
  rule(
    'sig covers the method, the path with its query, and the body',
    byDesign,
    'sig does not cover the request',
    ({ claims, exchange: { req, uri } }) => claims.sig === requestHash(req.method, uri, bodyText(req)),
  ),
  rule(
    'jti was not seen before',
    'MixinNetwork/bot-api-nodejs-client: a new UUID for each request; the refusal is a guess of ours',
    'jti was seen before',
    isFirstUse,
  ),
];
