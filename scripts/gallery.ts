import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import ejs from 'ejs';
import PQueue from 'p-queue';
import type { Browser } from 'playwright-core';
import { inEachLook, type Look, looks, visitState } from '../test/browser/looks.ts';
import { type PageState, pageStates, stateGroups } from '../test/browser/page-states.ts';
import { findBrowser, launchBrowser } from '../test/support/browser.ts';

/*
 * npm run gallery                     every state of every page, light and dark, narrow and wide, into
 *                                     test-output/gallery: open its index.html
 * npm run gallery -- home profile     only states whose names begin so
 * npm run gallery -- --folder <path>  into another folder
 */

const atOnce = 2;
const { values, positionals } = parseArgs({
  options: { folder: { type: 'string', default: 'test-output/gallery' } },
  allowPositionals: true,
});
const { folder } = values;
const isWanted = ({ name }: PageState) =>
  positionals.length === 0 || positionals.some((beginning) => name.startsWith(beginning));

const fileOf = ({ name }: PageState, { width, colorScheme }: Look) => `${name}-${width}-${colorScheme}.png`;

async function photograph(browser: Browser, state: PageState): Promise<void> {
  await visitState(browser, state, (page) =>
    inEachLook(page, async (look) => {
      await writeFile(join(folder, fileOf(state, look)), await page.screenshot({ fullPage: true }));
    }),
  );
}

const index = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Latchkey: every page in every state</title>
<style>
body { margin: 2rem auto; padding: 0 1rem; max-width: 80rem; font: 1rem/1.5 system-ui, sans-serif; }
nav ul { columns: 16rem; padding: 0; list-style: none; }
figure { margin: 0 0 2rem; }
.looks { display: flex; flex-wrap: wrap; gap: 1rem; align-items: start; }
.looks a { display: block; max-height: 30rem; overflow: hidden; border: 1px solid #888; }
.looks img { display: block; max-width: 100%; }
figcaption { font-weight: bold; margin-bottom: 0.5rem; }
</style>
<h1>Every page in every state</h1>
<p><%= count %> states, <%= count * looks.length %> pictures. Each picture is a link to its full size.</p>
<nav aria-label="States"><% for (const { title, states } of groups) { %>
<h2><a href="#<%= encodeURIComponent(title) %>"><%= title %></a> (<%= states.length %>)</h2>
<ul><% for (const { name } of states) { %>
<li><a href="#<%= name %>"><%= name %></a></li><% } %>
</ul><% } %>
</nav>
<main><% for (const { title, states } of groups) { %>
<h2 id="<%= encodeURIComponent(title) %>"><%= title %></h2><% for (const state of states) { %>
<figure id="<%= state.name %>">
<figcaption><%= state.name %><%= state.code ? \`: \${state.code}\` : '' %></figcaption>
<div class="looks"><% for (const look of looks) { %>
<a href="<%= fileOf(state, look) %>"><img src="<%= fileOf(state, look) %>" width="<%= look.width / 4 * (look.width < 600 ? 2 : 1) %>" loading="lazy" alt="<%= state.name %>, <%= look.width %> pixels wide, <%= look.colorScheme %>"></a><% } %>
</div>
</figure><% } %><% } %>
</main>
</html>
`;

const found = await findBrowser();
if (!found) throw new Error('The pictures need Chrome or Chromium. Set BROWSER_PATH to its executable.');
const startedAt = performance.now();
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
const browser = await launchBrowser(found);
const wanted = pageStates.filter(isWanted);
try {
  const queue = new PQueue({ concurrency: atOnce });
  const photographs = wanted.map((state) => queue.add(() => photograph(browser, state)));
  for (const [index, result] of (await Promise.allSettled(photographs)).entries()) {
    if (result.status === 'fulfilled') continue;
    console.error(`${wanted[index]!.name} is missing: ${result.reason}`);
    process.exitCode = 1;
  }
} finally {
  await browser.close();
}
const groups = stateGroups
  .map(({ title, states }) => ({ title, states: states.filter(isWanted) }))
  .filter(({ states }) => states.length > 0);
const page = join(folder, 'index.html');
await writeFile(page, ejs.render(index, { groups, looks, fileOf, count: wanted.length }));
const seconds = Math.round((performance.now() - startedAt) / 1000);
console.log(`${wanted.length} states, ${wanted.length * looks.length} pictures, ${seconds} s`);
console.log(String(pathToFileURL(page)));
