import { splitScope } from '../parameters.ts';
import { fitsChallenge, isCodeExpired, issuedCode, issuedRefreshToken } from '../token-request.ts';
import { isExpired } from '../tokens.ts';
import { invalid, missing } from './resonite-error.ts';
import { given, grant, request, rule, type TokenCheck } from './resonite-rules.ts';

/** In OpenIddict's order: it looks at the age of a code or a token before it looks whether it was used. */
export const codeChecks: readonly TokenCheck[] = [
  given('code'),
  rule(
    'the code was issued here',
    grant('The specified authorization code is invalid.', 'ID2001'),
    (exchange) => {
      const code = issuedCode(exchange);
      if (code) exchange.code = code;
      return code === undefined;
    },
  ),
  rule(
    'the code is not too old',
    grant('The specified authorization code is no longer valid.', 'ID2016'),
    isCodeExpired,
  ),
  rule(
    'the code was not used before',
    grant('The specified authorization code has already been redeemed.', 'ID2010'),
    ({ code }) => code.used,
  ),
  rule(
    'the code was issued to this client',
    grant('The specified authorization code cannot be used by this client application.', 'ID2069'),
    ({ code, registration }) => code.clientId !== registration.clientId,
  ),
  given('redirect_uri'),
  rule(
    'the redirect URI is that of the authorization request',
    grant(
      "The specified 'redirect_uri' parameter doesn't match the client redirection URI the authorization code was initially sent to.",
      'ID2072',
    ),
    ({ parameters, code }) => parameters.get('redirect_uri') !== code.redirectUri,
  ),
  rule(
    'a code verifier comes only where a challenge was sent',
    request(
      "The 'code_verifier' parameter cannot be used when no 'code_challenge' was specified in the authorization request.",
      'ID2073',
    ),
    ({ parameters, code }) => code.codeChallenge === null && parameters.has('code_verifier'),
  ),
  rule(
    'a code verifier comes where a challenge was sent',
    missing('code_verifier'),
    ({ parameters, code }) => code.codeChallenge !== null && !parameters.has('code_verifier'),
  ),
  rule(
    'the code verifier fits the challenge',
    invalid('code_verifier', 'invalid_grant'),
    ({ parameters, code }) =>
      code.codeChallenge !== null && !fitsChallenge(parameters.get('code_verifier')!, code.codeChallenge),
  ),
];

export const refreshChecks: readonly TokenCheck[] = [
  given('refresh_token'),
  rule(
    'the refresh token was issued here',
    grant('The specified refresh token is invalid.', 'ID2003'),
    (exchange) => {
      const token = issuedRefreshToken(exchange);
      if (token) exchange.refreshToken = token;
      return token === undefined;
    },
  ),
  rule(
    'the refresh token is not too old',
    grant('The specified refresh token is no longer valid.', 'ID2018'),
    ({ parts, refreshToken }) => isExpired(refreshToken, parts),
  ),
  rule(
    'the refresh token was not used before',
    grant('The specified refresh token has already been redeemed.', 'ID2012'),
    ({ refreshToken }) => refreshToken.used,
  ),
  rule(
    'the refresh token was issued to this client',
    grant('The specified refresh token cannot be used by this client application.', 'ID2071'),
    ({ refreshToken, registration }) => refreshToken.clientId !== registration.clientId,
  ),
  rule(
    'no scope is asked for beyond those that were granted',
    invalid('scope', 'invalid_grant'),
    ({ parameters, refreshToken }) =>
      !splitScope(parameters.get('scope')).every((scope) => refreshToken.scopes.includes(scope)),
  ),
];
