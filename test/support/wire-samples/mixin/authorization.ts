import type { WireSample } from '../sample.ts';

const page = 'MixinNetwork/mixin.one src/oauth/index.js (2024)';

/** Glued together as text by Mixin's page, without an HTTP redirect. */
export const mixinGranted = {
  what: 'Mixin: callback after a yes',
  source: page,
  confidence: 'documented',
  status: null,
  body: {
    code: '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff',
    state: 'the-state',
  },
} satisfies WireSample;

export const mixinGrantedWithoutState = {
  what: 'Mixin: callback after a yes to a request without state',
  source: page,
  confidence: 'documented',
  status: null,
  body: { ...mixinGranted.body, state: '' },
  fixed: ['state'],
} satisfies WireSample;

export const mixinGrantedWithReturnTo = {
  what: 'Mixin: callback after a yes to a request with return_to',
  source: page,
  confidence: 'documented',
  status: null,
  body: { ...mixinGranted.body, return_to: '/x?y' },
  fixed: ['return_to'],
} satisfies WireSample;

/** No description. */
export const mixinDenied = {
  what: 'Mixin: callback after a no',
  source: page,
  confidence: 'documented',
  status: null,
  body: { error: 'access_denied', state: 'the-state' },
  fixed: ['error'],
} satisfies WireSample;

/** What a phone reads behind the QR code. The Node SDK's types call two addresses `redirect_url` and `home_url`. */
export const mixinAuthorization = {
  what: 'Mixin: authorization that waits for its answer',
  source:
    '@mixin.dev/mixin-node-sdk types; MixinNetwork/android-app vo/App.kt; fox-one/mixin-sdk-go authorization.go',
  confidence: 'documented',
  request: { method: 'GET', url: 'https://api.mixin.one/codes/b2c1d0e9-1111-4222-8333-444455556666' },
  status: 200,
  body: {
    data: {
      type: 'authorization',
      authorization_id: '0d9e4b52-7c1e-4c59-8f5a-2b6f3c1d7e88',
      authorization_code: '',
      scopes: ['PROFILE:READ', 'PHONE:READ'],
      code_id: 'b2c1d0e9-1111-4222-8333-444455556666',
      app: {
        type: 'app',
        app_id: '6f1c5b8e-3a51-4a0b-9a63-9d3b0f7f2c11',
        app_number: '7000100000',
        redirect_uri: 'https://rp.example.test/auth/mixin/callback',
        home_uri: 'https://rp.example.test',
        name: 'Example',
        icon_url: '',
        category: 'OTHER',
        description: '',
        capabilities: [],
        resource_patterns: [],
        creator_id: '11112222-3333-4444-8555-666677778888',
        is_verified: false,
        updated_at: '2026-01-01T00:00:00Z',
      },
      user: undefined,
      created_at: '2026-01-01T00:00:00Z',
      accessed_at: '2026-01-01T00:00:00Z',
    },
  },
  fixed: ['data.type', 'data.authorization_code', 'data.app.type'],
} satisfies WireSample;
