import { readdirSync, readFileSync } from 'node:fs';

import { mixer } from '../../src/providers/mixer.ts';
import { mixin, mixinWithBearerToken } from '../../src/providers/mixin.ts';
import { resonite } from '../../src/providers/resonite.ts';
import { twitch } from '../../src/providers/twitch.ts';
import { twitchKraken } from '../../src/providers/twitch-kraken.ts';

/** Keeps docs/providers and the tests of this folder saying the same, both ways. */

const documents = new URL('../../docs/providers/', import.meta.url);
const tests = new URL('./', import.meta.url);
const providers = ['mixer', 'mixin', 'resonite', 'twitch', 'twitch-kraken'];

const headings = [
  'At a glance',
  'Differences from the standard',
  'Errors',
  'Get credentials / return address',
  'Not known',
];
const glance = [
  'Status',
  'Authorize',
  'Token',
  'Userinfo',
  'Client authentication',
  'PKCE / nonce',
  'Force',
  'Refresh',
  'Revocation',
  'Scopes',
];

interface Quirk {
  number: string;
  difference: string;
  behaviour: string;
  source: string;
  confidence: string;
  test: string;
}

const readDocument = (provider: string) => readFileSync(new URL(`${provider}.md`, documents), 'utf8');
const readTests = (provider: string) => readFileSync(new URL(`${provider}.test.ts`, tests), 'utf8');

function readSection(text: string, heading: string): string {
  const [, section = ''] = text.split(`\n## ${heading}\n`);
  return section.split('\n## ')[0]!;
}

/** The cells of a section's table rows, without the header and the line below it. */
function readRows(section: string): string[][] {
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

function readQuirks(provider: string): Quirk[] {
  return readRows(readSection(readDocument(provider), 'Differences from the standard')).map((cells) => {
    if (cells.length !== 6) throw new Error(`${provider}.md: a row with ${cells.length} cells: ${cells[0]}`);
    const [number = '', difference = '', behaviour = '', source = '', confidence = '', title = ''] = cells;
    return { number, difference, behaviour, source, confidence, test: title };
  });
}

/** Full titles: the words of the one `describe`, a space, the words of the `test`. */
function readTitles(provider: string): string[] {
  const text = readTests(provider);
  const words = (call: string) =>
    [...text.matchAll(new RegExp(`^ *${call}\\('([^'\\\\]+)'`, 'gm'))].map(([, title]) => title!);
  const [suite] = words('describe');
  return words('test').map((title) => `${suite} ${title}`);
}

const count = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length;

test('every provider has its page and its tests, and no page stands without', () => {
  const pages = readdirSync(documents).filter((name) => name.endsWith('.md') && name !== 'README.md');
  expect(new Set(pages)).toEqual(new Set(providers.map((provider) => `${provider}.md`)));
  for (const provider of providers) expect(readTitles(provider).length).toBeGreaterThan(10);
});

describe.each(providers)('the page of %s', (provider) => {
  test('follows the template', () => {
    const found = [...readDocument(provider).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    expect(found.filter((heading) => headings.includes(heading!))).toEqual(headings);
    const fields = readRows(readSection(readDocument(provider), 'At a glance')).map(([field]) => field);
    expect(fields).toEqual(glance);
  });

  test('numbers its quirks from 1 without a gap', () => {
    const numbers = readQuirks(provider).map(({ number }) => number);
    expect(numbers).toEqual(numbers.map((_, index) => String(index + 1)));
    expect(numbers.length).toBeGreaterThan(10);
  });

  test('fills in every cell', () => {
    for (const quirk of readQuirks(provider)) expect(Object.values(quirk)).not.toContain('');
  });

  test('says how sure it is with one of the four words', () => {
    const allowed = ['documented', 'seen', 'inferred', 'unknown'];
    for (const { number, confidence } of readQuirks(provider)) {
      expect([number, allowed.includes(confidence)]).toEqual([number, true]);
    }
  });

  test('names a test that exists for every quirk', () => {
    const titles = readTitles(provider);
    const missing = readQuirks(provider).filter((quirk) => !titles.includes(quirk.test));
    expect(missing.map((quirk) => `${quirk.number}: ${quirk.test}`)).toEqual([]);
  });

  test('names every test once', () => {
    const named = readQuirks(provider).map((quirk) => quirk.test);
    expect(named.toSorted()).toEqual(readTitles(provider).toSorted());
    expect(new Set(named).size).toBe(named.length);
  });

  test('has tests that can be read without running them, and none that is left out', () => {
    const text = readTests(provider);
    expect(count(text, /\bdescribe\b *[.(]/g)).toBe(1);
    expect(count(text, /\b(?:test|it|xtest|xit|fit)\b *[.(]/g)).toBe(readTitles(provider).length);
    expect(text).not.toMatch(/\b(?:describe|test|it) *\. *\w+/);
  });
});

describe('what a provider file says of a departure', () => {
  const files = { mixer, mixin, mixinWithBearerToken, resonite, twitch, twitchKraken };
  const all = Object.entries(files).flatMap(([file, { departures }]) =>
    departures.map((departure) => [file, departure.what, departure] as const),
  );

  test.each(all)('%s: %s has rows of its page as the source', (_, __, { source }) => {
    const [, page = '', rows = ''] =
      /^docs\/providers\/([\w-]+)\.md, (\d+(?:(?: and | to )\d+)?)$/.exec(source) ?? [];
    const known = readQuirks(page).map(({ number }) => number);
    for (const row of rows.split(/ and | to /)) expect(known).toContain(row);
  });

  test('is said once, in whole sentences', () => {
    for (const { departures } of Object.values(files)) {
      const said = departures.map(({ what }) => what);
      expect(new Set(said).size).toBe(said.length);
      for (const { what, why } of departures) expect(`${what}|${why}`).toMatch(/\.\|.*\.$/);
    }
  });
});
