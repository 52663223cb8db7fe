import { Router } from 'express';
import { proceed, startAuthorization } from '../authorization.ts';
import type { AuthorizationPage } from '../callback.ts';
import { endpoint, type Exchange, tokenEndpoint } from '../endpoint.ts';
import { discoveryEndpoint, keysEndpoint } from '../discovery.ts';
import { interactionRouter } from '../interaction.ts';
import type { SandboxParts } from '../parts.ts';
import {
  answerTwitchAuthorization,
  describeTwitchParameter,
  twitchAuthorizationChecks,
  twitchDenial,
  twitchGranted,
} from './twitch-authorization.ts';
import { twitchGrantedAtOnce } from './twitch-implicit.ts';
import { answerUserinfo, answerValidation, userinfoChecks, validationChecks } from './twitch-resources.ts';
import { answerRevocation, revocationChecks } from './twitch-revocation.ts';
import { answerClientCredentials, answerCode, answerRefresh } from './twitch-token.ts';
import { startTwitchTokenRequest, twitchTokenChecks } from './twitch-token-checks.ts';

const host = 'id.twitch.tv';

function twitchIssuer({ baseUrl }: Pick<SandboxParts, 'baseUrl'>): string {
  return `${baseUrl}/${host}/oauth2`;
}

/** The document as Twitch publishes it, with nothing added: no revocation endpoint, no PKCE, no `iss`. */
function discoveryDocument(issuer: string): object {
  return {
    authorization_endpoint: `${issuer}/authorize`,
    claims_parameter_supported: true,
    claims_supported: [
      'email',
      'email_verified',
      'picture',
      'preferred_username',
      'exp',
      'iss',
      'sub',
      'azp',
      'aud',
      'iat',
      'updated_at',
    ],
    id_token_signing_alg_values_supported: ['RS256'],
    issuer,
    jwks_uri: `${issuer}/keys`,
    response_types_supported: ['id_token', 'code', 'token', 'code id_token', 'token id_token'],
    scopes_supported: ['openid'],
    subject_types_supported: ['public'],
    token_endpoint: `${issuer}/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post'],
    userinfo_endpoint: `${issuer}/userinfo`,
  };
}

function twitchPage(parts: SandboxParts): AuthorizationPage {
  return {
    api: 'twitch',
    service: 'twitch',
    host,
    issuer: twitchIssuer(parts),
    describe: describeTwitchParameter,
    newCode: (random) => random.lower(30),
    granted: twitchGranted,
    grantedAtOnce: twitchGrantedAtOnce,
    denied: twitchDenial,
  };
}

/** id.twitch.tv, as of 2026. A GET of the token endpoint is a 404 there, and so it is here. */
export function twitchHost(parts: SandboxParts): Router {
  const router = Router();
  const page = twitchPage(parts);
  const start = (exchange: Exchange): Exchange => exchange;
  router.get(
    '/oauth2/authorize',
    endpoint(parts, {
      faults: 'authorize',
      start: (exchange) => startAuthorization(exchange, page),
      checks: twitchAuthorizationChecks,
      respond: answerTwitchAuthorization,
    }),
  );
  router.post(
    '/oauth2/token',
    tokenEndpoint(parts, {
      start: startTwitchTokenRequest,
      checks: twitchTokenChecks.common,
      grants: {
        authorization_code: { checks: twitchTokenChecks.code, respond: answerCode },
        refresh_token: { checks: twitchTokenChecks.refresh, respond: answerRefresh },
        client_credentials: { checks: twitchTokenChecks.app, respond: answerClientCredentials },
      },
    }),
  );
  router.get(
    '/oauth2/validate',
    endpoint(parts, { faults: 'validate', start, checks: validationChecks, respond: answerValidation }),
  );
  router.post(
    '/oauth2/revoke',
    endpoint(parts, { faults: 'revoke', start, checks: revocationChecks, respond: answerRevocation }),
  );
  router.get(
    '/oauth2/userinfo',
    endpoint(parts, { faults: 'userinfo', start, checks: userinfoChecks, respond: answerUserinfo }),
  );
  router.get('/oauth2/keys', keysEndpoint(parts));
  router.get(
    '/oauth2/.well-known/openid-configuration',
    discoveryEndpoint(parts, discoveryDocument(page.issuer)),
  );
  router.use('/sandbox', interactionRouter(parts, { page, proceed }));
  return router;
}
