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

/** The words of Twitch's documentation; Kraken used the same. */
export const twitchDenial = { error: 'access_denied', error_description: 'The user denied you access' };

export const clientIdGiven = check<AuthorizationExchange>('client id given', 'TODO', ({ parameters }) => {
  if (!parameters.has('client_id')) throw twitchError(400, 'missing client id');
});

/** What an unknown client sees here was not found; these are the words of the token endpoint. */
export const knownClient = check<AuthorizationExchange>('known client', 'TODO', (exchange) => {
  const clientId = exchange.parameters.get('client_id');
  const registration = findRegistration(exchange.parts.registrations, 'twitch', clientId);
  if (!registration) throw twitchError(400, 'invalid client');
  exchange.registration = registration;
});

/** Twitch tells the first registered URI about a mismatch, and not the person: seen since 2016, still so in 2024. */
export const redirectUriMatches = check<AuthorizationExchange>('redirect uri matches', 'TODO', (exchange) => {
  const { parts, registration, redirectUri } = exchange;
  const isFaulty = parts.faults.has('authorize_redirect_mismatch');
  if (!isFaulty && registration.redirectUris.includes(redirectUri)) return;
  const location = callbackLocation(registration.redirectUris[0]!, {
    error: 'redirect_mismatch',
    error_description: 'Parameter redirect_uri does not match registered URI',
    state: stateOf(exchange),
  });
  throw redirectError(location, 'redirect_mismatch');
});

export const responseTypeIsCode = check<AuthorizationExchange>(
  'response type is code',
  'TODO',
  (exchange) => {
    if (exchange.parameters.get('response_type') === 'code') return;
    throw refuse(exchange, 'unsupported_response_type', 'Response type is not supported');
  },
);

export const knownScopes = check<AuthorizationExchange>('known scopes', 'TODO', ({ page, scopes }) => {
  const unknown = unknownScopes(page.api, scopes)[0];
  if (unknown === undefined) return;
  if (page.api === 'twitch' && isRetiredTwitchScope(unknown)) {
    throw twitchError(400, `Sorry, the scope you are requesting is currently unavailable: ${unknown}`);
  }
  throw twitchError(400, `invalid scope requested: '${unknown}'`);
});

function namesIn(claims: unknown, place: string): string[] {
  const members = (claims as Record<string, unknown>)[place];
  return typeof members === 'object' && members !== null ? Object.keys(members) : [];
}

/** OpenID Connect Core 5.5. What Twitch answers to a broken `claims` was not found. */
export const readableClaims = check<AuthorizationExchange>('readable claims', 'TODO', (exchange) => {
  const text = exchange.parameters.get('claims');
  exchange.claims = noClaims;
  if (text === undefined) return;
  try {
    const claims: unknown = Object(JSON.parse(text));
    exchange.claims = { idToken: namesIn(claims, 'id_token'), userinfo: namesIn(claims, 'userinfo') };
  } catch {
    throw twitchError(400, 'invalid claims parameter');
  }
});

/** Only the literal `true` forces; `1` and `force` were reported not to. */
export const forcedWhenAsked = check<AuthorizationExchange>('forced when asked', 'TODO', (exchange) => {
  exchange.force = exchange.parameters.get('force_verify') === 'true';
});

export const twitchAuthorizationChecks: readonly Check<AuthorizationExchange>[] = [
  clientIdGiven,
  knownClient,
  redirectUriMatches,
  workingAuthorization,
  responseTypeIsCode,
  knownScopes,
  readableClaims,
  forcedWhenAsked,
];

export const answerTwitchAuthorization: Respond<AuthorizationExchange> = answerAuthorization;

/** Twitch puts `scope` into the callback, also an empty one. */
export const twitchGranted: AuthorizationPage['granted'] = (code, scopes) => ({
  code,
  scope: scopes.join(' '),
});
