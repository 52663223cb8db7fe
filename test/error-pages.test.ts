import { loginErrorCodes, requestErrorCodes } from '../src/errors.ts';
import { situations } from './error-situations.ts';
import { checkCopy, leave } from './copy-deck.ts';
import { type RunningLatchkey, startLatchkey } from './support/latchkey.ts';
import {
  answerAtProvider,
  captureCallback,
  linkProvider,
  signIn,
  startSignIn,
  Visitor,
} from './support/visitor.ts';

let latchkey: RunningLatchkey;
let visitor: Visitor;

beforeEach(() => {
  visitor = new Visitor();
});
afterEach(() => latchkey.close());

test.each(situations)(
  '$title: a page with cause and next step, which leads to a sign-in that works',
  async (situation) => {
    const { code, status, heading, button, env, reach } = situation;
    latchkey = await startLatchkey({
      env: env ?? {},
      // Enough for a busy machine, and soon over where nothing comes.
      httpLimits: { totalMilliseconds: 1500, maximumBytes: 256 * 1024 },
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
    if (status === 503 || status === 429) expect(Number(page.headers['retry-after'])).toBeGreaterThan(0);
    checkCopy(page, situation);
    // Neither stack, nor path, nor a secret, nor what only the log may say.
    expect(page.html).not.toMatch(
      /\bat \S+ \(|\.ts:|node_modules|sandbox(?:twitch|-resonite-)secret|decade0000|undefined|\[object/,
    );
    expect(latchkey.logLines.join('')).not.toMatch(
      /sandbox(?:twitch|-resonite-)secret|decade0000|code=|[?&]state=/,
    );
    await leave(visitor, latchkey, situation);
  },
);

test('every code that can be raised is reached by a test above', () => {
  latchkey = { close: async () => {} } as RunningLatchkey;
  const reached = new Set(situations.map(({ code }) => code));
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
    expect(page.$('details p').text().trim()).toMatch(/^Mixer said: /);
    expect(page.$('details q').text()).toHaveLength(300);
  });

  test('is told in the same words to whoever is signed in and whoever is not', async () => {
    latchkey = await startLatchkey();
    const { baseUrl, sandbox } = latchkey;
    sandbox.state.faults.set('resonite', 'token_html');
    const told = async (who: Visitor, open: (who: Visitor) => Promise<unknown>) => {
      await open(who);
      const { status, heading, $ } = who.page;
      return { status, heading, reason: $('main .head p').text() };
    };
    const stranger = new Visitor();
    await signIn(visitor, baseUrl, 'Mixer');
    expect(await told(visitor, (who) => linkProvider(who, baseUrl, 'Resonite'))).toEqual(
      await told(stranger, (who) => signIn(who, baseUrl, 'Resonite')),
    );
    for (const path of ['/nowhere', '/login/mixer/callback?state=x&code=y', '/login/%E0%A4%A/callback'])
      expect(await told(visitor, (who) => who.open(baseUrl + path))).toEqual(
        await told(stranger, (who) => who.open(baseUrl + path)),
      );
  });

  test('in production shows no hints for developers', async () => {
    latchkey = await startLatchkey({ env: { NODE_ENV: 'production', SANDBOX: 'on' } });
    latchkey.sandbox.state.faults.set('twitch', 'token_wrong_secret');
    const page = await signIn(visitor, latchkey.baseUrl, 'Twitch');
    expect(page.heading).toBe('This site is not set up correctly for Twitch');
    expect(page.text).not.toContain('Compare the client id');
  });
});
