import type { Page } from 'playwright-core';
import type { ErrorCode } from '../../../src/errors.ts';
import { madeUpClients } from '../../../src/sandbox/registrations.ts';
import { openCircuit } from '../../keeping-going/support.ts';
import type { RunningLatchkey } from '../../support/latchkey.ts';
import { signIn, Visitor } from '../../support/visitor.ts';
import { answerAtProvider, button, seeHeading, seeText } from '../steps.ts';
import type { PageState } from './page-state.ts';
import {
  at,
  comeBack,
  hostile,
  hours,
  inAnotherTab,
  minutes,
  openProfile,
  openReplace,
  sendForm,
  signOut,
  startLogin,
  withFault,
  withSettings,
} from './ways.ts';

/** Every error that a person can meet, once for each different set of words. */
export const errorStates: readonly PageState[] = [
  error('state_unknown', 'We do not know this sign-in', async (page, { baseUrl }) => {
    await page.goto(`${baseUrl}/login/twitch/callback?code=code&state=${'s'.repeat(43)}`);
  }),
  error('state_expired', 'That took too long', async (page, latchkey) => {
    const callback = await comeBack(page, latchkey, 'Mixin');
    latchkey.advance(minutes(11));
    await page.goto(callback.href);
  }),
  error('state_used', 'This sign-in was already finished', async (page, latchkey) => {
    const callback = await comeBack(page, latchkey, 'Twitch');
    await page.goto(callback.href);
    await page.goto(callback.href);
  }),
  {
    ...error('session_changed', 'You are not signed in as before', async (page, latchkey) => {
      await openProfile(page, latchkey);
      await button(page, 'Link Resonite').click();
      await seeHeading(page, 'Sign in to Sandbox Resonite');
      await inAnotherTab(page, async (tab) => {
        await openProfile(tab, latchkey);
        await signOut(tab);
      });
      await answerAtProvider(page, 'Resonite');
    }),
    signedIn: { providers: ['Twitch'] },
  },
  error('no_cookie', 'Your browser did not keep our cookie', async (page, latchkey) => {
    const callback = await comeBack(page, latchkey, 'Resonite');
    await page.context().clearCookies();
    await page.goto(callback.href);
  }),
  {
    ...error('authorization_denied', 'You said no at Resonite', async (page, { baseUrl }) => {
      await startLogin(page, baseUrl, 'Resonite');
      await answerAtProvider(page, 'Resonite', { deny: true });
    }),
    name: 'error-denied',
  },
  {
    ...error('authorization_denied', 'You closed the request in Mixin', async (page, { baseUrl }) => {
      await startLogin(page, baseUrl, 'Mixin');
      await answerAtProvider(page, 'Mixin', { deny: true });
    }),
    name: 'error-denied-in-mixin',
  },
  error(
    'authorization_refused',
    'Resonite did not let us in',
    withFault('resonite', 'authorize_server_error'),
  ),
  error(
    'redirect_mismatch',
    'Twitch does not know our return address',
    withFault('twitch', 'authorize_redirect_mismatch'),
  ),
  {
    name: 'error-for-the-developer',
    code: 'redirect_mismatch',
    open: async (page, { baseUrl }) => {
      await page.goto(`${baseUrl}/?error=redirect_mismatch`);
      await seeText(page, 'For the developer');
    },
  },
  error('authorization_response_invalid', 'The answer from Mixer does not fit', async (page, latchkey) => {
    const callback = await comeBack(page, latchkey, 'Mixer');
    await page.goto(`${callback.href}&code=other`);
  }),
  error('provider_unreachable', 'Twitch is not answering', withFault('twitch', 'token_500')),
  {
    ...error('provider_unreachable', 'Resonite is not answering', async (page, latchkey) => {
      await openCircuit(latchkey, 'resonite');
      latchkey.sandbox.state.faults.clear();
      const callback = await comeBack(page, latchkey, 'Resonite');
      await page.goto(callback.href);
      await seeText(page, 'It has been failing since');
      // The states after this one find it working again.
      latchkey.advance(15_000);
      await signIn(new Visitor(), latchkey.baseUrl, 'Resonite');
    }),
    name: 'error-circuit-open',
  },
  error('provider_busy', 'Mixer asks us to wait', async (page, latchkey) => {
    await withFault('mixer', 'token_429')(page, latchkey);
    latchkey.advance(minutes(1));
  }),
  error(
    'token_request_refused',
    'This site is not set up correctly for Twitch',
    withFault('twitch', 'token_wrong_secret'),
  ),
  {
    ...error(
      'token_request_refused',
      'The code from Mixin was too old',
      withFault('mixin', 'token_code_expired'),
    ),
    name: 'error-code-too-old',
  },
  error(
    'token_response_invalid',
    'Mixin answered in a way we do not understand',
    withFault('mixin', 'token_html'),
  ),
  error(
    'id_token_invalid',
    'We could not check the answer from Twitch',
    withFault('twitch', 'id_token_expired'),
  ),
  error(
    'userinfo_request_refused',
    'We are in, but Mixer gave us no profile',
    withFault('mixer', 'userinfo_401'),
  ),
  error(
    'userinfo_response_invalid',
    'Resonite sent a profile we cannot read',
    withFault('resonite', 'userinfo_without_id'),
  ),
  error('clock_differs', 'Our clock and that of Mixin do not agree', withFault('mixin', 'clock_ahead')),
  {
    ...error(
      'identity_already_linked',
      'This Mixer account is linked to another account here',
      async (page, latchkey) => {
        await openReplace(page, latchkey, 'Mixer');
        await signIn(new Visitor(), latchkey.baseUrl, 'Mixer', { person: 'Bo' });
        await button(page, 'Replace with').click();
      },
    ),
    signedIn: { providers: ['Mixer'] },
  },
  {
    ...error('identity_changed', 'You came back as another Twitch account', async (page, latchkey) => {
      latchkey.advance(minutes(31));
      await at('/account/delete', 'Confirm that it is you')(page, latchkey);
      await button(page, 'Sign in with Twitch as').click();
      await answerAtProvider(page, 'Twitch', { person: 'Bo' });
    }),
    signedIn: { providers: ['Twitch'] },
  },
  {
    ...error('last_identity', 'Twitch is your only way in', async (page, latchkey) => {
      await at('/profile/twitch/unlink', 'Unlink Twitch?')(page, latchkey);
      await inAnotherTab(page, async (tab) => {
        await at('/profile/mixer/unlink', 'Unlink Mixer?')(tab, latchkey);
        await button(tab, 'Unlink Mixer').click();
        await seeText(tab, 'Mixer is unlinked.');
      });
      await button(page, 'Unlink Twitch').click();
    }),
    signedIn: { providers: ['Twitch', 'Mixer'] },
  },
  {
    name: 'confirm-that-it-is-you',
    code: 'reauthentication_needed',
    signedIn: { providers: ['Twitch', 'Mixer'], person: hostile },
    open: async (page, latchkey) => {
      latchkey.advance(31 * 60 * 1000);
      await openProfile(page, latchkey);
      await page.getByRole('link', { name: 'Unlink Twitch' }).click();
      await seeHeading(page, 'Confirm that it is you');
    },
  },
  {
    name: 'error-access-ended',
    code: 'access_ended',
    signedIn: { providers: ['Twitch'] },
    open: async (page, latchkey) => {
      const { state } = latchkey.sandbox;
      state.revokeAccess('twitch', madeUpClients.twitch.clientId, 'ada');
      latchkey.advance(61 * 60 * 1000);
      await page.goto(`${latchkey.baseUrl}/profile`);
      await seeHeading(page, 'Twitch ended our access, so you are signed out');
    },
  },
  error(
    'provider_closed',
    'Mixer closed on 22 July 2020',
    withSettings({ MIXER: 'off' }, '/login/mixer?intent=link', 'Mixer closed on 22 July 2020'),
  ),
  error(
    'provider_not_configured',
    'This site does not offer Resonite',
    withSettings({ RESONITE: 'off' }, '/login/resonite?intent=link', 'This site does not offer Resonite'),
  ),
  error(
    'cross_origin',
    'This request did not come from our own page',
    async (page, { baseUrl, sandboxUrl }) => {
      await page.goto(sandboxUrl);
      await sendForm(page, `${baseUrl}/login/twitch`);
    },
  ),
  {
    ...error('not_signed_in', 'Sign in again', async (page, latchkey) => {
      await openProfile(page, latchkey);
      await inAnotherTab(page, async (tab) => {
        await openProfile(tab, latchkey);
        await signOut(tab);
      });
      await button(page, 'Read profile again').click();
    }),
    signedIn: { providers: ['Twitch'] },
  },
  {
    ...error(
      'decision_expired',
      'There is nothing to decide any more',
      at('/link/replace', 'There is nothing to decide any more'),
    ),
    signedIn: { providers: ['Twitch'] },
  },
  {
    ...error('change_under_way', 'Another change is under way', async (page, latchkey) => {
      const { id } = await latchkey.database.selectFrom('accounts').select('id').executeTakeFirstOrThrow();
      const expiresAt = Date.now() + hours(24);
      await at('/profile/mixer/unlink', 'Unlink Mixer?')(page, latchkey);
      const lease = { key: `account.${id}`, owner: 'another page', value: '', expiresAt };
      await latchkey.records.create('lease', lease);
      await button(page, 'Unlink Mixer').click();
    }),
    signedIn: { providers: ['Twitch', 'Mixer'] },
  },
  { ...error('not_found', 'Page not found', at('/nowhere', 'Page not found')), name: 'not-found' },
  error(
    'flow_not_kept',
    'This flow is not kept any more, or is not yours',
    at(`/inspector/${'A'.repeat(14)}`, 'This flow is not kept any more, or is not yours'),
  ),
  error(
    'malformed_request',
    'We cannot read this request',
    at('/login/%E0%A4%A/callback', 'We cannot read this request'),
  ),
  error('request_too_large', 'This request is too large', async (page, { baseUrl }) => {
    await page.goto(baseUrl);
    await sendForm(page, `${baseUrl}/login/twitch`, { intent: 'x'.repeat(9000) });
  }),
  error('rate_limited', 'Too many tries', async (page, latchkey) => {
    const node = await latchkey.startNode({ RATE_LIMIT_START_PER_BROWSER: '1' });
    await page.goto(node.baseUrl);
    // As its own scripts could. The page that a form leads to would go on by itself meanwhile.
    // The first one brings the cookie that the second one is counted by.
    for (let tries = 0; tries < 2; tries++)
      await page.evaluate("fetch('/login/twitch', { method: 'POST' }).then(({ status }) => status)");
    await sendForm(page, `${node.baseUrl}/login/twitch`);
  }),
  error('unknown_host', 'This site has another address', async (page, { listensAt }) => {
    await page.goto(`${listensAt}/setup`);
  }),
  {
    ...error('store_unavailable', 'Sorry, we cannot reach our own storage', async (page, latchkey) => {
      const { schema } = latchkey.database;
      await schema.alterTable('expiring_records').renameTo('records_elsewhere').execute();
      await page.goto(`${latchkey.baseUrl}/profile`);
      await schema.alterTable('records_elsewhere').renameTo('expiring_records').execute();
    }),
    signedIn: { providers: ['Twitch'] },
  },
  {
    ...error('internal', 'Sorry, there is a problem', async (page, latchkey) => {
      await latchkey.database.updateTable('identities').set({ userinfo: 'not JSON' }).execute();
      await page.goto(`${latchkey.baseUrl}/profile`);
    }),
    signedIn: { providers: ['Twitch'] },
  },
  {
    ...error(
      'not_found',
      'Page not found',
      withSettings({ NODE_ENV: 'production', SANDBOX: 'on' }, '/setup', 'Page not found'),
    ),
    name: 'not-found-in-production',
  },
];

/** The page of this error. Named after its code where nothing else tells it apart. */
function error(
  code: ErrorCode,
  heading: string,
  reach: (page: Page, latchkey: RunningLatchkey) => Promise<void>,
): PageState {
  return {
    name: `error-${code.replaceAll('_', '-')}`,
    code,
    open: async (page, latchkey) => {
      await reach(page, latchkey);
      await seeHeading(page, heading);
    },
  };
}
