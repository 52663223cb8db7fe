import type { Page } from 'playwright-core';
import { type ContextOptions, openContext, type WatchedContext } from '../support/browser.ts';
import { describeInBrowser, useBrowser, withAndWithoutScripts } from '../support/in-browser.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { type Answer, answerAtProvider, arriveSignedIn, button, seeHeading, seeText } from './steps.ts';

/*
 * Journeys that begin where a login has ended, and those of who looks into how it works. A login itself,
 * conflicts and devices: journeys.test.ts. Every error: error-journeys.test.ts.
 */

interface Stage {
  readonly page: Page;
  readonly latchkey: RunningLatchkey;
  readonly scripts: boolean;
}

interface Journey {
  readonly title: string;
  /** Linked already, by a login of a moment ago; nobody is signed in when missing. */
  readonly linked?: readonly string[];
  readonly answer?: Answer;
  readonly env?: Record<string, string>;
  readonly window?: ContextOptions;
  readonly go: (stage: Stage) => Promise<void>;
}

const withoutPhoneNumber: Answer = { untick: ['PHONE:READ'] };

const journeys: readonly Journey[] = [
  {
    title: 'switch: the same account comes back, and nothing changes',
    linked: ['Twitch'],
    go: async (stage) => {
      await openProfile(stage);
      await button(stage.page, 'Switch Twitch account').click();
      await answerAtProvider(stage.page, 'Twitch');
      await seeText(
        stage.page,
        'Twitch sent back the same account, Ada. To use another one, sign out at twitch.tv first, then choose Switch again.',
      );
    },
  },
  {
    title: 'switch: another account comes back, and the old one is kept',
    linked: ['Twitch'],
    go: async (stage) => {
      const { page } = stage;
      await openProfile(stage);
      await button(page, 'Switch Twitch account').click();
      await answerAtProvider(page, 'Twitch', { person: 'Bo' });
      await seeHeading(page, 'Replace Ada with Bo?');
      await seeText(page, 'You are linked to the Twitch account Ada. You just signed in to Twitch as Bo.');
      await button(page, 'Keep Ada').click();
      await seeHeading(page, 'Your accounts');
      await seeText(page, 'Signed in with Twitch as Ada');
    },
  },
  {
    title: 'ask for a missing permission: granted',
    linked: ['Mixin'],
    answer: withoutPhoneNumber,
    go: async (stage) => {
      await openProfile(stage);
      await seeText(
        stage.page,
        'Mixin did not give us: read your phone number. Things that need it are off.',
      );
      await askMixin(stage, 'Ask Mixin for the missing permission');
      await seeText(stage.page, 'Mixin now lets us read your phone number.');
      await seeTag(stage.page, 'Working');
    },
  },
  {
    title: 'ask for a missing permission: refused',
    linked: ['Mixin'],
    answer: withoutPhoneNumber,
    go: async (stage) => {
      await openProfile(stage);
      await askMixin(stage, 'Ask Mixin for the missing permission', withoutPhoneNumber);
      await seeText(stage.page, 'Mixin still does not give us: read your phone number.');
      await seeText(stage.page, 'That is your choice; everything else works.');
      await seeTag(stage.page, 'Permissions missing');
    },
  },
  {
    title: 'ask again: fewer permissions than before come back',
    linked: ['Mixin'],
    go: async (stage) => {
      await openProfile(stage);
      stage.latchkey.sandbox.state.faults.set('mixin', 'userinfo_401');
      await button(stage.page, 'Read profile again').click();
      await seeTag(stage.page, 'Needs attention');
      stage.latchkey.sandbox.state.faults.clear();
      await askMixin(stage, 'Link Mixin again', withoutPhoneNumber);
      await seeText(stage.page, 'Mixin gave fewer permissions than last time.');
      await seeText(stage.page, 'No longer allowed: read your phone number.');
    },
  },
  {
    title: 'a profile that cannot be read is shown from the copy, and read again',
    linked: ['Resonite'],
    go: async (stage) => {
      const { page, latchkey } = stage;
      latchkey.sandbox.state.faults.set('resonite', 'userinfo_500');
      latchkey.advance(6 * 60 * 1000);
      await openProfile(stage);
      await seeText(page, 'We could not reach Resonite. This is the copy from');
      latchkey.sandbox.state.faults.clear();
      await button(page, 'Try again').click();
      await seeText(page, 'We read your Resonite profile again.');
      await seeTag(page, 'Working');
    },
  },
  {
    title: 'unlink: the last way in stays, and the page leads to linking another',
    linked: ['Twitch'],
    go: async (stage) => {
      const { page } = stage;
      await openProfile(stage);
      await page.getByRole('link', { name: 'Unlink Twitch' }).click();
      await seeText(page, 'This is the only account you can sign in with.');
      expect(await button(page, 'Unlink Twitch').count()).toBe(0);
      await page.getByRole('link', { name: 'Delete my account' }).waitFor();
      await page.getByRole('link', { name: 'Link another account' }).click();
      await button(page, 'Link Mixin').waitFor();
    },
  },
  {
    title: 'unlink: the service does not confirm that our access is cancelled',
    linked: ['Mixer', 'Twitch'],
    go: async (stage) => {
      const { page, latchkey } = stage;
      latchkey.sandbox.state.faults.set('twitch', 'revoke_500');
      await openProfile(stage);
      await page.getByRole('link', { name: 'Unlink Twitch' }).click();
      await seeText(page, 'We ask Twitch to cancel our access.');
      await button(page, 'Unlink Twitch').click();
      await seeText(page, 'Twitch did not confirm that our access is cancelled.');
      await seeText(page, 'Check twitch.tv/settings/connections.');
      await button(page, 'Link Twitch').waitFor();
    },
  },
  {
    title: 'a session that ended leads back to the page that was wanted',
    linked: ['Twitch'],
    go: async (stage) => {
      const { page, latchkey } = stage;
      latchkey.advance(25 * 60 * 60 * 1000);
      await page.goto(`${latchkey.baseUrl}/sessions`);
      await seeText(page, 'You were signed out. That happens after 24 hours without use');
      await button(page, 'Continue with Twitch').click();
      // Twitch remembers who was there and what was allowed.
      await seeHeading(page, 'Sessions and devices');
    },
  },
  {
    title: 'the inspector: one flow of each purpose, with its steps',
    linked: ['Twitch', 'Resonite', 'Mixin'],
    answer: withoutPhoneNumber,
    go: lookThroughInspector,
  },
  {
    title: 'the inspector: on paper are all steps, and all of each',
    linked: ['Mixin'],
    go: printFlow,
  },
  {
    title: 'setup with nothing: the sandbox is enough to sign in',
    go: async ({ page, latchkey }) => {
      await page.goto(`${latchkey.baseUrl}/setup`);
      await seeText(page, 'You can use everything with the sandbox right now.');
      await page.locator('main').getByRole('link', { name: 'Sign in' }).click();
      await button(page, 'Continue with Mixer').click();
      await answerAtProvider(page, 'Mixer');
      await seeHeading(page, 'Your accounts');
    },
  },
  {
    title: 'setup with half: the other half is named, and where it comes from',
    env: { TWITCH_CLIENT_ID: 'a'.repeat(30) },
    go: async ({ page, latchkey }) => {
      await page.goto(`${latchkey.baseUrl}/setup`);
      await seeText(page, 'Missing: TWITCH_CLIENT_SECRET');
      await page.getByRole('link', { name: 'dev.twitch.tv/console/apps' }).waitFor();
      expect(
        await page
          .getByRole('textbox', { name: /return address/i })
          .first()
          .inputValue(),
      ).toBe(`${latchkey.baseUrl}/login/twitch/callback`);
    },
  },
  {
    title: 'setup under the wrong host: the page says both names and leads to the right one',
    go: async ({ page, latchkey }) => {
      const wrong = latchkey.baseUrl.replace('localhost', '127.0.0.1');
      await page.goto(`${wrong}/setup`);
      await seeHeading(page, 'This site has another address');
      await seeText(page, `You opened ${wrong} but BASE_URL is ${latchkey.baseUrl}.`);
      await page.getByRole('link', { name: 'Open setup' }).click();
      await seeHeading(page, 'Setup');
      expect(page.url()).toBe(`${latchkey.baseUrl}/setup`);
    },
  },
  {
    title: 'a QR code that nobody scanned in time: a new one, and a login that is started again',
    go: async ({ page, latchkey, scripts }) => {
      await page.goto(latchkey.baseUrl);
      await button(page, 'Continue with Mixin').click();
      await seeHeading(page, 'Approve in Mixin');
      latchkey.advance(11 * 60 * 1000);
      if (!scripts) await button(page, 'I have approved it, check now').click();
      await seeHeading(page, 'This QR code is too old');
      await page.getByRole('link', { name: 'Show a new one' }).click();
      await answerAtProvider(page, 'Mixin');
      // What the code was for is over as well.
      await seeHeading(page, 'That took too long');
      await button(page, 'Start again with Mixin').click();
      await answerAtProvider(page, 'Mixin');
      await seeHeading(page, 'Your accounts');
    },
  },
  {
    title: 'on a narrow dark screen nothing scrolls sideways, from the first page to the last',
    window: { width: 320, colorScheme: 'dark' },
    go: walkOnNarrowScreen,
  },
];

