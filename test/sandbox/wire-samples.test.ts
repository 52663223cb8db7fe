import { allWireSamples } from '../support/all-wire-samples.ts';
import { answerDifferences } from '../support/wire-shape.ts';
import { confidences, type WireSample } from '../support/wire-samples/sample.ts';
import type { Plays } from './played/answer.ts';
import { exceptions } from './played/exceptions.ts';
import { krakenPlays } from './played/kraken.ts';
import { mixerPlays } from './played/mixer.ts';
import { mixinPlays } from './played/mixin.ts';
import { resonitePlays } from './played/resonite.ts';
import { twitchPlays } from './played/twitch.ts';
import { testSandbox } from './support.ts';

const samples = await allWireSamples();
const plays: Plays = [...twitchPlays, ...krakenPlays, ...mixerPlays, ...mixinPlays, ...resonitePlays];
const exceptionFor = (sample: WireSample) => exceptions.find((exception) => exception.sample === sample);
const excepted = exceptions.map(({ sample }) => sample);
const played = plays.map(([sample]) => sample);
const titles = (some: readonly WireSample[]): string[] => some.map(({ what }) => what);

/** Whether a path leads to something in the body of a sample. */
function leadsSomewhere(body: unknown, path: string): boolean {
  const steps = path.split(/\.|(?=\[\])/).filter((step) => step !== '');
  let place: unknown = body;
  for (const step of steps) {
    const name = step === '[]' ? '0' : step;
    if (typeof place !== 'object' || place === null || !Object.hasOwn(place, name)) return false;
    place = (place as Record<string, unknown>)[name];
  }
  return true;
}

describe('the sandbox answers as recorded', () => {
  test.each(plays.map(([sample, play]) => ({ what: sample.what, sample, play })))(
    '$what',
    async ({ sample, play }) => {
      const exception = exceptionFor(sample);
      const found = answerDifferences(sample, await play(await testSandbox(), sample));
      if (exception && exception.differences === undefined) expect(found).not.toEqual([]);
      else expect(found).toEqual(exception?.differences ?? []);
    },
  );
});

describe('the list', () => {
  test('has every sample: compared with the sandbox, or excepted with a reason', () => {
    expect(samples.length).toBeGreaterThan(100);
    const forgotten = samples.filter((sample) => !played.includes(sample) && !excepted.includes(sample));
    expect(titles(forgotten)).toEqual([]);
  });

  test('has no sample twice, and none that is not in the folder', () => {
    for (const some of [played, excepted]) {
      expect(titles(some)).toEqual([...new Set(titles(some))]);
      expect(titles(some.filter((sample) => !samples.includes(sample)))).toEqual([]);
    }
  });

  test('names differences only where the sandbox was asked', () => {
    const unasked = exceptions.filter(({ sample, differences }) => differences && !played.includes(sample));
    expect(titles(unasked.map(({ sample }) => sample))).toEqual([]);
    expect(exceptions.filter(({ why }) => why.trim() === '')).toEqual([]);
  });
});

describe('every sample', () => {
  test('says what it is, as no other does', () => {
    const said = titles(samples);
    expect(said.filter((what, index) => said.indexOf(what) !== index)).toEqual([]);
    for (const what of said) expect(what).toMatch(/^(Twitch|Helix|Kraken|Mixer|Mixin|Resonite)\b.*: \S/);
  });

  test('says where it is from, and how sure that is', () => {
    for (const { source, confidence } of samples) {
      expect(source.length).toBeGreaterThan(5);
      expect(source).not.toMatch(/^\/|https?:|file:/);
      expect(confidences).toContain(confidence);
    }
  });

  test('has paths that lead somewhere', () => {
    const lost = samples.flatMap(({ what, body, optional = [], fixed = [], begins = [] }) =>
      [...optional, ...fixed, ...begins]
        .filter((path) => !leadsSomewhere(body, path))
        .map((path) => `${what}: ${path}`),
    );
    expect(lost).toEqual([]);
  });
});
