import type { Page } from 'playwright-core';
import { madeUpClients } from '../../../src/sandbox/registrations.ts';
import type { RunningLatchkey } from '../../support/latchkey.ts';
import { answerOnPhone, button, choosePerson, seeHeading, seeText } from '../steps.ts';
import type { PageState } from './page-state.ts';
import { atSandbox, hostile, minutes, startLogin } from './ways.ts';

/** The pretended providers: their pages for people, and the page to control them. */
export const sandboxStates: readonly PageState[] = [
  {
    name: 'sandbox-person',
    open: async (page, { baseUrl }) => {
      await startLogin(page, baseUrl, 'Twitch');
      await seeHeading(page, 'Sign in to Sandbox Twitch');
    },
  },
  {
    name: 'sandbox-person-remembered',
    open: async (page, { sandboxUrl }) => {
      await page.goto(`${sandboxUrl}/try/mixer`);
      await choosePerson(page, 'Mixer', hostile, 'Try it');
      await page.goto(`${sandboxUrl}/try/mixer`);
      await page.getByText('Continue as').waitFor();
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
    name: 'sandbox-consent-to-nothing',
    open: async (page, { baseUrl, sandboxUrl }) => {
      const asked = new URLSearchParams({
        response_type: 'code',
        client_id: madeUpClients.twitch.clientId,
        redirect_uri: `${baseUrl}/login/twitch/callback`,
        scope: '',
      });
      await page.goto(`${sandboxUrl}/id.twitch.tv/oauth2/authorize?${asked}`);
      await choosePerson(page, 'Twitch');
      await seeText(page, 'No permission was asked for.');
    },
  },
  {
    name: 'sandbox-mixin-qr',
    open: async (page, { baseUrl }) => {
      await startLogin(page, baseUrl, 'Mixin');
      await seeHeading(page, 'Approve in Mixin');
    },
  },
  {
    name: 'sandbox-mixin-qr-seen',
    open: async (page, { baseUrl }) => {
      await startLogin(page, baseUrl, 'Mixin');
      await seeHeading(page, 'Approve in Mixin');
      const phone = await page.context().newPage();
      await phone.goto((await page.locator('a.mono').getAttribute('href'))!);
      await seeHeading(phone, 'Latchkey wants to');
      await phone.close();
      await page.bringToFront();
      await page.reload();
      await seeText(page, 'Seen on the phone. Waiting for an answer.');
    },
  },
  {
    name: 'sandbox-mixin-qr-expired',
    open: async (page, latchkey) => {
      await startLogin(page, latchkey.baseUrl, 'Mixin');
      await seeHeading(page, 'Approve in Mixin');
      latchkey.advance(minutes(11));
      await page.reload();
      await seeHeading(page, 'This QR code is too old');
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
    name: 'sandbox-phone-denied',
    open: async (page, latchkey) => {
      await openPhone(page, latchkey);
      await answerOnPhone(page, { deny: true });
      await seeHeading(page, 'Denied');
    },
  },
  {
    name: 'sandbox-phone-expired',
    open: async (page, latchkey) => {
      await openPhone(page, latchkey);
      latchkey.advance(minutes(11));
      await page.reload();
      await seeHeading(page, 'This QR code is too old');
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
    name: 'sandbox-unknown-application',
    open: atSandbox(
      '/account.resonite.com/connect/authorize?response_type=code&client_id=nobody&redirect_uri=https://elsewhere.example/',
      'This does not work',
    ),
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
    name: 'sandbox-fault-switched-on',
    open: async (page, { sandboxUrl }) => {
      await page.goto(sandboxUrl);
      await page.getByLabel('Where').selectOption('twitch');
      await page.getByLabel('Which', { exact: true }).selectOption('token_500');
      await button(page, 'Switch on').click();
      await page.locator('#done').waitFor();
    },
  },
  {
    name: 'sandbox-after-a-reset',
    open: async (page, { sandboxUrl }) => {
      await page.goto(sandboxUrl);
      await page.getByText('Reset the sandbox').click();
      await button(page, 'Reset everything').click();
      await page.locator('#done').waitFor();
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
];

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
