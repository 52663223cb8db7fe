import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { Page, Request, Response } from 'playwright-core';
import { openContext } from '../support/browser.ts';
import { describeInBrowser, useBrowser } from '../support/in-browser.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { findState, openState } from './page-states.ts';

/*
 * What a page is before its reader has done anything: how much comes over the wire, from whom, and
 * whether something moves while it comes.
 */

const browser = useBrowser();
const largestPage = 60_000;
const timesSlower = 20;

/** One of each template that has a length of its own. */
const pages = [
  'home',
  'profile-four-links',
  'profile-four-links-hostile-name',
  'sessions',
  'conflict',
  'unlink',
  'inspector-list',
  'inspector-finished',
  'inspector-failed',
  'inspector-compare',
  'setup',
  'setup-checked',
  'help',
  'learn',
  'learn-source',
  'error-for-the-developer',
  'not-found',
  'sandbox-in-use',
  'sandbox-person',
  'sandbox-mixin-qr',
];

interface Loaded {
  readonly shift: number;
  readonly requests: readonly { readonly url: string; readonly type: string; readonly bytes: number }[];
}

describeInBrowser('loaded for the first time, with scripts and pictures of people,', () => {
  test.each(pages)(
    '%s is light, comes from here alone, and nothing in it moves',
    async (name) => {
      const latchkey = await startLatchkey({ sandboxHost: '127.0.0.1' });
      const context = await openContext(browser());
      context.setDefaultTimeout(20_000);
      try {
        const { url } = await openState(context, latchkey, findState(name)).then(async (page) => {
          const address = page.url();
          await page.close();
          return { url: address };
        });
        const { shift, requests } = await loadAfresh(await context.newPage(), url);
        expect(requests.filter((request) => !isAllowed(latchkey, url, request))).toEqual([]);
        expect(requests.filter(({ type }) => ['stylesheet', 'script'].includes(type))).toHaveLength(2);
        const weight = requests
          .filter(
            ({ type, url: from }) => !(type === 'image' && new URL(from).origin !== new URL(url).origin),
          )
          .reduce((sum, { bytes }) => sum + bytes, 0);
        // The sheet alone weighs more than this.
        expect(weight).toBeGreaterThan(5000);
        expect(weight).toBeLessThan(largestPage);
        expect(shift).toBe(0);
      } finally {
        await context.close();
        await latchkey.close();
      }
    },
    60_000,
  );
});

/**
 * Loads an address without anything in the cache, on a slow device: a fast one draws a page for the
 * first time when all of it is there, so nothing could move. Waits until all pictures are there.
 */
async function loadAfresh(page: Page, url: string): Promise<Loaded> {
  const client = await page.context().newCDPSession(page);
  await client.send('Network.setCacheDisabled', { cacheDisabled: true });
  await client.send('Emulation.setCPUThrottlingRate', { rate: timesSlower });
  const seen: { request: Request; response: Promise<Response | null> }[] = [];
  page.on('request', (request) => {
    seen.push({ request, response: request.response().catch(() => null) });
  });
  await page.addInitScript({ content: countShifts });
  await page.goto(url, { waitUntil: 'load' });
  await page.evaluate(toTheEnd);
  const shift = Number(await page.evaluate('globalThis.shifts()'));
  // A browser without a window does not load these by itself.
  const links = 'link[rel=icon]:not([href^="data:"]), link[rel=manifest]';
  await page.evaluate(
    `Promise.all([...document.querySelectorAll('${links}')].map(({ href }) => fetch(href)))`,
  );
  const requests = await Promise.all(
    seen.map(async ({ request, response }) => {
      const body = await (await response)?.body().catch(() => null);
      return { url: request.url(), type: request.resourceType(), bytes: body ? toWire(body) : 0 };
    }),
  );
  return { shift, requests };
}

/** As a proxy in front sends it at its least diligent: the larger of its two ways to compress. */
function toWire(body: Buffer): number {
  return Math.max(gzipSync(body).length, brotliCompressSync(body).length);
}

/** What belongs to a page comes from where the page does, pictures of people from their service. */
function isAllowed(
  { config }: RunningLatchkey,
  page: string,
  { url, type }: { url: string; type: string },
): boolean {
  if (new URL(url).origin === new URL(page).origin || url.startsWith('data:')) return true;
  const pictures = config.services.flatMap(({ provider }) => provider.imageSources);
  return type === 'image' && pictures.some((source) => url.startsWith(source));
}

/** Runs before the page. What moves after a click is no shift, but nobody clicks here. */
const countShifts = `{
  let sum = 0;
  const add = (entries) => { for (const { value } of entries) sum += value; };
  const observer = new PerformanceObserver((list) => add(list.getEntries()));
  observer.observe({ type: 'layout-shift', buffered: true });
  globalThis.shifts = () => { add(observer.takeRecords()); return sum; };
}`;

/** Through the whole page, so that pictures further down come too; then two more frames are drawn. */
const toTheEnd = `(async () => {
  const drawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  for (let y = 0; y < document.documentElement.scrollHeight; y += 600) {
    scrollTo(0, y);
    await drawn();
  }
  await Promise.allSettled([...document.images].map((image) => image.decode()));
  scrollTo(0, 0);
  await drawn();
})()`;
