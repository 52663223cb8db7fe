import type { WireSample } from '../sample.ts';

const request = { method: 'POST', url: 'https://id.twitch.tv/oauth2/token' } as const;
const headers = { 'content-type': 'application/json' };

export const twitchTokens = {
  what: 'Twitch: tokens for a code, with openid',
  source:
    'dev.twitch.tv: Getting OAuth Access Tokens, OIDC Authorization Code Grant Flow; twitchdev/issues#164',
  confidence: 'documented',
  request,
  status: 200,
  headers,
  body: {
    access_token: 'k1a2b3c4d5e6f7g8h9i0j1k2l3m4n5',
    expires_in: 14124,
    id_token: 'eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IjEifQ.e30.c2FtcGxl',
    refresh_token: 'r1a2b3c4d5e6f7g8h9i0j1k2l3m4n5o6p7q8r9s0t1u2v3w4x5',
    scope: ['openid', 'user:read:email'],
    token_type: 'bearer',
  },
  fixed: ['token_type'],
} satisfies WireSample;

const { id_token: _, ...withoutIdToken } = twitchTokens.body;

export const twitchTokensWithoutOpenid = {
  what: 'Twitch: tokens for a code, without openid',
  source: 'dev.twitch.tv: Getting OAuth Access Tokens',
  confidence: 'documented',
  request,
  status: 200,
  headers,
  body: { ...withoutIdToken, scope: ['user:read:email'] },
  fixed: ['token_type'],
} satisfies WireSample;

const { scope: __, ...withoutScope } = withoutIdToken;

/** RFC 6749 5.1 would take a missing `scope` for everything that was asked for. */
export const twitchTokensWithoutScope = {
  what: 'Twitch: tokens for a code, nothing granted',
  source: 'nicklaw5/helix authentication_test.go ("no scopes"); twitchdev/issues#1037',
  confidence: 'observed',
  request,
  status: 200,
  headers,
  body: withoutScope,
  fixed: ['token_type'],
} satisfies WireSample;

/** No ID token. One sample of the page has `scope` as a text; true answers have an array. */
export const twitchRefreshedTokens = {
  what: 'Twitch: tokens for a refresh token',
  source:
    'dev.twitch.tv: Refreshing Access Tokens; the array: twurple/twurple#63; expires_in: twitchdev/issues#178',
  confidence: 'documented',
  request,
  status: 200,
  headers,
  body: { ...withoutIdToken },
  fixed: ['token_type'],
} satisfies WireSample;

/** No refresh token and no scope. */
export const twitchAppToken = {
  what: 'Twitch: token of the application itself',
  source: 'dev.twitch.tv: Getting OAuth Access Tokens, Client Credentials Grant Flow',
  confidence: 'documented',
  request,
  status: 200,
  headers,
  body: { access_token: 'k1a2b3c4d5e6f7g8h9i0j1k2l3m4n5', expires_in: 5011271, token_type: 'bearer' },
  fixed: ['token_type'],
} satisfies WireSample;
