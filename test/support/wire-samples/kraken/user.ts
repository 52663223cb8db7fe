import type { WireSample } from '../sample.ts';

const request = { method: 'GET', url: 'https://api.twitch.tv/kraken/user' } as const;
const readme = 'justintv/Twitch-API README.md';

/** One capture of 2014 has the challenge although the status is 200. */
export const krakenUserOfVersion3 = {
  what: 'Kraken: user of version 3',
  source: `justintv/Twitch-API v3_resources/users.md; justintv/Twitch-API#541; headers: ${readme}`,
  confidence: 'documented',
  request,
  status: 200,
  headers: { 'content-type': 'application/json', 'x-api-version': '3' },
  body: {
    type: 'user',
    name: 'sampleuser',
    created_at: '2015-01-06T21:01:19Z',
    updated_at: '2016-04-27T16:22:18Z',
    _links: { self: 'https://api.twitch.tv/kraken/users/sampleuser' },
    logo: 'https://static-cdn.jtvnw.net/jtv_user_pictures/sample-profile_image-300x300.png',
    _id: 12345678,
    display_name: 'SampleUser',
    email: 'sample@example.test',
    partnered: false,
    bio: null,
    notifications: { email: false, push: true },
  },
} satisfies WireSample;

const { _links: _, ...withoutLinks } = krakenUserOfVersion3.body;

/** A complete answer of version 5 was not published; the members that are new are what clients read. */
export const krakenUser = {
  what: 'Kraken: user of version 5',
  source: `markbates/goth#288 (the id as a text); public clients that read the two new members; headers: ${readme}`,
  confidence: 'inferred',
  request,
  status: 200,
  headers: { 'content-type': 'application/json', 'x-api-version': '5' },
  body: { ...withoutLinks, _id: '12345678', email_verified: true, twitter_connected: false },
} satisfies WireSample;

/** While the address is not verified. What is absent is null, and not left out. */
export const krakenUserWithoutEmail = {
  what: 'Kraken: user of version 5 without an e-mail address',
  source: `justintv/Twitch-API v3_resources/users.md; justintv/Twitch-API#541; ${readme}`,
  confidence: 'documented',
  request,
  status: 200,
  body: { ...krakenUser.body, email: null, email_verified: false },
  fixed: ['email'],
} satisfies WireSample;
