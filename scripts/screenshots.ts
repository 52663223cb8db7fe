import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser } from 'playwright-core';
import { openState, type PageState, pageStates } from '../test/browser/page-states.ts';
import { findBrowser, launchBrowser, openContext } from '../test/support/browser.ts';
import { startLatchkey } from '../test/support/latchkey.ts';

/*
 * node scripts/screenshots.ts                 the pictures of the README, into docs/images
 * node scripts/screenshots.ts --all           every page, light and dark, narrow and wide, into test-output
 * node scripts/screenshots.ts --all <folder>  the same into another folder
 */

const colorSchemes = ['light', 'dark'] as const;
const narrow = 320;
const wide = 1280;
const largestPicture = 300_000;

const profileForReadme: PageState = {
  name: 'profile',
  signedIn: { providers: ['Twitch', 'Mixin', 'Resonite'] },
  open: async (page, { baseUrl }) => {
    await page.goto(`${baseUrl}/profile`);
  },
};

async function takeReadmePictures(browser: Browser): Promise<void> {
  const folder = 'docs/images';
  await mkdir(folder, { recursive: true });
  for (const [name, picture] of await photograph(browser, profileForReadme, [wide])) {
    if (picture.length > largestPicture) throw new Error(`${name} has ${picture.length} bytes`);
    await save(folder, name.replace(`-${wide}`, ''), picture);
  }
}

async function takeAllPictures(browser: Browser, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const state of pageStates) {
    for (const [name, picture] of await photograph(browser, state, [narrow, wide])) {
      await save(folder, name, picture);
    }
  }
}

async function save(folder: string, name: string, picture: Buffer): Promise<void> {
  const file = join(folder, `${name}.png`);
  await writeFile(file, picture);
  console.log(`${file} ${Math.ceil(picture.length / 1000)} kB`);
}

/** Takes the whole page in each look; of a fresh installation, so that the pictures do not depend on each other. */
async function photograph(
  browser: Browser,
  state: PageState,
  widths: readonly number[],
): Promise<Map<string, Buffer>> {
  const latchkey = await startLatchkey();
  const context = await openContext(browser);
  const page = await openState(context, latchkey, state);
  const pictures = new Map<string, Buffer>();
  for (const width of widths) {
    await page.setViewportSize({ width, height: 800 });
    for (const colorScheme of colorSchemes) {
      await page.emulateMedia({ colorScheme });
      pictures.set(`${state.name}-${width}-${colorScheme}`, await page.screenshot({ fullPage: true }));
    }
  }
  await context.close();
  await latchkey.close();
  return pictures;
}

const { values, positionals } = parseArgs({ options: { all: { type: 'boolean' } }, allowPositionals: true });
const found = await findBrowser();
if (!found) throw new Error('The pictures need Chrome or Chromium. Set BROWSER_PATH to its executable.');
const browser = await launchBrowser(found);
try {
  if (values.all) await takeAllPictures(browser, positionals[0] ?? 'test-output');
  else await takeReadmePictures(browser);
} finally {
  await browser.close();
}
