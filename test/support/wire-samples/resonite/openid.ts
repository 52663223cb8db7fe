import type { WireSample } from '../sample.ts';

const issuer = 'https://account.resonite.com/';
const plugin = 'Xeravax/disconite-resonite-oidc';

/** The claims that one plug-in relies on; it also says that the nonce is usually missing. */
export const resoniteIdToken = {
  what: 'Resonite: ID token',
  source: `${plugin} README.md and spec/lib/omniauth_resonite_open_id_connect_spec.rb`,
  confidence: 'inferred',
  status: null,
  body: {
    header: undefined,
    payload: {
      iss: issuer,
      sub: 'U-1NaExampleAbc',
      aud: '6f1c5b8e-3a51-4a0b-9a63-9d3b0f7f2c12',
      exp: 1750001200,
      iat: 1750000000,
    },
  },
  fixed: ['payload.iss'],
} satisfies WireSample;

/** What OpenIddict answers by itself. */
export const resoniteUserinfo = {
  what: 'Resonite: userinfo',
  source: `${plugin} spec/lib/omniauth_resonite_open_id_connect_spec.rb`,
  confidence: 'inferred',
  request: { method: 'GET', url: `${issuer}connect/userinfo` },
  status: 200,
  body: { sub: 'U-1NaExampleAbc', iss: issuer, aud: '6f1c5b8e-3a51-4a0b-9a63-9d3b0f7f2c12' },
  fixed: ['iss'],
} satisfies WireSample;

/** The true document was not published; OpenID Connect Discovery 1.0 section 3 says what it must hold. */
export const resoniteDiscovery = {
  what: 'Resonite: discovery document',
  source: `OpenID Connect Discovery 1.0 section 3; ${plugin} (issuer, userinfo); resonite-oauth-example (addresses)`,
  confidence: 'guessed',
  request: { method: 'GET', url: `${issuer}.well-known/openid-configuration` },
  status: 200,
  body: {
    issuer,
    authorization_endpoint: `${issuer}connect/authorize`,
    token_endpoint: `${issuer}connect/token`,
    userinfo_endpoint: `${issuer}connect/userinfo`,
    jwks_uri: `${issuer}.well-known/jwks`,
    end_session_endpoint: `${issuer}connect/endsession`,
    grant_types_supported: ['authorization_code', 'refresh_token'],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    scopes_supported: ['openid', 'offline_access', 'profile', 'email', 'patreon'],
    claims_supported: ['aud', 'exp', 'iat', 'iss', 'sub'],
    id_token_signing_alg_values_supported: ['RS256'],
    code_challenge_methods_supported: ['S256'],
    subject_types_supported: ['public'],
    token_endpoint_auth_methods_supported: ['client_secret_post'],
  },
  fixed: ['issuer', 'authorization_endpoint', 'token_endpoint'],
  optional: [
    'end_session_endpoint',
    'grant_types_supported',
    'response_modes_supported',
    'scopes_supported',
    'claims_supported',
    'code_challenge_methods_supported',
    'token_endpoint_auth_methods_supported',
  ],
} satisfies WireSample;

/** The address is OpenIddict's usual one. */
export const resoniteKeys = {
  what: 'Resonite: key set',
  source: 'RFC 7517 5; openiddict/openiddict-core OpenIddictServerOptions.cs',
  confidence: 'guessed',
  request: { method: 'GET', url: `${issuer}.well-known/jwks` },
  status: 200,
  body: { keys: [{ alg: 'RS256', e: 'AQAB', kid: 'any', kty: 'RSA', n: 'c2FtcGxl', use: 'sig' }] },
  fixed: ['keys[].kty', 'keys[].use'],
} satisfies WireSample;
