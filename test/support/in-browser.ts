import type { Browser } from 'playwright-core';
import { type FoundBrowser, findBrowser, launchBrowser } from './browser.ts';
import { type LatchkeyOptions, type RunningLatchkey, startLatchkey } from './latchkey.ts';

/* What a file of browser tests begins with. */

const found = await browserOrExplain();

/** Says in the test file itself whether its tests can run; without a browser CI fails. */
async function browserOrExplain(): Promise<FoundBrowser | null> {
  const browser = await findBrowser();
  if (browser) return browser;
  const explanation =
    'The browser tests need Chrome or Chromium. Install one, or set BROWSER_PATH to its executable.';
  if (process.env['CI'] === 'true') throw new Error(explanation);
  // Past jest, which shows nothing of a file whose tests are all skipped.
  process.stderr.write(`${explanation} They are skipped.\n`);
  return null;
}

/** `describe` and `test`, skipped where there is no browser. */
export const describeInBrowser = found ? describe : describe.skip;
export const testInBrowser = found ? test : test.skip;

/** For `describeInBrowser.each`: every journey works with scripts off, too. */
export const withAndWithoutScripts = [
  ['with scripts', true],
  ['without scripts', false],
] as const;

/** One browser for all tests of the file. */
export function useBrowser(drawingFlags: readonly string[] = []): () => Browser {
  return useInBrowser(() => launchBrowser(found!, drawingFlags));
}

/** One application with its sandbox for all tests of the file. */
export function useLatchkey(options: LatchkeyOptions): () => RunningLatchkey {
  return useInBrowser(() => startLatchkey(options));
}

/** Opened before the first test, closed after the last; not opened where there is no browser. */
function useInBrowser<Kept extends { close(): Promise<void> }>(open: () => Promise<Kept>): () => Kept {
  let opening: Promise<Kept> | undefined;
  let kept: Kept | undefined;
  // A browser may take half a minute.
  beforeAll(async () => {
    if (!found) return;
    opening = open();
    kept = await opening;
  }, 60_000);
  // Also what was open only after jest had given up.
  afterAll(async () => {
    const late = await opening?.catch(() => undefined);
    await late?.close();
  }, 60_000);
  return () => {
    if (!kept) throw new Error('Nothing is open before the first test.');
    return kept;
  };
}
