import { Router } from 'express';
import { answerAuthorization, proceed } from '../authorization.ts';
import { endpoint, type Exchange, tokenEndpoint } from '../endpoint.ts';
import { interactionRouter } from '../interaction.ts';
import type { SandboxParts } from '../parts.ts';
import { authorizationChecks, mixerPage, startMixerAuthorization } from './mixer-authorization.ts';
import {
  answerCurrentUser,
  answerIntrospection,
  currentUserChecks,
  introspectionChecks,
  startIntrospection,
} from './mixer-resources.ts';
import {
  answerCode,
  answerRefresh,
  codeChecks,
  commonTokenChecks,
  refreshChecks,
  startMixerTokenRequest,
} from './mixer-token.ts';

function apiRouter(parts: SandboxParts): Router {
  const router = Router();
  // Its value names the answer in Mixer's logs; clients have no use for it.
  router.use((_req, res, next) => {
    res.set('ms-cv', `${parts.random.mixed(16)}.0`);
    next();
  });
  router.post(
    '/oauth/token',
    tokenEndpoint(parts, {
      start: startMixerTokenRequest,
      checks: commonTokenChecks,
      grants: {
        authorization_code: { checks: codeChecks, respond: answerCode },
        refresh_token: { checks: refreshChecks, respond: answerRefresh },
      },
    }),
  );
  router.post(
    '/oauth/token/introspect',
    endpoint(parts, {
      faults: 'introspect',
      start: startIntrospection,
      checks: introspectionChecks,
      respond: answerIntrospection,
    }),
  );
  router.get(
    '/users/current',
    endpoint(parts, {
      faults: 'userinfo',
      start: (exchange: Exchange) => exchange,
      checks: currentUserChecks,
      respond: answerCurrentUser,
    }),
  );
  return router;
}

/** mixer.com, which closed on 2020-07-22. */
export function mixerHost(parts: SandboxParts): Router {
  const router = Router();
  const page = mixerPage(parts);
  router.get(
    '/oauth/authorize',
    endpoint(parts, {
      faults: 'authorize',
      start: (exchange) => startMixerAuthorization(exchange, page),
      checks: authorizationChecks,
      respond: answerAuthorization,
    }),
  );
  router.use('/api/v1', apiRouter(parts));
  router.use('/sandbox', interactionRouter(parts, { page, proceed }));
  return router;
}
