import { Router } from 'express';
import { endpoint } from '../endpoint.ts';
import type { SandboxParts } from '../parts.ts';
import {
  answerAuthorizations,
  answerCancel,
  answerCode,
  authorizationsChecks,
  cancelChecks,
  codeChecks,
  startCodeRequest,
} from './mixin-authorizations.ts';
import { callChecks, startApiCall, startProfileCall } from './mixin-call.ts';
import { mixinError } from './mixin-error.ts';
import { serverHeaders, signedAnswers } from './mixin-headers.ts';
import { answerToken } from './mixin-token.ts';
import { startMixinTokenRequest, tokenChecks } from './mixin-token-checks.ts';
import { answerProfile } from './mixin-user.ts';

function addTokens(router: Router, parts: SandboxParts): void {
  const cancel = { start: startApiCall, checks: cancelChecks, respond: answerCancel };
  const token = { start: startMixinTokenRequest, checks: tokenChecks, respond: answerToken };
  router.post('/oauth/token', endpoint(parts, { faults: 'token', ...token }));
  router.post('/oauth/cancel', endpoint(parts, { faults: 'revoke', ...cancel }));
}

function addAuthorizations(router: Router, parts: SandboxParts): void {
  const grants = { start: startApiCall, checks: authorizationsChecks, respond: answerAuthorizations };
  const code = { start: startCodeRequest, checks: codeChecks, respond: answerCode };
  router.get('/authorizations', endpoint(parts, { faults: null, ...grants }));
  router.get('/codes/:codeId', endpoint(parts, { faults: null, ...code }));
}

/** api.mixin.one, also known as mixin-api.zeromesh.net: tokens, grants, and a profile at two addresses. */
export function mixinApiHost(parts: SandboxParts): Router {
  const router = Router();
  const call = { start: startProfileCall, checks: callChecks, respond: answerProfile };
  const profile = endpoint(parts, { faults: 'userinfo', ...call });
  router.use(serverHeaders(parts), signedAnswers(parts));
  addTokens(router, parts);
  addAuthorizations(router, parts);
  router.get('/me', profile);
  router.get('/safe/me', profile);
  router.use(() => {
    throw mixinError(404, 'no such endpoint');
  });
  return router;
}
