import { services } from '../../src/providers/index.ts';
import { mixer } from '../../src/providers/mixer.ts';
import { mixin, mixinWithBearerToken } from '../../src/providers/mixin.ts';
import type { Provider } from '../../src/providers/provider.ts';
import { resonite } from '../../src/providers/resonite.ts';
import { twitch } from '../../src/providers/twitch.ts';
import { twitchKraken } from '../../src/providers/twitch-kraken.ts';
import { krakenUser } from '../support/wire-samples/kraken/user.ts';
import { mixerUser } from '../support/wire-samples/mixer/user.ts';
import { mixinProfile } from '../support/wire-samples/mixin/profile.ts';
import { resoniteProfile } from '../support/wire-samples/resonite/profile.ts';
import { helixUser } from '../support/wire-samples/twitch/helix.ts';
import { describeContract, type Sample } from './contract.ts';

const mixinUser = mixinProfile.body.data;

const samples = new Map<Provider, Sample>([
  [twitch, { userinfo: helixUser.body.data[0], idName: 'id', subject: '12345678' }],
  [twitchKraken, { userinfo: krakenUser.body, idName: '_id', subject: '12345678' }],
  [mixer, { userinfo: mixerUser.body, idName: 'id', subject: '101000001' }],
  [mixin, { userinfo: mixinUser, idName: 'user_id', subject: mixinUser.user_id }],
  [mixinWithBearerToken, { userinfo: mixinUser, idName: 'user_id', subject: mixinUser.user_id }],
  [resonite, { userinfo: resoniteProfile.body, idName: 'id', subject: 'U-1NaExampleAbc' }],
]);

/** Every set of facts that some setting chooses. */
const variants = services.flatMap(({ id, settings, choose }) => {
  const choices = Object.entries(settings).reduce<Record<string, string>[]>(
    (all, [name, values]) => all.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    [{}],
  );
  return choices.map((chosen) => ({
    label: [id, ...Object.values(chosen)].join(' '),
    serviceId: id,
    provider: choose(chosen),
  }));
});

test('every set of facts can be chosen and has a sample', () => {
  expect(new Set(variants.map(({ provider }) => provider))).toEqual(new Set(samples.keys()));
  expect(variants.length).toBe(samples.size);
});

for (const { label, serviceId, provider } of variants)
  describeContract(label, serviceId, provider, samples.get(provider)!);
