import type { WireSample } from '../sample.ts';
import { twitchRefusal } from './refusal.ts';

const url = 'https://id.twitch.tv/oauth2/validate';
const request = { method: 'GET', url } as const;

/** `scopes` here, `scope` in a token answer. */
export const twitchValidation = {
  what: 'Twitch: validation of a token',
  source: 'dev.twitch.tv: Validating Tokens; nicklaw5/helix authentication_test.go',
  confidence: 'documented',
  request,
  status: 200,
  body: {
    client_id: 'a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5',
    login: 'sampleuser',
    scopes: ['user:read:email'],
    user_id: '12345678',
    expires_in: 13999,
  },
} satisfies WireSample;

export const twitchValidationWithoutScope = {
  what: 'Twitch: validation of a token to which nothing was granted',
  source: 'twitchdev/issues#1037 and #1145',
  confidence: 'observed',
  request,
  status: 200,
  body: { ...twitchValidation.body, scopes: null },
} satisfies WireSample;

export const twitchValidationErrors = {
  missingToken: twitchRefusal({
    what: 'validation of nothing',
    url,
    method: 'GET',
    status: 401,
    message: 'missing authorization token',
    source: 'nicklaw5/helix authentication_test.go',
  }),
  invalidToken: twitchRefusal({
    what: 'validation of a dead token',
    url,
    method: 'GET',
    status: 401,
    message: 'invalid access token',
    source: 'dev.twitch.tv: Validating Tokens; nicklaw5/helix authentication_test.go',
    confidence: 'documented',
  }),
};
