import type { WireSample } from '../sample.ts';

const request = { method: 'GET', url: 'https://api.twitch.tv/kraken' } as const;
const base = request.url;

const authorization = {
  scopes: ['user_read'],
  created_at: '2017-04-24T14:09:17Z',
  updated_at: '2017-04-24T14:09:17Z',
};

/** `identified` says whether the Client-ID was recognised; one report has it: justintv/Twitch-API#407. */
export const krakenRootOfVersion3 = {
  what: 'Kraken: root of version 3',
  source: 'justintv/Twitch-API v3_resources/root.md; header: README.md',
  confidence: 'documented',
  request,
  status: 200,
  headers: { 'x-api-version': '3' },
  body: {
    identified: true,
    token: { authorization, user_name: 'sampleuser', valid: true },
    _links: {
      channel: `${base}/channel`,
      users: `${base}/users/sampleuser`,
      user: `${base}/user`,
      channels: `${base}/channels/sampleuser`,
      chat: `${base}/chat/sampleuser`,
      streams: `${base}/streams`,
      ingests: `${base}/ingests`,
      teams: `${base}/teams`,
      search: `${base}/search`,
    },
  },
  optional: ['identified'],
} satisfies WireSample;

/** `expires_in` was seen in 2021: twitchdev/issues#312. */
export const krakenRoot = {
  what: 'Kraken: root of version 5',
  source: 'nicklaw5/twitch-api-php#8 (2017)',
  confidence: 'observed',
  request,
  status: 200,
  body: {
    identified: true,
    token: {
      valid: true,
      authorization,
      user_name: 'sampleuser',
      user_id: '12345678',
      client_id: 'a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5',
      expires_in: 5671147,
    },
  },
  optional: ['identified', 'token.expires_in'],
} satisfies WireSample;

export const krakenRootForADeadToken = {
  what: 'Kraken: root, asked with a dead token',
  source: 'nicklaw5/twitch-api-php#8',
  confidence: 'observed',
  request,
  status: null,
  body: { identified: true, token: { valid: false, authorization: null } },
  optional: ['identified'],
  fixed: ['token.valid'],
} satisfies WireSample;
