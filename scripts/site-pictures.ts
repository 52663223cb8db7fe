import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import ejs from 'ejs';
import { services } from '../src/providers/index.ts';
import { iconOf, viewsFolder } from '../src/web/assets.ts';
import { findBrowser, launchBrowser, openContext } from '../test/support/browser.ts';

/*
 * node scripts/site-pictures.ts    icons and the preview for other sites, drawn into public/
 */

const publicFolder = join(viewsFolder, '../public');
const found = await findBrowser();
if (!found) throw new Error('there is no browser on this machine');
const browser = await launchBrowser(found);
const icon = await readFile(join(publicFolder, 'icon.svg'), 'utf8');
const sheet = await readFile(join(publicFolder, 'latchkey.css'), 'utf8');

async function take(name: string, width: number, height: number, html: string): Promise<void> {
  const context = await openContext(browser);
  const page = await context.newPage();
  await page.setViewportSize({ width, height });
  await page.setContent(html);
  const picture = await page.screenshot();
  await writeFile(join(publicFolder, name), picture);
  console.log(`public/${name} ${Math.ceil(picture.length / 1000)} kB`);
  await context.close();
}

for (const size of [180, 192, 512]) {
  const style = `<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px}rect{rx:0}</style>`;
  await take(`icon-${size}.png`, size, size, style + icon);
}

const providers = services.map((service) => service.choose({}));
const rack = await ejs.renderFile(join(viewsFolder, 'partials/rack.ejs'), { providers, iconOf });
const brand = await ejs.renderFile(join(viewsFolder, 'partials/brand.ejs'));
await take(
  'social.png',
  1200,
  630,
  `<!doctype html><html data-theme="light"><style>${sheet}
body { display: grid; grid-template-columns: 1fr; margin: 0; width: 1200px; height: 630px; background: #0b3a35; color: #fff; }
.words { padding: 56px 72px 0; }
.words b { display: flex; align-items: center; gap: 20px; font-size: 64px; }
.words svg { width: 72px; height: 72px; }
.words p { margin: 20px 0 0; font-size: 36px; color: #e6efe9; }
.rack .wall { fill: none; }
.rack { width: 820px; height: auto; justify-self: center; border-radius: 0; }
</style><div class="words"><b>${brand}Latchkey</b><p>Sign in with Twitch, Mixin, Resonite or Mixer.</p></div>${rack}</html>`,
);
await browser.close();
