import { krakenErrors } from '../../support/wire-samples/kraken/errors.ts';
import { krakenTokensOfThePage } from '../../support/wire-samples/kraken/token.ts';
import { mixerApiErrors } from '../../support/wire-samples/mixer/api-errors.ts';
import { mixerTokenErrors } from '../../support/wire-samples/mixer/token-errors.ts';
import { mixinAuthorization } from '../../support/wire-samples/mixin/authorization.ts';
import { mixinErrors } from '../../support/wire-samples/mixin/errors.ts';
import { mixinSigningGrantOfThePage } from '../../support/wire-samples/mixin/token.ts';
import { resoniteTokenErrors } from '../../support/wire-samples/resonite/errors.ts';
import { resoniteIdToken } from '../../support/wire-samples/resonite/openid.ts';
import { resoniteProfile, resoniteSupporterProfile } from '../../support/wire-samples/resonite/profile.ts';
import type { WireSample } from '../../support/wire-samples/sample.ts';
import { helixErrors } from '../../support/wire-samples/twitch/helix.ts';
import { twitchFormerRevocation } from '../../support/wire-samples/twitch/revocation.ts';

export interface Exception {
  readonly sample: WireSample;
  readonly why: string;
  /** What exactly is different, where the sandbox answers. Without it the answer must differ somewhere. */
  readonly differences?: readonly string[];
}

const notPlayedYet = 'not played yet';
const former = 'older than the page that the sandbox goes by';

const missingSupport = (name: string): string => `supporterMetadata[].${name} is missing`;

/** Samples that the sandbox does not answer as they say. Whoever mends one takes it off the list. */
export const exceptions: readonly Exception[] = [
  { sample: mixinAuthorization, why: notPlayedYet },

  {
    sample: mixinErrors.tooManyRequests,
    why: 'the fault token_429 is the same for every service: a bare HTTP 429',
    differences: ['the status is 429, not 202', 'the body is string, not object'],
  },
  {
    sample: mixinErrors.serverFault,
    why: 'the fault token_500 has the shape of Twitch for every service',
    differences: ['error is missing', 'status is extra', 'message is extra'],
  },
  {
    sample: resoniteTokenErrors.invalidCode,
    why: 'the sandbox has the number of one text of OpenIddict with the words of another, ID2004',
    differences: [
      'error_description is "The specified token is invalid.", not "The specified authorization code is invalid."',
    ],
  },
  {
    sample: resoniteTokenErrors.otherRedirectUri,
    why: 'the sandbox leaves out the end of the text',
    differences: [
      `error_description is "The specified 'redirect_uri' parameter doesn't match the client redirection URI.", not "The specified 'redirect_uri' parameter doesn't match the client redirection URI the authorization code was initially sent to."`,
    ],
  },
  {
    sample: resoniteProfile,
    why: 'a login in use reads isActiveSupporter; the sandbox does not send it',
    differences: ['isActiveSupporter is missing'],
  },
  {
    sample: resoniteSupporterProfile,
    why: 'the sandbox plays the first half of the members that models of the object have',
    differences: [
      'isActiveSupporter is missing',
      ...['lastTierCents', 'highestTierCents', 'lowestTierCents'].map(missingSupport),
      ...['firstSupportTimestamp', 'lastSupportTimestamp'].map(missingSupport),
    ],
  },
  {
    sample: resoniteIdToken,
    why: 'the source lists what it relies on, and the sandbox sends what its ID tokens of Twitch have',
    differences: ['payload.azp is extra', 'payload.at_hash is extra'],
  },

  { sample: twitchFormerRevocation.deadToken, why: former },
  { sample: twitchFormerRevocation.unknownClient, why: former },
  { sample: helixErrors.missingScope, why: 'reading users needs no scope' },
  { sample: krakenTokensOfThePage, why: 'the sandbox plays the answer of 2018, which has more members' },
  { sample: krakenErrors.deadTokenOfThePage, why: 'the sandbox says what was seen, not what the page says' },
  { sample: mixerTokenErrors.unauthorizedClient, why: 'every client of the sandbox may use every grant' },
  { sample: mixerTokenErrors.invalidScope, why: 'no token request of the sandbox has a scope' },
  { sample: mixerApiErrors.missingScope, why: 'reading the current user needs no scope' },
  { sample: mixinSigningGrantOfThePage, why: 'every SDK unwraps data, so the sandbox wraps' },
];
