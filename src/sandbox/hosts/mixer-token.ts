import { check, type Check, type Exchange, type Respond } from '../endpoint.ts';
import { formParameters, jsonMembers, toParameters } from '../parameters.ts';
import type { AuthorizationCode, RefreshToken } from '../records.ts';
import { findRegistration } from '../registrations.ts';
import {
  findCode,
  findRefreshToken,
  isCodeExpired,
  isWrongSecret,
  refreshedGrant,
  scopeMember,
  startTokenRequest,
  type TokenExchange,
} from '../token-request.ts';
import { isExpired, issueAccessToken, issueRefreshToken } from '../tokens.ts';
import { mixerOAuthError } from './mixer-error.ts';

const sixHoursInSeconds = 6 * 60 * 60;
const oneYearInSeconds = 365 * 24 * 60 * 60;

/** Form and JSON are both good. */
export function startMixerTokenRequest(exchange: Exchange): TokenExchange {
  const members = jsonMembers(exchange.req);
  const parameters = members ? toParameters(Object.entries(members)) : formParameters(exchange.req);
  return startTokenRequest(exchange, parameters);
}

const knownClient = check<TokenExchange>('known client', 'TODO', (exchange) => {
  const { parts, parameters } = exchange;
  const registration = findRegistration(parts.registrations, 'mixer', parameters.get('client_id'));
  if (!registration) throw mixerOAuthError('invalid_client', 'OAuth client not found.');
  exchange.registration = registration;
});

/** Wrong, missing, and given by a client that has none: one answer for all three. */
const rightSecret = check<TokenExchange>('right secret', 'TODO', (exchange) => {
  if (isWrongSecret(exchange)) throw mixerOAuthError('invalid_client', 'OAuth client secret invalid.');
});

const knownGrantType = check<TokenExchange>('known grant type', 'TODO', ({ parameters }) => {
  const grantType = parameters.get('grant_type');
  if (grantType === undefined) throw mixerOAuthError('invalid_request', 'grant_type is missing.');
  if (grantType !== 'authorization_code' && grantType !== 'refresh_token') {
    throw mixerOAuthError('unsupported_grant_type', 'This grant_type is not known.');
  }
});

const knownCode = check<TokenExchange>('known code', 'TODO', (exchange) => {
  const code = findCode(exchange);
  if (!code || code.used || isCodeExpired({ parts: exchange.parts, code })) {
    throw mixerOAuthError('invalid_grant', 'The authorization code is invalid.');
  }
  exchange.code = code;
});

const sameRedirectUri = check<TokenExchange>('same redirect uri', 'TODO', ({ parameters, code }) => {
  if (parameters.get('redirect_uri') === code.redirectUri) return;
  throw mixerOAuthError('invalid_grant', 'The redirect_uri is not the one of the authorization request.');
});

const unusedRefreshToken = check<TokenExchange>('unused refresh token', 'TODO', (exchange) => {
  const token = findRefreshToken(exchange);
  if (!token || token.used || isExpired(token, exchange.parts)) {
    throw mixerOAuthError('invalid_grant', 'The refresh token is invalid.');
  }
  exchange.refreshToken = token;
});

export const commonTokenChecks = [knownClient, rightSecret, knownGrantType];
export const codeChecks: readonly Check<TokenExchange>[] = [knownCode, sameRedirectUri];
export const refreshChecks: readonly Check<TokenExchange>[] = [unusedRefreshToken];

/** No `scope` and no ID token; `scope` shows up only where a fault puts it. */
function sendTokens({ parts, res }: Exchange, granted: AuthorizationCode | RefreshToken): void {
  const accessToken = issueAccessToken(parts, granted, parts.random.mixed(64), sixHoursInSeconds);
  const refreshToken = issueRefreshToken(parts, granted, parts.random.mixed(64), oneYearInSeconds);
  res.json({
    access_token: accessToken.value,
    expires_in: sixHoursInSeconds - 1,
    refresh_token: refreshToken.value,
    scope: scopeMember(parts, undefined),
    token_type: 'Bearer',
  });
}

export const answerCode: Respond<TokenExchange> = (exchange) => {
  exchange.code.used = true;
  sendTokens(exchange, exchange.code);
};

/** A refresh token works once. */
export const answerRefresh: Respond<TokenExchange> = (exchange) => {
  exchange.refreshToken.used = true;
  sendTokens(exchange, refreshedGrant(exchange));
};
