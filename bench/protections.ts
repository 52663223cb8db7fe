import { createBrowser } from './browser.ts';
import type { Contestant } from './contestants.ts';
import { followCallback, openPage, pagePath } from './load.ts';
import { personOf } from './provider.ts';

/**
 * What the stub cannot see, looked at once before anything is measured: the callback of somebody
 * else's login signs nobody in (RFC 6749 10.12), and the cookies from before the sign-in do not open
 * the page after it. Throws where one of the two does not hold.
 */
export async function checkProtections(contestant: Contestant, baseUrl: string): Promise<void> {
  const browser = createBrowser(baseUrl);
  const refuse = async (cookies: string, what: string) => {
    const { status } = await browser.get(pagePath, cookies);
    if (status === 200) throw new Error(`${contestant.name}: ${what} opens the page`);
  };
  const person = 99_000_000;
  const startAndVisit = async () =>
    browser.visitProvider(await contestant.start(browser), { cookie: `person=${person}` });
  try {
    const foreign = await startAndVisit();
    browser.forget();
    await contestant.start(browser);
    await browser.get(foreign.slice(baseUrl.length));
    await refuse(browser.cookies(), 'the callback of another browser');

    browser.forget();
    const callback = await startAndVisit();
    const before = browser.cookies();
    const path = await followCallback(browser, baseUrl, callback);
    await openPage(browser, path, personOf(person).name);
    await refuse(before, 'a cookie from before the sign-in');
  } finally {
    await browser.close();
  }
}
