import { Router } from 'express';
import { proceed, startAuthorization } from '../authorization.ts';
import type { AuthorizationPage } from '../callback.ts';
import { endpoint, type Exchange, tokenEndpoint } from '../endpoint.ts';
import { interactionRouter } from '../interaction.ts';
import { formParameters } from '../parameters.ts';
import type { SandboxParts } from '../parts.ts';
import { startTokenRequest } from '../token-request.ts';
import {
  answerTwitchAuthorization,
  describeTwitchParameter,
  twitchDenial,
  twitchGranted,
} from './twitch-authorization.ts';
import { krakenGrantedAtOnce } from './twitch-implicit.ts';
import { krakenAuthorizationChecks } from './twitch-kraken-authorization.ts';
import { krakenError } from './twitch-kraken-error.ts';
import { answerKrakenRoot, answerKrakenUser, krakenUserChecks } from './twitch-kraken-resources.ts';
import {
  answerKrakenCode,
  answerKrakenRefresh,
  answerKrakenRevocation,
  krakenRevocationChecks,
} from './twitch-kraken-token.ts';
import { jsonp, krakenChecks, startKraken } from './twitch-kraken-version.ts';
import { krakenTokenChecks } from './twitch-token-checks.ts';

const host = 'api.twitch.tv';

function krakenPage({ baseUrl }: SandboxParts): AuthorizationPage {
  return {
    api: 'kraken',
    service: 'twitch',
    host,
    issuer: `${baseUrl}/id.twitch.tv/oauth2`,
    describe: describeTwitchParameter,
    newCode: (random) => random.lower(30),
    granted: twitchGranted,
    grantedAtOnce: krakenGrantedAtOnce,
    denied: twitchDenial,
  };
}

function addOAuth(router: Router, parts: SandboxParts): void {
  const start = (exchange: Exchange): Exchange => exchange;
  const page = krakenPage(parts);
  const checks = krakenTokenChecks(krakenError);
  router.get(
    '/oauth2/authorize',
    endpoint(parts, {
      faults: 'authorize',
      start: (exchange) => startAuthorization(exchange, page),
      checks: krakenAuthorizationChecks,
      respond: answerTwitchAuthorization,
    }),
  );
  router.post(
    '/oauth2/token',
    tokenEndpoint(parts, {
      // `state` comes along in the form and means nothing there.
      start: (exchange) => startTokenRequest(exchange, formParameters(exchange.req)),
      checks: checks.common,
      grants: {
        authorization_code: { checks: checks.code, respond: answerKrakenCode },
        refresh_token: { checks: checks.refresh, respond: answerKrakenRefresh },
      },
    }),
  );
  router.post(
    '/oauth2/revoke',
    endpoint(parts, {
      faults: 'revoke',
      start,
      checks: krakenRevocationChecks,
      respond: answerKrakenRevocation,
    }),
  );
}

/** api.twitch.tv/kraken, switched off by Twitch on 2022-02-28: version 5, and on request version 3. */
export function krakenRouter(parts: SandboxParts): Router {
  const router = Router();
  addOAuth(router, parts);
  router.get(
    '/user',
    jsonp,
    endpoint(parts, {
      faults: 'userinfo',
      start: startKraken,
      checks: krakenUserChecks,
      respond: answerKrakenUser,
    }),
  );
  router.get(
    '/',
    jsonp,
    endpoint(parts, {
      faults: 'validate',
      start: startKraken,
      checks: krakenChecks,
      respond: answerKrakenRoot,
    }),
  );
  return router;
}

export function krakenInteraction(parts: SandboxParts): Router {
  return interactionRouter(parts, { page: krakenPage(parts), proceed });
}
