import { type Request, type Response, Router } from 'express';
import {
  answerAuthorization,
  type AuthorizationExchange,
  refuse,
  startAuthorization,
  workingAuthorization,
} from '../authorization.ts';
import type { AuthorizationPage } from '../callback.ts';
import { type Check, endpoint, type Exchange, tokenEndpoint } from '../endpoint.ts';
import { interactionRouter } from '../interaction.ts';
import type { SandboxParts } from '../parts.ts';
import { pageError } from '../protocol-error.ts';
import { randomMixed } from '../random.ts';
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

const knownClient: Check<AuthorizationExchange> = (exchange) => {
  const clientId = exchange.parameters.get('client_id');
  const registration = findRegistration(exchange.parts.registrations, 'mixer', clientId);
  if (!registration) throw pageError(400, 'OAuth client not found.');
  exchange.registration = registration;
};

/** Mixer looks at the host only: port and path are free. A bad one was seen to end on Mixer's own page. */
const redirectHostRegistered: Check<AuthorizationExchange> = ({ parts, registration, redirectUri }) => {
  const isFaulty = parts.state.faults.has('mixer', 'authorize_redirect_mismatch');
  const uri = URL.canParse(redirectUri) ? new URL(redirectUri) : null;
  const isWeb = uri?.protocol === 'https:' || uri?.protocol === 'http:';
  const isRegistered = registeredHosts(registration).some((pattern) =>
    hostMatches(pattern, uri?.hostname ?? ''),
  );
  if (isFaulty || !isWeb || !isRegistered) throw pageError(400, 'The redirect uri is invalid.');
};

const responseTypeIsCode: Check<AuthorizationExchange> = (exchange) => {
  if (exchange.parameters.get('response_type') === 'code') return;
  throw refuse(exchange, 'unsupported_response_type', 'Only the response type code is played here.');
};

const knownScopes: Check<AuthorizationExchange> = (exchange) => {
  const unknown = unknownScopes('mixer', exchange.scopes)[0];
  if (unknown !== undefined) throw refuse(exchange, 'invalid_scope', `Unknown scope ${unknown}.`);
};

const forcedWhenAsked: Check<AuthorizationExchange> = (exchange) => {
  exchange.force = exchange.parameters.get('approval_prompt') === 'force';
};

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
    newCode: () => randomMixed(16),
    granted: (code) => ({ code }),
    denied: { error: 'access_denied', error_description: 'The user denied the request.' },
  };
}

/** mixer.com, which closed on 2020-07-22. */
export function mixerHost(parts: SandboxParts): Router {
  const router = Router();
  const page = mixerPage(parts);
  const start = (req: Request, res: Response): Exchange => ({ parts, req, res });
  const startAt = (req: Request, res: Response) => startAuthorization(start(req, res), page);
  const startToken = (req: Request, res: Response) => startMixerTokenRequest(start(req, res));
  const grants = {
    authorization_code: { checks: codeChecks, respond: answerCode },
    refresh_token: { checks: refreshChecks, respond: answerRefresh },
  };
  router.get('/oauth/authorize', endpoint(startAt, authorizationChecks, answerAuthorization));
  router.post('/api/v1/oauth/token', tokenEndpoint(startToken, commonTokenChecks, grants));
  router.post('/api/v1/oauth/token/introspect', endpoint(start, [], answerIntrospection));
  router.get('/api/v1/users/current', endpoint(start, currentUserChecks, answerCurrentUser));
  router.use('/sandbox', interactionRouter(parts, page));
  return router;
}
