import type { Page } from 'playwright-core';
import { madeUpClients } from '../../../src/sandbox/registrations.ts';
import { linkProvider, signIn, Visitor } from '../../support/visitor.ts';
import { answerAtProvider, answerOnPhone, button, seeHeading, seeText } from '../steps.ts';
import type { PageState } from './page-state.ts';
import {
  all,
  at,
  hostile,
  hours,
  inAnotherTab,
  minutes,
  openConflict,
  openProfile,
  openReplace,
  sendForm,
  startLogin,
  withSettings,
} from './ways.ts';

/** Your accounts: each state of a card, and each thing that was just done. */
export const profileStates: readonly PageState[] = [
  {
    name: 'profile-new',
    signedIn: { providers: ['Twitch'] },
    open: openProfile,
  },
  { name: 'profile-four-links', signedIn: { providers: all }, open: openProfile },
  {
    name: 'profile-four-links-hostile-name',
    signedIn: { providers: all, person: hostile },
    open: openProfile,
  },
  {
    name: 'profile-nobody-has-a-picture',
    signedIn: { providers: ['Twitch', 'Mixin'], person: 'Cy' },
    open: openProfile,
  },
  {
    name: 'profile-permissions-missing',
    open: async (page, latchkey) => {
      await signInWithLess(page, latchkey.baseUrl);
      await seeText(page, 'Permissions missing');
    },
  },
  {
    name: 'profile-needs-attention',
    signedIn: { providers: ['Mixer', 'Twitch'] },
    open: async (page, latchkey) => {
      latchkey.sandbox.state.revokeAccess('twitch', madeUpClients.twitch.clientId, 'ada');
      latchkey.advance(minutes(6));
      await openProfile(page, latchkey);
      await seeText(page, 'Needs attention');
    },
  },
  {
    name: 'profile-answers-for-another-account',
    signedIn: { providers: ['Resonite'] },
    open: async (page, latchkey) => {
      latchkey.sandbox.state.faults.set('resonite', 'userinfo_other_person');
      latchkey.advance(minutes(6));
      await openProfile(page, latchkey);
      await seeText(page, 'now answers for another account');
    },
  },
  {
    name: 'profile-out-of-date',
    signedIn: { providers: ['Resonite', 'Mixin'] },
    open: async (page, latchkey) => {
      latchkey.sandbox.state.faults.set('resonite', 'userinfo_500');
      latchkey.sandbox.state.faults.set('mixin', 'userinfo_html');
      latchkey.advance(minutes(6));
      await openProfile(page, latchkey);
      await seeText(page, 'We could not reach Resonite.');
      await seeText(page, 'Mixin sent a profile we cannot read.');
    },
  },
  {
    name: 'profile-access-ended',
    signedIn: { providers: ['Mixer'] },
    open: async (page, latchkey) => {
      // Without offline_access nothing renews it.
      await page.route(/\/connect\/authorize\?/, (route) => {
        const url = new URL(route.request().url());
        url.searchParams.set('scope', 'profile email');
        return route.continue({ url: url.href });
      });
      await openProfile(page, latchkey);
      await button(page, 'Link Resonite').click();
      await answerAtProvider(page, 'Resonite');
      await seeHeading(page, 'Your accounts');
      latchkey.advance(minutes(70));
      await openProfile(page, latchkey);
      await seeText(page, 'Access ended on');
    },
  },
  {
    name: 'not-read-in-this-session',
    signedIn: { providers: ['Mixer'] },
    open: async (page, latchkey) => {
      const elsewhere = new Visitor();
      await signIn(elsewhere, latchkey.baseUrl, 'Mixer', { person: 'Ada' });
      await linkProvider(elsewhere, latchkey.baseUrl, 'Twitch', { person: 'Ada' });
      await openProfile(page, latchkey);
      await seeText(page, 'Not read in this session');
    },
  },
  {
    name: 'profile-retired',
    signedIn: { providers: ['Twitch', 'Mixer'] },
    open: async (page, latchkey) => {
      await withSettings({ MIXER: 'off' }, '/profile', 'Your accounts')(page, latchkey);
      await seeText(page, 'We keep the name and id you had');
    },
  },
  {
    name: 'profile-not-in-use',
    signedIn: { providers: ['Twitch', 'Resonite'] },
    open: async (page, latchkey) => {
      const env = {
        RESONITE: 'off',
        MIXER: 'off',
        TWITCH_CLIENT_ID: 'i'.repeat(30),
        TWITCH_CLIENT_SECRET: 's'.repeat(30),
      };
      await withSettings(env, '/profile', 'Your accounts')(page, latchkey);
      await seeText(page, 'This server does not offer Resonite at the moment.');
      await seeText(page, 'This account was made in the sandbox');
    },
  },
  {
    name: 'new-profile',
    open: async (page, { baseUrl }) => {
      await startLogin(page, baseUrl, 'Twitch');
      await answerAtProvider(page, 'Twitch');
      await seeText(page, 'This is a new profile');
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
    name: 'linked-again',
    signedIn: { providers: ['Twitch'] },
    open: async (page, latchkey) => {
      await openProfile(page, latchkey);
      await inAnotherTab(page, async (tab) => {
        await openProfile(tab, latchkey);
        await button(tab, 'Link Mixer').click();
        await answerAtProvider(tab, 'Mixer');
        await seeText(tab, 'is linked. You can now sign in with it.');
      });
      await button(page, 'Link Mixer').click();
      await answerAtProvider(page, 'Mixer');
      await seeText(page, 'was already linked here. We renewed its access.');
    },
  },
  {
    name: 'switched-to-the-same-account',
    signedIn: { providers: ['Twitch'] },
    open: async (page, latchkey) => {
      await openProfile(page, latchkey);
      await button(page, 'Switch Twitch account').click();
      await answerAtProvider(page, 'Twitch');
      await seeText(page, 'Twitch sent back the same account');
    },
  },
  {
    name: 'permissions-added',
    open: async (page, { baseUrl }) => {
      await signInWithLess(page, baseUrl);
      await button(page, 'Ask Mixin for the missing permission').click();
      await answerAtProvider(page, 'Mixin');
      await seeText(page, 'Mixin now lets us');
    },
  },
  {
    name: 'permissions-still-missing',
    open: async (page, { baseUrl }) => {
      await signInWithLess(page, baseUrl);
      await button(page, 'Ask Mixin for the missing permission').click();
      await allowLess(page);
      await seeText(page, 'Mixin still does not give us');
    },
  },
  {
    name: 'fewer-permissions',
    signedIn: { providers: ['Twitch', 'Mixin'] },
    open: async (page, latchkey) => {
      await openProfile(page, latchkey);
      // As an old page would: the button is there only while something is missing.
      await sendForm(page, `${latchkey.baseUrl}/login/mixin`, { intent: 'ask', force: 'true' });
      await allowLess(page);
      await seeText(page, 'Mixin gave fewer permissions than last time.');
    },
  },
  {
    name: 'replaced',
    signedIn: { providers: ['Twitch'] },
    open: async (page, latchkey) => {
      await openReplace(page, latchkey);
      await button(page, 'Replace with').click();
      await seeText(page, 'is linked in place of');
    },
  },
  {
    name: 'kept-as-it-was',
    signedIn: { providers: ['Twitch'] },
    open: async (page, latchkey) => {
      await openConflict(page, latchkey);
      await page.getByRole('radio', { name: 'Keep things as they are' }).check();
      await button(page, 'Continue').click();
      await seeText(page, 'Nothing was changed.');
    },
  },
  {
    name: 'moved',
    signedIn: { providers: ['Twitch'] },
    open: async (page, latchkey) => {
      await openConflict(page, latchkey);
      await page.getByRole('radio', { name: /^Move / }).check();
      await button(page, 'Continue').click();
      await button(page, /^Move/).click();
      await seeText(page, 'has moved here. You can now sign in with it.');
    },
  },
  {
    name: 'joined',
    signedIn: { providers: ['Twitch'] },
    open: async (page, latchkey) => {
      await openConflict(page, latchkey);
      await page.getByRole('radio', { name: 'Join both accounts into this one' }).check();
      await button(page, 'Continue').click();
      await button(page, /^Join/).click();
      await seeText(page, 'Both accounts are one now.');
    },
  },
  {
    name: 'signed-in-to-the-other-account',
    signedIn: { providers: ['Twitch'] },
    open: async (page, latchkey) => {
      await openConflict(page, latchkey);
      await page.getByRole('radio', { name: 'Sign in to that other account instead' }).check();
      await button(page, 'Continue').click();
      await seeText(page, 'Now you are signed in as');
    },
  },
  {
    name: 'unlinked',
    signedIn: { providers: ['Twitch', 'Mixin'] },
    open: async (page, latchkey) => {
      await openProfile(page, latchkey);
      await page.getByRole('link', { name: 'Unlink Mixin' }).click();
      await button(page, 'Unlink Mixin').click();
      await seeText(page, 'Mixin is unlinked.');
    },
  },
  {
    name: 'unlinked-not-confirmed',
    signedIn: { providers: ['Mixer', 'Twitch'] },
    open: async (page, latchkey) => {
      latchkey.sandbox.state.faults.set('twitch', 'revoke_500');
      await openProfile(page, latchkey);
      await page.getByRole('link', { name: 'Unlink Twitch' }).click();
      await button(page, 'Unlink Twitch').click();
      await seeText(page, 'did not confirm that our access is cancelled');
    },
  },
  {
    name: 'read-again',
    signedIn: { providers: ['Resonite'] },
    open: async (page, latchkey) => {
      await openProfile(page, latchkey);
      await button(page, 'Read profile again').click();
      await seeText(page, 'We read your Resonite profile again.');
    },
  },
  {
    name: 'not-read-again',
    signedIn: { providers: ['Resonite'] },
    open: async (page, latchkey) => {
      latchkey.sandbox.state.faults.set('resonite', 'userinfo_500');
      await openProfile(page, latchkey);
      await button(page, 'Read profile again').click();
      await seeText(page, 'We could not read your Resonite profile.');
    },
  },
  {
    name: 'confirmed-that-it-is-you',
    signedIn: { providers: ['Twitch'] },
    open: async (page, latchkey) => {
      latchkey.advance(minutes(31));
      await at('/account/delete', 'Confirm that it is you')(page, latchkey);
      await button(page, 'Sign in with Twitch as').click();
      await answerAtProvider(page, 'Twitch');
      await seeText(page, 'confirmed that you are');
    },
  },
  {
    name: 'profile-read-yesterday',
    signedIn: { providers: ['Twitch', 'Mixer'] },
    open: async (page, latchkey) => {
      latchkey.sandbox.state.faults.set('twitch', 'userinfo_500');
      latchkey.sandbox.state.faults.set('mixer', 'userinfo_500');
      latchkey.advance(hours(23));
      await openProfile(page, latchkey);
      await seeText(page, 'We could not reach Mixer.');
    },
  },
];

async function signInWithLess(page: Page, baseUrl: string): Promise<void> {
  await startLogin(page, baseUrl, 'Mixin');
  await allowLess(page);
  await seeHeading(page, 'Your accounts');
}

/** Mixin's people may untick what is asked for. */
async function allowLess(page: Page): Promise<void> {
  await seeHeading(page, 'Approve in Mixin');
  await page.getByRole('link', { name: 'Open on this device' }).click();
  await seeHeading(page, 'Latchkey wants to');
  await page.locator('input[type=checkbox][name=scope]').last().uncheck();
  await answerOnPhone(page);
}
