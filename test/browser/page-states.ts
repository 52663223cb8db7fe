import type { Page } from 'playwright-core';
import type { WatchedContext } from '../support/browser.ts';
import type { RunningLatchkey } from '../support/latchkey.ts';
import {
  answerOnPhone,
  answerAtProvider,
  arriveSignedIn,
  button,
  choosePerson,
  seeHeading,
} from './steps.ts';

/** Every page a person can meet, and the way there. */
export interface PageState {
  readonly name: string;
  /** Who is signed in, at which providers; nobody when missing. */
  readonly signedIn?: { readonly person?: string; readonly providers: readonly string[] };
  /** Goes there in an empty tab. */
  readonly open: (page: Page, latchkey: RunningLatchkey) => Promise<void>;
}

const all = ['Twitch', 'Mixin', 'Resonite', 'Mixer'];
/** The name with everything in it that breaks a layout. */
const hostile = 'Zoë';

export const pageStates: readonly PageState[] = [
  {
    name: 'home',
    open: async (page, { baseUrl }) => {
      await page.goto(baseUrl);
      await seeHeading(page, 'Sign in');
    },
  },
  { name: 'hand-off', open: stayAtHandOff },
  {
    name: 'sandbox-person',
    open: async (page, { baseUrl }) => {
      await startLogin(page, baseUrl, 'Twitch');
      await seeHeading(page, 'Sign in to Sandbox Twitch');
    },
  },
  {
    name: 'sandbox-consent',
    open: async (page, { baseUrl }) => {
      await startLogin(page, baseUrl, 'Twitch');
      await choosePerson(page, 'Twitch', hostile);
    },
  },
  {
    name: 'sandbox-mixin-qr',
    open: async (page, { baseUrl }) => {
      await startLogin(page, baseUrl, 'Mixin');
      await seeHeading(page, 'Approve in Mixin');
    },
  },
  { name: 'sandbox-phone', open: openPhone },
  {
    name: 'sandbox-phone-done',
    open: async (page, latchkey) => {
      await openPhone(page, latchkey);
      await answerOnPhone(page);
      await seeHeading(page, 'Approved');
    },
  },
  {
    name: 'sandbox-error',
    open: async (page, { sandboxUrl }) => {
      await page.goto(`${sandboxUrl}/id.twitch.tv/sandbox/nothing/person`);
      await seeHeading(page, 'This does not work');
    },
  },
  {
    name: 'sandbox',
    open: async (page, { sandboxUrl }) => {
      await page.goto(sandboxUrl);
      await seeHeading(page, 'Sandbox');
    },
  },
  {
    name: 'profile-new',
    signedIn: { providers: ['Twitch'] },
    open: openProfile,
  },
  {
    name: 'profile-four-links-hostile-name',
    signedIn: { providers: all, person: hostile },
    open: openProfile,
  },
  {
    name: 'unlink',
    signedIn: { providers: ['Twitch', 'Mixer'], person: hostile },
    open: async (page, latchkey) => {
      await openProfile(page, latchkey);
      await page.getByRole('link', { name: 'Unlink Twitch' }).click();
      await seeHeading(page, 'Unlink Twitch?');
    },
  },
  {
    name: 'unlink-last',
    signedIn: { providers: ['Twitch'] },
    open: async (page, { baseUrl }) => {
      await page.goto(`${baseUrl}/profile/twitch/unlink`);
      await seeHeading(page, 'Unlink Twitch?');
    },
  },
  {
    name: 'replace',
    signedIn: { providers: ['Twitch'], person: hostile },
    open: async (page, latchkey) => {
      await openProfile(page, latchkey);
      await button(page, 'Switch Twitch account').click();
      await answerAtProvider(page, 'Twitch', { person: 'Bo' });
      await seeHeading(page, /^Replace .+ with .+\?$/);
    },
  },
  {
    name: 'linked',
    signedIn: { providers: ['Twitch'] },
    open: async (page, latchkey) => {
      await openProfile(page, latchkey);
      await button(page, 'Link Mixer').click();
      await answerAtProvider(page, 'Mixer');
      await seeHeading(page, 'Your accounts');
    },
  },
  {
    name: 'error-denied',
    open: async (page, { baseUrl }) => {
      await startLogin(page, baseUrl, 'Resonite');
      await answerAtProvider(page, 'Resonite', { deny: true });
      await seeHeading(page, 'You said no at Resonite');
    },
  },
  {
    name: 'error-state-unknown',
    open: async (page, { baseUrl }) => {
      await startLogin(page, baseUrl, 'Twitch');
      await seeHeading(page, 'Sign in to Sandbox Twitch');
      await page.goto(`${baseUrl}/login/twitch/callback?code=code&state=${'s'.repeat(43)}`);
      await seeHeading(page, 'We do not know this sign-in');
    },
  },
  {
    name: 'not-found',
    open: async (page, { baseUrl }) => {
      await page.goto(`${baseUrl}/nowhere`);
      await seeHeading(page, 'Page not found');
    },
  },
  {
    name: 'help',
    open: async (page, { baseUrl }) => {
      await page.goto(`${baseUrl}/help`);
      await seeHeading(page, 'Help');
    },
  },
];

/** Opens the state in a new tab of the context. */
export async function openState(
  context: WatchedContext,
  latchkey: RunningLatchkey,
  { signedIn, open }: PageState,
): Promise<Page> {
  if (signedIn) {
    const { providers, person = 'Ada' } = signedIn;
    await arriveSignedIn(context, latchkey.baseUrl, providers, { person });
  }
  const page = await context.newPage();
  await open(page, latchkey);
  return page;
}

async function startLogin(page: Page, baseUrl: string, provider: string): Promise<void> {
  await page.goto(baseUrl);
  await button(page, `Continue with ${provider}`).click();
}

/** The provider answers with nothing at all, so the browser stays where it is. */
async function stayAtHandOff(page: Page, { baseUrl, sandboxUrl }: RunningLatchkey): Promise<void> {
  await page.route(`${sandboxUrl}/**`, (route) => route.fulfill({ status: 204 }));
  const answered = page.waitForResponse((response) => response.status() === 204);
  await startLogin(page, baseUrl, 'Twitch');
  await answered;
  await seeHeading(page, 'Taking you to Twitch');
}

async function openPhone(page: Page, { baseUrl }: RunningLatchkey): Promise<void> {
  await startLogin(page, baseUrl, 'Mixin');
  await seeHeading(page, 'Approve in Mixin');
  await page.goto((await page.locator('a.mono').getAttribute('href'))!);
  await seeHeading(page, 'Latchkey wants to');
}

async function openProfile(page: Page, { baseUrl }: RunningLatchkey): Promise<void> {
  await page.goto(`${baseUrl}/profile`);
  await seeHeading(page, 'Your accounts');
}
