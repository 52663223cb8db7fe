import type { Page } from 'playwright-core';
import { openCircuit } from '../../keeping-going/support.ts';
import type { RunningLatchkey } from '../../support/latchkey.ts';
import { signIn, Visitor } from '../../support/visitor.ts';
import { button, seeHeading, seeText } from '../steps.ts';
import type { PageState } from './page-state.ts';
import { at, hours, openProfile, signOut, startLogin, withSettings } from './ways.ts';

const withoutSandbox = { SANDBOX: 'off', SANDBOX_URL: '' };
const onlyTwitch = {
  ...withoutSandbox,
  TWITCH_CLIENT_ID: 'i'.repeat(30),
  TWITCH_CLIENT_SECRET: 's'.repeat(30),
};

/** The front page, and what comes between it and a provider. */
export const homeStates: readonly PageState[] = [
  {
    name: 'home',
    open: async (page, { baseUrl }) => {
      await page.goto(baseUrl);
      await seeHeading(page, 'Sign in');
    },
  },
  {
    name: 'home-failing',
    open: async (page, latchkey) => {
      await openCircuit(latchkey, 'resonite');
      latchkey.sandbox.state.reset();
      await page.goto(latchkey.baseUrl);
      await seeText(page, 'Resonite has been failing since');
      // The states after this one find it working again.
      latchkey.advance(15_000);
      await signIn(new Visitor(), latchkey.baseUrl, 'Resonite');
    },
  },
  {
    name: 'home-sign-in-first',
    open: async (page, latchkey) => {
      await at('/profile', 'Sign in')(page, latchkey);
      await seeText(page, 'Sign in to see your profile.');
    },
  },
  {
    name: 'home-signed-out-last-used',
    signedIn: { providers: ['Resonite'] },
    open: async (page, latchkey) => {
      await openProfile(page, latchkey);
      await signOut(page);
      await seeText(page, 'Last used');
    },
  },
  {
    name: 'home-session-expired',
    signedIn: { providers: ['Twitch'] },
    open: async (page, latchkey) => {
      latchkey.advance(hours(25));
      await at('/profile', 'Sign in')(page, latchkey);
      await seeText(page, 'That happens after 24 hours without use');
    },
  },
  { name: 'home-account-deleted', signedIn: { providers: ['Mixer'] }, open: deleteAccount },
  {
    name: 'home-account-deleted-not-confirmed',
    signedIn: { providers: ['Twitch'] },
    open: async (page, latchkey) => {
      latchkey.sandbox.state.faults.set('twitch', 'revoke_500');
      await deleteAccount(page, latchkey);
      await seeText(page, 'did not confirm that our access is cancelled');
    },
  },
  { name: 'home-one-service-live', open: withSettings(onlyTwitch, '/', 'Sign in') },
  {
    name: 'home-nothing-set-up',
    open: async (page, latchkey) => {
      await withSettings(withoutSandbox, '/', 'Sign in')(page, latchkey);
      await seeText(page, 'No sign-in service is set up yet.');
    },
  },
  {
    name: 'home-nothing-set-up-in-production',
    open: async (page, latchkey) => {
      await withSettings({ ...withoutSandbox, NODE_ENV: 'production' }, '/', 'Sign in')(page, latchkey);
      await seeText(page, 'Contact the person who runs this server.');
    },
  },
  {
    name: 'home-in-production',
    open: withSettings({ NODE_ENV: 'production', SANDBOX: 'on' }, '/', 'Sign in'),
  },
  {
    name: 'home-retired-and-not-offered',
    open: async (page, latchkey) => {
      await withSettings({ MIXER: 'off', RESONITE: 'off' }, '/', 'Sign in')(page, latchkey);
      await seeText(page, 'Mixer closed on 22 July 2020.');
    },
  },
  {
    name: 'home-dark-chosen',
    open: async (page, latchkey) => {
      await at('/', 'Sign in')(page, latchkey);
      await button(page, 'Dark').click();
      await page.locator('[data-theme=dark]').waitFor();
    },
  },
  { name: 'hand-off', open: stayAtHandOff },
  {
    name: 'step-mode-on',
    open: async (page, { baseUrl, sandbox }) => {
      await page.goto(`${baseUrl}/`);
      await button(page, 'Switch on step mode').click();
      await button(page, 'Switch off step mode').waitFor();
      sandbox.state.settings.stepMode = false;
    },
  },
  {
    name: 'step-mode-stop',
    open: async (page, { baseUrl, sandbox }) => {
      await page.goto(`${baseUrl}/`);
      await button(page, 'Switch on step mode').click();
      await button(page, 'Continue with Resonite').click();
      await seeHeading(page, 'About to go to Resonite');
      sandbox.state.settings.stepMode = false;
    },
  },
  {
    name: 'step-mode-sandbox-did-not-answer',
    open: async (page, latchkey) => {
      await withSettings({ SANDBOX_URL: 'http://localhost:9' }, '/', 'Sign in')(page, latchkey);
      await button(page, 'Switch on step mode').click();
      await seeText(page, 'Step mode was switched for this app alone');
    },
  },
];

/** The provider answers with nothing at all, so the browser stays where it is. */
async function stayAtHandOff(page: Page, { baseUrl, sandboxUrl }: RunningLatchkey): Promise<void> {
  await page.route(`${sandboxUrl}/**`, (route) => route.fulfill({ status: 204 }));
  const answered = page.waitForResponse((response) => response.status() === 204);
  await startLogin(page, baseUrl, 'Twitch');
  await answered;
  await seeHeading(page, 'Taking you to Twitch');
}

async function deleteAccount(page: Page, latchkey: RunningLatchkey): Promise<void> {
  await at('/account/delete', 'Delete your account here?')(page, latchkey);
  await button(page, 'Delete').click();
  await seeText(page, 'Your account here is deleted');
}
