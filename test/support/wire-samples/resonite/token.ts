import type { WireSample } from '../sample.ts';

const request = { method: 'POST', url: 'https://account.resonite.com/connect/token' } as const;
const example = 'Yellow-Dog-Man/resonite-oauth-example routes/oauth.js (2026)';

const accessToken = {
  access_token: 'aB3dEf6hIj9lMn2pQr5tUv8xYz1bCd4fGh7jKl0nOp3rSt6vWx9zAb2dEf5hIj8l',
  token_type: 'Bearer',
  expires_in: 3599,
};

const refresh_token = 'zY8xWv5uTs2rQp9oNm6lKj3iHg0fEd7cBa4zYx1wVu8tSr5qPo2nMl9kJi6hGf3e';

export const resoniteTokens = {
  what: 'Resonite: tokens for a code, with offline_access',
  source: `${example}; Yellow-Dog-Man/mediawiki-extensions-WSOAuth ResoniteAuth.php; RFC 6749 5.1`,
  confidence: 'documented',
  request,
  status: 200,
  body: { ...accessToken, scope: 'profile email offline_access', refresh_token },
  fixed: ['token_type'],
} satisfies WireSample;

export const resoniteTokensWithoutRefreshToken = {
  what: 'Resonite: tokens for a code, without offline_access',
  source: `${example}, README.md; RFC 6749 5.1`,
  confidence: 'inferred',
  request,
  status: 200,
  body: { ...accessToken, scope: 'profile' },
  fixed: ['token_type'],
} satisfies WireSample;

export const resoniteTokensWithIdToken = {
  what: 'Resonite: tokens for a code, with openid and offline_access',
  source: 'Xeravax/disconite-resonite-oidc config/settings.yml and lib/omniauth_resonite_open_id_connect.rb',
  confidence: 'inferred',
  request,
  status: 200,
  body: {
    ...accessToken,
    scope: 'openid profile email offline_access',
    id_token: 'eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2FtcGxl',
    refresh_token,
  },
  fixed: ['token_type'],
} satisfies WireSample;

/** The example's page shows two different pairs of tokens. */
export const resoniteRefreshedTokens = {
  what: 'Resonite: tokens for a refresh token',
  source: `${example} and views/profile.pug`,
  confidence: 'documented',
  request,
  status: 200,
  body: resoniteTokens.body,
  fixed: ['token_type'],
} satisfies WireSample;
