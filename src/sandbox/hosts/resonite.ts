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
import { check, type Check, documentEndpoint, endpoint, type Exchange, tokenEndpoint } from '../endpoint.ts';
import { promisedIss } from '../discovery.ts';
import { publishedKeys } from '../id-token.ts';
import { interactionRouter } from '../interaction.ts';
import { queryOf } from '../parameters.ts';
import type { SandboxParts } from '../parts.ts';
import { pageError } from '../protocol-error.ts';
import { findRegistration } from '../registrations.ts';
import { unknownScopes } from '../scopes.ts';
import { answerProfile, answerUserinfo, profileChecks, userinfoChecks } from './resonite-resources.ts';
import {
  answerCode,
  answerRefresh,
  codeChecks,
  commonTokenChecks,
  refreshChecks,
  startResoniteTokenRequest,
} from './resonite-token.ts';

const host = 'account.resonite.com';

/** With the slash at the end. */
export function resoniteIssuer({ baseUrl }: Pick<SandboxParts, 'baseUrl'>): string {
  return `${baseUrl}/${host}/`;
}

/** The contents of the true document were never seen; this is what the clients that read it need. */
function discoveryDocument(issuer: string): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}connect/authorize`,
    token_endpoint: `${issuer}connect/token`,
    userinfo_endpoint: `${issuer}connect/userinfo`,
    jwks_uri: `${issuer}.well-known/jwks`,
    grant_types_supported: ['authorization_code', 'refresh_token'],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    scopes_supported: ['openid', 'offline_access', 'profile', 'email', 'patreon'],
    claims_supported: ['aud', 'exp', 'iat', 'iss', 'sub'],
    id_token_signing_alg_values_supported: ['RS256'],
    code_challenge_methods_supported: ['S256'],
    subject_types_supported: ['public'],
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
  };
}

function describeResoniteParameter(value: string): Readonly<Record<string, string>> {
  return {
    response_type: 'As expected',
    client_id: 'Known',
    redirect_uri: 'Registered, to the letter',
    scope: value ? 'All known' : 'None asked for',
    state: 'Returned as it is',
    nonce: 'Usually missing from the ID token, as it is here',
    prompt: 'Always asks, unless it is none',
    code_challenge: 'Checked at the token endpoint',
    code_challenge_method: 'As expected',
  };
}

const knownClient = check<AuthorizationExchange>('known client', 'TODO', (exchange) => {
  const clientId = exchange.parameters.get('client_id');
  const registration = findRegistration(exchange.parts.registrations, 'resonite', clientId);
  if (!registration) throw pageError(400, "invalid_request: The specified 'client_id' is invalid. (ID2052)");
  exchange.registration = registration;
});

const redirectUriRegistered = check<AuthorizationExchange>(
  'redirect uri registered',
  'TODO',
  ({ parts, registration, redirectUri }) => {
    const isFaulty = parts.faults.has('authorize_redirect_mismatch');
    if (!isFaulty && registration.redirectUris.includes(redirectUri)) return;
    throw pageError(
      400,
      "invalid_request: The specified 'redirect_uri' is not valid for this client application. (ID2043)",
    );
  },
);

/** RFC 6749 3.1: a parameter must not come twice. */
const noRepeatedParameter = check<AuthorizationExchange>('no repeated parameter', 'TODO', (exchange) => {
  const names = [...queryOf(exchange.req).keys()];
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated) throw refuse(exchange, 'invalid_request', `The '${repeated}' parameter is repeated.`);
});

const responseTypeIsCode = check<AuthorizationExchange>('response type is code', 'TODO', (exchange) => {
  if (exchange.parameters.get('response_type') === 'code') return;
  throw refuse(exchange, 'unsupported_response_type', "The specified 'response_type' is not supported.");
});

const knownScopes = check<AuthorizationExchange>('known scopes', 'TODO', (exchange) => {
  if (unknownScopes('resonite', exchange.scopes).length === 0) return;
  throw refuse(exchange, 'invalid_scope', "The specified 'scope' is invalid.");
});

/** RFC 7636 4.3: without a method the challenge would be `plain`, which is not offered. */
const challengeIsS256 = check<AuthorizationExchange>('challenge is s256', 'TODO', (exchange) => {
  const { parameters } = exchange;
  if (!parameters.has('code_challenge') && !parameters.has('code_challenge_method')) return;
  const isShaped = /^[\w-]{43}$/.test(parameters.get('code_challenge') ?? '');
  if (isShaped && parameters.get('code_challenge_method') === 'S256') return;
  throw refuse(exchange, 'invalid_request', "The specified 'code_challenge_method' is not supported.");
});

/** OpenID Connect Core 3.1.2.1. Whether Resonite knows `prompt` was not found. */
const promptRead = check<AuthorizationExchange>('prompt read', 'TODO', (exchange) => {
  const prompt = exchange.parameters.get('prompt');
  exchange.force = prompt !== undefined && prompt !== 'none';
});

const authorizationChecks: readonly Check<AuthorizationExchange>[] = [
  knownClient,
  redirectUriRegistered,
  workingAuthorization,
  noRepeatedParameter,
  responseTypeIsCode,
  knownScopes,
  challengeIsS256,
  promptRead,
];

function resonitePage(parts: SandboxParts): AuthorizationPage {
  return {
    api: 'resonite',
    service: 'resonite',
    host,
    issuer: resoniteIssuer(parts),
    describe: describeResoniteParameter,
    newCode: (random) => random.mixed(43),
    granted: (code) => ({ code }),
    denied: {
      error: 'access_denied',
      error_description: 'The authorization was denied by the end user.',
      error_uri: 'https://documentation.openiddict.com/errors/ID2015',
    },
  };
}

/** account.resonite.com, as of 2026. */
export function resoniteHost(parts: SandboxParts): Router {
  const router = Router();
  const page = resonitePage(parts);
  const start = (exchange: Exchange): Exchange => exchange;
  router.get(
    '/connect/authorize',
    endpoint(parts, {
      faults: null,
      start: (exchange) => startAuthorization(exchange, page),
      checks: authorizationChecks,
      respond: answerAuthorization,
    }),
  );
  router.post(
    '/connect/token',
    tokenEndpoint(parts, {
      start: startResoniteTokenRequest,
      checks: commonTokenChecks,
      grants: {
        authorization_code: { checks: codeChecks, respond: answerCode },
        refresh_token: { checks: refreshChecks, respond: answerRefresh },
      },
    }),
  );
  router.get(
    '/connect/userinfo',
    endpoint(parts, { faults: 'userinfo', start, checks: userinfoChecks, respond: answerUserinfo }),
  );
  router.get(
    '/api/user/profile',
    endpoint(parts, { faults: 'userinfo', start, checks: profileChecks, respond: answerProfile }),
  );
  router.get(
    '/.well-known/openid-configuration',
    documentEndpoint(parts, 'discovery', ({ parts: { faults } }) => ({
      ...discoveryDocument(page.issuer),
      ...promisedIss(faults),
    })),
  );
  router.get(
    '/.well-known/jwks',
    documentEndpoint(parts, 'keys', (exchange) => publishedKeys(exchange.parts)),
  );
  router.use('/sandbox', interactionRouter(parts, { page, proceed }));
  return router;
}
