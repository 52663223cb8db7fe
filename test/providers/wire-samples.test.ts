import { readAuthorizationResponse } from '../../src/oauth/authorization-response.ts';
import { createClient } from '../../src/oauth/client.ts';
import { toStandardTokenAnswer } from '../../src/oauth/token-response.ts';
import { mixer } from '../../src/providers/mixer.ts';
import { mixin, mixinWithBearerToken } from '../../src/providers/mixin.ts';
import type { Provider, WireAnswer } from '../../src/providers/provider.ts';
import { resonite } from '../../src/providers/resonite.ts';
import { twitch } from '../../src/providers/twitch.ts';
import { twitchKraken } from '../../src/providers/twitch-kraken.ts';
import * as krakenCallbacks from '../support/wire-samples/kraken/authorization.ts';
import { krakenErrors } from '../support/wire-samples/kraken/errors.ts';
import * as krakenRoots from '../support/wire-samples/kraken/root.ts';
import * as krakenTokens from '../support/wire-samples/kraken/token.ts';
import * as krakenUsers from '../support/wire-samples/kraken/user.ts';
import { mixerApiErrors } from '../support/wire-samples/mixer/api-errors.ts';
import * as mixerCallbacks from '../support/wire-samples/mixer/authorization.ts';
import { mixerTokenErrors } from '../support/wire-samples/mixer/token-errors.ts';
import * as mixerTokens from '../support/wire-samples/mixer/token.ts';
import * as mixerUsers from '../support/wire-samples/mixer/user.ts';
import {
  mixinDenied,
  mixinGranted,
  mixinGrantedWithoutState,
  mixinGrantedWithReturnTo,
} from '../support/wire-samples/mixin/authorization.ts';
import { mixinErrors } from '../support/wire-samples/mixin/errors.ts';
import {
  mixinProfile,
  mixinProfileWithoutPicture,
  mixinSafeProfile,
  mixinSignedProfile,
} from '../support/wire-samples/mixin/profile.ts';
import {
  mixinSigningGrant,
  mixinSigningGrantOfThePage,
  mixinTokens,
} from '../support/wire-samples/mixin/token.ts';
import * as resoniteCallbacks from '../support/wire-samples/resonite/authorization.ts';
import { resoniteTokenErrors } from '../support/wire-samples/resonite/errors.ts';
import {
  resoniteProfile,
  resoniteSparseProfile,
  resoniteSupporterProfile,
} from '../support/wire-samples/resonite/profile.ts';
import * as resoniteTokens from '../support/wire-samples/resonite/token.ts';
import type { WireSample } from '../support/wire-samples/sample.ts';
import {
  twitchDenied,
  twitchGranted,
  twitchRedirectMismatch,
} from '../support/wire-samples/twitch/authorization.ts';
import { helixErrors, helixUser, helixUserWithoutEmail } from '../support/wire-samples/twitch/helix.ts';
import * as twitchRevocations from '../support/wire-samples/twitch/revocation.ts';
import { twitchTokenErrors } from '../support/wire-samples/twitch/token-errors.ts';
import * as twitchTokens from '../support/wire-samples/twitch/token.ts';

/** What the sandbox is held to in test/sandbox/wire-samples.test.ts, the application must be able to read. */

interface Case {
  what: string;
  provider: Provider;
  sample: WireSample;
}

/** Each sample of a group with the provider that sends it. */
function cases(...groups: [provider: Provider, samples: object][]): Case[] {
  return groups.flatMap(([provider, samples]) =>
    (Object.values(samples) as WireSample[]).map((sample) => ({ what: sample.what, provider, sample })),
  );
}

const toWire = ({ status, body }: WireSample, usual: number): WireAnswer => ({
  status: status ?? usual,
  body,
});

function readTokenAnswer({ provider, sample }: Case): WireAnswer {
  const { status, body } = toWire(sample, 400);
  const headers = { 'content-type': 'application/json' };
  return toStandardTokenAnswer(provider, { status, headers, text: JSON.stringify(body) });
}

const isFault = ({ sample }: Case) => sample.status === 500 || sample === mixinErrors.tooManyRequests;

const refusals = cases(
  [twitch, twitchTokenErrors],
  [mixer, mixerTokenErrors],
  [mixin, mixinErrors],
  [resonite, resoniteTokenErrors],
);

