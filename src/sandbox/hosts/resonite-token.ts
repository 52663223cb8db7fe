import { check, type Check, type Exchange, type Respond } from '../endpoint.ts';
import { issueIdToken } from '../id-token.ts';
import { formOf, formParameters, isForm } from '../parameters.ts';
import type { AccessToken, AuthorizationCode, RefreshToken } from '../records.ts';
import { findRegistration } from '../registrations.ts';
import {
  findCode,
  findRefreshToken,
  fitsChallenge,
  isCodeExpired,
  isWrongSecret,
  refreshedGrant,
  scopeMember,
  startTokenRequest,
  type TokenExchange,
} from '../token-request.ts';
import { credentials, isExpired, issueAccessToken, issueRefreshToken } from '../tokens.ts';
import { resoniteError } from './resonite-error.ts';

const accessTokenSeconds = 60 * 60;
const idTokenSeconds = 20 * 60;
const refreshTokenSeconds = 14 * 24 * 60 * 60;

/** RFC 6749 2.3.1: both halves of the Basic credentials are form-encoded. */
function basicCredentials({ req }: Exchange): [string, string][] {
  const value = credentials(req.get('authorization'), 'Basic');
  if (value === undefined) return [];
  const text = Buffer.from(value, 'base64').toString('utf8');
  const [id, secret] = [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)];
  const decode = (half: string): string => new URLSearchParams(`half=${half}`).get('half') ?? '';
  return [
    ['client_id', decode(id)],
    ['client_secret', decode(secret)],
  ];
}

/** The secret in the body is what Resonite's own clients do; Basic is taken as well. */
export function startResoniteTokenRequest(exchange: Exchange): TokenExchange {
  const parameters = new Map([...formParameters(exchange.req), ...basicCredentials(exchange)]);
  return startTokenRequest(exchange, parameters);
}

const formBody = check<TokenExchange>('form body', 'TODO', ({ req }) => {
  if (isForm(req)) return;
  throw resoniteError('invalid_request', "The specified 'Content-Type' header is not valid.", 'ID2082');
});

const noRepeatedParameter = check<TokenExchange>('no repeated parameter', 'TODO', ({ req }) => {
  const names = [...formOf(req).keys()];
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated) throw resoniteError('invalid_request', `The '${repeated}' parameter is repeated.`, 'ID2029');
});

/** RFC 6749 2.3: one way of client authentication a request. */
const oneClientAuthentication = check<TokenExchange>('one client authentication', 'TODO', ({ req }) => {
  const isBasic = credentials(req.get('authorization'), 'Basic') !== undefined;
  if (!isBasic || !formParameters(req).has('client_secret')) return;
  throw resoniteError('invalid_request', 'Multiple client credentials cannot be specified.', 'ID2087');
});

/** RFC 6749 5.2: a challenge belongs to the answer when the client used the Authorization header. */
function invalidClient({ req }: Exchange, description: string, id: string): Error {
  const challenge = { 'WWW-Authenticate': 'Basic realm="Resonite"' };
  return resoniteError('invalid_client', description, id, req.get('authorization') ? challenge : {});
}

const knownClient = check<TokenExchange>('known client', 'TODO', (exchange) => {
  const { parts, parameters } = exchange;
  const registration = findRegistration(parts.registrations, 'resonite', parameters.get('client_id'));
  if (!registration) throw invalidClient(exchange, "The specified 'client_id' is invalid.", 'ID2052');
  exchange.registration = registration;
});

const rightSecret = check<TokenExchange>('right secret', 'TODO', (exchange) => {
  if (isWrongSecret(exchange))
    throw invalidClient(exchange, 'The specified client credentials are invalid.', 'ID2055');
});

const knownGrantType = check<TokenExchange>('known grant type', 'TODO', ({ parameters }) => {
  const grantType = parameters.get('grant_type');
  if (grantType === undefined)
    throw resoniteError('invalid_request', "The mandatory 'grant_type' parameter is missing.", 'ID2029');
  if (grantType === 'authorization_code' || grantType === 'refresh_token') return;
  throw resoniteError('unsupported_grant_type', "The specified 'grant_type' is not supported.", 'ID2032');
});

const knownCode = check<TokenExchange>('known code', 'TODO', (exchange) => {
  const code = findCode(exchange);
  if (!code) throw resoniteError('invalid_grant', 'The specified token is invalid.', 'ID2001');
  exchange.code = code;
});

const unusedCode = check<TokenExchange>('unused code', 'TODO', ({ code }) => {
  if (code.used)
    throw resoniteError(
      'invalid_grant',
      'The specified authorization code has already been redeemed.',
      'ID2010',
    );
});

const freshCode = check<TokenExchange>('fresh code', 'TODO', (exchange) => {
  if (isCodeExpired(exchange))
    throw resoniteError('invalid_grant', 'The specified authorization code is no longer valid.', 'ID2016');
});

