import type { Page } from 'playwright-core';
import { openContext, type WatchedContext } from '../support/browser.ts';
import { describeInBrowser, useBrowser, withAndWithoutScripts } from '../support/in-browser.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { button, choosePerson, seeHeading, seeText } from './steps.ts';

const browser = useBrowser();
let latchkey: RunningLatchkey;
let context: WatchedContext;
let page: Page;

describeInBrowser.each(withAndWithoutScripts)('the sandbox’s own page, %s', (_title, scripts) => {
  beforeEach(async () => {
    latchkey = await startLatchkey({ sandboxHost: '127.0.0.1' });
    context = await openContext(browser(), { scripts });
    page = await context.newPage();
    await page.goto(latchkey.sandboxUrl);
  });
  afterEach(async () => {
    await context.close();
    await latchkey.close();
    expect(context.complaints).toEqual([]);
  });

  async function tryIt(service: string, person = 'Ada'): Promise<void> {
    await page.goto(latchkey.sandboxUrl);
    await page.getByRole('link', { name: `Try it with ${service}`, exact: true }).click();
    await choosePerson(page, service, person, 'Try it');
    await button(page, 'Allow').click();
  }

  async function chooseFault(name: string, at: string): Promise<void> {
    await page.getByLabel('Where').selectOption(at);
    await page.getByLabel('Which', { exact: true }).selectOption(name);
    await button(page, 'Switch on').click();
  }

  const done = () => page.locator('#done').textContent();

  test('a person is added, signs in through Try it, and is renamed with the same id', async () => {
    await page.getByRole('link', { name: 'Add a person' }).click();
    await seeHeading(page, 'Add a person');
    await button(page, 'Add').click();
    await page.getByRole('link', { name: 'Enter a name.' }).click();
    expect(await page.evaluate('document.activeElement.id')).toBe('person-name');
    await page.getByLabel('Name').fill('Grace');
    await page.getByLabel('E-mail address').fill('grace@example.test');
    await button(page, 'Add').click();
    expect(await done()).toBe('Grace is added.');
    expect(await page.evaluate('document.activeElement.id')).toBe('done');

    await tryIt('Mixer', 'Grace');
    await seeHeading(page, /^Signed in at Sandbox Mixer as grace_/);
    const id = () => page.locator('dl dd').first().textContent();
    const before = await id();
    await page.getByRole('link', { name: 'To the sandbox' }).click();
    await page.getByRole('link', { name: 'Edit Grace' }).click();
    await page.getByLabel('Name').fill('Hopper');
    await button(page, 'Save').click();
    expect(await done()).toBe('Hopper is changed.');
    await page.getByRole('link', { name: 'Try it with Mixer', exact: true }).click();
    await seeHeading(page, /^Signed in at Sandbox Mixer as hopper_/);
    expect(await id()).toBe(before);
  });

  test('a fault that is on makes Try it fail with its cause, until it is switched off', async () => {
    await chooseFault('token_500', 'twitch');
    expect(await done()).toBe('The fault token_500 is on.');
    await tryIt('Twitch');
    await seeHeading(page, 'The login at Sandbox Twitch did not work');
    await seeText(page, 'It met the fault token_500: the token endpoint answers 500.');
    await page.getByRole('link', { name: 'To the sandbox' }).click();
    await button(page, 'Switch off token_500 at Twitch').click();
    expect(await done()).toBe('The fault token_500 is off.');
    await page.getByRole('link', { name: 'Try it with Twitch', exact: true }).click();
    await seeHeading(page, 'Signed in at Sandbox Twitch as Ada');
  });

  test('a token is ended, access is removed, and then the person is asked again', async () => {
    await tryIt('Resonite');
    await seeHeading(page, 'Signed in at Sandbox Resonite as Ada');
    await page.getByRole('link', { name: 'To the sandbox' }).click();
    await button(page, /^Expire now the token of Try it for Ada at Resonite/).click();
    expect(await done()).toBe('The token has ended.');
    await button(page, 'Remove access of Try it to Ada at Resonite').click();
    expect(await done()).toContain('Try it has no access at Resonite any more');
    await seeText(page, 'No application has access.');
    await page.getByRole('link', { name: 'Try it with Resonite', exact: true }).click();
    await button(page, 'Continue as Ada').click();
    await seeHeading(page, 'Try it wants to');
  });

  test('whoever agreed before is asked again only when that is forced', async () => {
    await tryIt('Mixer');
    await page.getByRole('link', { name: 'Sign in again', exact: true }).click();
    await seeHeading(page, 'Signed in at Sandbox Mixer as AdaPlays');
    await page.getByRole('link', { name: 'Sign in again and be asked' }).click();
    await choosePerson(page, 'Mixer', 'Bo', 'Try it');
    await button(page, 'Cancel').click();
    await seeHeading(page, 'The login at Sandbox Mixer did not work');
    await seeText(page, 'The person said no.');
  });

  test('step mode stops a login twice, and the log shows what happened', async () => {
    await page.getByLabel(/^Stop before each redirect/).check();
    await button(page, 'Save').click();
    expect(await done()).toBe('Saved. It counts from the next request on.');
    await page.getByRole('link', { name: 'Try it with Mixin' }).click();
    await seeHeading(page, 'The application sent your browser here');
    await page.getByRole('link', { name: 'Go on at Sandbox Mixin' }).click();
    await seeHeading(page, 'Approve in Mixin');
    await page.getByRole('link', { name: 'Open on this device' }).click();
    await seeHeading(page, 'Try it wants to');
    await seeText(page, 'Always needed.');
    expect(await page.locator('details.fold').getAttribute('open')).not.toBeNull();
    await button(page, 'Approve').click();
    await seeHeading(page, 'Next: back to the application');
    await page.getByRole('link', { name: /^Go on to 127\.0\.0\.1/ }).click();
    await seeHeading(page, 'Signed in at Sandbox Mixin as Ada');
    await page.goto(`${latchkey.sandboxUrl}/#requests`);
    await page.getByRole('row', { name: /POST api\.mixin\.one\s*\/oauth\/token/ }).waitFor();
  });

  test('Enter in the name on the phone approves as that name', async () => {
    await page.getByRole('link', { name: 'Try it with Mixin' }).click();
    await page.getByRole('link', { name: 'Open on this device' }).click();
    await page.getByText('Use another name').click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Dora');
    await page.keyboard.press('Enter');
    await seeHeading(page, 'Signed in at Sandbox Mixin as Dora');
  });

  test('the requests of Try it can be copied for a shell where there are scripts', async () => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await tryIt('Twitch');
    await page.getByText('The same for a shell').first().click();
    await page.getByText("curl -X POST 'http://127.0.0.1").waitFor();
    expect(await button(page, 'Copy').count()).toBe(scripts ? 1 : 0);
    if (!scripts) return;
    await button(page, 'Copy').click();
    await page.getByText('Copied', { exact: true }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toMatch(/^curl -X POST 'http:/);
    await page.getByRole('status').filter({ hasText: 'Copied the command: ' }).waitFor();
    await page
      .getByRole('button', { name: /^Copy the command: / })
      .getByText('Copy', { exact: true })
      .waitFor();
    // What reserves its room sees that it is there: no gap between the command and its button.
    expect(await page.locator('[data-copy]:visible:not(:has(+ .copy))').count()).toBe(0);
  });

  test('Reset makes everything as it was', async () => {
    await chooseFault('token_500', 'mixer');
    await page.getByText('Reset the sandbox').click();
    await button(page, 'Reset everything').click();
    expect(await done()).toBe('The sandbox is as it was at the start.');
    await seeText(page, 'No fault is on.');
    expect(latchkey.sandbox.state.faults.list()).toEqual([]);
  });

  test('a form of another site changes nothing', async () => {
    const evil = await context.newPage();
    await evil.route('http://evil.test/', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<form method="post" action="${latchkey.sandboxUrl}/control/settings"><input name="autoApprove" value="yes"><button>Go</button></form>`,
      }),
    );
    await evil.goto('http://evil.test/');
    await button(evil, 'Go').click();
    await seeHeading(evil, 'This does not work');
    expect(latchkey.sandbox.state.settings.autoApprove).toBe(false);
  });

  test('every part is reached by keyboard, and what can be scrolled can be focused', async () => {
    await tryIt('Twitch');
    await seeHeading(page, 'Signed in at Sandbox Twitch as Ada');
    await page.goto(latchkey.sandboxUrl);
    await page.keyboard.press('Tab');
    const seen: string[] = [];
    for (let tabs = 0; tabs < 90; tabs += 1) {
      const name = await page.evaluate(
        'document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent.trim()',
      );
      seen.push(String(name));
      await page.keyboard.press('Tab');
    }
    expect(seen[0]).toBe('Skip to the content');
    for (const name of ['Request log', 'Access tokens', 'Applications with access', 'Switch on', 'Save'])
      expect(seen).toContain(name);
  });
});