describe('the application takes', () => {
  test.each(
    cases(
      [twitch, twitchTokens],
      [twitchKraken, krakenTokens],
      [mixer, mixerTokens],
      [mixin, { mixinSigningGrant, mixinSigningGrantOfThePage }],
      [mixinWithBearerToken, { mixinTokens }],
      [resonite, resoniteTokens],
    ),
  )('tokens from $what', (one) => {
    const { status, body } = readTokenAnswer(one);
    const { access_token, token_type, ed25519 } = body as Record<string, unknown>;
    expect(status).toBe(200);
    if (one.provider.accessToken === 'ed25519') expect(ed25519).toEqual(expect.any(String));
    else expect([access_token, token_type]).toEqual([expect.any(String), expect.stringMatching(/^bearer$/i)]);
  });

  test.each(
    cases(
      [twitch, { helixUser, helixUserWithoutEmail }],
      [twitchKraken, krakenUsers],
      [mixer, mixerUsers],
      [mixin, { mixinProfile, mixinProfileWithoutPicture, mixinSafeProfile, mixinSignedProfile }],
      [resonite, { resoniteProfile, resoniteSparseProfile, resoniteSupporterProfile }],
    ),
  )('a person from $what', ({ provider, sample }) => {
    const wire = toWire(sample, 200);
    const { status, body } = provider.conform.userinfoResponse?.(wire) ?? wire;
    expect([status, provider.toIdentity(body).displayName]).toEqual([200, expect.stringMatching(/\w/)]);
  });

  test.each(
    cases(
      [twitch, { twitchGranted }],
      [twitchKraken, krakenCallbacks],
      [mixer, mixerCallbacks],
      [mixin, { mixinGranted, mixinGrantedWithoutState, mixinGrantedWithReturnTo, mixinDenied }],
      [twitch, { twitchDenied, twitchRedirectMismatch }],
      [resonite, resoniteCallbacks],
    ),
  )('a code or a refusal from $what', async ({ provider, sample }) => {
    const redirectUri = 'http://localhost:1/callback';
    const registration = { provider, mode: 'live', clientId: 'id', clientSecret: 'secret' } as const;
    const client = createClient({ ...registration, redirectUri, scope: provider.defaultScope });
    await client.http.close();
    const parameters = sample.body as Record<string, string>;
    const read = () => readAuthorizationResponse(client, new URLSearchParams(parameters));
    const codes: Record<string, string> = {
      access_denied: 'authorization_denied',
      redirect_mismatch: 'redirect_mismatch',
    };
    if (parameters['error'] === undefined) expect(read().code).toBe(parameters['code']);
    else {
      const code = codes[parameters['error']] ?? 'authorization_refused';
      expect(read).toThrow(expect.objectContaining({ code }));
    }
  });
});

describe('the application understands', () => {
  test.each(refusals.filter((one) => !isFault(one)))('the refusal: $what', (one) => {
    const { status, body } = readTokenAnswer(one);
    const standard = /^(invalid_(request|client|grant|scope)|unauthorized_client|unsupported_grant_type)$/;
    expect(status).toBeGreaterThanOrEqual(400);
    expect((body as Record<string, unknown>)['error']).toMatch(standard);
  });

  test.each(refusals.filter(isFault))('that it has to wait: $what', (one) => {
    const code = expect.stringMatching(/^provider_(busy|unreachable)$/);
    expect(() => readTokenAnswer(one)).toThrow(expect.objectContaining({ code }));
  });

  const { deadToken, deadTokenOfThePage, version3Withdrawn } = krakenErrors;
  test.each(
    cases(
      [twitch, helixErrors],
      [twitchKraken, { deadToken, deadTokenOfThePage, version3Withdrawn }],
      [mixer, { deadToken: mixerApiErrors.deadToken, missingScope: mixerApiErrors.missingScope }],
      [mixin, { unauthorized: mixinErrors.unauthorized, forbidden: mixinErrors.forbidden }],
    ),
  )('that there is no profile, and why: $what', ({ provider, sample }) => {
    const said = sample.body as Record<string, unknown>;
    const { description = '' } = (said['error'] ?? {}) as { description?: string };
    const why = String(said['message'] ?? said['errorMessage'] ?? description);
    const { status, body } = provider.conform.userinfoResponse!(toWire(sample, 401));
    expect(status).toBeGreaterThanOrEqual(400);
    expect((body as Record<string, unknown>)['error_description']).toContain(why);
  });

  test('whether a token of Kraken stands', () => {
    const read = (sample: WireSample) => twitchKraken.conform.validationResponse!(toWire(sample, 200)).status;
    const { krakenRoot, krakenRootOfVersion3, krakenRootForADeadToken } = krakenRoots;
    expect([krakenRoot, krakenRootOfVersion3, krakenRootForADeadToken].map(read)).toEqual([200, 200, 401]);
  });

  test('whether a token of Twitch is gone', () => {
    const read = (sample: WireSample) => twitch.conform.revocationResponse!(toWire(sample, 200)).status;
    const { twitchRevoked, twitchRevocationErrors, twitchFormerRevocation } = twitchRevocations;
    const gone = [twitchRevoked, twitchRevocationErrors.deadToken, twitchFormerRevocation.deadToken];
    expect(gone.map(read)).toEqual([200, 200, 200]);
    const not = [
      twitchRevocationErrors.unknownClient,
      twitchFormerRevocation.unknownClient,
      twitchFormerRevocation.missingToken,
    ];
    expect(not.map(read)).toEqual([404, 400, 400]);
  });
});
