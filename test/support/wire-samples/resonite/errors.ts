import type { WireAnswerSample, WireSample } from '../sample.ts';

/**
 * No error of Resonite was published. Two hints say that OpenIddict answers; these are its words, of
 * OpenIddictResources.resx. A client relies on `error` alone.
 */
function refused(
  what: string,
  error: string,
  description: string,
  id: string,
): WireAnswerSample<Record<'error' | 'error_description' | 'error_uri', string>> {
  return {
    what: `Resonite: ${what}`,
    source: 'openiddict/openiddict-core OpenIddictResources.resx (2024)',
    confidence: 'guessed',
    request: { method: 'POST', url: 'https://account.resonite.com/connect/token' },
    status: error === 'invalid_client' ? 401 : 400,
    body: {
      error,
      error_description: description,
      error_uri: `https://documentation.openiddict.com/errors/${id}`,
    },
    fixed: ['error', 'error_description', 'error_uri'],
  };
}

export const resoniteTokenErrors = {
  invalidCode: refused('bad code', 'invalid_grant', 'The specified authorization code is invalid.', 'ID2001'),
  usedCode: refused(
    'used code',
    'invalid_grant',
    'The specified authorization code has already been redeemed.',
    'ID2010',
  ),
  expiredCode: refused(
    'old code',
    'invalid_grant',
    'The specified authorization code is no longer valid.',
    'ID2016',
  ),
  otherRedirectUri: refused(
    'token request with another redirect_uri',
    'invalid_grant',
    "The specified 'redirect_uri' parameter doesn't match the client redirection URI the authorization code was initially sent to.",
    'ID2072',
  ),
  wrongSecret: refused(
    'wrong client secret',
    'invalid_client',
    'The specified client credentials are invalid.',
    'ID2055',
  ),
  invalidRefreshToken: refused(
    'bad refresh token',
    'invalid_grant',
    'The specified refresh token is invalid.',
    'ID2003',
  ),
  usedRefreshToken: refused(
    'used refresh token',
    'invalid_grant',
    'The specified refresh token has already been redeemed.',
    'ID2012',
  ),
  expiredRefreshToken: refused(
    'old refresh token',
    'invalid_grant',
    'The specified refresh token is no longer valid.',
    'ID2018',
  ),
};

export const resoniteDeadToken = {
  what: 'Resonite: dead token at the profile',
  source: 'RFC 6750 3',
  confidence: 'guessed',
  request: { method: 'GET', url: 'https://account.resonite.com/api/user/profile' },
  status: 401,
  headers: { 'www-authenticate': null },
  body: undefined,
} satisfies WireSample;
