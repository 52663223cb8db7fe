import { Router } from 'express';
import {
  answerAuthorization,
  proceed,
  type AuthorizationExchange,
  refuse,
  startAuthorization,
  workingAuthorization,
} from '../authorization.ts';
import type { AuthorizationPage } from '../callback.ts';
import { check, type Check, endpoint, type Exchange, tokenEndpoint } from '../endpoint.ts';
import { interactionRouter } from '../interaction.ts';
import type { SandboxParts } from '../parts.ts';
import { pageError } from '../protocol-error.ts';
import { findRegistration, hostMatches, registeredHosts } from '../registrations.ts';
import { unknownScopes } from '../scopes.ts';
import { answerCurrentUser, answerIntrospection, currentUserChecks } from './mixer-resources.ts';
import {
  answerCode,
  answerRefresh,
  codeChecks,
  commonTokenChecks,
  refreshChecks,
  startMixerTokenRequest,
} from './mixer-token.ts';

const host = 'mixer.com';

function describeMixerParameter(value: string): Readonly<Record<string, string>> {
  return {
    response_type: 'As expected',
    client_id: 'Known',
    redirect_uri: 'Its host is registered',
    scope: value ? 'All known' : 'None asked for',
    state: 'Returned as it is',
    approval_prompt: value === 'force' ? 'Always asks' : 'Only the word force counts, ignored',
    code_challenge: 'No trace of PKCE at Mixer, ignored',
    code_challenge_method: 'No trace of PKCE at Mixer, ignored',
  };
}

const knownClient = check<AuthorizationExchange>('known client', 'TODO', (exchange) => {
  const clientId = exchange.parameters.get('client_id');
  const registration = findRegistration(exchange.parts.registrations, 'mixer', clientId);
  if (!registration) throw pageError(400, 'OAuth client not found.');
  exchange.registration = registration;
});

/** Mixer looks at the host only: port and path are free. A bad one was seen to end on Mixer's own page. */
const redirectHostRegistered = check<AuthorizationExchange>(
  'redirect host registered',
  'TODO',
  ({ parts, registration, redirectUri }) => {
    const isFaulty = parts.faults.has('authorize_redirect_mismatch');
    const uri = URL.canParse(redirectUri) ? new URL(redirectUri) : null;
    const isWeb = uri?.protocol === 'https:' || uri?.protocol === 'http:';
    const isRegistered = registeredHosts(registration).some((pattern) =>
      hostMatches(pattern, uri?.hostname ?? ''),
    );
    if (isFaulty || !isWeb || !isRegistered) throw pageError(400, 'The redirect uri is invalid.');
  },
);

const responseTypeIsCode = check<AuthorizationExchange>('response type is code', 'TODO', (exchange) => {
  if (exchange.parameters.get('response_type') === 'code') return;
  throw refuse(exchange, 'unsupported_response_type', 'Only the response type code is played here.');
});

const knownScopes = check<AuthorizationExchange>('known scopes', 'TODO', (exchange) => {
  const unknown = unknownScopes('mixer', exchange.scopes)[0];
  if (unknown !== undefined) throw refuse(exchange, 'invalid_scope', `Unknown scope ${unknown}.`);
});

const forcedWhenAsked = check<AuthorizationExchange>('forced when asked', 'TODO', (exchange) => {
  exchange.force = exchange.parameters.get('approval_prompt') === 'force';
});

const authorizationChecks: readonly Check<AuthorizationExchange>[] = [
  knownClient,
  redirectHostRegistered,
  workingAuthorization,
  responseTypeIsCode,
  knownScopes,
  forcedWhenAsked,
];

/** How Mixer words a denial was not found; `access_denied` is its own word for a denied short code. */
function mixerPage({ baseUrl }: SandboxParts): AuthorizationPage {
  return {
    api: 'mixer',
    service: 'mixer',
    host,
    issuer: `${baseUrl}/${host}`,
    describe: describeMixerParameter,
    newCode: (random) => random.mixed(16),
    granted: (code) => ({ code }),
    denied: { error: 'access_denied', error_description: 'The user denied the request.' },
  };
}

/** mixer.com, which closed on 2020-07-22. */
export function mixerHost(parts: SandboxParts): Router {
  const router = Router();
  const page = mixerPage(parts);
  const start = (exchange: Exchange): Exchange => exchange;
  router.get(
    '/oauth/authorize',
    endpoint(parts, {
      faults: null,
      start: (exchange) => startAuthorization(exchange, page),
      checks: authorizationChecks,
      respond: answerAuthorization,
    }),
  );
  router.post(
    '/api/v1/oauth/token',
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
    '/api/v1/oauth/token/introspect',
    endpoint(parts, { faults: 'introspect', start, checks: [], respond: answerIntrospection }),
  );
  router.get(
    '/api/v1/users/current',
    endpoint(parts, { faults: 'userinfo', start, checks: currentUserChecks, respond: answerCurrentUser }),
  );
  router.use('/sandbox', interactionRouter(parts, { page, proceed }));
  return router;
}
