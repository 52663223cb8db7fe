import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  baselineFolder,
  comparePictures,
  drawingFlags,
  keyPages,
  madeWithFile,
  majorVersionOf,
  readBaseline,
  takePictures,
  writeSmall,
} from '../test/browser/baseline.ts';
import { findBrowser, launchBrowser } from '../test/support/browser.ts';

/*
 * npm run test:visual:update    takes the pictures of the key pages anew, into test/browser/baseline
 */

const found = await findBrowser();
if (!found) throw new Error('The pictures need Chrome or Chromium. Set BROWSER_PATH to its executable.');
await mkdir(baselineFolder, { recursive: true });
const browser = await launchBrowser(found, drawingFlags);
const kept = new Set<string>();
try {
  for (const page of keyPages) {
    for (const { name, png } of await takePictures(browser, page)) {
      const file = `${name}.png`;
      kept.add(file);
      const before = readBaseline(name);
      const share = before ? comparePictures(before, png).share : 1;
      if (share === 0) continue;
      const bytes = writeSmall(png);
      await writeFile(join(baselineFolder, file), bytes);
      const difference = before ? `${(share * 100).toFixed(2)} % is new` : 'new';
      console.log(`${file}: ${difference}, ${Math.ceil(bytes.length / 1000)} kB`);
    }
  }
  await writeFile(madeWithFile, `{ "chromium": ${majorVersionOf(browser)} }\n`);
} finally {
  await browser.close();
}
for (const file of await readdir(baselineFolder))
  if (file.endsWith('.png') && !kept.has(file)) await rm(join(baselineFolder, file));
