import { createServer } from 'node:http';
import type { Page } from 'playwright-core';
import { answerAtProvider, arriveSignedIn, button, choosePerson, seeHeading } from '../browser/steps.ts';
import { openContext, type WatchedContext } from '../support/browser.ts';
import { listen } from '../support/close-at-end.ts';
import { testInBrowser, useBrowser } from '../support/in-browser.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { attack } from './attack.ts';

/* What only a browser can say. The application and the provider are two sites, as in earnest. */

const browser = useBrowser();
const names = ['Twitch', 'Mixin', 'Resonite', 'Mixer'];
let latchkey: RunningLatchkey;
let context: WatchedContext;
let page: Page;

beforeEach(async () => {
  latchkey = await startLatchkey({ appHost: 'localhost', sandboxHost: '127.0.0.1' });
  context = await openContext(browser());
  page = await context.newPage();
});
afterEach(async () => {
  await context.close();
  await latchkey.close();
});

/** A site of somebody else, with this page. */
async function evilSite(html: string): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html);
  });
  return `http://127.0.0.1:${(await listen(server)).port}/`;
}

const rows = (kind: 'login' | 'session') => latchkey.listRecords(kind);
const identities = () => latchkey.database.selectFrom('identities').selectAll().execute();

attack('START-01', () => {
  testInBrowser('pictures, frames, links and prefetches of another site start nothing', async () => {
    const at = (path: string) => `${latchkey.baseUrl}${path}`;
    const url = await evilSite(`<!doctype html><title>x</title>
      ${names.map((name) => `<img src="${at(`/login/${name.toLowerCase()}`)}"><iframe src="${at(`/login/${name.toLowerCase()}?intent=link`)}"></iframe>`).join('')}
      <link rel="prefetch" href="${at('/login/twitch?intent=link')}"><a id="go" href="${at('/login/twitch')}">go</a>`);
    await arriveSignedIn(context, latchkey.baseUrl, ['Mixer']);
    const before = (await rows('login')).length;
    await page.goto(url);
    await page.click('#go');
    await seeHeading(page, 'Page not found');
    expect(await rows('login')).toHaveLength(before);
    expect(await identities()).toHaveLength(1);
  });
});

attack('START-02', () => {
  testInBrowser.each([
    '/login/twitch',
    '/logout',
    '/profile/mixer/unlink',
    '/account/delete',
    '/sessions/end-others',
  ])('a form of another origin for %s, with the victim’s cookies on their way', async (path) => {
    const url = await evilSite(
      `<!doctype html><title>x</title><form method="post" action="${latchkey.baseUrl}${path}">
         <input name="confirmed" value="yes"><input name="intent" value="link"><button>go</button></form>`,
    );
    await arriveSignedIn(context, latchkey.baseUrl, ['Mixer', 'Twitch']);
    const before = (await rows('login')).length;
    await page.goto(url);
    const sent = page.waitForResponse((response) => response.url() === `${latchkey.baseUrl}${path}`);
    await page.getByRole('button').click();
    expect((await sent).status()).toBe(403);
    await seeHeading(page, 'This request did not come from our own page');
    expect(await rows('login')).toHaveLength(before);
    expect(await rows('session')).toHaveLength(1);
    expect(await identities()).toHaveLength(2);
    await page.goto(`${latchkey.baseUrl}/profile`);
    await seeHeading(page, 'Your accounts');
  });

  testInBrowser('a form of another port of this very host name, whose cookies come along', async () => {
    const url = await evilSite(
      `<!doctype html><title>x</title><form method="post" action="${latchkey.baseUrl}/logout"><button>go</button></form>`,
    );
    await arriveSignedIn(context, latchkey.baseUrl, ['Mixer']);
    await page.goto(url.replace('127.0.0.1', 'localhost'));
    const request = page.waitForRequest((one) => one.url().endsWith('/logout'));
    await page.getByRole('button').click();
    await seeHeading(page, 'This request did not come from our own page');
    const headers = await (await request).allHeaders();
    expect([headers['sec-fetch-site'], /latchkey=/.test(headers['cookie'] ?? '')]).toEqual([
      'same-site',
      true,
    ]);
    expect(await rows('session')).toHaveLength(1);
  });
});

