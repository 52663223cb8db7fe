import jwt, { type JwtPayload } from 'jsonwebtoken';
import { check, type Exchange, type Respond } from '../endpoint.ts';
import { jsonMembers, queryParameters } from '../parameters.ts';
import type { SandboxParts } from '../parts.ts';
import type { AccessToken, MixinAuthorization, SigningGrant } from '../records.ts';
import { findRegistration } from '../registrations.ts';
import { codeLifetimeMilliseconds, isExpired } from '../tokens.ts';
import { type ApiCheck, type ApiExchange, callChecks, callerOf } from './mixin-call.ts';
import { mixinError } from './mixin-error.ts';
import { grantLifetimeSeconds } from './mixin-token.ts';

/**
 * What a person lets applications do: the list, one waiting login, and the end of a grant. The paths are the
 * Node SDK's and the Android app's, which call them with the person's own session. Whether an application's
 * token may call them was not found; here any token with PROFILE:READ may.
 */

interface Grant {
  authorizationId: string;
  clientId: string;
  scopes: readonly string[];
  createdAt: number;
}

const dateOf = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** Number, category and the rest are made up; name and addresses are those of the registration. */
function toApp({ registrations }: SandboxParts, clientId: string): object {
  const registration = findRegistration(registrations, 'mixin', clientId);
  const redirectUri = registration?.redirectUris[0] ?? '';
  return {
    type: 'app',
    app_id: clientId,
    app_number: '7000100000',
    redirect_uri: redirectUri,
    home_uri: URL.canParse(redirectUri) ? new URL(redirectUri).origin : '',
    name: registration?.name ?? clientId,
    icon_url: '',
    category: 'OTHER',
    description: '',
    capabilities: [],
    resource_patterns: [],
    creator_id: '00000000-0000-4000-8000-000000000000',
    is_verified: false,
    updated_at: '2026-01-01T00:00:00Z',
  };
}

/** Members as the Node SDK's types, the page and the Android app have them; a code is for the page alone. */
function toAuthorization(parts: SandboxParts, grant: Grant, codeId: string): object {
  return {
    type: 'authorization',
    authorization_id: grant.authorizationId,
    authorization_code: '',
    scopes: grant.scopes,
    code_id: codeId,
    app: toApp(parts, grant.clientId),
    user: {},
    created_at: dateOf(grant.createdAt),
    accessed_at: dateOf(parts.now()),
  };
}

function ofToken({ value, clientId, scopes, createdAt }: AccessToken): Grant {
  return { authorizationId: String((jwt.decode(value) as JwtPayload)['aid']), clientId, scopes, createdAt };
}

function ofSigningGrant({ authorizationId, clientId, scopes, expiresAt }: SigningGrant): Grant {
  return { authorizationId, clientId, scopes, createdAt: expiresAt - grantLifetimeSeconds * 1000 };
}

/** One for each application: the newest. Whether Mixin keeps older ones beside it was not found. */
function grantsOf(parts: SandboxParts, personId: string): Grant[] {
  const { accessTokens, signingGrants } = parts.state;
  const isTheirs = (record: AccessToken | SigningGrant): boolean =>
    record.personId === personId && !isExpired(record, parts);
  const tokens = [...accessTokens.values()].filter((token) => token.service === 'mixin' && isTheirs(token));
  const grants = [...signingGrants.values()].filter(isTheirs);
  const all = [...tokens.map(ofToken), ...grants.map(ofSigningGrant)];
  all.sort((one, other) => one.createdAt - other.createdAt);
  return [...new Map(all.map((grant) => [grant.clientId, grant])).values()];
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const errorCodes = 'MixinNetwork/developers.mixin.one api/error-codes.md';

const appReadable: ApiCheck = check(
  'the app asked for is a UUID',
  `${errorCodes}, 400; that it is refused so is a guess of ours`,
  ({ req }) => {
    const app = queryParameters(req).get('app');
    if (app !== undefined && !uuid.test(app)) throw mixinError(400, 'app is no UUID');
  },
);

export const authorizationsChecks: readonly ApiCheck[] = [...callChecks, appReadable];

export const answerAuthorizations: Respond<ApiExchange> = (exchange) => {
  const { parts, req, res } = exchange;
  const app = queryParameters(req).get('app')?.toLowerCase();
  const grants = grantsOf(parts, callerOf(exchange).personId);
  const asked = grants.filter(({ clientId }) => app === undefined || clientId === app);
  const codeOf = ({ authorizationId }: Grant) => parts.state.mixinAuthorizations.get(authorizationId)?.codeId;
  res.json({ data: asked.map((grant) => toAuthorization(parts, grant, codeOf(grant) ?? '')) });
};

export const cancelChecks: readonly ApiCheck[] = [
  ...callChecks,
  check('the body is JSON', `${errorCodes}, 400`, ({ req }) => {
    if (!jsonMembers(req)) throw mixinError(400, 'the body is not JSON');
  }),
  check(
    'the client id is a UUID',
    `${errorCodes}, 400; that it is refused so is a guess of ours`,
    ({ req }) => {
      if (!uuid.test(String(jsonMembers(req)?.['client_id']))) throw mixinError(400, 'client_id is no UUID');
    },
  ),
];

/** Every token of the application dies; without a grant nothing does. No client reads the answer. */
export const answerCancel: Respond<ApiExchange> = (exchange) => {
  const { parts, req, res } = exchange;
  const clientId = String(jsonMembers(req)?.['client_id']).toLowerCase();
  parts.state.revokeAccess('mixin', clientId, callerOf(exchange).personId);
  res.json({ data: null });
};

export interface CodeExchange extends Exchange {
  login: MixinAuthorization;
}

export function startCodeRequest(exchange: Exchange): CodeExchange {
  return { ...exchange } as CodeExchange;
}

const noSuchCode = () => mixinError(404, 'nobody waits with this code');

/** Public: whoever sees the QR code may read what it asks for. */
export const codeChecks = [
  check<CodeExchange>(
    'the code is that of a login',
    'MixinNetwork/bot-api-nodejs-client src/client/code.ts for the path; the number is a guess of ours',
    (exchange) => {
      const all = [...exchange.parts.state.mixinAuthorizations.values()];
      const login = all.find(({ codeId }) => codeId === exchange.req.params['codeId']);
      if (!login) throw noSuchCode();
      exchange.login = login;
    },
  ),
  check<CodeExchange>(
    'the code is not too old',
    'MixinNetwork/mixin.one src/oauth/index.js asks for a new one; the number is a guess of ours',
    ({ parts, login }) => {
      if (isExpired(login, parts)) throw noSuchCode();
    },
  ),
];

export const answerCode: Respond<CodeExchange> = ({ parts, res, login }) => {
  const createdAt = login.expiresAt - codeLifetimeMilliseconds;
  res.json({ data: toAuthorization(parts, { ...login, createdAt }, login.codeId) });
};
