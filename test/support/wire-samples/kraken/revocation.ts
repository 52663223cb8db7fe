import type { WireSample } from '../sample.ts';

export const krakenRevoked = {
  what: 'Kraken: revoked',
  source: 'Twitch developer forum, thread 14606; two public clients that compare the body',
  confidence: 'inferred',
  request: { method: 'POST', url: 'https://api.twitch.tv/kraken/oauth2/revoke' },
  status: 200,
  body: { status: 'ok' },
  fixed: ['status'],
} satisfies WireSample;