const browser = useBrowser();

describeInBrowser.each(withAndWithoutScripts)('%s', (_title, scripts) => {
  let latchkey: RunningLatchkey;
  let context: WatchedContext;
  afterEach(async () => {
    await context.close();
    await latchkey.close();
    expect(context.complaints).toEqual([]);
  });

  test.each(journeys)(
    '$title',
    async ({ linked, answer, env = {}, window, go }) => {
      latchkey = await startLatchkey({ env, sandboxHost: '127.0.0.1' });
      context = await openContext(browser(), { ...window, scripts });
      if (linked) await arriveSignedIn(context, latchkey.baseUrl, linked, answer);
      await go({ page: await context.newPage(), latchkey, scripts });
    },
    60_000,
  );
});

async function openProfile({ page, latchkey }: Stage): Promise<void> {
  await page.goto(`${latchkey.baseUrl}/profile`);
  await seeHeading(page, 'Your accounts');
}

/** The state of the only card. */
async function seeTag(page: Page, words: string): Promise<void> {
  await page.locator('article .title .tag').filter({ hasText: words }).waitFor();
}

async function askMixin({ page }: Stage, words: string, answer: Answer = {}): Promise<void> {
  await button(page, words).click();
  await answerAtProvider(page, 'Mixin', answer);
  await seeHeading(page, 'Your accounts');
}

