import { check, type Check, type Exchange, type Respond } from '../endpoint.ts';
import { issueIdToken } from '../id-token.ts';
import { formParameters, queryParameters } from '../parameters.ts';
import type { AccessToken, AuthorizationCode, RefreshToken } from '../records.ts';
import { findRegistration } from '../registrations.ts';
import {
  described,
  findCode,
  findRefreshToken,
  isCodeExpired,
  isWrongSecret,
  refreshedGrant,
  scopeMember,
  startTokenRequest,
  type TokenExchange,
} from '../token-request.ts';
import { issueAccessToken, issueRefreshToken } from '../tokens.ts';
import { twitchClaims } from './twitch-claims.ts';
import { sendTwitchJson, twitchError } from './twitch-error.ts';

/** Twitch takes the parameters in the form or in the query, and never looks at HTTP Basic. */
export function startTwitchTokenRequest(exchange: Exchange): TokenExchange {
  const { req } = exchange;
  return startTokenRequest(exchange, new Map([...queryParameters(req), ...formParameters(req)]));
}

export const clientIdGiven = check<TokenExchange>('client id given', 'TODO', ({ parameters }) => {
  if (!parameters.has('client_id')) throw twitchError(400, 'missing client id');
});

export const knownClient = check<TokenExchange>('known client', 'TODO', (exchange) => {
  const { parts, parameters } = exchange;
  const registration = findRegistration(parts.registrations, 'twitch', parameters.get('client_id'));
  if (!registration) throw twitchError(400, 'invalid client');
  exchange.registration = registration;
});

export const secretGiven = check<TokenExchange>('secret given', 'TODO', ({ parameters }) => {
  if (!parameters.has('client_secret')) throw twitchError(400, 'missing client secret');
});

export const rightSecret = check<TokenExchange>('right secret', 'TODO', (exchange) => {
  if (isWrongSecret(exchange)) throw twitchError(403, 'invalid client secret');
});

/** The words for an unknown grant type were not found. */
export const knownGrantType = check<TokenExchange>('known grant type', 'TODO', ({ parameters }) => {
  const grantType = parameters.get('grant_type');
  if (grantType === undefined) throw twitchError(400, 'missing grant type');
  if (grantType !== 'authorization_code' && grantType !== 'refresh_token') {
    throw twitchError(400, 'invalid grant type');
  }
});

export const knownCode = check<TokenExchange>('known code', 'TODO', (exchange) => {
  const code = findCode(exchange);
  if (!code || code.used || isCodeExpired({ parts: exchange.parts, code })) {
    throw twitchError(400, 'Invalid authorization code');
  }
  exchange.code = code;
});

export const sameRedirectUri = check<TokenExchange>('same redirect uri', 'TODO', ({ parameters, code }) => {
  if (parameters.get('redirect_uri') === code.redirectUri) return;
  throw twitchError(400, 'Parameter redirect_uri does not match registered URI');
});

export const refreshTokenGiven = check<TokenExchange>('refresh token given', 'TODO', ({ parameters }) => {
  if (!parameters.has('refresh_token')) throw twitchError(400, 'missing refresh token');
});

/** 400 is what most clients report; some saw 401. */
export const knownRefreshToken = check<TokenExchange>('known refresh token', 'TODO', (exchange) => {
  const token = findRefreshToken(exchange);
  if (!token || token.used) throw twitchError(400, 'Invalid refresh token');
  exchange.refreshToken = token;
});

export const commonTokenChecks: readonly Check<TokenExchange>[] = [
  clientIdGiven,
  knownClient,
  secretGiven,
  rightSecret,
  knownGrantType,
];

export const codeChecks: readonly Check<TokenExchange>[] = [knownCode, sameRedirectUri];
export const refreshChecks: readonly Check<TokenExchange>[] = [refreshTokenGiven, knownRefreshToken];

/** About four hours, never twice the same: 13 293 to 15 013 seconds were seen. */
export function issueTwitchAccessToken(
  { parts }: Exchange,
  granted: AuthorizationCode | RefreshToken,
): { token: AccessToken; expiresInSeconds: number } {
  const expiresInSeconds = parts.random.integer(13_293, 15_014);
  return {
    token: issueAccessToken(parts, granted, parts.random.lower(30), expiresInSeconds),
    expiresInSeconds,
  };
}

/** An array, and absent when nothing was granted. */
export function scopeArray({ parts }: Exchange, scopes: readonly string[]): unknown {
  return scopeMember(parts, scopes.length > 0 ? scopes : undefined);
}

function idTokenFor(exchange: TokenExchange, token: AccessToken): string | undefined {
  const { parts, code } = exchange;
  if (!code.scopes.includes('openid')) return undefined;
  const person = described(parts, parts.state.people.get(code.personId));
  const idToken = issueIdToken(parts, {
    clientSecret: exchange.registration.clientSecret ?? '',
    issuer: `${parts.baseUrl}/id.twitch.tv/oauth2`,
    audience: code.clientId,
    subject: person.twitch.id,
    lifetimeSeconds: 900,
    nonce: code.nonce,
    accessToken: token.value,
    claims: twitchClaims(person, code.claims.idToken, code.scopes),
  });
  return idToken ?? undefined;
}

export const answerCode: Respond<TokenExchange> = (exchange) => {
  const { parts, res, code } = exchange;
  code.used = true;
  const { token, expiresInSeconds } = issueTwitchAccessToken(exchange, code);
  const refreshToken = issueRefreshToken(parts, code, parts.random.lower(50), null);
  sendTwitchJson(res, {
    access_token: token.value,
    expires_in: expiresInSeconds,
    id_token: idTokenFor(exchange, token),
    refresh_token: refreshToken.value,
    scope: scopeArray(exchange, code.scopes),
    token_type: 'bearer',
  });
};

/** The scope asked for is ignored. */
export const answerRefresh: Respond<TokenExchange> = (exchange) => {
  const { res, refreshToken } = exchange;
  const { token, expiresInSeconds } = issueTwitchAccessToken(exchange, refreshedGrant(exchange));
  sendTwitchJson(res, {
    access_token: token.value,
    expires_in: expiresInSeconds,
    refresh_token: nextRefreshToken(exchange).value,
    scope: scopeArray(exchange, refreshToken.scopes),
    token_type: 'bearer',
  });
};

/** Twitch may rotate the refresh token and usually does not. */
export function nextRefreshToken(exchange: TokenExchange): RefreshToken {
  const { parts, refreshToken } = exchange;
  if (!parts.faults.has('refresh_token_rotated')) return refreshToken;
  refreshToken.used = true;
  return issueRefreshToken(parts, refreshedGrant(exchange), parts.random.lower(50), null);
}
