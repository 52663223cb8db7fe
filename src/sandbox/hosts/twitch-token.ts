import { issueAppToken } from '../app-tokens.ts';
import type { Exchange, Respond } from '../endpoint.ts';
import type { AccessToken, AuthorizationCode, RefreshToken } from '../records.ts';
import { refreshedGrant, scopeMember, type TokenExchange } from '../token-request.ts';
import { issueAccessToken, issueRefreshToken } from '../tokens.ts';
import { sendTwitchJson } from './twitch-error.ts';
import { issueTwitchIdToken } from './twitch-id-token.ts';
import { sixtyDays } from './twitch-implicit.ts';

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
function scopeArray({ parts }: Exchange, scopes: readonly string[]): unknown {
  return scopeMember(parts, scopes.length > 0 ? scopes : undefined);
}

export const answerCode: Respond<TokenExchange> = (exchange) => {
  const { parts, res, code } = exchange;
  code.used = true;
  const { token, expiresInSeconds } = issueTwitchAccessToken(exchange, code);
  const refreshToken = issueRefreshToken(parts, code, parts.random.lower(50), null);
  sendTwitchJson(res, {
    access_token: token.value,
    expires_in: expiresInSeconds,
    id_token: issueTwitchIdToken(parts, code, { accessToken: token.value, code: null }),
    refresh_token: refreshToken.value,
    scope: scopeArray(exchange, code.scopes),
    token_type: 'bearer',
  });
};

/** The scope asked for is ignored (twitchdev/issues#178). */
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

/** Three members: a token for the application itself has no scope, and nothing refreshes it. */
export const answerClientCredentials: Respond<TokenExchange> = ({ parts, res, registration }) => {
  const expiresInSeconds = parts.random.integer(...sixtyDays);
  const token = issueAppToken(parts, registration, parts.random.lower(30), expiresInSeconds);
  sendTwitchJson(res, { access_token: token.value, expires_in: expiresInSeconds, token_type: 'bearer' });
};

/** Twitch may rotate the refresh token and usually does not. */
export function nextRefreshToken(exchange: TokenExchange): RefreshToken {
  const { parts, refreshToken } = exchange;
  if (!parts.faults.has('refresh_token_rotated')) return refreshToken;
  refreshToken.used = true;
  return issueRefreshToken(parts, refreshedGrant(exchange), parts.random.lower(50), null);
}
