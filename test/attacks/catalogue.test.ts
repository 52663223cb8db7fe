import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { areas, attacks } from './catalogue.ts';

/** The cases that have tests, each with its file. A suite without a test in it counts for nothing. */
const tested = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.test.ts'))
  .flatMap((file) => {
    const text = readFileSync(join(import.meta.dirname, file), 'utf8');
    const [, ...suites] = text.split(/^\s*attack\('/m);
    return suites.filter(hasTest).map((suite) => ({ id: suite.slice(0, suite.indexOf("'")), file }));
  });

function hasTest(suite: string): boolean {
  return /^\s+test(?:InBrowser)?(?:\.each)?\(/m.test(suite);
}

test('every case is in the catalogue once', () => {
  const ids = attacks.map(({ id }) => id);
  expect(ids).toHaveLength(64);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

test.each(areas)('every case of the area %s has tests, unless its part does not exist', (area) => {
  const cases = attacks.filter((one) => one.area === area && one.inapplicable === undefined);
  const missing = cases.filter(({ id }) => !tested.some((one) => one.id === id));
  expect(missing.map(({ id }) => id)).toEqual([]);
});

test('no test is for a case that is not in the catalogue, or that cannot be tried', () => {
  const known = attacks.filter(({ inapplicable }) => inapplicable === undefined).map(({ id }) => id);
  expect(tested.filter(({ id }) => !known.includes(id))).toEqual([]);
});
