import { Router } from 'express';
import {
  type AuthorizationExchange,
  proceed,
  startAuthorization,
  workingAuthorization,
} from '../authorization.ts';
import type { AuthorizationPage } from '../callback.ts';
import { check, type Check, endpoint, type Exchange, type Respond, tokenEndpoint } from '../endpoint.ts';
import { interactionRouter } from '../interaction.ts';
import { formParameters } from '../parameters.ts';
import type { SandboxParts } from '../parts.ts';
import type { AccessToken } from '../records.ts';
import { findRegistration } from '../registrations.ts';
import { unknownScopes } from '../scopes.ts';
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
import { issueRefreshToken } from '../tokens.ts';
import { krakenError } from './twitch-kraken-error.ts';
import { answerRoot, answerUser, userChecks } from './twitch-kraken-resources.ts';
import {
  answerTwitchAuthorization,
  describeTwitchParameter,
  forcedWhenAsked,
  redirectUriMatches,
  responseTypeIsCode,
  twitchDenial,
  twitchGranted,
} from './twitch-authorization.ts';
import { findRevocable, revocationParameters, revoke } from './twitch-resources.ts';
import { issueTwitchAccessToken, nextRefreshToken } from './twitch-token.ts';

const host = 'api.twitch.tv';

const knownAuthorizationClient = check<AuthorizationExchange>(
  'known authorization client',
  'TODO',
  (exchange) => {
    const clientId = exchange.parameters.get('client_id');
    if (clientId === undefined) throw krakenError(400, 'No client id specified');
    const registration = findRegistration(exchange.parts.registrations, 'twitch', clientId);
    if (!registration) throw krakenError(400, 'client does not exist');
    exchange.registration = registration;
  },
);

const knownScopes = check<AuthorizationExchange>('known scopes', 'TODO', ({ scopes }) => {
  const unknown = unknownScopes('kraken', scopes)[0];
  if (unknown !== undefined) throw krakenError(400, `invalid scope requested: '${unknown}'`);
});

const authorizationChecks: readonly Check<AuthorizationExchange>[] = [
  knownAuthorizationClient,
  redirectUriMatches,
  workingAuthorization,
  responseTypeIsCode,
  knownScopes,
  forcedWhenAsked,
];

/** The words of Kraken's token endpoint were not found; the messages are those of id.twitch.tv. */
const knownClient = check<TokenExchange>('known client', 'TODO', (exchange) => {
  const clientId = exchange.parameters.get('client_id');
  if (clientId === undefined) throw krakenError(400, 'missing client id');
  const registration = findRegistration(exchange.parts.registrations, 'twitch', clientId);
  if (!registration) throw krakenError(400, 'client does not exist');
  exchange.registration = registration;
});

const rightSecret = check<TokenExchange>('right secret', 'TODO', (exchange) => {
  if (!exchange.parameters.has('client_secret')) throw krakenError(400, 'missing client secret');
  if (isWrongSecret(exchange)) throw krakenError(403, 'invalid client secret');
});

const knownGrantType = check<TokenExchange>('known grant type', 'TODO', ({ parameters }) => {
  const grantType = parameters.get('grant_type');
  if (grantType !== 'authorization_code' && grantType !== 'refresh_token') {
    throw krakenError(400, 'invalid grant type');
  }
});

const knownCode = check<TokenExchange>('known code', 'TODO', (exchange) => {
  const code = findCode(exchange);
  if (!code || code.used || isCodeExpired({ parts: exchange.parts, code })) {
    throw krakenError(400, 'Invalid authorization code');
  }
  exchange.code = code;
});

const sameRedirectUri = check<TokenExchange>('same redirect uri', 'TODO', ({ parameters, code }) => {
  if (parameters.get('redirect_uri') === code.redirectUri) return;
  throw krakenError(400, 'Parameter redirect_uri does not match registered URI');
});

const knownRefreshToken = check<TokenExchange>('known refresh token', 'TODO', (exchange) => {
  const token = findRefreshToken(exchange);
  if (!token || token.used) throw krakenError(400, 'Invalid refresh token');
  exchange.refreshToken = token;
});

const commonTokenChecks = [knownClient, rightSecret, knownGrantType];

/** Four members and no `token_type`, as a real answer of 2018 had them. */
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

const answerCode: Respond<TokenExchange> = (exchange) => {
  const { parts, code } = exchange;
  code.used = true;
  const { token, expiresInSeconds } = issueTwitchAccessToken(exchange, code);
  const refreshToken = issueRefreshToken(parts, code, parts.random.lower(50), null);
  sendTokens(exchange, token, expiresInSeconds, refreshToken.value);
};

const answerRefresh: Respond<TokenExchange> = (exchange) => {
  const { token, expiresInSeconds } = issueTwitchAccessToken(exchange, refreshedGrant(exchange));
  sendTokens(exchange, token, expiresInSeconds, nextRefreshToken(exchange).value);
};

/** What Kraken answered to a token that is not the client's was not found. */
const revocableToken = check<Exchange>('revocable token', 'TODO', (exchange) => {
  if (!revocationParameters(exchange).has('client_id')) throw krakenError(400, 'No client id specified');
  if (!findRevocable(exchange)) throw krakenError(400, 'Invalid token');
});

const answerRevocation: Respond<Exchange> = (exchange) => {
  revoke(exchange);
  exchange.res.json({ status: 'ok' });
};

function krakenPage({ baseUrl }: SandboxParts): AuthorizationPage {
  return {
    api: 'kraken',
    service: 'twitch',
    host,
    issuer: `${baseUrl}/id.twitch.tv/oauth2`,
    describe: describeTwitchParameter,
    newCode: (random) => random.lower(30),
    granted: twitchGranted,
    denied: twitchDenial,
  };
}

/** api.twitch.tv/kraken in its version 5, switched off by Twitch on 2022-02-28. */
export function krakenRouter(parts: SandboxParts): Router {
  const router = Router();
  const page = krakenPage(parts);
  const start = (exchange: Exchange): Exchange => exchange;
  router.get(
    '/oauth2/authorize',
    endpoint(parts, {
      faults: null,
      start: (exchange) => startAuthorization(exchange, page),
      checks: authorizationChecks,
      respond: answerTwitchAuthorization,
    }),
  );
  router.post(
    '/oauth2/token',
    tokenEndpoint(parts, {
      // `state` comes along in the form and means nothing there.
      start: (exchange) => startTokenRequest(exchange, formParameters(exchange.req)),
      checks: commonTokenChecks,
      grants: {
        authorization_code: { checks: [knownCode, sameRedirectUri], respond: answerCode },
        refresh_token: { checks: [knownRefreshToken], respond: answerRefresh },
      },
    }),
  );
  router.post(
    '/oauth2/revoke',
    endpoint(parts, { faults: 'revoke', start, checks: [revocableToken], respond: answerRevocation }),
  );
  router.get(
    '/user',
    endpoint(parts, { faults: 'userinfo', start, checks: userChecks, respond: answerUser }),
  );
  router.get('/', endpoint(parts, { faults: 'validate', start, checks: [], respond: answerRoot }));
  return router;
}

export function krakenInteraction(parts: SandboxParts): Router {
  return interactionRouter(parts, { page: krakenPage(parts), proceed });
}
