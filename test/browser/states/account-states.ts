import { signIn, Visitor } from '../../support/visitor.ts';
import { button, seeHeading, seeText } from '../steps.ts';
import type { RunningLatchkey } from '../../support/latchkey.ts';
import type { Page } from 'playwright-core';
import type { PageState } from './page-state.ts';
import { all, at, hostile, openConflict, openProfile, openReplace } from './ways.ts';

const firefoxOnWindows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0';
const safariOnIphone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';

/** What asks before the account changes, and where the account is signed in. */
export const accountStates: readonly PageState[] = [
  {
    name: 'unlink',
    signedIn: { providers: ['Twitch', 'Mixer'], person: hostile },
    open: async (page, latchkey) => {
      await openProfile(page, latchkey);
      await page.getByRole('link', { name: 'Unlink Twitch' }).click();
      await seeHeading(page, 'Unlink Twitch?');
    },
  },
  unlinking('Mixin'),
  unlinking('Mixer'),
  unlinking('Resonite'),
  {
    name: 'unlink-last',
    signedIn: { providers: ['Twitch'] },
    open: async (page, { baseUrl }) => {
      await page.goto(`${baseUrl}/profile/twitch/unlink`);
      await seeHeading(page, 'Unlink Twitch?');
    },
  },
  {
    name: 'unlink-not-linked',
    signedIn: { providers: ['Twitch'] },
    open: at('/profile/mixer/unlink', 'Mixer is not linked here any more'),
  },
  {
    name: 'replace',
    signedIn: { providers: ['Twitch'], person: hostile },
    open: (page, latchkey) => openReplace(page, latchkey),
  },
  {
    name: 'conflict',
    signedIn: { providers: ['Twitch'] },
    open: (page, latchkey) => openConflict(page, latchkey),
  },
  {
    name: 'conflict-that-cannot-move',
    signedIn: { providers: ['Twitch'] },
    open: (page, latchkey) => openConflict(page, latchkey, []),
  },
  {
    name: 'conflict-that-cannot-join',
    signedIn: { providers: ['Twitch'] },
    open: (page, latchkey) => openConflict(page, latchkey, ['Twitch']),
  },
  {
    name: 'conflict-nothing-chosen',
    signedIn: { providers: ['Twitch'] },
    open: async (page, latchkey) => {
      await openConflict(page, latchkey);
      await button(page, 'Continue').click();
      await seeText(page, 'There is a problem');
    },
  },
  {
    name: 'conflict-move',
    signedIn: { providers: ['Twitch'] },
    open: async (page, latchkey) => {
      await openConflict(page, latchkey);
      await page.getByRole('radio', { name: /^Move / }).check();
      await button(page, 'Continue').click();
      await seeHeading(page, /^Move .+ to this account\?$/);
    },
  },
  {
    name: 'conflict-join',
    signedIn: { providers: ['Twitch'] },
    open: async (page, latchkey) => {
      await openConflict(page, latchkey);
      await page.getByRole('radio', { name: 'Join both accounts into this one' }).check();
      await button(page, 'Continue').click();
      await seeHeading(page, 'Join both accounts into this one?');
    },
  },
  {
    name: 'sessions',
    signedIn: { providers: ['Twitch'], person: hostile },
    open: async (page, latchkey) => {
      for (const userAgent of [firefoxOnWindows, safariOnIphone]) {
        const elsewhere = new Visitor();
        elsewhere.userAgent = userAgent;
        await signIn(elsewhere, latchkey.baseUrl, 'Twitch', { person: hostile });
      }
      await openSessions(page, latchkey);
    },
  },
  {
    name: 'sessions-only-here',
    signedIn: { providers: ['Twitch'] },
    open: openSessions,
  },
  {
    name: 'sessions-one-ended',
    signedIn: { providers: ['Twitch'] },
    open: async (page, latchkey) => {
      await signInElsewhere(latchkey, 'Ada');
      await openSessions(page, latchkey);
      await button(page, /^Sign out this device/)
        .first()
        .click();
      await seeText(page, 'is signed out.');
    },
  },
  {
    name: 'sessions-others-ended',
    signedIn: { providers: ['Twitch'] },
    open: async (page, latchkey) => {
      await signInElsewhere(latchkey, 'Ada');
      await openSessions(page, latchkey);
      await button(page, 'Sign out everywhere else').click();
      await seeText(page, '2 other sessions are signed out.');
    },
  },
  {
    name: 'delete-account',
    signedIn: { providers: all, person: 'Bo' },
    open: async (page, { baseUrl }) => {
      await page.goto(`${baseUrl}/account/delete`);
      await seeHeading(page, 'Delete your account here?');
    },
  },
  {
    name: 'go-on-to-link',
    signedIn: { providers: ['Twitch'] },
    open: async (page, { baseUrl }) => {
      await page.goto(`${baseUrl}/login/mixer?intent=link`);
      await seeHeading(page, 'Link Mixer');
    },
  },
];

function unlinking(service: string): PageState {
  return {
    name: `unlink-${service.toLowerCase()}`,
    signedIn: { providers: ['Twitch', service] },
    open: at(`/profile/${service.toLowerCase()}/unlink`, `Unlink ${service}?`),
  };
}

async function signInElsewhere({ baseUrl }: RunningLatchkey, person: string): Promise<void> {
  for (const userAgent of [firefoxOnWindows, safariOnIphone]) {
    const elsewhere = new Visitor();
    elsewhere.userAgent = userAgent;
    await signIn(elsewhere, baseUrl, 'Twitch', { person });
  }
}

async function openSessions(page: Page, latchkey: RunningLatchkey): Promise<void> {
  await at('/sessions', 'Sessions and devices')(page, latchkey);
}
