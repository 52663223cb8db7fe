import type { ErrorCode } from '../src/errors.ts';
import type { FaultName } from '../src/sandbox/faults.ts';
import { madeUpClients } from '../src/sandbox/registrations.ts';
import type { Service } from '../src/sandbox/services.ts';
import type { RunningLatchkey } from './support/latchkey.ts';
import {
  answerAtProvider,
  captureCallback,
  linkProvider,
  type Page,
  signIn,
  startSignIn,
  Visitor,
} from './support/visitor.ts';

/** Every situation that has an error page, and how a person gets into it. */

interface Stage {
  readonly visitor: Visitor;
  readonly latchkey: RunningLatchkey;
}

/** How a person gets into one situation, and what the page must say. */
export interface Situation {
  readonly title: string;
  readonly code: ErrorCode;
  readonly status: number;
  readonly heading: string;
  /** A button that must be there. */
  readonly button: string;
  readonly env?: Record<string, string>;
  readonly reach: (stage: Stage) => Promise<Page>;
  /** What has to be put right before the button can lead anywhere. */
  readonly mend?: (latchkey: RunningLatchkey) => Promise<void>;
}

const withFault =
  (service: Service, fault: FaultName, name: string) =>
  async ({ visitor, latchkey }: Stage): Promise<Page> => {
    latchkey.sandbox.state.faults.set(service, fault);
    return signIn(visitor, latchkey.baseUrl, name);
  };
const callback = ({ visitor, latchkey }: Stage, name: string, answer = {}) =>
  captureCallback(visitor, () => startSignIn(visitor, latchkey.baseUrl, name), latchkey.baseUrl, answer);
const post = ({ visitor, latchkey }: Stage, path: string, fields: Record<string, string> = {}) =>
  visitor.submit('post', new URL(latchkey.baseUrl + path), new URLSearchParams(fields));
const atHome = async (stage: Stage) => void (await stage.visitor.open(`${stage.latchkey.baseUrl}/`));

