import type { WireSample } from '../sample.ts';

const page = 'mixer/developer-docs pages/02.reference/05.oauth/02.ShortCodeAuth/doc.md';

/** No `scope` and no ID token. */
export const mixerTokens = {
  what: 'Mixer: tokens for a code',
  source: page,
  confidence: 'documented',
  request: { method: 'POST', url: 'https://mixer.com/api/v1/oauth/token' },
  status: 200,
  headers: { 'content-type': 'application/json; charset=utf-8' },
  body: {
    access_token: 'aB3dEf6hIj9lMn2pQr5tUv8xYz1bCd4fGh7jKl0nOp3rSt6vWx9zAb2dEf5hIj8l',
    expires_in: 21599,
    refresh_token: 'zY8xWv5uTs2rQp9oNm6lKj3iHg0fEd7cBa4zYx1wVu8tSr5qPo2nMl9kJi6hGf3e',
    token_type: 'Bearer',
  },
  fixed: ['token_type'],
} satisfies WireSample;

/** With a new refresh token each time: one works once. */
export const mixerRefreshedTokens = {
  ...mixerTokens,
  what: 'Mixer: tokens for a refresh token',
  source: `${page}; Mixer's OAuth page`,
} satisfies WireSample;