/** Does something of every purpose, and looks at the flow that was recorded of it. */
async function lookThroughInspector(stage: Stage): Promise<void> {
  const { page, latchkey } = stage;
  await openProfile(stage);
  await button(page, 'Switch Twitch account').click();
  await answerAtProvider(page, 'Twitch');
  await askMixin(stage, 'Ask Mixin for the missing permission');
  await button(page, /^Read profile again/)
    .first()
    .click();
  await seeText(page, 'profile again.');
  await page.goto(`${latchkey.baseUrl}/setup`);
  await button(page, 'Check Twitch now').click();
  await page.locator('#check-twitch').waitFor();
  for (const purpose of ['Sign in', 'Link', 'Switch', 'Ask again', 'Read profile', 'Check the setup'])
    await openFlow(stage, purpose);

  latchkey.advance(61 * 60 * 1000);
  await openProfile(stage);
  await page.getByRole('link', { name: 'Unlink Twitch' }).click();
  await button(page, /^Sign in with Mixin as/).click();
  await answerAtProvider(page, 'Mixin');
  await button(page, 'Unlink Twitch').click();
  await seeText(page, 'Twitch is unlinked. Our access there is cancelled.');
  for (const purpose of ['Renew', 'Validate', 'Confirm who it is', 'Give access back'])
    await openFlow(stage, purpose);
}