export const situations: readonly Situation[] = [
  {
    title: 'a state that was never given out',
    code: 'state_unknown',
    status: 400,
    heading: 'We do not know this sign-in',
    button: 'Start again with Twitch',
    reach: ({ visitor, latchkey }) =>
      visitor.open(`${latchkey.baseUrl}/login/twitch/callback?code=x&state=${'A'.repeat(43)}`),
  },
  {
    title: 'a login that took longer than ten minutes',
    code: 'state_expired',
    status: 400,
    heading: 'That took too long',
    button: 'Start again with Mixin',
    reach: async (stage) => {
      const url = await callback(stage, 'Mixin');
      stage.latchkey.advance(11 * 60 * 1000);
      return stage.visitor.open(url.href);
    },
  },
  {
    title: 'a callback that is loaded again',
    code: 'state_used',
    status: 400,
    heading: 'This sign-in was already finished',
    button: 'Go to your accounts',
    reach: async (stage) => {
      const url = await callback(stage, 'Twitch');
      await stage.visitor.open(url.href);
      return stage.visitor.open(url.href);
    },
  },
  {
    title: 'a link that comes back after signing out',
    code: 'session_changed',
    status: 409,
    heading: 'You are not signed in as before',
    button: 'Choose another service',
    reach: async (stage) => {
      await signIn(stage.visitor, stage.latchkey.baseUrl, 'Twitch');
      const url = await captureCallback(
        stage.visitor,
        () => stage.visitor.press('Link Resonite'),
        stage.latchkey.baseUrl,
      );
      await stage.visitor.open(`${stage.latchkey.baseUrl}/profile`);
      await stage.visitor.press('Sign out');
      return stage.visitor.open(url.href);
    },
  },
  {
    title: 'a browser that keeps no cookie',
    code: 'no_cookie',
    status: 400,
    heading: 'Your browser did not keep our cookie',
    button: 'Start again with Resonite',
    reach: async (stage) => {
      const url = await callback(stage, 'Resonite');
      await stage.visitor.forgetCookies();
      return stage.visitor.open(url.href);
    },
  },
  ...(['Twitch', 'Resonite', 'Mixer'] as const).map(
    (name): Situation => ({
      title: `a no at ${name}`,
      code: 'authorization_denied',
      status: 200,
      heading: `You said no at ${name}`,
      button: `Start again with ${name}`,
      reach: ({ visitor, latchkey }) => signIn(visitor, latchkey.baseUrl, name, { deny: true }),
    }),
  ),
  {
    title: 'a no in Mixin',
    code: 'authorization_denied',
    status: 200,
    heading: 'You closed the request in Mixin',
    button: 'Show a new QR code',
    reach: ({ visitor, latchkey }) => signIn(visitor, latchkey.baseUrl, 'Mixin', { deny: true }),
  },
  {
    title: 'an error of the provider’s own',
    code: 'authorization_refused',
    status: 502,
    heading: 'Resonite did not let us in',
    button: 'Start again with Resonite',
    reach: withFault('resonite', 'authorize_server_error', 'Resonite'),
  },
  {
    title: 'an unregistered return address, reported to the callback',
    code: 'redirect_mismatch',
    status: 502,
    heading: 'Twitch does not know our return address',
    button: 'Choose another service',
    reach: withFault('twitch', 'authorize_redirect_mismatch', 'Twitch'),
  },
  {
    title: 'an unregistered return address, reported to the root of the site',
    code: 'redirect_mismatch',
    status: 502,
    heading: 'Twitch does not know our return address',
    button: 'Choose another service',
    reach: async (stage) => {
      stage.latchkey.sandbox.state.faults.set('twitch', 'authorize_redirect_mismatch');
      const url = await captureCallback(
        stage.visitor,
        () => startSignIn(stage.visitor, stage.latchkey.baseUrl, 'Twitch'),
        stage.latchkey.baseUrl,
      );
      return stage.visitor.open(`${stage.latchkey.baseUrl}/${url.search}`);
    },
  },
  {
    title: 'an unregistered return address, reported by nobody knows whom',
    code: 'redirect_mismatch',
    status: 502,
    heading: 'The service does not know our return address',
    button: 'Choose another service',
    reach: ({ visitor, latchkey }) =>
      visitor.open(`${latchkey.baseUrl}/?error=redirect_mismatch&error_description=x`),
  },
  {
    title: 'a repeated code',
    code: 'authorization_response_invalid',
    status: 400,
    heading: 'The answer from Mixer does not fit',
    button: 'Start again with Mixer',
    reach: async (stage) => stage.visitor.open(`${(await callback(stage, 'Mixer')).href}&code=other`),
  },
  {
    title: 'an answer with neither code nor error',
    code: 'authorization_response_invalid',
    status: 400,
    heading: 'The answer from Mixer does not fit',
    button: 'Start again with Mixer',
    reach: async (stage) => {
      const url = await callback(stage, 'Mixer');
      url.searchParams.delete('code');
      return stage.visitor.open(url.href);
    },
  },
  {
    title: 'an answer of another issuer',
    code: 'authorization_response_invalid',
    status: 400,
    heading: 'The answer from Resonite does not fit',
    button: 'Start again with Resonite',
    reach: withFault('resonite', 'authorize_wrong_iss', 'Resonite'),
  },
  ...(['Twitch', 'Mixin', 'Resonite', 'Mixer'] as const).flatMap((name): Situation[] => {
    const service = name.toLowerCase() as Service;
    const again = { button: `Start again with ${name}` };
    const down = {
      code: 'provider_unreachable',
      status: 503,
      heading: `${name} is not answering`,
      ...again,
    } as const;
    const busy = {
      code: 'provider_busy',
      status: 503,
      heading: `${name} asks us to wait`,
      ...again,
    } as const;
    const oddToken = {
      code: 'token_response_invalid',
      status: 502,
      heading: `${name} answered in a way we do not understand`,
      ...again,
    } as const;
    const oddProfile = {
      code: 'userinfo_response_invalid',
      status: 502,
      heading: `${name} sent a profile we cannot read`,
      ...again,
    } as const;
    const fault = (faultName: FaultName) => ({
      title: `${faultName} at ${name}`,
      reach: withFault(service, faultName, name),
    });
    return [
      { ...down, ...fault('token_500') },
      { ...down, ...fault('token_hang') },
      { ...down, ...fault('userinfo_500') },
      { ...down, ...fault('userinfo_hang') },
      { ...busy, ...fault('token_429') },
      { ...oddToken, ...fault('token_html') },
      { ...oddToken, ...fault('token_empty') },
      { ...oddToken, ...fault('token_redirect') },
      { ...oddProfile, ...fault('userinfo_html') },
      { ...oddProfile, ...fault('userinfo_without_id') },
      { ...oddProfile, ...fault('userinfo_huge') },
      { ...oddProfile, ...fault('userinfo_redirect') },
      {
        code: 'userinfo_request_refused',
        status: 200,
        heading: `We are in, but ${name} gave us no profile`,
        button: `Ask ${name} again`,
        ...fault('userinfo_401'),
      },
      {
        code: 'token_request_refused',
        status: 502,
        heading: `This site is not set up correctly for ${name}`,
        button: 'Choose another service',
        ...fault('token_wrong_secret'),
      },
      {
        code: 'token_request_refused',
        status: 400,
        heading: `The code from ${name} was too old`,
        ...again,
        ...fault('token_code_expired'),
      },
    ];
  }),
  ...(['Twitch', 'Resonite', 'Mixer'] as const).map(
    (name): Situation => ({
      title: `an error inside a success at ${name}`,
      code: 'token_request_refused',
      status: 400,
      heading: `The code from ${name} was too old`,
      button: `Start again with ${name}`,
      reach: withFault(name.toLowerCase() as Service, 'token_error_in_200', name),
    }),
  ),
  {
    title: 'an error inside a success at Mixin, which says 401 there',
    code: 'token_request_refused',
    status: 502,
    heading: 'This site is not set up correctly for Mixin',
    button: 'Choose another service',
    reach: withFault('mixin', 'token_error_in_200', 'Mixin'),
  },
  ...(
    [
      'id_token_missing',
      'id_token_bad_signature',
      'id_token_wrong_nonce',
      'id_token_wrong_audience',
      'id_token_wrong_issuer',
      'id_token_expired',
      'id_token_wrong_at_hash',
    ] as const
  ).map(
    (fault): Situation => ({
      title: `${fault} at Twitch`,
      code: 'id_token_invalid',
      status: 502,
      heading: 'We could not check the answer from Twitch',
      button: 'Start again with Twitch',
      reach: withFault('twitch', fault, 'Twitch'),
    }),
  ),
  {
    title: 'a profile that is not about the subject of the ID token',
    code: 'userinfo_response_invalid',
    status: 502,
    heading: 'Twitch sent a profile we cannot read',
    button: 'Start again with Twitch',
    reach: withFault('twitch', 'userinfo_other_person', 'Twitch'),
  },
  {
    title: 'a signed request that Mixin refuses because its clock is another one',
    code: 'clock_differs',
    status: 502,
    heading: 'Our clock and that of Mixin do not agree',
    button: 'Choose another service',
    reach: withFault('mixin', 'clock_ahead', 'Mixin'),
  },
  ...(['integrity_wrong', 'request_id_wrong'] as const).map(
    (fault): Situation => ({
      title: `${fault} at Mixin`,
      code: 'userinfo_response_invalid',
      status: 502,
      heading: 'Mixin sent a profile we cannot read',
      button: 'Start again with Mixin',
      reach: withFault('mixin', fault, 'Mixin'),
    }),
  ),
  {
    title: 'a replacement whose new identity was linked elsewhere while the page was open',
    code: 'identity_already_linked',
    status: 409,
    heading: 'This Mixer account is linked to another account here',
    button: 'Go to your accounts',
    reach: async ({ visitor, latchkey }) => {
      await signIn(visitor, latchkey.baseUrl, 'Mixer');
      await visitor.press('Switch Mixer account');
      await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Bo' });
      await signIn(new Visitor(), latchkey.baseUrl, 'Mixer', { person: 'Bo' });
      return visitor.press('Replace with');
    },
  },
  {
    title: 'a change to the account with a sign-in of long ago',
    code: 'reauthentication_needed',
    status: 403,
    heading: 'Confirm that it is you',
    button: 'Sign in with Mixer as AdaPlays',
    reach: async ({ visitor, latchkey }) => {
      await signIn(visitor, latchkey.baseUrl, 'Mixer');
      latchkey.advance(31 * 60 * 1000);
      return visitor.press('Delete my account');
    },
  },
  {
    title: 'an application that the person has removed at the provider that signed them in',
    code: 'access_ended',
    status: 401,
    heading: 'Twitch ended our access, so you are signed out',
    button: 'Start again with Twitch',
    reach: async ({ visitor, latchkey }) => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      latchkey.sandbox.state.revokeAccess('twitch', madeUpClients.twitch.clientId, 'ada');
      latchkey.advance(61 * 60 * 1000);
      return visitor.open(`${latchkey.baseUrl}/profile`);
    },
  },
  {
    title: 'a change to an account that another page is changing',
    code: 'change_under_way',
    status: 409,
    heading: 'Another change is under way',
    button: 'Go to your accounts',
    reach: async ({ visitor, latchkey }) => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      await linkProvider(visitor, latchkey.baseUrl, 'Mixer');
      const { id } = await latchkey.database.selectFrom('accounts').select('id').executeTakeFirstOrThrow();
      const lease = {
        key: `account.${id}`,
        owner: 'another page',
        value: '',
        expiresAt: Date.now() + 60_000,
      };
      await latchkey.records.create('lease', lease);
      await visitor.press('Unlink Mixer');
      return visitor.press('Unlink Mixer');
    },
  },
  {
    title: 'a re-authentication as somebody else',
    code: 'identity_changed',
    status: 409,
    heading: 'You came back as another Twitch account',
    button: 'Go to your accounts',
    reach: async (stage) => {
      await signIn(stage.visitor, stage.latchkey.baseUrl, 'Twitch');
      await post(stage, '/login/twitch', { intent: 'reauthenticate', force: 'true' });
      return answerAtProvider(stage.visitor, stage.latchkey.baseUrl, { person: 'Bo' });
    },
  },
  {
    title: 'unlinking the last way in',
    code: 'last_identity',
    status: 409,
    heading: 'Twitch is your only way in',
    button: 'Go to your accounts',
    reach: async (stage) => {
      await signIn(stage.visitor, stage.latchkey.baseUrl, 'Twitch');
      return post(stage, '/profile/twitch/unlink', { mode: 'sandbox' });
    },
  },
  {
    title: 'a closed provider',
    code: 'provider_closed',
    status: 410,
    heading: 'Mixer closed on 22 July 2020',
    button: 'Choose another service',
    env: { MIXER: 'off' },
    reach: async (stage) => {
      await atHome(stage);
      return post(stage, '/login/mixer');
    },
  },
  {
    title: 'a provider that is not set up',
    code: 'provider_not_configured',
    status: 404,
    heading: 'This site does not offer Resonite',
    button: 'Choose another service',
    env: { RESONITE: 'off' },
    reach: async (stage) => {
      await atHome(stage);
      return post(stage, '/login/resonite');
    },
  },
  {
    title: 'a provider that nobody knows',
    code: 'provider_not_configured',
    status: 404,
    heading: 'This site does not offer the service',
    button: 'Choose another service',
    reach: ({ visitor, latchkey }) =>
      visitor.open(`${latchkey.baseUrl}/login/myspace/callback?code=x&state=y`),
  },
  {
    title: 'a form on another site',
    code: 'cross_origin',
    status: 403,
    heading: 'This request did not come from our own page',
    button: 'Go to the front page',
    reach: async (stage) => {
      await stage.visitor.open(`${stage.latchkey.sandboxUrl}/`);
      return post(stage, '/login/twitch');
    },
  },
  {
    title: 'a form of a page from before the sign-out',
    code: 'not_signed_in',
    status: 401,
    heading: 'Sign in again',
    button: 'Sign in',
    reach: async (stage) => {
      await atHome(stage);
      return post(stage, '/profile/twitch/read');
    },
  },
  {
    title: 'a decision that was made already',
    code: 'decision_expired',
    status: 410,
    heading: 'There is nothing to decide any more',
    button: 'Go to your accounts',
    reach: async ({ visitor, latchkey }) => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      return visitor.open(`${latchkey.baseUrl}/link/replace`);
    },
  },
  {
    title: 'an address without a page',
    code: 'not_found',
    status: 404,
    heading: 'Page not found',
    button: 'Go to the front page',
    reach: ({ visitor, latchkey }) => visitor.open(`${latchkey.baseUrl}/no/such/page`),
  },
  {
    title: 'a flow of the inspector that is forgotten',
    code: 'flow_not_kept',
    status: 404,
    heading: 'This flow is not kept any more, or is not yours',
    button: 'Go to the front page',
    reach: async ({ visitor, latchkey }) => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch', { deny: true });
      await visitor.press('See what happened');
      const { href } = visitor.page.url;
      latchkey.advance(61 * 60 * 1000);
      return visitor.open(href);
    },
  },
  {
    title: 'an intent that nobody knows',
    code: 'malformed_request',
    status: 400,
    heading: 'We cannot read this request',
    button: 'Go to the front page',
    reach: async (stage) => {
      await atHome(stage);
      return post(stage, '/login/twitch', { intent: 'steal' });
    },
  },
  {
    title: 'a form that is too long',
    code: 'request_too_large',
    status: 413,
    heading: 'This request is too large',
    button: 'Go to the front page',
    reach: async (stage) => {
      await atHome(stage);
      return post(stage, '/login/twitch', { intent: 'x'.repeat(9000) });
    },
  },
  {
    title: 'more sign-ins than one browser may start in a minute',
    code: 'rate_limited',
    status: 429,
    heading: 'Too many tries',
    button: 'Try again',
    env: { RATE_LIMIT_START_PER_BROWSER: '1' },
    reach: async (stage) => {
      // The first one gives the browser its cookie.
      for (let number = 0; number < 3; number++)
        await startSignIn(stage.visitor, stage.latchkey.baseUrl, 'Twitch');
      return stage.visitor.page;
    },
  },
  {
    title: 'an address that cannot be decoded',
    code: 'malformed_request',
    status: 400,
    heading: 'We cannot read this request',
    button: 'Go to the front page',
    reach: ({ visitor, latchkey }) => visitor.open(`${latchkey.baseUrl}/login/%E0%A4%A/callback`),
  },
  {
    title: 'another name of this machine',
    code: 'unknown_host',
    status: 421,
    heading: 'This site has another address',
    button: 'Open http://localhost:',
    reach: ({ visitor, latchkey }) => visitor.open(`${latchkey.baseUrl.replace('localhost', '127.0.0.1')}/`),
  },
  {
    title: 'a storage that fails',
    code: 'store_unavailable',
    status: 503,
    heading: 'Sorry, we cannot reach our own storage',
    button: 'Try again',
    reach: async ({ visitor, latchkey }) => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      await latchkey.database.schema.alterTable('expiring_records').renameTo('elsewhere').execute();
      return visitor.open(`${latchkey.baseUrl}/profile`);
    },
    mend: ({ database }) => database.schema.alterTable('elsewhere').renameTo('expiring_records').execute(),
  },
  {
    title: 'a mistake of our own',
    code: 'internal',
    status: 500,
    heading: 'Sorry, there is a problem',
    button: 'Go to the front page',
    reach: async ({ visitor, latchkey }) => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      await latchkey.database.updateTable('identities').set({ userinfo: 'not JSON' }).execute();
      return visitor.open(`${latchkey.baseUrl}/profile`);
    },
    mend: async ({ database }) => {
      await database.updateTable('identities').set({ userinfo: '{}' }).execute();
    },
  },
];