attack('START-08', () => {
  testInBrowser.each(names)('to %s and back, over a redirect to another origin', async (name) => {
    // The sandbox’s authorization page redirects on by itself; a hop to a third origin makes it two.
    const authorize = new RegExp(/authorize|oauth\/authorize|oauth\?/);
    const hops: string[] = [];
    await page.route(authorize, async (route) => {
      const asked = new URL(route.request().url());
      if (asked.hostname !== '127.0.0.1' || hops.length > 0) return route.continue();
      hops.push(asked.href);
      await route.fulfill({
        status: 302,
        headers: { location: asked.href.replace('127.0.0.1', 'localhost') },
      });
    });
    await page.goto(latchkey.baseUrl);
    await button(page, `Continue with ${name}`).click();
    await answerAtProvider(page, name);
    await seeHeading(page, 'Your accounts');
    expect(hops).toHaveLength(1);
    expect(context.complaints).toEqual([]);
  });

  testInBrowser(
    'the browser would stop a redirect straight from the form: the policy is in force',
    async () => {
      await page.goto(latchkey.baseUrl);
      await page.route('**/login/twitch', (route) =>
        route.fulfill({ status: 303, headers: { location: 'http://127.0.0.1:9/oauth2/authorize' } }),
      );
      const blocked = new Promise<string>((resolve) => {
        page.on('console', (message) => {
          if (message.text().includes('form-action')) resolve(message.text());
        });
      });
      await button(page, 'Continue with Twitch').click();
      expect(await blocked).toContain('form-action');
      expect(new URL(page.url()).origin).toBe(latchkey.baseUrl);
    },
  );
});

attack('CB-15', () => {
  testInBrowser.each(names)('after %s neither history nor Referer knows the callback', async (name) => {
    const referers: string[] = [];
    page.on('request', (request) => {
      const foreign = new URL(request.url()).origin !== latchkey.baseUrl;
      if (foreign)
        void request.allHeaders().then(
          ({ referer = '' }) => referers.push(referer),
          () => {},
        );
    });
    const shown: string[] = [];
    page.on('framenavigated', (frame) => shown.push(frame.url()));
    await page.goto(latchkey.baseUrl);
    await button(page, `Continue with ${name}`).click();
    await answerAtProvider(page, name);
    await seeHeading(page, 'Your accounts');
    expect(page.url()).toBe(`${latchkey.baseUrl}/profile`);
    expect(shown.filter((url) => /\/callback/.test(url))).toEqual([]);
    expect(
      referers.filter((one) => /callback|code=|state=/.test(one) && one.startsWith(latchkey.baseUrl)),
    ).toEqual([]);
    await page.goBack();
    await page.goForward();
    expect(page.url()).not.toContain('/callback');
  });
});

attack('CB-16', () => {
  testInBrowser.each(['Twitch', 'Resonite', 'Mixer'])(
    'after a click on Allow at %s the cookie is there',
    async (name) => {
      await page.goto(latchkey.baseUrl);
      await button(page, `Continue with ${name}`).click();
      await choosePerson(page, name);
      const callback = page.waitForRequest((request) => request.url().includes('/callback?'));
      await button(page, 'Allow').click();
      const headers = await (await callback).allHeaders();
      expect(headers['cookie']).toContain('latchkey-login=');
      expect(headers['sec-fetch-site']).toBe('cross-site');
      await seeHeading(page, 'Your accounts');
    },
  );

  testInBrowser('as Strict it would be missing: the sandbox’s click tells the two apart', async () => {
    await page.goto(latchkey.baseUrl);
    await button(page, 'Continue with Twitch').click();
    await choosePerson(page, 'Twitch');
    const cookies = await context.cookies(latchkey.baseUrl);
    expect(cookies.find(({ name }) => name === 'latchkey-login')!.sameSite).toBe('Lax');
    await context.clearCookies({ name: 'latchkey-login' });
    await context.addCookies(
      cookies
        .filter(({ name }) => name === 'latchkey-login')
        .map((one) => ({ ...one, sameSite: 'Strict' as const })),
    );
    await button(page, 'Allow').click();
    await seeHeading(page, 'Your browser did not keep our cookie');
    expect(await identities()).toEqual([]);
  });
});

attack('ID-09', () => {
  testInBrowser.each(names)('hostile names of %s run nothing and leave the page whole', async (name) => {
    const hostile = [
      '<script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      '</title><svg onload=alert(1)>',
      `\u202E${'W'.repeat(300)}`,
    ];
    const dialogs: string[] = [];
    page.on('dialog', async (dialog) => {
      dialogs.push(dialog.message());
      await dialog.dismiss();
    });
    for (const one of hostile) {
      latchkey.sandbox.state.people.edit('ada', { name: one });
      await context.clearCookies();
      await arriveSignedIn(context, latchkey.baseUrl, [name]);
      for (const path of ['/profile', '/sessions', '/account/delete', '/inspector']) {
        await page.goto(latchkey.baseUrl + path);
        const wide = await page.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        );
        expect([path, wide]).toEqual([path, 0]);
        expect(await page.locator('main').count()).toBe(1);
      }
    }
    expect(dialogs).toEqual([]);
    expect(context.complaints).toEqual([]);
  });
});
