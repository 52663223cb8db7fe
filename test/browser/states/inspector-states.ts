import type { Page } from 'playwright-core';
import type { RunningLatchkey } from '../../support/latchkey.ts';
import { startSignIn, Visitor } from '../../support/visitor.ts';
import { answerAtProvider, button, handOver, seeHeading, seeText } from '../steps.ts';
import type { PageState } from './page-state.ts';
import { at, hostile, minutes, openProfile, startLogin } from './ways.ts';

/** The recorded logins, and the page that explains one. */
export const inspectorStates: readonly PageState[] = [
  {
    name: 'inspector-empty',
    open: async (page, { baseUrl }) => {
      await page.goto(`${baseUrl}/inspector`);
      await seeText(page, 'No flows yet.');
    },
  },
  {
    name: 'inspector-list',
    signedIn: { providers: ['Twitch', 'Mixer'] },
    open: async (page, latchkey) => {
      await leaveLoginOpen(page, latchkey);
      await page.goto(`${latchkey.baseUrl}/inspector`);
      await seeHeading(page, 'Sign-in flows');
    },
  },
  {
    name: 'inspector-list-nothing-fits',
    signedIn: { providers: ['Twitch'] },
    open: async (page, latchkey) => {
      await at('/inspector?result=failed', 'Sign-in flows')(page, latchkey);
      await seeText(page, 'No flow matches.');
    },
  },
  {
    name: 'inspector-list-second-page',
    open: async (page, latchkey) => {
      const visitor = new Visitor();
      for (let count = 0; count < 26; count++) await startSignIn(visitor, latchkey.baseUrl, 'Mixer');
      await handOver(page.context(), visitor);
      await at('/inspector', 'Sign-in flows')(page, latchkey);
      await page.getByRole('link', { name: 'Older flows' }).click();
      await page.getByRole('link', { name: 'Newer flows' }).waitFor();
    },
  },
  {
    name: 'inspector-waiting',
    open: async (page, latchkey) => {
      await leaveLoginOpen(page, latchkey);
      await openNewestFlow(page, latchkey);
      await seeText(page, 'Waiting:');
    },
  },
  {
    name: 'inspector-given-up',
    open: async (page, latchkey) => {
      await leaveLoginOpen(page, latchkey);
      latchkey.advance(minutes(11));
      await openNewestFlow(page, latchkey);
      await seeText(page, 'Given up:');
    },
  },
  {
    name: 'inspector-finished',
    signedIn: { providers: ['Mixin'], person: hostile },
    open: async (page, latchkey) => {
      await openNewestFlow(page, latchkey);
      await seeText(page, 'Finished:');
    },
  },
  finished('Twitch'),
  finished('Resonite'),
  finished('Mixer'),
  {
    name: 'inspector-unlinked',
    signedIn: { providers: ['Mixer', 'Twitch'] },
    open: async (page, latchkey) => {
      await openProfile(page, latchkey);
      await page.getByRole('link', { name: 'Unlink Twitch' }).click();
      await button(page, 'Unlink Twitch').click();
      await seeText(page, 'Twitch is unlinked.');
      await openNewestFlow(page, latchkey);
      await seeText(page, 'confirmed that the tokens are gone');
    },
  },
  {
    name: 'inspector-read-again',
    signedIn: { providers: ['Resonite'] },
    open: async (page, latchkey) => {
      latchkey.advance(minutes(70));
      await openProfile(page, latchkey);
      await openNewestFlow(page, latchkey);
      await seeText(page, 'the profile was read at Resonite');
    },
  },
  {
    name: 'inspector-refused',
    open: async (page, latchkey) => {
      latchkey.sandbox.state.reset();
      await startLogin(page, latchkey.baseUrl, 'Mixer');
      await answerAtProvider(page, 'Mixer', { deny: true });
      await page.getByRole('link', { name: 'See what happened, step by step' }).click();
      await seeText(page, 'Refused by you:');
    },
  },
  {
    name: 'inspector-failed',
    open: async (page, latchkey) => {
      await failLogin(page, latchkey);
      await page.getByRole('link', { name: 'See what happened, step by step' }).click();
      await seeText(page, 'Failed at step 4:');
    },
  },
  {
    name: 'inspector-compare',
    open: async (page, latchkey) => {
      latchkey.sandbox.state.reset();
      await startLogin(page, latchkey.baseUrl, 'Mixer');
      await answerAtProvider(page, 'Mixer', { deny: true });
      await failLogin(page, latchkey);
      await page.getByRole('link', { name: 'See what happened, step by step' }).click();
      await button(page, 'Compare').click();
      await seeHeading(page, 'Two flows compared');
    },
  },
  {
    name: 'setup-check-trace',
    open: async (page, latchkey) => {
      latchkey.sandbox.state.faults.set('twitch', 'token_wrong_secret');
      await page.goto(`${latchkey.baseUrl}/setup`);
      await button(page, 'Check Twitch now').click();
      await page.getByRole('link', { name: 'These messages in full' }).click();
      await page.locator('#step-2').waitFor();
      latchkey.sandbox.state.faults.clear();
    },
  },
  {
    name: 'learn',
    open: async (page, { baseUrl }) => {
      await page.goto(`${baseUrl}/learn`);
      await seeHeading(page, 'A login, step by step');
    },
  },
  {
    name: 'learn-source',
    open: async (page, { baseUrl }) => {
      await page.goto(`${baseUrl}/learn`);
      await page.getByRole('link', { name: 'startLogin() in src/login/flow.ts' }).click();
      await seeHeading(page, 'src/login/flow.ts');
    },
  },
];

function finished(service: string): PageState {
  return {
    name: `inspector-finished-${service.toLowerCase()}`,
    signedIn: { providers: [service] },
    open: async (page, latchkey) => {
      await openNewestFlow(page, latchkey);
      await seeText(page, 'Finished:');
    },
  };
}

/** The browser is at the provider and has not come back. */
async function leaveLoginOpen(page: Page, { baseUrl }: RunningLatchkey): Promise<void> {
  await page.goto(`${baseUrl}/inspector`);
  const again = page.getByRole('link', { name: 'Profile' });
  if ((await again.count()) > 0) {
    await again.click();
    await button(page, 'Link Resonite').click();
  } else await startLogin(page, baseUrl, 'Resonite');
  await seeHeading(page, 'Sign in to Sandbox Resonite');
}

async function openNewestFlow(page: Page, { baseUrl }: RunningLatchkey): Promise<void> {
  await page.goto(`${baseUrl}/inspector`);
  await page.locator('main table a').first().click();
  await page.locator('#steps').waitFor();
}

async function failLogin(page: Page, { baseUrl, sandbox }: RunningLatchkey): Promise<void> {
  sandbox.state.reset();
  sandbox.state.faults.set('twitch', 'token_wrong_secret');
  await startLogin(page, baseUrl, 'Twitch');
  await answerAtProvider(page, 'Twitch');
  await seeHeading(page, 'This site is not set up correctly for Twitch');
  sandbox.state.reset();
}
