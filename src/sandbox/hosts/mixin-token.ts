import { createHash, createPublicKey } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { check, type Check, type Exchange, type Respond } from '../endpoint.ts';
import { ed25519Key } from '../keys.ts';
import { jsonMembers, toParameters } from '../parameters.ts';
import type { SigningGrant } from '../records.ts';
import { findRegistration } from '../registrations.ts';
import {
  findCode,
  isCodeExpired,
  scopeMember,
  startTokenRequest,
  type TokenExchange,
} from '../token-request.ts';
import { issueAccessToken } from '../tokens.ts';
import { mixinError } from './mixin-error.ts';

/** Mixin's documentation: a grant ends after a year. */
const oneYearInSeconds = 365 * 24 * 60 * 60;

/** JSON; empty texts count as absent (one SDK sends all keys always), other members do not matter. */
export function startMixinTokenRequest(exchange: Exchange): TokenExchange {
  return startTokenRequest(exchange, toParameters(Object.entries(jsonMembers(exchange.req) ?? {})));
}

/** Whether a form would do was not found; every client sends JSON. */
const jsonBody = check<TokenExchange>('json body', 'TODO', ({ req }) => {
  if (!jsonMembers(req)) throw mixinError(400, 'the body is not JSON');
});

const knownClient = check<TokenExchange>('known client', 'TODO', (exchange) => {
  const { parts, parameters } = exchange;
  const registration = findRegistration(parts.registrations, 'mixin', parameters.get('client_id'));
  if (!registration) throw mixinError(400, 'unknown client_id');
  exchange.registration = registration;
});

/** Which code a wrong secret gives was not found; the SDKs are ready for 401 and 403. */
const secretRightIfGiven = check<TokenExchange>(
  'secret right if given',
  'TODO',
  ({ parts, registration, parameters }) => {
    if (parts.faults.has('token_wrong_secret')) throw mixinError(401, 'wrong client_secret');
    const secret = parameters.get('client_secret');
    if (secret !== undefined && secret !== registration.clientSecret)
      throw mixinError(401, 'wrong client_secret');
  },
);

/** What an unknown code gives was not found. */
const knownCode = check<TokenExchange>('known code', 'TODO', (exchange) => {
  const code = findCode(exchange);
  if (!code) throw mixinError(401, 'unknown code');
  exchange.code = code;
});

/** That a code works once is the rule of RFC 6749 4.1.2, not an observation. */
const usableCode = check<TokenExchange>('usable code', 'TODO', (exchange) => {
  if (exchange.code.used || isCodeExpired(exchange)) throw mixinError(20121, 'code used or expired');
});

const secretOrChallenge = check<TokenExchange>('secret or challenge', 'TODO', ({ parameters, code }) => {
  if (code.codeChallenge === null && !parameters.has('client_secret')) {
    throw mixinError(401, 'neither client_secret nor code_challenge');
  }
});

/** Mixin hashes the decoded bytes of the verifier, where RFC 7636 4.2 hashes its text. */
function mixinChallenge(verifier: string): string {
  return createHash('sha256').update(Buffer.from(verifier, 'base64url')).digest('base64url');
}

/** RFC 9700 2.1.1: a challenge needs its verifier, and a verifier a challenge. */
const fittingVerifier = check<TokenExchange>('fitting verifier', 'TODO', ({ parameters, code }) => {
  const verifier = parameters.get('code_verifier');
  if (code.codeChallenge === null && verifier === undefined) return;
  if (verifier === undefined) throw mixinError(10002, 'code_verifier missing', { field: 'code_verifier' });
  if (/^[\w-]+$/.test(verifier) && mixinChallenge(verifier) === code.codeChallenge) return;
  throw mixinError(10002, 'code_verifier does not fit', { field: 'code_verifier' });
});

const readablePublicKey = check<TokenExchange>('readable public key', 'TODO', ({ parameters }) => {
  const key = parameters.get('ed25519');
  if (key === undefined || /^[\w-]{43}$/.test(key)) return;
  throw mixinError(10002, 'ed25519 is no public key', { field: 'ed25519' });
});

export const tokenChecks: readonly Check<TokenExchange>[] = [
  jsonBody,
  knownClient,
  secretRightIfGiven,
  knownCode,
  usableCode,
  secretOrChallenge,
  fittingVerifier,
  readablePublicKey,
];

/** Header RS512 and the claims `aid`, `exp` were seen in public code, the others are likely. */
function issueBearerToken({ parts, code }: TokenExchange): string {
  const issuedAt = Math.floor(parts.now() / 1000);
  const scp = code.scopes.join(' ');
  const claims = {
    aid: code.authorizationId,
    exp: issuedAt + oneYearInSeconds,
    iat: issuedAt,
    iss: code.clientId,
    scp,
  };
  const token = jwt.sign(claims, parts.signingKeys.current.privateKey, { algorithm: 'RS512' });
  return issueAccessToken(parts, code, token, oneYearInSeconds).value;
}

/** A pair of keys for this grant: the client's, and one of the server's that signs its answers. */
function issueSigningGrant({ parts, parameters, code }: TokenExchange): SigningGrant {
  const privateKey = ed25519Key(parts.random);
  const grant: SigningGrant = {
    authorizationId: code.authorizationId!,
    clientId: code.clientId,
    personId: code.personId,
    scopes: code.scopes,
    clientKey: parameters.get('ed25519')!,
    serverPrivateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    serverKey: String(createPublicKey(privateKey).export({ format: 'jwk' }).x),
    seen: [],
    expiresAt: parts.now() + oneYearInSeconds * 1000,
  };
  parts.state.signingGrants.set(grant.authorizationId, grant);
  return grant;
}

/** With a public key in the request there is no access token: the client signs each request itself. */
export const answerToken: Respond<TokenExchange> = (exchange) => {
  const { parts, res, parameters, code } = exchange;
  code.used = true;
  const scope = scopeMember(parts, code.scopes.join(' '));
  if (!parameters.has('ed25519')) {
    res.json({ data: { access_token: issueBearerToken(exchange), scope } });
    return;
  }
  const { serverKey, authorizationId } = issueSigningGrant(exchange);
  res.json({ data: { ed25519: serverKey, authorization_id: authorizationId, scope } });
};
