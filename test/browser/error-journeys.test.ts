import type { Page } from 'playwright-core';
import { leave } from '../copy-deck.ts';
import { type Situation, situations } from '../error-situations.ts';
import { openContext } from '../support/browser.ts';
import { describeInBrowser, useBrowser, withAndWithoutScripts } from '../support/in-browser.ts';
import { startLatchkey } from '../support/latchkey.ts';
import { BrowserVisitor } from './browser-visitor.ts';

/** Into every error and out again by its button, as far as a finished sign-in, in a real browser. */

const browser = useBrowser();

/** One way into each; all ways are gone over plain HTTP, in test/error-pages.test.ts. */
const oneOfEach = situations.filter(
  ({ code }, index) => situations.findIndex((other) => other.code === code) === index,
);

describeInBrowser.each(withAndWithoutScripts)('%s', (_title, scripts) => {
  const run = async (situation: Situation): Promise<void> => {
    const latchkey = await startLatchkey({
      env: situation.env ?? {},
      sandboxHost: '127.0.0.1',
      httpLimits: { totalMilliseconds: 2000, maximumBytes: 256 * 1024 },
    });
    const context = await openContext(browser(), { scripts });
    try {
      const tab = await context.newPage();
      const visitor = new BrowserVisitor(tab);
      const page = await situation.reach({ visitor, latchkey });
      expect([page.status, page.heading]).toEqual([situation.status, situation.heading]);
      expect(await findRedText(tab)).toEqual([]);
      await leave(visitor, latchkey, situation);
      expect(context.complaints).toEqual([]);
    } finally {
      await context.close();
      await latchkey.close();
    }
  };

  test.each(oneOfEach)('$code: $title', run, 60_000);
});

/** An error page frightens nobody: what went wrong is said in words. */
async function findRedText(tab: Page): Promise<string[]> {
  return (await tab.evaluate(`[...document.querySelectorAll('main h1, main p, main h2, main a, main button')]
    .filter((element) => {
      const [red, green, blue] = getComputedStyle(element).color.match(/\\d+/g).map(Number);
      return red > green + 60 && red > blue + 60;
    })
    .map((element) => element.textContent)`)) as string[];
}
