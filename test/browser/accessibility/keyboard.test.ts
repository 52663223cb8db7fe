import type { Page } from 'playwright-core';
import { openContext, type WatchedContext } from '../../support/browser.ts';
import { describeInBrowser, useBrowser, useLatchkey } from '../../support/in-browser.ts';
import { findState, openState } from '../page-states.ts';
import { arriveSignedIn, seeHeading, seeText } from '../steps.ts';
import { Keys } from './keys.ts';
import { pageScripts } from './page-scripts.ts';

const browser = useBrowser();
const latchkey = useLatchkey({ sandboxHost: '127.0.0.1' });
let context: WatchedContext;
let page: Page;
let keys: Keys;

beforeEach(async () => {
  await latchkey().database.deleteFrom('accounts').execute();
  latchkey().sandbox.state.reset();
  context = await openContext(browser());
});
afterEach(async () => {
  await context.close();
  expect(context.complaints).toEqual([]);
});

/** A page of page-states.ts; from here on there is no mouse. */
async function arrive(name: string): Promise<void> {
  page = await openState(context, latchkey(), findState(name));
  keys = await Keys.on(page);
}

async function open(address: string): Promise<void> {
  page = await context.newPage();
  await page.goto(address);
  keys = await Keys.on(page);
}

const pages = ['link “Inspector”', 'link “Setup”', 'link “Learn”'];
const start = ['link “Skip to the content”', 'link “Latchkey”'];
const signedOut = [...start, 'link “Sign in”', ...pages];
const signedIn = [...start, 'link “Profile”', 'link “Sessions”', ...pages, 'button “Sign out”'];
const foot = ['button “System”, pressed', 'button “Light”', 'button “Dark”', 'link “Help”'];
const sandboxFoot = ['fold “Authorization request we received”', 'link “Sandbox”'];

/** From the first Tab to the last one, page by page. */
const stops: Record<string, string[]> = {
  home: [
    ...signedOut,
    'button “Continue with Twitch”',
    'button “Continue with Mixin”',
    'button “Continue with Resonite”',
    'button “Continue with Mixer (sandbox)”',
    'fold “What will each service tell us?”',
    'fold “Which one did I use last time?”',
    'link “See every step of your last sign-ins”',
    'link “Open the sandbox”',
    'button “Switch on step mode”',
    'link “What happens in a login”',
    ...foot,
  ],
  'profile-new': [
    ...signedIn,
    'fold “Raw profile from Twitch”',
    'button “Read profile again from Twitch”',
    'button “Switch Twitch account”',
    'link “Unlink Twitch”',
    'button “Link Mixin”',
    'button “Link Resonite”',
    'button “Link Mixer (sandbox)”',
    'link “Sessions and devices”',
    'link “Sign-in flows”',
    'link “Download my data (JSON)”',
    'link “Delete my account”',
    ...foot,
  ],
  unlink: [...signedIn, 'button “Unlink Twitch”', 'link “Keep it”', ...foot],
  'conflict-nothing-chosen': [
    ...signedIn,
    'link “Choose what to do with ZoeOddName.”',
    'radio “Keep things as they are”',
    'button “Continue”',
    'button “Choose another Mixer account”',
    ...foot,
  ],
  sessions: [
    ...signedIn,
    'button “Sign out this device (Safari on iOS)”',
    'button “Sign out this device (Firefox on Windows)”',
    'button “Sign out everywhere else”',
    ...foot,
  ],
  'error-denied': [
    ...signedOut,
    'button “Start again with Resonite”',
    'link “Choose another service”',
    'link “See what happened, step by step”',
    'fold “Details for support”',
    ...foot,
  ],
  'inspector-list': [
    ...signedIn,
    'list “Service”',
    'list “Result”',
    'list “Purpose”',
    'button “Show these flows”',
    'link “Resonite link (time)”',
    'link “Mixer link (time)”',
    'link “Twitch sign-in (time)”',
    ...foot,
  ],
  'sandbox-person': [
    'link “Skip to the content”',
    'radio “Ada verified e-mail, picture”, checked',
    'fold “Use another name”',
    'button “Sign in”',
    ...sandboxFoot,
  ],
  'sandbox-consent': [
    'link “Skip to the content”',
    'link “Use another person”',
    'button “Cancel”',
    'button “Allow”',
    ...sandboxFoot,
  ],
  'sandbox-mixin-qr': [
    'link “Skip to the content”',
    'link “Open on this device”',
    'button “I have approved it, check now”',
    'link “(address)”',
    'button “Cancel”',
    ...sandboxFoot,
  ],
};

