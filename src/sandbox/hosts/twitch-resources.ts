import { check, type Check, type Exchange, type Respond } from '../endpoint.ts';
import { formParameters, queryParameters } from '../parameters.ts';
import type { AccessToken, RefreshToken } from '../records.ts';
import { findRegistration } from '../registrations.ts';
import { personOf, withProfileFaults } from '../token-request.ts';
import { credentials, liveAccessToken, profileToken, secondsLeft } from '../tokens.ts';
import { twitchClaims } from './twitch-claims.ts';
import { sendTwitchJson, twitchError } from './twitch-error.ts';
import { type Validation, validate } from './twitch-validation.ts';

const badToken = () => twitchError(401, 'invalid access token');

/** `validate` accepts `Bearer` next to the documented `OAuth`. */
function presentedToken({ parts, req }: Exchange): AccessToken | undefined {
  return liveAccessToken(parts, 'twitch', credentials(req.get('authorization'), 'OAuth', 'Bearer'));
}

const tokenPresented = check<Exchange>('token presented', 'TODO', ({ req }) => {
  if (!req.get('authorization')) throw twitchError(401, 'missing authorization token');
});

function tokenOfProfile({ parts, req }: Exchange): AccessToken | undefined {
  return profileToken(parts, 'twitch', credentials(req.get('authorization'), 'Bearer'));
}

const tokenAlive = check<Exchange>('token alive', 'TODO', (exchange) => {
  if (!tokenOfProfile(exchange)) throw badToken();
});

function validation(exchange: Exchange): Validation | undefined {
  return validate(exchange.parts, presentedToken(exchange));
}

const tokenValid = check<Exchange>('token valid', 'TODO', (exchange) => {
  if (!validation(exchange)) throw badToken();
});

export const validationChecks: readonly Check<Exchange>[] = [tokenPresented, tokenValid];

/** `scopes` in the plural, and null when there are none. */
export const answerValidation: Respond<Exchange> = (exchange) => {
  const { parts, res } = exchange;
  const { token, clientId, person } = validation(exchange)!;
  sendTwitchJson(res, {
    client_id: clientId,
    login: person.twitch.login,
    scopes: token.scopes.length > 0 ? token.scopes : null,
    user_id: person.twitch.id,
    expires_in: secondsLeft(token, parts),
  });
};

export function revocationParameters({ req }: Exchange): ReadonlyMap<string, string> {
  return new Map([...queryParameters(req), ...formParameters(req)]);
}

const knownRevokingClient = check<Exchange>('known revoking client', 'TODO', (exchange) => {
  const clientId = revocationParameters(exchange).get('client_id');
  if (clientId === undefined) throw twitchError(400, 'missing client id');
  if (!findRegistration(exchange.parts.registrations, 'twitch', clientId)) {
    throw twitchError(404, 'client does not exist');
  }
});

/** The access or refresh token that the request names, if it is one of the client's. */
export function findRevocable(exchange: Exchange): AccessToken | RefreshToken | undefined {
  const parameters = revocationParameters(exchange);
  const value = parameters.get('token') ?? '';
  const token =
    liveAccessToken(exchange.parts, 'twitch', value) ?? exchange.parts.state.refreshTokens.get(value);
  const isTheirs = token?.service === 'twitch' && token.clientId === parameters.get('client_id');
  return isTheirs ? token : undefined;
}

/** Twitch answers 400 to a token it does not know, where RFC 7009 2.2 wants 200. */
const revocableToken = check<Exchange>('revocable token', 'TODO', (exchange) => {
  if (!findRevocable(exchange)) throw twitchError(400, 'Invalid token');
});

export const revocationChecks: readonly Check<Exchange>[] = [knownRevokingClient, revocableToken];

export function revoke(exchange: Exchange): void {
  const value = revocationParameters(exchange).get('token') ?? '';
  exchange.parts.state.accessTokens.delete(value);
  exchange.parts.state.refreshTokens.delete(value);
}

export const answerRevocation: Respond<Exchange> = (exchange) => {
  revoke(exchange);
  exchange.res.status(200).end();
};

/** Only `Bearer` is documented here. */
const bearerScheme = check<Exchange>('bearer scheme', 'TODO', ({ req }) => {
  if (credentials(req.get('authorization'), 'Bearer') === undefined) throw badToken();
});

/** What a token without `openid` gets here was not found. */
const openidGranted = check<Exchange>('openid granted', 'TODO', (exchange) => {
  if (!tokenOfProfile(exchange)?.scopes.includes('openid')) throw badToken();
});

export const userinfoChecks: readonly Check<Exchange>[] = [
  tokenPresented,
  bearerScheme,
  tokenAlive,
  openidGranted,
];

export const answerUserinfo: Respond<Exchange> = (exchange) => {
  const { parts, res } = exchange;
  const token = tokenOfProfile(exchange)!;
  const person = personOf(parts, token.personId);
  const issuedAt = Math.floor(token.createdAt / 1000);
  const userinfo = {
    aud: token.clientId,
    exp: issuedAt + 900,
    iat: issuedAt,
    iss: `${parts.baseUrl}/id.twitch.tv/oauth2`,
    sub: person.twitch.id,
    ...twitchClaims(person, token.claims.userinfo, token.scopes),
  };
  sendTwitchJson(res, withProfileFaults(parts, userinfo, 'sub'));
};
