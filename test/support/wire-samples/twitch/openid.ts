import type { WireSample } from '../sample.ts';

const page = 'dev.twitch.tv: Getting OIDC Access Tokens';
const issuer = 'https://id.twitch.tv/oauth2';

/** Neither a revocation endpoint nor PKCE, and only one scope: twitchdev/issues#832. */
export const twitchDiscovery = {
  what: 'Twitch: discovery document',
  source: page,
  confidence: 'documented',
  request: { method: 'GET', url: `${issuer}/.well-known/openid-configuration` },
  status: 200,
  body: {
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
  },
  fixed: [''],
} satisfies WireSample;

export const twitchKeys = {
  what: 'Twitch: key set',
  source: page,
  confidence: 'documented',
  request: { method: 'GET', url: `${issuer}/keys` },
  status: 200,
  body: { keys: [{ alg: 'RS256', e: 'AQAB', kid: '1', kty: 'RSA', n: 'c2FtcGxl', use: 'sig' }] },
  fixed: ['keys[].alg', 'keys[].e', 'keys[].kid', 'keys[].kty', 'keys[].use'],
} satisfies WireSample;

/** Whatever was asked for by name in `claims`; `updated_at` is a text, against OpenID Connect Core 5.1. */
const claims = {
  email: 'sample@example.test',
  email_verified: true,
  picture: 'https://static-cdn.jtvnw.net/jtv_user_pictures/sample-profile_image-300x300.png',
  preferred_username: 'SampleUser',
  updated_at: '2025-02-03T16:16:16.968509Z',
};

const about = {
  aud: 'a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5',
  exp: 1750000900,
  iat: 1750000000,
  iss: issuer,
  sub: '12345678',
  azp: 'a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5',
};

/** The page's samples lack `azp` and, for the code flow, `at_hash`; a true token of 2024 had both. */
export const twitchIdToken = {
  what: 'Twitch: ID token with a nonce and every claim',
  source: page,
  confidence: 'documented',
  status: null,
  body: {
    header: { alg: 'RS256', typ: 'JWT', kid: '1' },
    payload: { ...about, nonce: 'the-nonce', at_hash: 'c2FtcGxlLWF0LWhhc2gtMQ', ...claims },
  },
  fixed: ['header', 'payload.iss', 'payload.nonce'],
  optional: ['payload.azp', 'payload.at_hash'],
} satisfies WireSample;

export const twitchUserinfo = {
  what: 'Twitch: userinfo with every claim',
  source: page,
  confidence: 'documented',
  request: { method: 'GET', url: `${issuer}/userinfo` },
  status: 200,
  body: { ...about, ...claims },
  fixed: ['iss'],
  optional: ['azp'],
} satisfies WireSample;
