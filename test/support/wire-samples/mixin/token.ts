import type { WireSample } from '../sample.ts';

const request = { method: 'POST', url: 'https://api.mixin.one/oauth/token' } as const;
const sdks = 'MixinNetwork/bot-api-go-client auth.go; @mixin.dev/mixin-node-sdk 7.5.5; fox-one/mixin-sdk-go';

/** `ed25519` is the server's key, and there is no access token: the client signs each request. */
export const mixinSigningGrant = {
  what: 'Mixin: token answer for a client that signs',
  source: `${sdks} oauth_ed25519.go`,
  confidence: 'documented',
  request,
  status: 200,
  body: {
    data: {
      ed25519: 'T9CZzNR9eJPf6ewkQU7LDZtUICMqrTDZHEZb4zy-ZcQ',
      authorization_id: '0d9e4b52-7c1e-4c59-8f5a-2b6f3c1d7e88',
      scope: 'PROFILE:READ PHONE:READ',
    },
  },
} satisfies WireSample;

/** As the documentation prints it; every SDK unwraps `data`. */
export const mixinSigningGrantOfThePage = {
  what: 'Mixin: token answer for a client that signs, as documented',
  source: 'MixinNetwork/developers.mixin.one developers-docs/docs/api/oauth/oauth.md',
  confidence: 'documented',
  request,
  status: 200,
  body: mixinSigningGrant.body.data,
} satisfies WireSample;

/** Neither `token_type` nor `expires_in`. Only the types of the Node SDK have `authorization_id` here. */
export const mixinTokens = {
  what: 'Mixin: token answer with an access token',
  source: `${sdks} oauth.go`,
  confidence: 'documented',
  request,
  status: 200,
  body: {
    data: {
      access_token: 'eyJhbGciOiJSUzUxMiIsInR5cCI6IkpXVCJ9.e30.c2FtcGxl',
      scope: 'PROFILE:READ PHONE:READ',
      authorization_id: '0d9e4b52-7c1e-4c59-8f5a-2b6f3c1d7e88',
    },
  },
  optional: ['data.authorization_id'],
} satisfies WireSample;

/** Public code shows the header and the first two claims; a guide names `scp`. */
export const mixinAccessToken = {
  what: 'Mixin: access token',
  source: 'excerpts of tokens in public code; LixvYang/mixin-skills skills/mixin-oauth',
  confidence: 'inferred',
  status: null,
  body: {
    header: { alg: 'RS512', typ: 'JWT' },
    payload: {
      aid: '0d9e4b52-7c1e-4c59-8f5a-2b6f3c1d7e88',
      exp: 1798761600,
      iat: 1767225600,
      iss: '6f1c5b8e-3a51-4a0b-9a63-9d3b0f7f2c11',
      scp: 'PROFILE:READ',
    },
  },
  fixed: ['header'],
} satisfies WireSample;
