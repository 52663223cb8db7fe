import { createHash } from 'node:crypto';
import { check, type Check, type Exchange } from '../endpoint.ts';
import { jsonMembers, toParameters } from '../parameters.ts';
import { findRegistration } from '../registrations.ts';
import { isCodeExpired, issuedCode, startTokenRequest, type TokenExchange } from '../token-request.ts';
import { mixinError } from './mixin-error.ts';

/** JSON; empty texts count as absent (one SDK sends all keys always), other members do not matter. */
export function startMixinTokenRequest(exchange: Exchange): TokenExchange {
  return startTokenRequest(exchange, toParameters(Object.entries(jsonMembers(exchange.req) ?? {})));
}

const errorCodes = 'MixinNetwork/developers.mixin.one api/error-codes.md';
/** The SDKs are ready for 401 and 403 from the token endpoint; which one when was not found. */
const guessed401 = `${errorCodes}, 401; MixinNetwork/bot-api-go-client auth.go; which number it is was not found`;
const guessed10002 = `${errorCodes}, 10002; that it is this number was not found`;
const codeExpired = 'MixinNetwork/android-app ErrorHandler.kt, 20121';

/** Mixin hashes the decoded bytes of the verifier, where RFC 7636 4.2 hashes its text. */
function mixinChallenge(verifier: string): string {
  return createHash('sha256').update(Buffer.from(verifier, 'base64url')).digest('base64url');
}

const badVerifier = (verdict: string) => mixinError(10002, verdict, { field: 'code_verifier' });

const clientChecks: readonly Check<TokenExchange>[] = [
  check('the body is JSON', `${errorCodes}, 400; whether a form would do was not found`, ({ req }) => {
    if (!jsonMembers(req)) throw mixinError(400, 'the body is not JSON');
  }),
  check(
    'the client id is registered',
    `${errorCodes}, 400; that it is this number was not found`,
    (exchange) => {
      const { parts, parameters } = exchange;
      const registration = findRegistration(parts.registrations, 'mixin', parameters.get('client_id'));
      if (!registration) throw mixinError(400, 'unknown client_id');
      exchange.registration = registration;
    },
  ),
  check('a client secret is right if it is sent', guessed401, ({ parts, registration, parameters }) => {
    const secret = parameters.get('client_secret') ?? registration.clientSecret;
    if (secret === registration.clientSecret && !parts.faults.has('token_wrong_secret')) return;
    throw mixinError(401, 'wrong client_secret');
  }),
];

const codeChecks: readonly Check<TokenExchange>[] = [
  check('the code was issued here', guessed401, (exchange) => {
    const code = issuedCode(exchange);
    if (!code) throw mixinError(401, 'unknown code');
    exchange.code = code;
  }),
  check('the code was issued to this client', `RFC 6749 4.1.3; ${guessed401}`, ({ code, registration }) => {
    if (code.clientId !== registration.clientId) throw mixinError(401, 'the code is of another client');
  }),
  check('the code was not used before', `RFC 6749 4.1.2, not an observation; ${codeExpired}`, ({ code }) => {
    if (code.used) throw mixinError(20121, 'code used');
  }),
  check('the code is not too old', codeExpired, (exchange) => {
    if (isCodeExpired(exchange)) throw mixinError(20121, 'code expired');
  }),
];

const proofChecks: readonly Check<TokenExchange>[] = [
  check(
    'a client secret or a code challenge stands for the client',
    `MixinNetwork/developers.mixin.one api/oauth/oauth.md; ${guessed401}`,
    ({ parameters, code }) => {
      if (code.codeChallenge !== null || parameters.has('client_secret')) return;
      throw mixinError(401, 'neither client_secret nor code_challenge');
    },
  ),
  check(
    'a code verifier comes only where a challenge was sent',
    `RFC 9700 2.1.1; ${guessed10002}`,
    ({ parameters, code }) => {
      if (code.codeChallenge !== null || !parameters.has('code_verifier')) return;
      throw badVerifier('code_verifier without code_challenge');
    },
  ),
  check(
    'a code verifier comes where a challenge was sent',
    `RFC 9700 2.1.1; ${guessed10002}`,
    ({ parameters, code }) => {
      if (code.codeChallenge === null || parameters.has('code_verifier')) return;
      throw badVerifier('code_verifier missing');
    },
  ),
  check(
    'the code verifier is base64url without padding',
    `@mixin.dev/mixin-node-sdk getChallenge; ${guessed10002}`,
    ({ parameters }) => {
      const verifier = parameters.get('code_verifier');
      if (verifier !== undefined && !/^[\w-]+$/.test(verifier))
        throw badVerifier('code_verifier not base64url');
    },
  ),
  check(
    'the code challenge is the hash of the decoded verifier',
    `@mixin.dev/mixin-node-sdk getChallenge; fox-one/mixin-sdk-go oauth.go; ${guessed10002}`,
    ({ parameters, code }) => {
      const verifier = parameters.get('code_verifier');
      if (verifier === undefined || mixinChallenge(verifier) === code.codeChallenge) return;
      throw badVerifier('code_verifier does not fit');
    },
  ),
  check(
    'the ed25519 key is 32 bytes in base64url without padding',
    `MixinNetwork/bot-api-nodejs-client src/client/oauth.ts; ${guessed10002}`,
    ({ parameters }) => {
      const key = parameters.get('ed25519');
      if (key === undefined || /^[\w-]{43}$/.test(key)) return;
      throw mixinError(10002, 'ed25519 is no public key', { field: 'ed25519' });
    },
  ),
];

export const tokenChecks: readonly Check<TokenExchange>[] = [...clientChecks, ...codeChecks, ...proofChecks];
