import type { Page } from 'playwright-core';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import type { WatchedContext } from '../support/browser.ts';
import { openCircuit } from '../keeping-going/support.ts';
import type { RunningLatchkey } from '../support/latchkey.ts';
import { linkProvider, signIn, Visitor } from '../support/visitor.ts';
import {
  answerOnPhone,
  answerAtProvider,
  arriveSignedIn,
  button,
  choosePerson,
  seeHeading,
  seeText,
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
const firefoxOnWindows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0';
const safariOnIphone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';

export const pageStates: readonly PageState[] = [
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
  { name: 'sandbox-in-use', open: openSandboxInUse },
  {
    name: 'sandbox-refused',
    open: async (page, { sandboxUrl }) => {
      await page.goto(sandboxUrl);
      await page.getByLabel('Where').selectOption('mixin');
      await page.getByLabel('Which', { exact: true }).selectOption('id_token_expired');
      await button(page, 'Switch on').click();
      await seeText(page, 'There is a problem');
    },
  },
  {
    name: 'sandbox-add-person-refused',
    open: async (page, { sandboxUrl }) => {
      await page.goto(`${sandboxUrl}/control/people`);
      await page.getByLabel('E-mail address').fill('nobody');
      await page.getByLabel('Phone number').fill('5');
      await button(page, 'Add').click();
      await seeText(page, 'There is a problem');
    },
  },
  {
    name: 'sandbox-edit-person',
    open: async (page, { sandboxUrl }) => {
      await page.goto(`${sandboxUrl}/control/people/zoe`);
      await seeHeading(page, 'Edit a person');
    },
  },
  {
    name: 'sandbox-control-error',
    open: async (page, { sandboxUrl }) => {
      await page.goto(`${sandboxUrl}/control/people/nobody`);
      await seeHeading(page, 'This does not work');
    },
  },
  {
    name: 'sandbox-try-it',
    open: async (page, { sandboxUrl }) => {
      await page.goto(`${sandboxUrl}/try/twitch`);
      await choosePerson(page, 'Twitch', hostile, 'Try it');
      await button(page, 'Allow').click();
      await seeHeading(page, /^Signed in at Sandbox Twitch as Zoë/);
    },
  },
  {
    name: 'sandbox-try-it-failed',
    open: async (page, { sandboxUrl, sandbox }) => {
      sandbox.state.faults.set('resonite', 'token_html');
      await page.goto(`${sandboxUrl}/try/resonite`);
      await choosePerson(page, 'Resonite', 'Ada', 'Try it');
      await button(page, 'Allow').click();
      await seeHeading(page, 'The login at Sandbox Resonite did not work');
      sandbox.state.reset();
    },
  },
  {
    name: 'sandbox-try-it-foreign',
    open: async (page, { sandboxUrl }) => {
      await page.goto(`${sandboxUrl}/try/mixer/callback?code=a-code&state=nobody-sent-this`);
      await seeHeading(page, 'This login did not start in this browser');
    },
  },
  {
    name: 'sandbox-step-arrival',
    open: async (page, { sandboxUrl, sandbox }) => {
      sandbox.state.settings.stepMode = true;
      await page.goto(`${sandboxUrl}/try/resonite`);
      await seeHeading(page, 'The application sent your browser here');
      sandbox.state.settings.stepMode = false;
    },
  },
  {
    name: 'sandbox-step-departure',
    open: async (page, { sandboxUrl, sandbox }) => {
      Object.assign(sandbox.state.settings, { stepMode: true, autoApprove: true });
      await page.goto(`${sandboxUrl}/try/twitch`);
      await page.getByRole('link', { name: 'Go on at Sandbox Twitch' }).click();
      await seeHeading(page, 'Next: back to the application');
      Object.assign(sandbox.state.settings, { stepMode: false, autoApprove: false });
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
    name: 'conflict',
    signedIn: { providers: ['Twitch'] },
    open: openConflict,
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
    name: 'delete-account',
    signedIn: { providers: all, person: 'Bo' },
    open: async (page, { baseUrl }) => {
      await page.goto(`${baseUrl}/account/delete`);
      await seeHeading(page, 'Delete your account here?');
    },
  },
  {
    name: 'confirm-that-it-is-you',
    signedIn: { providers: ['Twitch', 'Mixer'], person: hostile },
    open: async (page, latchkey) => {
      latchkey.advance(31 * 60 * 1000);
      await openProfile(page, latchkey);
      await page.getByRole('link', { name: 'Unlink Twitch' }).click();
      await seeHeading(page, 'Confirm that it is you');
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
  {
    name: 'error-access-ended',
    signedIn: { providers: ['Twitch'] },
    open: async (page, latchkey) => {
      const { state } = latchkey.sandbox;
      state.revokeAccess('twitch', madeUpClients.twitch.clientId, 'ada');
      latchkey.advance(61 * 60 * 1000);
      await page.goto(`${latchkey.baseUrl}/profile`);
      await seeHeading(page, 'Twitch ended our access, so you are signed out');
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
    name: 'inspector-waiting',
    open: async (page, latchkey) => {
      await leaveLoginOpen(page, latchkey);
      await openNewestFlow(page, latchkey);
      await seeText(page, 'Waiting:');
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
  {
    name: 'setup',
    open: async (page, { baseUrl }) => {
      await page.goto(`${baseUrl}/setup`);
      await seeHeading(page, 'Setup');
    },
  },
  {
    name: 'setup-checked',
    open: async (page, latchkey) => {
      latchkey.sandbox.state.faults.set('twitch', 'authorize_redirect_mismatch');
      latchkey.sandbox.state.faults.set('twitch', 'token_wrong_secret');
      await page.goto(`${latchkey.baseUrl}/setup`);
      await button(page, 'Check Twitch now').click();
      await page.locator('#check-twitch').waitFor();
      latchkey.sandbox.state.faults.clear();
    },
  },
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
  {
    name: 'error-for-the-developer',
    open: async (page, { baseUrl }) => {
      await page.goto(`${baseUrl}/?error=redirect_mismatch`);
      await seeText(page, 'For the developer');
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

/** The provider answers with nothing at all, so the browser stays where it is. */
async function stayAtHandOff(page: Page, { baseUrl, sandboxUrl }: RunningLatchkey): Promise<void> {
  await page.route(`${sandboxUrl}/**`, (route) => route.fulfill({ status: 204 }));
  const answered = page.waitForResponse((response) => response.status() === 204);
  await startLogin(page, baseUrl, 'Twitch');
  await answered;
  await seeHeading(page, 'Taking you to Twitch');
}

/** With access, tokens, faults and requests of which some were refused, all by the hardest name. */
async function openSandboxInUse(page: Page, { sandboxUrl, sandbox }: RunningLatchkey): Promise<void> {
  const { state } = sandbox;
  Object.assign(state.settings, { autoApprove: true, autoApproveAs: 'zoe' });
  for (const service of ['twitch', 'mixin', 'resonite']) await page.goto(`${sandboxUrl}/try/${service}`);
  state.faults.set('mixer', 'token_code_expired', 'next');
  await page.goto(`${sandboxUrl}/try/mixer`);
  state.expireAccessTokens('twitch');
  state.faults.set('api.twitch.tv', 'userinfo_without_id');
  state.faults.set('resonite', 'refresh_other_person', 'next');
  state.settings.autoApprove = false;
  await page.goto(sandboxUrl);
  await button(page, /^Remove access/)
    .first()
    .click();
  await seeText(page, 'has no access at');
  state.reset();
}

async function openPhone(page: Page, { baseUrl }: RunningLatchkey): Promise<void> {
  await startLogin(page, baseUrl, 'Mixin');
  await seeHeading(page, 'Approve in Mixin');
  await page.goto((await page.locator('a.mono').getAttribute('href'))!);
  await seeHeading(page, 'Latchkey wants to');
}

/** Somebody else has a Mixer and a Resonite account here; this person signs in with that Mixer account. */
async function openConflict(page: Page, latchkey: RunningLatchkey): Promise<void> {
  const other = new Visitor();
  await signIn(other, latchkey.baseUrl, 'Mixer', { person: hostile });
  await linkProvider(other, latchkey.baseUrl, 'Resonite', { person: hostile });
  await openProfile(page, latchkey);
  await button(page, 'Link Mixer').click();
  await answerAtProvider(page, 'Mixer', { person: hostile });
  await seeHeading(page, 'This Mixer account is linked to another account here');
}

async function openSessions(page: Page, { baseUrl }: RunningLatchkey): Promise<void> {
  await page.goto(`${baseUrl}/sessions`);
  await seeHeading(page, 'Sessions and devices');
}

async function openProfile(page: Page, { baseUrl }: RunningLatchkey): Promise<void> {
  await page.goto(`${baseUrl}/profile`);
  await seeHeading(page, 'Your accounts');
}
