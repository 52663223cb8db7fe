import {
  answerAuthorization,
  type AuthorizationExchange,
  refuse,
  stateOf,
  workingAuthorization,
} from '../authorization.ts';
import { type AuthorizationPage, callbackLocation } from '../callback.ts';
import { check, type Check, type Respond } from '../endpoint.ts';
import { redirectError } from '../protocol-error.ts';
import { noClaims } from '../records.ts';
import { findRegistration } from '../registrations.ts';
import { isRetiredTwitchScope, unknownScopes } from '../scopes.ts';
import { twitchError } from './twitch-error.ts';

/** What Twitch says about each parameter of an authorization request. */
export function describeTwitchParameter(value: string): Readonly<Record<string, string>> {
  return {
    response_type: 'As expected',
    client_id: 'Known',
    redirect_uri: 'Registered, to the letter',
    scope: value ? 'All known' : 'None asked for',
    state: 'Returned as it is',
    nonce: 'Returned in the ID token',
    claims: 'Claims that go into the ID token and userinfo',
    force_verify: value === 'true' ? 'Always asks' : 'Only the word true counts, ignored',
    code_challenge: 'Twitch has no PKCE, ignored',
    code_challenge_method: 'Twitch has no PKCE, ignored',
  };
}

/** The words of Twitch's documentation; Kraken used the same. In the query also of the implicit flow. */
export const twitchDenial = { error: 'access_denied', error_description: 'The user denied you access' };

const clientIdGiven = check<AuthorizationExchange>(
  'a client id is given',
  'SocialiteProviders/Providers#444',
  ({ parameters }) => {
    if (!parameters.has('client_id')) throw twitchError(400, 'missing client id');
  },
);

const knownClient = check<AuthorizationExchange>(
  'the client id is registered',
  'RFC 6749 4.1.2.1; not found for this page, the words are those of the token endpoint',
  (exchange) => {
    const clientId = exchange.parameters.get('client_id');
    const registration = findRegistration(exchange.parts.registrations, 'twitch', clientId);
    if (!registration) throw twitchError(400, 'invalid client');
    exchange.registration = registration;
  },
);

/** Twitch tells the first registered URI about a mismatch, and not the person: seen since 2016, still so in 2024. */
export const redirectUriMatches = check<AuthorizationExchange>(
  'the redirect URI is one of those registered, to the letter',
  'twitchdev/issues#762; twitchdev/twitch-cli docs/token.md; TerribleDev/OwinOAuthProviders#198',
  (exchange) => {
    const { parts, registration, redirectUri } = exchange;
    const isFaulty = parts.faults.has('authorize_redirect_mismatch');
    if (!isFaulty && registration.redirectUris.includes(redirectUri)) return;
    const location = callbackLocation(registration.redirectUris[0]!, {
      error: 'redirect_mismatch',
      error_description: 'Parameter redirect_uri does not match registered URI',
      state: stateOf(exchange),
    });
    throw redirectError(location, 'redirect_mismatch');
  },
);

/** `types` with their words in alphabetical order. */
export function responseTypeIsOneOf(types: readonly string[], source: string): Check<AuthorizationExchange> {
  return check('the response type is one of those listed', source, (exchange) => {
    if (types.includes(exchange.responseType)) return;
    throw refuse(exchange, 'unsupported_response_type', 'Response type is not supported');
  });
}

const listedResponseType = responseTypeIsOneOf(
  ['code', 'token', 'id_token', 'id_token token', 'code id_token'],
  'dev.twitch.tv: OIDC, the discovery document; the words: justintv/Twitch-API#690',
);

const idTokenWithOpenid = check<AuthorizationExchange>(
  'an ID token is asked for together with the scope openid',
  'OpenID Connect Core 3.2.2.1; what Twitch answers was not found, the words are ours',
  (exchange) => {
    const wantsIdToken = exchange.responseType.split(' ').includes('id_token');
    if (!wantsIdToken || exchange.scopes.includes('openid')) return;
    throw refuse(exchange, 'invalid_scope', 'The scope openid is missing');
  },
);

const noRetiredScope = check<AuthorizationExchange>(
  'no scope asked for is retired',
  'destinygg/website#196; jprjr/docker-multistreamer#22, which say how the message begins',
  ({ scopes }) => {
    const retired = scopes.find(isRetiredTwitchScope);
    if (retired === undefined) return;
    throw twitchError(400, `Sorry, the scope you are requesting is currently unavailable: ${retired}`);
  },
);

const knownScopes = check<AuthorizationExchange>(
  'every scope asked for exists',
  'nicklaw5/helix authentication_test.go, for the token endpoint; here by analogy',
  ({ scopes }) => {
    const unknown = unknownScopes('twitch', scopes)[0];
    if (unknown !== undefined) throw twitchError(400, `invalid scope requested: '${unknown}'`);
  },
);

function namesIn(claims: unknown, place: string): string[] {
  const members = (claims as Record<string, unknown>)[place];
  return typeof members === 'object' && members !== null ? Object.keys(members) : [];
}

function readClaims(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const readableClaims = check<AuthorizationExchange>(
  'claims, where given, is a JSON object',
  'OpenID Connect Core 5.5; what Twitch answers was not found, the words are ours',
  (exchange) => {
    const text = exchange.parameters.get('claims');
    exchange.claims = noClaims;
    if (text === undefined) return;
    const claims = readClaims(text);
    const isObject = typeof claims === 'object' && claims !== null && !Array.isArray(claims);
    if (!isObject) throw twitchError(400, 'invalid claims parameter');
    exchange.claims = { idToken: namesIn(claims, 'id_token'), userinfo: namesIn(claims, 'userinfo') };
  },
);

export const twitchAuthorizationChecks: readonly Check<AuthorizationExchange>[] = [
  clientIdGiven,
  knownClient,
  redirectUriMatches,
  workingAuthorization,
  listedResponseType,
  noRetiredScope,
  knownScopes,
  idTokenWithOpenid,
  readableClaims,
];

/** Only the literal `true` forces; `1` and `force` were reported not to (romanzipp/Laravel-Twitch#44). */
export const answerTwitchAuthorization: Respond<AuthorizationExchange> = (exchange) => {
  answerAuthorization({ ...exchange, force: exchange.parameters.get('force_verify') === 'true' });
};

/** Twitch puts `scope` into the callback, also an empty one. */
export const twitchGranted: AuthorizationPage['granted'] = (code, scopes) => ({
  code,
  scope: scopes.join(' '),
});
