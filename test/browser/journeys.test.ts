import type { Page, Request } from 'playwright-core';
import jsQR from 'jsqr';
import { PNG } from 'pngjs';
import { openContext, type WatchedContext } from '../support/browser.ts';
import { describeInBrowser, useBrowser, withAndWithoutScripts } from '../support/in-browser.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { linkProvider, signIn as signInByHttp, Visitor } from '../support/visitor.ts';
import { answerAtProvider, answerOnPhone, button, choosePerson, seeHeading, seeText } from './steps.ts';

const browser = useBrowser();
const providers = ['Twitch', 'Mixin', 'Resonite', 'Mixer'];
let latchkey: RunningLatchkey;
let context: WatchedContext;
let page: Page;

describeInBrowser.each(withAndWithoutScripts)('%s', (_title, scripts) => {
  beforeEach(async () => {
    // Two sites: a login leaves one and comes back from the other, as with the true providers.
    latchkey = await startLatchkey({ appHost: 'localhost', sandboxHost: '127.0.0.1' });
    context = await openContext(browser(), { scripts });
    page = await context.newPage();
  });
  afterEach(async () => {
    await context.close();
    await latchkey.close();
    expect(context.complaints).toEqual([]);
  });

  async function signIn(provider: string): Promise<void> {
    await page.goto(latchkey.baseUrl);
    await button(page, `Continue with ${provider}`).click();
    await answerAtProvider(page, provider);
    await seeHeading(page, 'Your accounts');
  }

  test.each(providers)('a new person signs in with %s', async (provider) => {
    await signIn(provider);
    await seeText(page, new RegExp(`You are signed in with ${provider} as Ada\\w*\\.`));
    expect(await page.locator('article h3').allTextContents()).toContain(provider);
  });

  test('a person links all four, switches one, unlinks one and signs out', async () => {
    await signIn('Twitch');
    for (const provider of ['Mixin', 'Resonite', 'Mixer']) {
      await button(page, `Link ${provider}`).click();
      await answerAtProvider(page, provider);
      await seeText(page, `${provider} account`);
      await seeText(page, 'You can now sign in with it.');
    }
    await seeText(page, 'All four are linked.');

    await button(page, 'Switch Twitch account').click();
    await answerAtProvider(page, 'Twitch', { person: 'Bo' });
    await seeHeading(page, /^Replace .+ with .+\?$/);
    await button(page, /^Replace with/).click();
    await seeText(page, 'in place of');

    await page.getByRole('link', { name: 'Unlink Mixer' }).click();
    await seeHeading(page, 'Unlink Mixer?');
    await button(page, 'Unlink Mixer').click();
    await seeText(page, 'Mixer is unlinked.');
    await seeHeading(page, 'Your accounts');
    await button(page, 'Link Mixer').waitFor();

    await button(page, 'Sign out').click();
    await seeText(page, 'You are signed out.');
    await page.goto(`${latchkey.baseUrl}/profile`);
    await seeHeading(page, 'Sign in');
  });

  test('a phone that reads the QR code approves for the other screen', async () => {
    await page.goto(latchkey.baseUrl);
    await button(page, 'Continue with Mixin').click();
    await seeHeading(page, 'Approve in Mixin');
    const address = await readQrCode(page);
    expect(address).toBe(await page.locator('a.mono').textContent());

    const phoneContext = await openContext(browser(), { scripts, width: 320 });
    const phone = await phoneContext.newPage();
    await phone.goto(address);
    if (scripts) await seeText(page, 'Seen on the phone. Waiting for an answer.');
    await answerOnPhone(phone, { person: 'Bo' });
    await seeHeading(phone, 'Approved');

    if (!scripts) await button(page, 'I have approved it, check now').click();
    await seeHeading(page, 'Your accounts');
    expect(phoneContext.complaints).toEqual([]);
    await phoneContext.close();
  });

  test('two tabs sign in at the same time, and both finish', async () => {
    const second = await context.newPage();
    await page.goto(latchkey.baseUrl);
    await second.goto(latchkey.baseUrl);
    await button(page, 'Continue with Twitch').click();
    await choosePerson(page, 'Twitch');
    await button(second, 'Continue with Resonite').click();
    await choosePerson(second, 'Resonite');

    await button(page, 'Allow').click();
    await seeHeading(page, 'Your accounts');
    await button(second, 'Allow').click();
    await seeHeading(second, 'Your accounts');
  });

  test('two tabs link at the same time, and both accounts are there', async () => {
    await signIn('Twitch');
    const second = await context.newPage();
    await second.goto(`${latchkey.baseUrl}/profile`);
    await button(page, 'Link Mixer').click();
    await choosePerson(page, 'Mixer');
    await button(second, 'Link Resonite').click();
    await choosePerson(second, 'Resonite');

    await button(second, 'Allow').click();
    await seeText(second, 'Resonite account');
    await button(page, 'Allow').click();
    await seeText(page, 'Mixer account');
    expect(await page.locator('.cards h3').allTextContents()).toEqual(
      expect.arrayContaining(['Twitch', 'Mixer', 'Resonite']),
    );
  });

  test('Back after a login says that it is over, and the callback cannot be used twice', async () => {
    const callback = page.waitForRequest(isCallback);
    await signIn('Twitch');
    await page.goBack();
    await seeText(page, 'This sign-in is over. Start again in the application.');

    await page.goto((await callback).url());
    await seeHeading(page, 'This sign-in was already finished');
    await page.getByRole('link', { name: 'Go to your accounts' }).click();
    await seeHeading(page, 'Your accounts');
  });

  test.each([
    ['Twitch', 'You said no at Twitch', 'Start again with Twitch'],
    ['Mixin', 'You closed the request in Mixin', 'Show a new QR code'],
    ['Resonite', 'You said no at Resonite', 'Start again with Resonite'],
    ['Mixer', 'You said no at Mixer', 'Start again with Mixer'],
  ])('saying no at %s changes nothing and can be tried again', async (provider, heading, again) => {
    await page.goto(latchkey.baseUrl);
    await button(page, `Continue with ${provider}`).click();
    await answerAtProvider(page, provider, { deny: true });
    await seeHeading(page, heading);
    await seeText(page, 'Nothing was changed.');
    await button(page, again).click();
    await seeHeading(page, provider === 'Mixin' ? 'Approve in Mixin' : `Sign in to Sandbox ${provider}`);
  });

  describe('an account that is linked elsewhere here', () => {
    /** Somebody has a Mixer and a Resonite account here; this person links that Mixer account. */
    async function meetConflict(): Promise<void> {
      const other = new Visitor();
      await signInByHttp(other, latchkey.baseUrl, 'Mixer', { person: 'Bo' });
      await linkProvider(other, latchkey.baseUrl, 'Resonite', { person: 'Bo' });
      await signIn('Twitch');
      await button(page, 'Link Mixer').click();
      await answerAtProvider(page, 'Mixer', { person: 'Bo' });
      await seeHeading(page, 'This Mixer account is linked to another account here');
    }

    async function choose(words: RegExp): Promise<void> {
      await page.getByRole('radio', { name: words }).check();
      await button(page, 'Continue').click();
    }

    test('stays there when told so', async () => {
      await meetConflict();
      await button(page, 'Continue').click();
      await seeText(page, 'There is a problem');
      await choose(/^Keep/);
      await seeText(page, 'Nothing was changed.');
      await button(page, 'Link Mixer').waitFor();
    });

    test('is signed in to when told so', async () => {
      await meetConflict();
      await choose(/^Sign in to that other account/);
      await seeText(page, 'Now you are signed in as');
      await button(page, 'Link Twitch').waitFor();
    });

    test('moves here when told so twice', async () => {
      await meetConflict();
      await choose(/^Move/);
      await seeHeading(page, /^Move .+ to this account\?$/);
      await button(page, /^Move/).click();
      await seeText(page, 'has moved here.');
      await button(page, 'Link Resonite').waitFor();
    });

    test('comes here with everything when told so twice', async () => {
      await meetConflict();
      await choose(/^Join/);
      await seeHeading(page, 'Join both accounts into this one?');
      await button(page, 'Join both accounts').click();
      await seeText(page, 'Both accounts are one now.');
      await page.getByRole('heading', { level: 3, name: 'Resonite' }).waitFor();
    });
  });

  test('another device is signed out from the list, and then all others', async () => {
    const [phone, tablet] = [new Visitor(), new Visitor()];
    await signIn('Twitch');
    await signInByHttp(phone, latchkey.baseUrl, 'Twitch', { person: 'Ada' });
    await signInByHttp(tablet, latchkey.baseUrl, 'Twitch', { person: 'Ada' });
    await page.goto(`${latchkey.baseUrl}/profile`);
    await page.getByRole('link', { name: 'Sessions and devices' }).click();
    await seeHeading(page, 'Sessions and devices');
    await button(page, /^Sign out this device/)
      .first()
      .click();
    await seeText(page, 'is signed out.');
    await button(page, 'Sign out everywhere else').click();
    await seeText(page, 'You are signed in only here.');
    for (const { heading } of [
      await phone.open(`${latchkey.baseUrl}/profile`),
      await tablet.open(`${latchkey.baseUrl}/profile`),
    ]) {
      expect(heading).toBe('Sign in');
    }
  });

  test('an old sign-in is confirmed before an unlink, which then goes on where it was', async () => {
    await signIn('Twitch');
    await button(page, 'Link Mixer').click();
    await answerAtProvider(page, 'Mixer');
    latchkey.advance(31 * 60 * 1000);
    await page.getByRole('link', { name: 'Unlink Mixer' }).click();
    await seeHeading(page, 'Confirm that it is you');
    await button(page, /^Sign in with Twitch as/).click();
    await answerAtProvider(page, 'Twitch');
    await seeHeading(page, 'Unlink Mixer?');
    await seeText(page, 'Twitch confirmed that you are');
    await button(page, 'Unlink Mixer').click();
    await seeText(page, 'Mixer is unlinked.');
  });

  test('a person takes their data along and deletes the account', async () => {
    await signIn('Twitch');
    const started = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download my data (JSON)' }).click();
    const download = await started;
    expect(download.suggestedFilename()).toBe('latchkey-data.json');
    await page.getByRole('link', { name: 'Delete my account' }).click();
    await seeHeading(page, 'Delete your account here?');
    await button(page, 'Delete my account').click();
    await seeText(page, 'Your account here is deleted');
    await page.goto(`${latchkey.baseUrl}/profile`);
    await seeHeading(page, 'Sign in');
  });

  test('the hand-off page leaves for the provider under a policy that lets forms go nowhere else', async () => {
    await page.goto(latchkey.baseUrl);
    const answer = page.waitForResponse((response) => response.request().method() === 'POST');
    await button(page, 'Continue with Resonite').click();
    await seeHeading(page, 'Sign in to Sandbox Resonite');
    expect((await answer).status()).toBe(200);
    expect((await answer).headers()['content-security-policy']).toMatch(/form-action 'self'(;|$)/);
    expect(new URL(page.url()).hostname).toBe('127.0.0.1');
  });

  test('the callback comes from another site and still carries the cookies of the login', async () => {
    await signIn('Twitch');
    const request = page.waitForRequest(isCallback);
    await button(page, 'Link Resonite').click();
    await answerAtProvider(page, 'Resonite');
    const headers = await (await request).allHeaders();
    await seeText(page, 'You can now sign in with it.');
    expect(headers['sec-fetch-site']).toBe('cross-site');
    expect(headers['cookie']).toMatch(/(^|; )latchkey=/);
    expect(headers['cookie']).toMatch(/(^|; )latchkey-login=/);
    const own = (await context.cookies(latchkey.baseUrl)).map(({ sameSite, httpOnly }) => ({
      sameSite,
      httpOnly,
    }));
    expect(own).toEqual(own.map(() => ({ sameSite: 'Lax', httpOnly: true })));
  });
});

function isCallback(request: Request): boolean {
  return new URL(request.url()).pathname.endsWith('/callback');
}

/** Reads the QR code off the screen, as a phone's camera does. */
async function readQrCode(page: Page): Promise<string> {
  const { data, width, height } = PNG.sync.read(await page.screenshot());
  return jsQR.default(new Uint8ClampedArray(data), width, height)?.data ?? '';
}
