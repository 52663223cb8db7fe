import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { visitState } from '../test/browser/looks.ts';
import type { PageState } from '../test/browser/page-states.ts';
import { findBrowser, launchBrowser } from '../test/support/browser.ts';

/*
 * node scripts/screenshots.ts    the pictures of the README, into docs/images
 */

const folder = 'docs/images';
const largestPicture = 300_000;
const profile: PageState = {
  name: 'profile',
  signedIn: { providers: ['Twitch', 'Mixin', 'Resonite'] },
  open: async (page, { baseUrl }) => {
    await page.goto(`${baseUrl}/profile`);
  },
};

const found = await findBrowser();
if (!found) throw new Error('The pictures need Chrome or Chromium. Set BROWSER_PATH to its executable.');
const browser = await launchBrowser(found);
try {
  await mkdir(folder, { recursive: true });
  await visitState(browser, profile, async (page) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const picture = await page.screenshot({ fullPage: true });
      const file = join(folder, `profile-${colorScheme}.png`);
      if (picture.length > largestPicture) throw new Error(`${file} has ${picture.length} bytes`);
      await writeFile(file, picture);
      console.log(`${file} ${Math.ceil(picture.length / 1000)} kB`);
    }
  });
} finally {
  await browser.close();
}
