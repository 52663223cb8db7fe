import type { WireSample } from '../sample.ts';
import { twitchRefusal } from './refusal.ts';

const url = 'https://id.twitch.tv/oauth2/revoke';
const page = 'dev.twitch.tv: Revoking Access Tokens';
const helixTest = 'nicklaw5/helix authentication_test.go';

export const twitchRevoked = {
  what: 'Twitch: revoked',
  source: page,
  confidence: 'documented',
  request: { method: 'POST', url },
  status: 200,
  body: '',
  fixed: [''],
} satisfies WireSample;

export const twitchRevocationErrors = {
  /** RFC 7009 2.2 wants 200. */
  deadToken: twitchRefusal({
    what: 'revocation of a dead token',
    url,
    status: 400,
    message: 'Invalid token',
    source: page,
    confidence: 'documented',
  }),
  unknownClient: twitchRefusal({
    what: 'revocation by an unknown client',
    url,
    status: 404,
    message: 'client does not exist',
    source: page,
    confidence: 'documented',
  }),
};

/** Before today's page was written. */
export const twitchFormerRevocation = {
  deadToken: {
    what: 'Twitch, formerly: revocation of a dead token',
    source: helixTest,
    confidence: 'observed',
    request: { method: 'POST', url },
    status: 200,
    body: '',
    fixed: [''],
  } satisfies WireSample,
  unknownClient: twitchRefusal({
    what: 'revocation by an unknown client, formerly',
    url,
    status: 400,
    message: 'Invalid client_id: ',
    begins: true,
    source: helixTest,
  }),
  missingToken: twitchRefusal({
    what: 'revocation of nothing, formerly',
    url,
    status: 400,
    message: 'missing oauth token',
    source: helixTest,
  }),
};
