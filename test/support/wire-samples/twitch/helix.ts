import type { WireAnswerSample, WireSample } from '../sample.ts';

const request = { method: 'GET', url: 'https://api.twitch.tv/helix/users' } as const;

export const helixUser = {
  what: 'Helix: user with an e-mail address',
  source: 'dev.twitch.tv: Reference, Get Users; twitchdev/twitch-cli',
  confidence: 'documented',
  request,
  status: 200,
  body: {
    data: [
      {
        id: '12345678',
        login: 'sampleuser',
        display_name: 'SampleUser',
        type: '',
        broadcaster_type: '',
        description: '',
        profile_image_url: 'https://static-cdn.jtvnw.net/jtv_user_pictures/sample-profile_image-300x300.png',
        offline_image_url: '',
        view_count: 0,
        email: 'sample@example.test',
        created_at: '2016-12-14T20:32:28Z',
      },
    ] as const,
  },
} satisfies WireSample;

const { email: _, ...withoutEmail } = helixUser.body.data[0];

/** Without user:read:email, and while the address is not verified. */
export const helixUserWithoutEmail = {
  what: 'Helix: user without an e-mail address',
  source: 'dev.twitch.tv: Reference, Get Users; twitchdev/twitch-cli',
  confidence: 'documented',
  request,
  status: 200,
  body: { data: [withoutEmail] },
} satisfies WireSample;

export const helixNobody = {
  what: 'Helix: nobody with that id',
  source: 'clients that are ready for an empty list',
  confidence: 'inferred',
  request,
  status: 200,
  body: { data: [] },
  fixed: ['data'],
} satisfies WireSample;

type Refusal = WireAnswerSample<{ error: string; status: number; message: string }>;

const seen = 'swiftyspiffy/TwitchLib.Api#403; louis70109/Twitch-Bot#19';

function unauthorized(what: string, message: string, source: string): Refusal {
  return {
    what: `Helix: ${what}`,
    source,
    confidence: 'observed',
    request,
    status: 401,
    body: { error: 'Unauthorized', status: 401, message },
    fixed: ['error', 'status', 'message'],
  };
}

export const helixErrors = {
  /** The challenge, with its single quotes, is from older answers; whether it is still sent is not known. */
  invalidToken: {
    ...unauthorized('dead token', 'Invalid OAuth token', seen),
    headers: { 'www-authenticate': "OAuth realm='TwitchTV', error='invalid_token'" },
  } satisfies Refusal as Refusal,
  otherClientId: unauthorized(
    'the Client-Id of another client',
    'Client ID and OAuth token do not match',
    seen,
  ),
  missingClientId: unauthorized('no Client-Id', 'Client ID is missing', 'pilcrowonpaper/arctic#35 (2024)'),
  missingToken: unauthorized(
    'no token',
    'OAuth token is missing',
    'true-dubach/node-twitch-webhook#18 (2020)',
  ),
  /** Seen for a Client-ID that is not known, before 2020 when a token was not needed. */
  missingEverything: unauthorized(
    'neither a Client-Id nor a token',
    'Must provide a valid Client-ID or OAuth token',
    `${seen}; nicklaw5/helix clips_test.go`,
  ),
  missingUser: {
    what: 'Helix: a token of the application, and no user named',
    source: 'nicklaw5/helix users_test.go',
    confidence: 'observed',
    request,
    status: 400,
    body: { error: 'Bad Request', status: 400, message: 'Must provide an ID, Login or OAuth Token' },
    fixed: ['error', 'status', 'message'],
  } satisfies Refusal as Refusal,
  missingScope: {
    ...unauthorized('missing scope', 'Missing scope: ', seen),
    fixed: ['error', 'status'],
    begins: ['message'],
  } satisfies Refusal as Refusal,
};
