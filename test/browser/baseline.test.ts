import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PNG } from 'pngjs';
import { describeInBrowser, useBrowser } from '../support/in-browser.ts';
import {
  baselineFolder,
  colorSchemes,
  comparePictures,
  drawingFlags,
  keyPages,
  limit,
  limitOfOtherBrowsers,
  madeWithFile,
  majorVersionOf,
  readBaseline,
  takePictures,
} from './baseline.ts';

const browser = useBrowser(drawingFlags);
const outputFolder = fileURLToPath(new URL('../../test-output/baseline/', import.meta.url));
let allowed = limit;

describeInBrowser('looks as it did', () => {
  beforeAll(() => {
    const { chromium } = JSON.parse(readFileSync(madeWithFile, 'utf8')) as { chromium: number };
    const version = majorVersionOf(browser());
    if (version === chromium) return;
    allowed = limitOfOtherBrowsers;
    // Past jest, which shows nothing of a file whose tests all pass.
    process.stderr.write(
      `The baseline pictures were taken with Chromium ${chromium} and this is ${version}, so ${allowed * 100} % of the pixels may differ, not ${limit * 100} %.\n`,
    );
  });

  test.each(keyPages)(
    '%s',
    async (page) => {
      const pictures = await takePictures(browser(), page);
      expect(pictures.flatMap(({ name, png }) => findDifference(name, png))).toEqual([]);
    },
    60_000,
  );
});

/** What differs too much is left where it can be looked at. */
function findDifference(name: string, png: PNG): string[] {
  const update = 'npm run test:visual:update makes this the baseline.';
  const baseline = readBaseline(name);
  if (!baseline) return [`${name} has no baseline. ${update}`];
  const { share, diff } = comparePictures(baseline, png);
  if (share <= allowed) return [];
  mkdirSync(outputFolder, { recursive: true });
  const save = (kind: string, picture: PNG) => {
    const file = join(outputFolder, `${name}-${kind}.png`);
    writeFileSync(file, PNG.sync.write(picture));
    return file;
  };
  const files = [save('actual', png), save('diff', diff)];
  return [`${name} differs in ${(share * 100).toFixed(2)} % of its pixels: ${files.join(', ')}. ${update}`];
}

test('there is a picture of each key page, light and dark, and no other', () => {
  const wanted = keyPages.flatMap((page) => colorSchemes.map((scheme) => `${page}-${scheme}.png`));
  const there = readdirSync(baselineFolder).filter((file) => file.endsWith('.png'));
  expect(there.toSorted()).toEqual(wanted.toSorted());
});

describe('two pictures', () => {
  const picture = (width: number, height: number, grey: number) => {
    const png = new PNG({ width, height });
    png.data.fill(grey);
    return png;
  };

  test('of which one is longer differ in what it has more', () => {
    expect(comparePictures(picture(10, 10, 255), picture(10, 20, 255)).share).toBe(0.5);
  });

  test('that are the same do not differ', () => {
    expect(comparePictures(picture(10, 10, 255), picture(10, 10, 255)).share).toBe(0);
  });
});
