import { check, type Check, type Exchange, type Respond } from '../endpoint.ts';
import { formParameters, queryParameters } from '../parameters.ts';
import type { AccessToken, AppToken, RefreshToken } from '../records.ts';
import { findRegistration } from '../registrations.ts';
import { twitchError } from './twitch-error.ts';
import { liveTwitchToken } from './twitch-validation.ts';

export function revocationParameters({ req }: Exchange): ReadonlyMap<string, string> {
  return new Map([...queryParameters(req), ...formParameters(req)]);
}

const clientIdGiven = check<Exchange>(
  'a client id is given',
  'dev.twitch.tv: Revoking Access Tokens; the words are those of the token endpoint',
  (exchange) => {
    if (!revocationParameters(exchange).has('client_id')) throw twitchError(400, 'missing client id');
  },
);

const knownClient = check<Exchange>(
  'the client id is registered',
  'dev.twitch.tv: Revoking Access Tokens',
  (exchange) => {
    const clientId = revocationParameters(exchange).get('client_id');
    if (findRegistration(exchange.parts.registrations, 'twitch', clientId)) return;
    throw twitchError(404, 'client does not exist');
  },
);

const tokenGiven = check<Exchange>(
  'a token is given',
  'nicklaw5/helix authentication_test.go, an older answer',
  (exchange) => {
    if (!revocationParameters(exchange).has('token')) throw twitchError(400, 'missing oauth token');
  },
);

function namedToken(exchange: Exchange): AccessToken | AppToken | RefreshToken | undefined {
  const value = revocationParameters(exchange).get('token') ?? '';
  return liveTwitchToken(exchange.parts, value) ?? exchange.parts.state.refreshTokens.get(value);
}

/** The access or refresh token that the request names, if it is one of the client's. */
export function findRevocable(exchange: Exchange): AccessToken | AppToken | RefreshToken | undefined {
  const token = namedToken(exchange);
  const clientId = revocationParameters(exchange).get('client_id');
  return token?.service === 'twitch' && token.clientId === clientId ? token : undefined;
}

/** Where RFC 7009 2.2 wants 200 for a token that is not known. */
const livingToken = check<Exchange>(
  'the token lives',
  'dev.twitch.tv: Revoking Access Tokens; 200 in the older nicklaw5/helix authentication_test.go',
  (exchange) => {
    if (namedToken(exchange)?.service !== 'twitch') throw twitchError(400, 'Invalid token');
  },
);

const ownToken = check<Exchange>(
  'the token was made for this client',
  'RFC 7009 2.1; what Twitch answers was not found, the words are those for a dead token',
  (exchange) => {
    if (!findRevocable(exchange)) throw twitchError(400, 'Invalid token');
  },
);

export const revocationChecks: readonly Check<Exchange>[] = [
  clientIdGiven,
  knownClient,
  tokenGiven,
  livingToken,
  ownToken,
];

export function revoke(exchange: Exchange): void {
  const { state } = exchange.parts;
  const value = revocationParameters(exchange).get('token') ?? '';
  for (const tokens of [state.accessTokens, state.appTokens, state.refreshTokens]) tokens.delete(value);
}

export const answerRevocation: Respond<Exchange> = (exchange) => {
  revoke(exchange);
  exchange.res.status(200).end();
};
