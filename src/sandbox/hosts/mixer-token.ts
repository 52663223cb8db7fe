import { check, type Check, type Exchange, type Respond } from '../endpoint.ts';
import { formParameters, isForm, jsonMembers, toParameters } from '../parameters.ts';
import type { AuthorizationCode, RefreshToken } from '../records.ts';
import { findRegistration } from '../registrations.ts';
import {
  isCodeExpired,
  issuedCode,
  issuedRefreshToken,
  isWrongSecret,
  refreshedGrant,
  scopeMember,
  startTokenRequest,
  type TokenExchange,
} from '../token-request.ts';
import { isExpired, issueAccessToken, issueRefreshToken } from '../tokens.ts';
import { mixerOAuthError } from './mixer-error.ts';

const sixHoursInSeconds = 6 * 60 * 60;
const oneYearInSeconds = 365 * 24 * 60 * 60;

/** Form and JSON are both good. */
export function startMixerTokenRequest(exchange: Exchange): TokenExchange {
  const members = jsonMembers(exchange.req);
  const parameters = members ? toParameters(Object.entries(members)) : formParameters(exchange.req);
  return startTokenRequest(exchange, parameters);
}

const bodyReadable = check<TokenExchange>(
  'the body is a form or JSON',
  '@mixer/client-node posts forms, mixer/shortcode-oauth JSON; the refusal is RFC 6749 5.2 in our words',
  ({ req }) => {
    if (jsonMembers(req) || isForm(req)) return;
    throw mixerOAuthError('invalid_request', 'The body is neither a form nor JSON.');
  },
);

const clientRegistered = check<TokenExchange>(
  'the client id is registered',
  'mixer/interactive-unity-plugin#112, a "client not found"; status and exact words are ours',
  (exchange) => {
    const { parts, parameters } = exchange;
    const registration = findRegistration(parts.registrations, 'mixer', parameters.get('client_id'));
    if (!registration) throw mixerOAuthError('invalid_client', 'OAuth client not found.');
    exchange.registration = registration;
  },
);

/** One answer for a secret that is wrong, missing or unwanted. */
const badSecret = () => mixerOAuthError('invalid_client', 'OAuth client secret invalid.');

const secretGiven = check<TokenExchange>(
  'a client that has a secret sends it',
  'StreamingClientLibrary#41 has the words',
  ({ parameters, registration }) => {
    if (registration.clientSecret !== null && !parameters.has('client_secret')) throw badSecret();
  },
);

const noSecretGiven = check<TokenExchange>(
  'a client that has no secret sends none',
  'StreamingClientLibrary#38',
  ({ parameters, registration }) => {
    if (registration.clientSecret === null && parameters.has('client_secret')) throw badSecret();
  },
);

const secretRight = check<TokenExchange>(
  'the client secret is right',
  'StreamingClientLibrary#41 and #64 have the words',
  (exchange) => {
    if (isWrongSecret(exchange)) throw badSecret();
  },
);

const grantTypeGiven = check<TokenExchange>(
  'a grant type is given',
  'RFC 6749 5.2, invalid_request; the words are ours',
  ({ parameters }) => {
    if (!parameters.has('grant_type')) throw mixerOAuthError('invalid_request', 'grant_type is missing.');
  },
);

const grantTypeKnown = check<TokenExchange>(
  'the grant type is that of a code or of a refresh token',
  'RFC 6749 5.2 and mixer/shortcode-oauth OAuthError, unsupported_grant_type; the words are ours',
  ({ parameters }) => {
    const grantType = parameters.get('grant_type')!;
    if (grantType === 'authorization_code' || grantType === 'refresh_token') return;
    throw mixerOAuthError('unsupported_grant_type', 'This grant_type is not known.');
  },
);

const given = (name: 'code' | 'refresh_token'): Check<TokenExchange> =>
  check(`a ${name} is given`, 'RFC 6749 5.2, invalid_request; the words are ours', ({ parameters }) => {
    if (!parameters.has(name)) throw mixerOAuthError('invalid_request', `${name} is missing.`);
  });

const badCode = () => mixerOAuthError('invalid_grant', 'The authorization code is invalid.');
const grantSource = 'RFC 6749 5.2, invalid_grant; Mixer’s own words were not found';

export const commonTokenChecks: readonly Check<TokenExchange>[] = [
  bodyReadable,
  clientRegistered,
  secretGiven,
  noSecretGiven,
  secretRight,
  grantTypeGiven,
  grantTypeKnown,
];

export const codeChecks: readonly Check<TokenExchange>[] = [
  given('code'),
  check('the code was issued here', grantSource, (exchange) => {
    const code = issuedCode(exchange);
    if (!code) throw badCode();
    exchange.code = code;
  }),
  check('the code was issued to this client', grantSource, ({ code, registration }) => {
    if (code.clientId !== registration.clientId) throw badCode();
  }),
  check('the code was not used before', `RFC 6749 4.1.2; ${grantSource}`, ({ code }) => {
    if (code.used) throw badCode();
  }),
  check('the code is not too old', `RFC 6749 4.1.2; ${grantSource}`, (exchange) => {
    if (isCodeExpired(exchange)) throw badCode();
  }),
  check(
    'the redirect URI is that of the authorization request',
    'RFC 6749 4.1.3; the words are ours',
    ({ parameters, code }) => {
      if (parameters.get('redirect_uri') === code.redirectUri) return;
      throw mixerOAuthError('invalid_grant', 'The redirect_uri is not the one of the authorization request.');
    },
  ),
];

const badRefreshToken = () => mixerOAuthError('invalid_grant', 'The refresh token is invalid.');

export const refreshChecks: readonly Check<TokenExchange>[] = [
  given('refresh_token'),
  check('the refresh token was issued here', grantSource, (exchange) => {
    const token = issuedRefreshToken(exchange);
    if (!token) throw badRefreshToken();
    exchange.refreshToken = token;
  }),
  check('the refresh token was issued to this client', grantSource, ({ refreshToken, registration }) => {
    if (refreshToken.clientId !== registration.clientId) throw badRefreshToken();
  }),
  check(
    'the refresh token was not used before',
    'mixer/developer-docs 05.oauth/01.QuickDetails, single use; the words are ours',
    ({ refreshToken }) => {
      if (refreshToken.used) throw badRefreshToken();
    },
  ),
  check(
    'the refresh token is not older than a year',
    'mixer/developer-docs 05.oauth/01.QuickDetails; the words are ours',
    ({ parts, refreshToken }) => {
      if (isExpired(refreshToken, parts)) throw badRefreshToken();
    },
  ),
];

/** No `scope` and no ID token; `scope` shows up only where a fault puts it. */
function sendTokens({ parts, res }: Exchange, granted: AuthorizationCode | RefreshToken): void {
  const accessToken = issueAccessToken(parts, granted, parts.random.mixed(64), sixHoursInSeconds);
  const refreshToken = issueRefreshToken(parts, granted, parts.random.mixed(64), oneYearInSeconds);
  res.json({
    access_token: accessToken.value,
    expires_in: sixHoursInSeconds - 1,
    refresh_token: refreshToken.value,
    scope: scopeMember(parts, undefined),
    token_type: 'Bearer',
  });
}

export const answerCode: Respond<TokenExchange> = (exchange) => {
  exchange.code.used = true;
  sendTokens(exchange, exchange.code);
};

/** A refresh token works once. */
export const answerRefresh: Respond<TokenExchange> = (exchange) => {
  exchange.refreshToken.used = true;
  sendTokens(exchange, refreshedGrant(exchange));
};
