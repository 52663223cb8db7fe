import { Router } from 'express';
import { approvalOf } from '../auto-approve.ts';
import { check, type Check, endpoint, type Exchange, type Respond } from '../endpoint.ts';
import { isStepping, showArrival } from '../front-channel.ts';
import type { SandboxParts } from '../parts.ts';
import { pageError, redirectError } from '../protocol-error.ts';
import { toReceived } from '../received-parameters.ts';
import { sendEmpty } from '../sending.ts';
import type { MixinAuthorization } from '../records.ts';
import { findRegistration, type Registration } from '../registrations.ts';
import { unknownScopes } from '../scopes.ts';
import { codeLifetimeMilliseconds } from '../tokens.ts';
import { answerMixinAuthorization, mixinCallback, mixinServerError } from './mixin-callback.ts';
import { mixinPhoneRouter } from './mixin-phone.ts';
import { readMixinQuery } from './mixin-query.ts';
import { mixinWaitingRouter } from './mixin-waiting.ts';

interface MixinAuthorizationExchange extends Exchange {
  received: [string, string][];
  parameters: ReadonlyMap<string, string>;
  scopes: string[];
  registration: Registration;
}

function describeMixinParameter(value: string): Readonly<Record<string, string>> {
  return {
    client_id: 'Known',
    scope: 'All known',
    state: /^[\w.-]*$/.test(value)
      ? 'URL-safe characters'
      : 'Damaged on the way back: it is not encoded again',
    return_to: 'Returned, percent-encoded',
    code_challenge: 'Compared with the hash of the decoded verifier',
    code_challenge_method: 'Never looked at, ignored',
    redirect_uri: 'Ignored: always the registered callback',
    response_type: 'Never looked at, ignored',
  };
}

function startMixinAuthorization(exchange: Exchange): MixinAuthorizationExchange {
  const received = readMixinQuery(exchange.req.originalUrl);
  const parameters = new Map(received);
  const scope = (parameters.get('scope') ?? '').replaceAll('+', ' ');
  const scopes = [...new Set(scope.split(' ').filter((entry) => entry !== ''))];
  return { ...exchange, received, parameters, scopes } as unknown as MixinAuthorizationExchange;
}

const page = 'MixinNetwork/mixin.one src/oauth/index.js shows a page for errors 400 and 10002';

const clientRegistered = check<MixinAuthorizationExchange>(
  'the client id is registered',
  `${page}; which number it is was not found`,
  (exchange) => {
    const clientId = exchange.parameters.get('client_id');
    const registration = findRegistration(exchange.parts.registrations, 'mixin', clientId);
    if (!registration) throw pageError(400, 'Error 400: the client_id is not readable.');
    exchange.registration = registration;
  },
);

const profileAsked = check<MixinAuthorizationExchange>(
  'the scope holds PROFILE:READ',
  `MixinNetwork/developers.mixin.one api/oauth/scope.md; ${page}`,
  ({ scopes }) => {
    if (scopes.includes('PROFILE:READ')) return;
    throw pageError(400, 'Error 10002: the scope must hold PROFILE:READ.');
  },
);

const scopesKnown = check<MixinAuthorizationExchange>(
  'every scope is one of Mixin’s',
  `MixinNetwork/developers.mixin.one api/oauth/scope.md; ${page}`,
  ({ scopes }) => {
    const unknown = unknownScopes('mixin', scopes)[0];
    if (unknown !== undefined) throw pageError(400, `Error 10002: there is no scope ${unknown}.`);
  },
);

/** `redirect_uri`, `response_type` and `code_challenge_method` are not checked: the page never reads them. */
export const authorizationChecks: readonly Check<MixinAuthorizationExchange>[] = [
  clientRegistered,
  profileAsked,
  scopesKnown,
];

function keepAuthorization(exchange: MixinAuthorizationExchange): MixinAuthorization {
  const { parts, parameters, req } = exchange;
  const authorization: MixinAuthorization = {
    authorizationId: parts.random.uuid(),
    codeId: parts.random.uuid(),
    clientId: exchange.registration.clientId,
    scopes: exchange.scopes,
    state: parameters.get('state') ?? '',
    returnTo: parameters.get('return_to') ?? null,
    codeChallenge: parameters.get('code_challenge') || null,
    query: req.originalUrl.slice(req.originalUrl.indexOf('?') + 1),
    parameters: toReceived(exchange.received, describeMixinParameter),
    status: 'waiting',
    code: null,
    expiresAt: parts.now() + codeLifetimeMilliseconds,
  };
  parts.state.mixinAuthorizations.set(authorization.authorizationId, authorization);
  return authorization;
}

/** Mixin asks every time: there is no remembered consent. */
const showCode: Respond<MixinAuthorizationExchange> = (exchange) => {
  const { parts, res } = exchange;
  const authorization = keepAuthorization(exchange);
  if (parts.faults.has('authorize_server_error')) {
    throw redirectError(mixinServerError(exchange, authorization), 'fault authorize_server_error');
  }
  const approval = approvalOf(exchange, authorization.scopes);
  if (approval) answerMixinAuthorization(exchange, authorization, approval.person, approval.scopes);
  const waiting = `${parts.basePath}/mixin.one/sandbox/${authorization.authorizationId}`;
  // Asked for only where it is used: a fault for the next request is used up by it.
  if (isStepping(exchange)) showArrival(exchange, authorization.parameters, waiting);
  else sendEmpty(res.status(302).location(mixinCallback(exchange, authorization) ?? waiting));
};

/** www.mixin.one, which only leads to the bare host. Its status was not found. */
export function mixinWwwHost({ basePath }: SandboxParts): Router {
  const router = Router();
  router.use((req, res) => res.redirect(302, `${basePath}/mixin.one${req.url}`));
  return router;
}

/** mixin.one: the page with the QR code, and the phone that reads it. */
export function mixinHost(parts: SandboxParts): Router {
  const router = Router();
  router.get(
    '/oauth/authorize',
    endpoint(parts, {
      faults: 'authorize',
      start: startMixinAuthorization,
      checks: authorizationChecks,
      respond: showCode,
    }),
  );
  router.use('/sandbox', mixinWaitingRouter(parts));
  router.use('/codes', mixinPhoneRouter(parts));
  return router;
}
