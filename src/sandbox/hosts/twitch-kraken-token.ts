import { check, type Check, type Exchange, type Respond } from '../endpoint.ts';
import type { AccessToken } from '../records.ts';
import { findRegistration } from '../registrations.ts';
import { refreshedGrant, scopeMember, type TokenExchange } from '../token-request.ts';
import { issueRefreshToken } from '../tokens.ts';
import { krakenError } from './twitch-kraken-error.ts';
import { findRevocable, revocationParameters, revoke } from './twitch-revocation.ts';
import { issueTwitchAccessToken, nextRefreshToken } from './twitch-token.ts';

/** Four members and no `token_type`, as a real answer of 2018 had them (justintv/Twitch-API#691). */
function sendTokens(
  exchange: TokenExchange,
  token: AccessToken,
  expiresIn: number,
  refreshToken: string,
): void {
  exchange.res.json({
    access_token: token.value,
    refresh_token: refreshToken,
    scope: scopeMember(exchange.parts, token.scopes),
    expires_in: expiresIn,
  });
}

export const answerKrakenCode: Respond<TokenExchange> = (exchange) => {
  const { parts, code } = exchange;
  code.used = true;
  const { token, expiresInSeconds } = issueTwitchAccessToken(exchange, code);
  const refreshToken = issueRefreshToken(parts, code, parts.random.lower(50), null);
  sendTokens(exchange, token, expiresInSeconds, refreshToken.value);
};

export const answerKrakenRefresh: Respond<TokenExchange> = (exchange) => {
  const { token, expiresInSeconds } = issueTwitchAccessToken(exchange, refreshedGrant(exchange));
  sendTokens(exchange, token, expiresInSeconds, nextRefreshToken(exchange).value);
};

const clientIdGiven = check<Exchange>(
  'a client id is given',
  'Twitch forum thread 14606; the words: justintv/Twitch-API#626, for another address',
  (exchange) => {
    if (!revocationParameters(exchange).has('client_id')) throw krakenError(400, 'No client id specified');
  },
);

const knownClient = check<Exchange>(
  'the client id is registered',
  'WebTheoryLLC/omniauth-twitch#7, for the authorization page; here by analogy',
  (exchange) => {
    const clientId = revocationParameters(exchange).get('client_id');
    if (findRegistration(exchange.parts.registrations, 'twitch', clientId)) return;
    throw krakenError(400, 'client does not exist');
  },
);

const revocableToken = check<Exchange>(
  'the token is a living one of this client',
  'dev.twitch.tv: Revoking Access Tokens, for id.twitch.tv; the words of Kraken were not found',
  (exchange) => {
    if (!findRevocable(exchange)) throw krakenError(400, 'Invalid token');
  },
);

export const krakenRevocationChecks: readonly Check<Exchange>[] = [
  clientIdGiven,
  knownClient,
  revocableToken,
];

/** What several public clients compare the body with. */
export const answerKrakenRevocation: Respond<Exchange> = (exchange) => {
  revoke(exchange);
  exchange.res.json({ status: 'ok' });
};