async function openFlow({ page, latchkey }: Stage, purpose: string): Promise<void> {
  await page.goto(`${latchkey.baseUrl}/inspector`);
  await page.getByLabel('Purpose').selectOption({ label: purpose });
  await button(page, 'Show').click();
  await page.locator('main tbody a').first().click();
  await page.locator('#steps').waitFor();
  await seeText(page, /^Finished:/);
  // Each arrow of the diagram leads to its step.
  const steps = await page.locator('[id^=step-]').count();
  expect(steps).toBeGreaterThan(0);
  expect(new Set(await arrowTargets(page)).size).toBe(steps);
}

async function arrowTargets(page: Page): Promise<string[]> {
  return (await page.evaluate(
    `[...document.querySelectorAll('figure svg a')].map((arrow) => arrow.getAttribute('href'))`,
  )) as string[];
}

/** The outline of the PDF names its headings; what is folded on the screen is open on paper. */
async function printFlow({ page, latchkey }: Stage): Promise<void> {
  await page.goto(`${latchkey.baseUrl}/inspector`);
  await page.locator('main tbody a').first().click();
  await page.locator('#steps').waitFor();
  const headings = (await page.locator('[id^=step-] h3').allInnerTexts()).map(foldHeading);
  expect(headings.length).toBeGreaterThan(4);
  const outline = readOutline(await page.pdf({ tagged: true, outline: true })).map(foldHeading);
  expect(outline).toEqual(expect.arrayContaining(headings));
  await page.emulateMedia({ media: 'print' });
  expect(await page.evaluate(countHiddenParts)).toEqual({ parts: expect.any(Number), hidden: 0 });
}

/** What a folded part of a step holds. */
const countHiddenParts = `(() => {
  const parts = [...document.querySelectorAll('[id^=step-] details > :not(summary)')];
  return { parts: parts.length, hidden: parts.filter((part) => !part.checkVisibility()).length };
})()`;

/** The titles in a PDF's outline (ISO 32000-1, 12.3.3): text in brackets, or UTF-16 in hexadecimal. */
function readOutline(pdf: Buffer): string[] {
  return [...pdf.toString('latin1').matchAll(/\/Title\s*(?:\(((?:\\.|[^\\)])*)\)|<([0-9A-F]*)>)/g)].map(
    ([, text, hexadecimal]) =>
      hexadecimal === undefined
        ? text!.replaceAll(/\\(.)/g, '$1')
        : Buffer.from(hexadecimal.slice(4), 'hex').swap16().toString('utf16le'),
  );
}

async function walkOnNarrowScreen({ page, latchkey }: Stage): Promise<void> {
  const { baseUrl } = latchkey;
  const look = async (heading: string | RegExp) => {
    await seeHeading(page, heading);
    const seen = await page.evaluate(`({
      width: document.documentElement.scrollWidth,
      background: getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).every((part) => part < 64),
    })`);
    expect({ heading, seen }).toEqual({ heading, seen: { width: 320, background: true } });
  };
  await page.goto(baseUrl);
  await look('Sign in');
  await button(page, 'Continue with Resonite').click();
  await answerAtProvider(page, 'Resonite');
  await look('Your accounts');
  await button(page, 'Link Mixin').click();
  await look('Approve in Mixin');
  await answerAtProvider(page, 'Mixin');
  await look('Your accounts');
  await page.getByRole('link', { name: 'Unlink Resonite' }).click();
  await look('Unlink Resonite?');
  await button(page, 'Unlink Resonite').click();
  await look('Your accounts');
  for (const name of ['Sessions and devices', 'Sign-in flows', 'Delete my account']) {
    await page.getByRole('link', { name, exact: true }).click();
    await look(name === 'Delete my account' ? 'Delete your account here?' : name);
    await page.goto(`${baseUrl}/profile`);
  }
  await page.getByRole('link', { name: 'Help' }).click();
  await look('Help');
  await button(page, 'Sign out').click();
  await look('Sign in');
  await seeText(page, 'You are signed out.');
}

/** Without the number of the step, which a PDF's outline leaves out. */
function foldHeading(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/^\d+\. /, '');
}
