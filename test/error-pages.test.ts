import { type ErrorCode, loginErrorCodes, requestErrorCodes } from '../src/errors.ts';
import type { FaultName } from '../src/sandbox/faults.ts';
import { madeUpClients } from '../src/sandbox/registrations.ts';
import type { Service } from '../src/sandbox/services.ts';
import { type RunningLatchkey, startLatchkey } from './support/latchkey.ts';
import {
  answerAtProvider,
  captureCallback,
  linkProvider,
  type Page,
  signIn,
  startSignIn,
  Visitor,
} from './support/visitor.ts';

let latchkey: RunningLatchkey;
let visitor: Visitor;

interface Stage {
  readonly visitor: Visitor;
  readonly latchkey: RunningLatchkey;
}

/** How a test reaches one situation, and what the page must say. */
interface Way {
  readonly title: string;
  readonly code: ErrorCode;
  readonly status: number;
  readonly heading: string;
  /** A button that must be there. Null for a page whose only way on is another address. */
  readonly button: string;
  readonly env?: Record<string, string>;
  readonly reach: (stage: Stage) => Promise<Page>;
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

const ways: readonly Way[] = [
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
      stage.visitor.cookies.clear();
      return stage.visitor.open(url.href);
    },
  },
  ...(['Twitch', 'Resonite', 'Mixer'] as const).map(
    (name): Way => ({
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
    button: 'Start again with Mixin',
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
  ...(['Twitch', 'Mixin', 'Resonite', 'Mixer'] as const).flatMap((name): Way[] => {
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
        ...again,
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
    (name): Way => ({
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
    (fault): Way => ({
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
    (fault): Way => ({
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
      await latchkey.database.schema.dropTable('expiring_records').execute();
      return visitor.open(`${latchkey.baseUrl}/profile`);
    },
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
  },
];

beforeEach(() => {
  visitor = new Visitor();
});
afterEach(() => latchkey.close());

test.each(ways)(
  '$title: a page with cause and next step, and nothing else changes',
  async ({ code, status, heading, button, env, reach }) => {
    latchkey = await startLatchkey({
      env: env ?? {},
      httpLimits: { totalMilliseconds: 500, maximumBytes: 256 * 1024 },
    });
    const page = await reach({ visitor, latchkey });
    expect({ status: page.status, heading: page.heading, text: page.text }).toEqual({
      status,
      heading,
      text: expect.stringContaining(code),
    });
    const { $ } = page;
    const buttons = $('main a, main button')
      .toArray()
      .map((element) => $(element).text().trim());
    expect(buttons.find((words) => words.startsWith(button))).toBeDefined();
    // A reference that the log knows too, in the headers as on the page.
    const reference = page.headers['x-request-id']!;
    expect(page.text).toContain(reference);
    expect(latchkey.logLines.filter((line) => line.includes(reference)).join('')).toContain(code);
    expect(page.headers['cache-control']).toBe('no-store');
    expect(page.headers['content-security-policy']).toContain("form-action 'self'");
    if (status === 503 && code !== 'store_unavailable')
      expect(Number(page.headers['retry-after'])).toBeGreaterThan(0);
    // Neither stack, nor path, nor a secret, nor what only the log may say.
    expect(page.html).not.toMatch(
      /\bat \S+ \(|\.ts:|node_modules|sandbox(?:twitch|-resonite-)secret|decade0000|undefined|\[object/,
    );
    expect(latchkey.logLines.join('')).not.toMatch(
      /sandbox(?:twitch|-resonite-)secret|decade0000|code=|[?&]state=/,
    );
  },
);

test('every code that can be raised is reached by a test above', () => {
  latchkey = { close: async () => {} } as RunningLatchkey;
  const reached = new Set(ways.map(({ code }) => code));
  expect([...loginErrorCodes, ...requestErrorCodes].filter((code) => !reached.has(code))).toEqual([]);
});

describe('a login that failed', () => {
  test('loses nothing: starting again has the same destination', async () => {
    latchkey = await startLatchkey();
    latchkey.sandbox.state.faults.set('twitch', 'token_500');
    await visitor.open(`${latchkey.baseUrl}/?return_to=%2Fhelp`);
    await visitor.press('Continue with Twitch');
    await answerAtProvider(visitor, latchkey.baseUrl);
    expect(visitor.page.heading).toBe('Twitch is not answering');
    latchkey.sandbox.state.faults.clear('twitch');
    await visitor.press('Start again with Twitch');
    await answerAtProvider(visitor, latchkey.baseUrl);
    expect(visitor.page.url.pathname).toBe('/help');
  });

  test('changes nothing: account, identities and session stay as they were', async () => {
    latchkey = await startLatchkey();
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    const before = JSON.stringify(await latchkey.database.selectFrom('identities').selectAll().execute());
    latchkey.sandbox.state.faults.set('resonite', 'userinfo_without_id');
    await linkProvider(visitor, latchkey.baseUrl, 'Resonite');
    expect(JSON.stringify(await latchkey.database.selectFrom('identities').selectAll().execute())).toBe(
      before,
    );
    expect((await visitor.open(`${latchkey.baseUrl}/profile`)).text).toContain('Signed in with Twitch');
  });

  test('never follows a redirect of the token endpoint, which would carry the secret along', async () => {
    latchkey = await startLatchkey();
    latchkey.sandbox.state.faults.set('twitch', 'token_redirect');
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    expect(
      latchkey.sandbox.state.requests.filter(
        ({ path, host }) => path.includes('elsewhere') || host === 'elsewhere',
      ),
    ).toEqual([]);
  });

  test('never tries the code a second time', async () => {
    latchkey = await startLatchkey();
    latchkey.sandbox.state.faults.set('resonite', 'token_500');
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    expect(
      latchkey.sandbox.state.requests.filter(({ path }) => path.endsWith('/connect/token')),
    ).toHaveLength(1);
  });

  test('shows the provider’s words as text, cut, and only in the details', async () => {
    latchkey = await startLatchkey();
    const url = await captureCallback(
      visitor,
      () => startSignIn(visitor, latchkey.baseUrl, 'Mixer'),
      latchkey.baseUrl,
    );
    url.searchParams.delete('code');
    url.searchParams.set('error', 'server_error');
    url.searchParams.set('error_description', `<img src=x onerror=alert(1)>${'a'.repeat(5000)}`);
    const page = await visitor.open(url.href);
    expect(page.html).not.toContain('<img src=x');
    expect(page.$('details').text()).toContain('<img src=x onerror=alert(1)>aaa');
    expect(page.text.length).toBeLessThan(2000);
  });

  test('in production shows no hints for developers', async () => {
    latchkey = await startLatchkey({ env: { NODE_ENV: 'production', SANDBOX: 'on' } });
    latchkey.sandbox.state.faults.set('twitch', 'token_wrong_secret');
    const page = await signIn(visitor, latchkey.baseUrl, 'Twitch');
    expect(page.heading).toBe('This site is not set up correctly for Twitch');
    expect(page.text).not.toContain('Compare the client id');
  });
});