describeInBrowser('Tab stops at', () => {
  test.each(Object.entries(stops))(
    '%s: each thing to press, in the order it is read',
    async (name, expected) => {
      await arrive(name);
      await page.evaluate(pageScripts);
      const listed = await keys.listStops();
      expect(
        listed.map((stop) => stop.replace(/\d\d:\d\d:\d\d/, '(time)').replace(/http:[^”]+/, '(address)')),
      ).toEqual(expected);
    },
  );
});

describeInBrowser('the focus', () => {
  test('goes to the content with the skip link', async () => {
    await open(latchkey().baseUrl);
    await keys.press('Tab', 'Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    await keys.press('Tab');
    expect(await keys.focused()).toBe('button “Continue with Twitch”');
  });

  test('is on what just happened, when the page says something new', async () => {
    await arrive('linked');
    expect(await keys.focused()).toMatch(/^region “(Success|Linked)/);
    expect(await page.title()).toMatch(/^.+ – Your accounts – Latchkey$/);
  });

  test('is on the summary of what is wrong, whose link leads to the field', async () => {
    await arrive('sandbox-add-person-refused');
    expect(await page.locator('[data-flash]:focus').innerText()).toContain('There is a problem');
    expect(await page.title()).toMatch(/^Error: /);
    await keys.enter(/^link “Enter an? e-mail|^link “.*e-mail/i);
    expect(await keys.focused()).toBe('text field “E-mail address”, invalid');
  });
});

describeInBrowser('without a mouse', () => {
  test.each(['Twitch', 'Resonite', 'Mixer'])('a person signs in with %s', async (provider) => {
    await open(latchkey().baseUrl);
    await keys.enter(new RegExp(`^button “Continue with ${provider}`));
    await answer(provider);
    await seeHeading(page, 'Your accounts');
  });

  test('a person signs in with Mixin, on the same device', async () => {
    await open(latchkey().baseUrl);
    await keys.enter('button “Continue with Mixin”');
    await seeHeading(page, 'Approve in Mixin');
    await keys.enter('button “I have approved it, check now”');
    await seeText(page, 'Waiting for approval.');
    await keys.enter('link “Open on this device”');
    await seeHeading(page, 'Latchkey wants to');
    await keys.tabTo('checkbox “Read your phone number PHONE:READ”, checked');
    await keys.press('Space');
    await keys.enter('button “Approve”');
    await seeHeading(page, 'Your accounts');
    await seeText(page, 'Mixin did not give us');
  });

  test('a person links a second account, switches one and unlinks the other', async () => {
    await arrive('profile-new');
    await keys.enter('button “Link Mixer (sandbox)”');
    await answer('Mixer');
    await seeText(page, 'You can now sign in with it.');
    await keys.enter('button “Switch Twitch account”');
    await answer('Twitch', 'Bo');
    await seeHeading(page, /^Replace .+ with .+\?$/);
    await keys.enter(/^button “Replace with/);
    await seeText(page, 'in place of');
    await keys.enter('link “Unlink Mixer”');
    await seeHeading(page, 'Unlink Mixer?');
    await keys.enter('button “Unlink Mixer”');
    await seeText(page, 'Mixer is unlinked.');
  });

  test('a person decides what to do with an account that is linked elsewhere', async () => {
    await arrive('conflict');
    await keys.enter('button “Continue”');
    await seeText(page, 'There is a problem');
    await keys.enter('link “Choose what to do with ZoeOddName.”');
    expect(await keys.focused()).toBe('radio “Keep things as they are”');
    await keys.press('ArrowDown', 'ArrowDown');
    expect(await keys.focused()).toMatch(/^radio “Move .+”, checked$/);
    await keys.enter('button “Continue”');
    await seeHeading(page, /^Move .+ to this account\?$/);
  });

  test('a person goes from the diagram to the failed step, and folds its request away', async () => {
    await arrive('inspector-failed');
    await keys.enter(/^link “4 .+Step 4, failed/);
    expect(new URL(page.url()).hash).toBe('#step-4');
    await keys.tabTo('fold “Request of step 4”');
    const request = page.locator('#step-4 details').first();
    expect(await request.getAttribute('open')).not.toBeNull();
    await keys.press('Space');
    expect(await request.getAttribute('open')).toBeNull();
  });

  test('a person narrows the list of flows down', async () => {
    await arrive('inspector-list');
    const rows = page.locator('main tbody tr');
    const all = await rows.count();
    await keys.tabTo('list “Service”');
    await keys.type('Twitch');
    await keys.enter('button “Show these flows”');
    await page.waitForURL(/service=twitch/);
    expect(await rows.count()).toBeLessThan(all);
    await keys.enter(/^link “Twitch sign-in/);
    await page.locator('#steps').waitFor();
  });

  test('a developer copies a return address and has a service checked', async () => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await open(`${latchkey().baseUrl}/setup`);
    await keys.enter('button “Copy the return address of Mixin”');
    await page.getByRole('status').filter({ hasText: 'Copied the return address of Mixin.' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(
      `${latchkey().baseUrl}/login/mixin/callback`,
    );
    await keys.enter('button “Check Twitch now”');
    await page.locator('#check-twitch').waitFor();
    expect(new URL(page.url()).hash).toBe('#check-twitch');
  });

  test('a person chooses a theme, and stays on the page', async () => {
    await open(`${latchkey().baseUrl}/help`);
    await keys.tabTo('button “Dark”');
    await keys.press('Space');
    await page.locator('[data-theme=dark]').waitFor();
    await seeHeading(page, 'Help');
    await keys.tabTo('button “Dark”, pressed');
  });

  test('a person comes to the sandbox under another name', async () => {
    await open(latchkey().baseUrl);
    await keys.enter('button “Continue with Resonite”');
    await seeHeading(page, 'Sign in to Sandbox Resonite');
    await keys.enter('fold “Use another name”');
    await keys.tabTo('text field “Name”');
    await keys.type('Grace');
    await keys.enter('button “Sign in”');
    await seeText(page, 'Grace');
    await keys.enter('button “Allow”');
    await seeText(page, /You are signed in with Resonite as Grace/);
  });

  test('a person signs out', async () => {
    await arriveSignedIn(context, latchkey().baseUrl, ['Twitch']);
    await open(`${latchkey().baseUrl}/profile`);
    await keys.enter('button “Sign out”');
    await seeText(page, 'You are signed out.');
  });
});

/** Says who one is and yes, at a provider with pages of its own. */
async function answer(provider: string, person = 'Ada'): Promise<void> {
  await seeHeading(page, `Sign in to Sandbox ${provider}`);
  await keys.tabTo(/^radio “/);
  for (let choices = 0; !(await keys.focused()).startsWith(`radio “${person} `); choices++) {
    if (choices > 10) throw new Error(`${person} is not offered`);
    await keys.press('ArrowDown');
  }
  await keys.enter('button “Sign in”');
  await seeHeading(page, 'Latchkey wants to');
  await keys.enter('button “Allow”');
}