const sameRedirectUri = check<TokenExchange>('same redirect uri', 'TODO', ({ parameters, code }) => {
  if (parameters.get('redirect_uri') === code.redirectUri) return;
  throw resoniteError(
    'invalid_grant',
    "The specified 'redirect_uri' parameter doesn't match the client redirection URI.",
    'ID2072',
  );
});

/** RFC 7636 4.6, and RFC 9700 2.1.1: no verifier where no challenge was sent. */
const fittingVerifier = check<TokenExchange>('fitting verifier', 'TODO', ({ parameters, code }) => {
  const verifier = parameters.get('code_verifier');
  if (code.codeChallenge === null && verifier === undefined) return;
  const isShaped = /^[\w.~-]{43,128}$/.test(verifier ?? '');
  if (isShaped && code.codeChallenge !== null && fitsChallenge(verifier!, code.codeChallenge)) return;
  throw resoniteError('invalid_grant', "The specified 'code_verifier' parameter is invalid.", 'ID2052');
});

const knownRefreshToken = check<TokenExchange>('known refresh token', 'TODO', (exchange) => {
  const token = findRefreshToken(exchange);
  if (!token) throw resoniteError('invalid_grant', 'The specified refresh token is invalid.', 'ID2003');
  exchange.refreshToken = token;
});

const unusedRefreshToken = check<TokenExchange>('unused refresh token', 'TODO', ({ refreshToken }) => {
  if (refreshToken.used)
    throw resoniteError('invalid_grant', 'The specified refresh token has already been redeemed.', 'ID2012');
});

const freshRefreshToken = check<TokenExchange>('fresh refresh token', 'TODO', ({ parts, refreshToken }) => {
  if (isExpired(refreshToken, parts))
    throw resoniteError('invalid_grant', 'The specified refresh token is no longer valid.', 'ID2018');
});

export const commonTokenChecks: readonly Check<TokenExchange>[] = [
  formBody,
  noRepeatedParameter,
  oneClientAuthentication,
  knownClient,
  rightSecret,
  knownGrantType,
];

export const codeChecks = [knownCode, unusedCode, freshCode, sameRedirectUri, fittingVerifier];
export const refreshChecks: readonly Check<TokenExchange>[] = [
  knownRefreshToken,
  unusedRefreshToken,
  freshRefreshToken,
];

/** The ID token usually lacks `nonce`: one plug-in author reports so. */
function idTokenFor(
  { parts, registration }: TokenExchange,
  granted: AuthorizationCode | RefreshToken,
  token: AccessToken,
): string | undefined {
  if (!granted.scopes.includes('openid')) return undefined;
  const clientSecret = registration.clientSecret ?? '';
  const nonce = parts.faults.has('id_token_with_nonce') && 'nonce' in granted ? granted.nonce : null;
  const idToken = issueIdToken(parts, {
    clientSecret,
    issuer: `${parts.baseUrl}/account.resonite.com/`,
    audience: granted.clientId,
    subject: parts.state.people.get(granted.personId).resonite.id,
    lifetimeSeconds: idTokenSeconds,
    nonce,
    accessToken: token.value,
    claims: {},
  });
  return idToken ?? undefined;
}

/** A refresh token that a fault keeps is given back as it was. */
function refreshTokenFor({ parts }: Exchange, granted: AuthorizationCode | RefreshToken): string | undefined {
  if (!granted.scopes.includes('offline_access')) return undefined;
  if ('value' in granted && !granted.used) return granted.value;
  return issueRefreshToken(parts, granted, parts.random.mixed(64), refreshTokenSeconds).value;
}

/** 3599 is the figure that OpenIddict usually gives for an hour. */
function sendTokens(exchange: TokenExchange, granted: AuthorizationCode | RefreshToken): void {
  const { parts } = exchange;
  const token = issueAccessToken(exchange.parts, granted, parts.random.mixed(64), accessTokenSeconds);
  exchange.res.json({
    access_token: token.value,
    token_type: 'Bearer',
    expires_in: accessTokenSeconds - 1,
    scope: scopeMember(exchange.parts, granted.scopes.join(' ')),
    id_token: idTokenFor(exchange, granted, token),
    refresh_token: refreshTokenFor(exchange, granted),
  });
}

export const answerCode: Respond<TokenExchange> = (exchange) => {
  exchange.code.used = true;
  sendTokens(exchange, exchange.code);
};

/** Whether Resonite rotates was not found; the one answer that was published shows a new token. */
export const answerRefresh: Respond<TokenExchange> = (exchange) => {
  exchange.refreshToken.used = !exchange.parts.faults.has('refresh_token_kept');
  sendTokens(exchange, refreshedGrant(exchange));
};
