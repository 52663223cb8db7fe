import { krakenErrors } from '../../support/wire-samples/kraken/errors.ts';
import { krakenTokensOfThePage } from '../../support/wire-samples/kraken/token.ts';
import { mixerApiErrors } from '../../support/wire-samples/mixer/api-errors.ts';
import { mixerTokenErrors } from '../../support/wire-samples/mixer/token-errors.ts';
import { mixinErrors } from '../../support/wire-samples/mixin/errors.ts';
import { mixinSigningGrantOfThePage } from '../../support/wire-samples/mixin/token.ts';
import { resoniteIdToken } from '../../support/wire-samples/resonite/openid.ts';
import type { WireSample } from '../../support/wire-samples/sample.ts';
import { helixErrors } from '../../support/wire-samples/twitch/helix.ts';
import { twitchFormerRevocation } from '../../support/wire-samples/twitch/revocation.ts';

export interface Exception {
  readonly sample: WireSample;
  readonly why: string;
  /** What exactly is different, where the sandbox answers. Without it the answer must differ somewhere. */
  readonly differences?: readonly string[];
}

const former = 'older than the page that the sandbox goes by';

/** Samples that the sandbox does not answer as they say. Whoever mends one takes it off the list. */
export const exceptions: readonly Exception[] = [
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
