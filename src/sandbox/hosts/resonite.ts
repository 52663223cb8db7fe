import { Router } from 'express';
import { answerAuthorization, proceed } from '../authorization.ts';
import type { AuthorizationPage } from '../callback.ts';
import { endpoint, type Exchange, tokenEndpoint } from '../endpoint.ts';
import { discoveryEndpoint, keysEndpoint } from '../discovery.ts';
import { interactionRouter } from '../interaction.ts';
import type { SandboxParts } from '../parts.ts';
import { authorizationChecks, startResoniteAuthorization } from './resonite-authorization.ts';
import { answerProfile, answerUserinfo, profileChecks, userinfoChecks } from './resonite-resources.ts';
import { answerCode, answerRefresh } from './resonite-token.ts';
import { codeChecks, refreshChecks } from './resonite-grant-checks.ts';
import { commonTokenChecks, startResoniteTokenRequest } from './resonite-token-checks.ts';

const host = 'account.resonite.com';

/** With the slash at the end. */
function resoniteIssuer({ baseUrl }: Pick<SandboxParts, 'baseUrl'>): string {
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
    prompt: 'Always asks; none alone is ignored',
    response_mode: 'As expected',
    code_challenge: 'Checked at the token endpoint',
    code_challenge_method: 'As expected',
  };
}

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
      faults: 'authorize',
      start: (exchange) => startResoniteAuthorization(exchange, page),
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
  router.get('/.well-known/openid-configuration', discoveryEndpoint(parts, discoveryDocument(page.issuer)));
  router.get('/.well-known/jwks', keysEndpoint(parts));
  router.use('/sandbox', interactionRouter(parts, { page, proceed }));
  return router;
}
