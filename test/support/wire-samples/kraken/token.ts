import type { WireSample } from '../sample.ts';

const request = { method: 'POST', url: 'https://api.twitch.tv/kraken/oauth2/token' } as const;

/** No `token_type`, which RFC 6749 5.1 requires. */
export const krakenTokens = {
  what: 'Kraken: tokens for a code, as in April 2018',
  source: 'justintv/Twitch-API#691',
  confidence: 'observed',
  request,
  status: 200,
  body: {
    access_token: 'k1a2b3c4d5e6f7g8h9i0j1k2l3m4n5',
    refresh_token: 'r1a2b3c4d5e6f7g8h9i0j1k2l3m4n5o6p7q8r9s0t1u2v3w4x5',
    scope: ['user_read'],
    expires_in: 13293,
  },
} satisfies WireSample;

/** Tokens of that time did not end. */
export const krakenTokensOfThePage = {
  what: 'Kraken: tokens for a code, as documented',
  source: 'justintv/Twitch-API authentication.md',
  confidence: 'documented',
  request,
  status: 200,
  body: { access_token: 'k1a2b3c4d5e6f7g8h9i0j1k2l3m4n5', scope: ['user_read'] },
} satisfies WireSample;
