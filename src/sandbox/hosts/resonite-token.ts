import type { Exchange, Respond } from '../endpoint.ts';
import { issueIdToken } from '../id-token.ts';
import type { AccessToken, AuthorizationCode, RefreshToken } from '../records.ts';
import { refreshedGrant, scopeMember, type TokenExchange } from '../token-request.ts';
import { issueAccessToken, issueRefreshToken } from '../tokens.ts';

const accessTokenSeconds = 60 * 60;
const idTokenSeconds = 20 * 60;
const refreshTokenSeconds = 14 * 24 * 60 * 60;

/** The ID token usually lacks `nonce`: one plug-in author reports so. */
function idTokenFor(
  { parts, registration }: TokenExchange,
  granted: AuthorizationCode | RefreshToken,
  token: AccessToken,
): string | undefined {
  if (!granted.scopes.includes('openid')) return undefined;
  const clientSecret = registration.clientSecret ?? '';
  const nonce = parts.faults.has('id_token_with_nonce') && 'nonce' in granted ? granted.nonce : null;
  const idToken = issueIdToken(parts, {
    clientSecret,
    issuer: `${parts.baseUrl}/account.resonite.com/`,
    audience: granted.clientId,
    subject: parts.state.people.get(granted.personId).resonite.id,
    lifetimeSeconds: idTokenSeconds,
    nonce,
    accessToken: token.value,
    claims: {},
  });
  return idToken ?? undefined;
}

/** A refresh token that a fault keeps is given back as it was. */
function refreshTokenFor({ parts }: Exchange, granted: AuthorizationCode | RefreshToken): string | undefined {
  if (!granted.scopes.includes('offline_access')) return undefined;
  if ('value' in granted && !granted.used) return granted.value;
  return issueRefreshToken(parts, granted, parts.random.mixed(64), refreshTokenSeconds).value;
}

/** 3599 is the figure that OpenIddict usually gives for an hour. */
function sendTokens(exchange: TokenExchange, granted: AuthorizationCode | RefreshToken): void {
  const { parts } = exchange;
  const token = issueAccessToken(exchange.parts, granted, parts.random.mixed(64), accessTokenSeconds);
  exchange.res.json({
    access_token: token.value,
    token_type: 'Bearer',
    expires_in: accessTokenSeconds - 1,
    scope: scopeMember(exchange.parts, granted.scopes.join(' ')),
    id_token: idTokenFor(exchange, granted, token),
    refresh_token: refreshTokenFor(exchange, granted),
  });
}

export const answerCode: Respond<TokenExchange> = (exchange) => {
  exchange.code.used = true;
  sendTokens(exchange, exchange.code);
};

/** Whether Resonite rotates was not found; the one answer that was published shows a new token. */
export const answerRefresh: Respond<TokenExchange> = (exchange) => {
  exchange.refreshToken.used = !exchange.parts.faults.has('refresh_token_kept');
  sendTokens(exchange, refreshedGrant(exchange));
};
