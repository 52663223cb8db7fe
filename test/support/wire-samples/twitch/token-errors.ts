import { type TwitchRefusal, twitchRefusal } from './refusal.ts';

const url = 'https://id.twitch.tv/oauth2/token';
const helixTest = 'nicklaw5/helix authentication_test.go';

export const twitchTokenErrors = {
  invalidCode: twitchRefusal({
    what: 'bad, used or old code',
    url,
    status: 400,
    message: 'Invalid authorization code',
    source: helixTest,
  }),
  unknownClient: twitchRefusal({
    what: 'token request of an unknown client',
    url,
    status: 400,
    message: 'invalid client',
    source: `${helixTest}; Teekeks/pyTwitchAPI#338`,
  }),
  wrongSecret: twitchRefusal({
    what: 'wrong client secret',
    url,
    status: 403,
    message: 'invalid client secret',
    source: `${helixTest}; Radioh/ha_twitch_helix#3`,
  }),
  missingSecret: twitchRefusal({
    what: 'token request without a client secret',
    url,
    status: 400,
    message: 'missing client secret',
    source: 'twitchdev/issues#1097',
  }),
  missingClientId: twitchRefusal({
    what: 'token request without a client id',
    url,
    status: 400,
    message: 'missing client id',
    source: 'nicklaw5/twitch-api-php#16; nextauthjs/next-auth#6363',
  }),
  /** In the library's test the last two words are one: "registeredURI". */
  otherRedirectUri: twitchRefusal({
    what: 'token request with another redirect_uri',
    url,
    status: 400,
    message: 'Parameter redirect_uri does not match registered',
    begins: true,
    source: helixTest,
  }),
  missingRefreshToken: twitchRefusal({
    what: 'refresh without a refresh token',
    url,
    status: 400,
    message: 'missing refresh token',
    source: helixTest,
  }),
  invalidRefreshToken: twitchRefusal({
    what: 'dead refresh token',
    url,
    status: 400,
    message: 'Invalid refresh token',
    source: `${helixTest}; Teekeks/pyTwitchAPI#37; twitchdev/issues#1037`,
  }),
  invalidRefreshTokenWith401: twitchRefusal({
    what: 'dead refresh token, the other status',
    url,
    status: 401,
    message: 'Invalid refresh token',
    source: 'clients that wait for 401 instead of 400',
    confidence: 'inferred',
  }),
  unknownScope: twitchRefusal({
    what: 'refresh with an unknown scope',
    url,
    status: 400,
    message: "invalid scope requested: 'nonsense'",
    source: helixTest,
  }),
  /** The text is of that one day. */
  serverFault: {
    what: 'Twitch: fault of the server',
    source: 'twitchdev/issues#200 (2020)',
    confidence: 'observed',
    request: { method: 'POST', url },
    status: 500,
    body: { status: 500, message: 'Missing column authorization_id from item map[]' },
    fixed: ['status'],
  } satisfies TwitchRefusal as TwitchRefusal,
};
