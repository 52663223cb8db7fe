import { createBrowser } from './browser.ts';
import type { Contestant } from './contestants.ts';
import { followCallback, openPage, pagePath } from './load.ts';
import { personOf } from './provider.ts';

/**
 * What the stub cannot see, looked at once before anything is measured: a callback with a state that
 * was never given out signs nobody in, and the cookies from before the sign-in do not open the page
 * after it. Throws where one of the two does not hold.
 */
export async function checkProtections(contestant: Contestant, baseUrl: string): Promise<void> {
  const browser = createBrowser(baseUrl);
  const refuse = async (cookies: string, what: string) => {
    const { status } = await browser.get(pagePath, cookies);
    if (status === 200) throw new Error(`${contestant.name}: ${what} opens the page`);
  };
  try {
    const asked = new URL(await contestant.start(browser));
    const forged = new URL(asked.searchParams.get('redirect_uri')!);
    forged.search = new URLSearchParams({ code: 'made-up', state: 'made-up' }).toString();
    await browser.get(forged.href.slice(baseUrl.length));
    await refuse(browser.cookies(), 'a callback with a forged state');

    browser.forget();
    const person = 99_000_000;
    const authorizationRequest = await contestant.start(browser);
    const before = browser.cookies();
    const callback = await browser.visitProvider(authorizationRequest, { cookie: `person=${person}` });
    const path = await followCallback(browser, baseUrl, callback);
    await openPage(browser, path, personOf(person).name);
    await refuse(before, 'a cookie from before the sign-in');
  } finally {
    await browser.close();
  }
}
