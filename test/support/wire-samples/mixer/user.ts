import type { WireSample } from '../sample.ts';

const request = { method: 'GET', url: 'https://mixer.com/api/v1/users/current' } as const;

const joined = '2019-08-01T16:45:00.000Z';
const changed = '2020-01-06T19:26:43.640Z';

/** Some of its members: the official type has fifteen more, none of which a login reads. */
const channel = {
  id: 90000001,
  userId: 101000001,
  token: 'SampleUser',
  name: 'My stream title',
  online: false,
  audience: 'teen',
  partnered: false,
  suspended: false,
  featured: false,
  featureLevel: 0,
  viewersTotal: 0,
  viewersCurrent: 0,
  numFollowers: 0,
  languageId: 'en',
  typeId: null,
  createdAt: joined,
  updatedAt: changed,
  deletedAt: null,
};

const publicDetails = {
  id: 101000001,
  username: 'SampleUser',
  verified: true,
  level: 12,
  experience: 4242,
  sparks: 1000,
  bio: null,
  primaryTeam: null,
  avatarUrl: 'https://uploads.mixer.com/avatar/abcdefgh.jpg',
  social: { twitter: 'https://twitter.com/sample', verified: [] },
  groups: [{ id: 1, name: 'User' }],
  channel,
  frontendVersion: null,
  createdAt: joined,
  updatedAt: changed,
  deletedAt: null,
};

const privateDetails = {
  email: 'sample@example.test',
  allowEmail: true,
  hasTwoFactor: false,
  twoFactor: { enabled: false, codesViewed: false },
  preferences: { 'chat:whispers': true, 'channel:mature:allowed': false },
};

/** People name the sites that they want to. */
const optional = ['social.twitter'];

export const mixerUser = {
  what: 'Mixer: user with private details',
  source:
    '@mixer/client-node 3.5.0 defs/user.d.ts and defs/channel.d.ts; pennersr/django-allauth providers/mixer/tests.py',
  confidence: 'documented',
  request,
  status: 200,
  body: { ...publicDetails, ...privateDetails },
  optional,
} satisfies WireSample;

/** Which members need user:details:self, and whether they are left out or null without it, was not found. */
export const mixerUserWithoutDetails = {
  what: 'Mixer: user without private details',
  source:
    'the meaning of user:details:self in mixer/developer-docs pages/02.reference/05.oauth/03.scopes/doc.md',
  confidence: 'guessed',
  request,
  status: 200,
  body: publicDetails,
  optional,
} satisfies WireSample;

export const mixerUserWithoutPicture = {
  what: 'Mixer: user without a picture',
  source: 'SaviorXTanren/StreamingClientLibrary, models; SocialiteProviders/Mixer',
  confidence: 'inferred',
  request,
  status: 200,
  body: { ...mixerUser.body, avatarUrl: null },
  optional,
} satisfies WireSample;
