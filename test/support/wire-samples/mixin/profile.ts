import type { WireSample } from '../sample.ts';

const sdks = '@mixin.dev/mixin-node-sdk types; MixinNetwork/bot-api-go-client user.go';
const source = `${sdks}; developers.mixin.one _partials/_resp.user-extra.md; headers: android-app AppModule.kt`;
const noDate = '0001-01-01T00:00:00Z';

/** Session, PIN and preferences: which of them an access by OAuth sees was not found. */
const perhaps = {
  session_id: '',
  device_status: 'ACTIVE',
  has_pin: true,
  has_emergency_contact: false,
  receive_message_source: 'EVERYBODY',
  accept_conversation_source: 'EVERYBODY',
  accept_search_source: 'EVERYBODY',
  fiat_currency: 'USD',
  transfer_notification_threshold: 0,
  transfer_confirmation_threshold: 100,
  pin_token_base64: '',
  salt_base64: '',
  tip_key_base64: '',
  tip_counter: 0,
};

/** No e-mail address anywhere, and an empty `phone` without PHONE:READ. */
export const mixinProfile = {
  what: 'Mixin: profile without PHONE:READ',
  source,
  confidence: 'documented',
  request: { method: 'GET', url: 'https://api.mixin.one/me' },
  status: 200,
  headers: { 'x-request-id': null, 'x-server-time': null },
  body: {
    data: {
      type: 'user',
      user_id: '11112222-3333-4444-8555-666677778888',
      identity_number: '1052001',
      phone: '',
      full_name: 'Ada Example',
      biography: '',
      avatar_url: 'https://images.mixin.one/abc=s256',
      relationship: 'ME',
      mute_until: noDate,
      created_at: '2019-05-04T03:02:01.123456Z',
      is_verified: false,
      is_scam: false,
      is_deactivated: false,
      code_id: '99990000-aaaa-4bbb-8ccc-ddddeeeeffff',
      code_url: 'https://mixin.one/codes/99990000-aaaa-4bbb-8ccc-ddddeeeeffff',
      features: [],
      has_safe: true,
      membership: { plan: '', expired_at: noDate },
      ...perhaps,
    },
  },
  fixed: ['data.type', 'data.phone'],
  optional: Object.keys(perhaps).map((name) => `data.${name}`),
} satisfies WireSample;

export const mixinSafeProfile = {
  ...mixinProfile,
  what: 'Mixin: profile without PHONE:READ, at its newer address',
  source: `MixinNetwork/supergroup.mixin.one externals/user.go; ${source}`,
  request: { method: 'GET', url: 'https://api.mixin.one/safe/me' },
} satisfies WireSample;

/** `full_name` and `avatar_url` may be missing, too. */
export const mixinProfileWithoutPicture = {
  ...mixinProfile,
  what: 'Mixin: profile without a picture',
  source: 'MixinNetwork/supergroup.mixin.one models/user.go; mixin_bot_sdk_dart',
  body: { data: { ...mixinProfile.body.data, avatar_url: '' } },
  fixed: ['data.type', 'data.avatar_url'],
} satisfies WireSample;

/** The server signs what it answers to a signed request. */
export const mixinSignedProfile = {
  ...mixinProfile,
  what: 'Mixin: profile, signed by the server',
  source: `fox-one/mixin-sdk-go oauth_ed25519.go and request.go; ${source}`,
  confidence: 'inferred',
  headers: { ...mixinProfile.headers, 'x-integrity-token': null },
} satisfies WireSample;

/** One client checks `jti` and `sig`; other claims were not found. */
export const mixinIntegrityToken = {
  what: 'Mixin: X-Integrity-Token',
  source: 'fox-one/mixin-sdk-go oauth_ed25519.go',
  confidence: 'inferred',
  status: null,
  body: {
    header: { alg: 'EdDSA', typ: 'JWT' },
    payload: {
      iat: 1767225600,
      exp: 1767225660,
      jti: '3b8a1f0e-5d2c-4f6b-8a9e-1c2d3e4f5a6b',
      sig: '5e6b58ffa10b3bc51724ff0bbd2afb91c4771ee340f5d685340dfa4c854bafba',
    },
  },
  fixed: ['header'],
  optional: ['payload.iat', 'payload.exp'],
} satisfies WireSample;
