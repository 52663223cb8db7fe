import type { FaultName } from '../../src/sandbox/faults.ts';
import { type LatchkeyOptions, type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { until } from '../support/until.ts';
import { answerAtProvider, captureCallback, signIn, startSignIn, Visitor } from '../support/visitor.ts';
import { newestLogin } from '../inspector/support.ts';
import { subjects } from '../accounts/support.ts';
import { minutes } from './support.ts';

/* What becomes of the tokens of a login that fails after the provider has issued them. */

let latchkey: RunningLatchkey;
let visitor: Visitor;
const start = async (options: LatchkeyOptions = {}) => {
  latchkey = await startLatchkey(options);
  visitor = new Visitor();
};
afterEach(() => latchkey.close());

const fault = (name: FaultName) => latchkey.sandbox.state.faults.set('twitch', name);
const revocations = () =>
  latchkey.sandbox.state.requests.filter(({ path }) => path.endsWith('/oauth2/revoke')).length;
const exchanges = () => latchkey.sandbox.state.requests.filter(({ path }) => path.endsWith('/token')).length;

/** The access and refresh tokens that Twitch still accepts. */
function livingTokens(): number {
  const { accessTokens, refreshTokens } = latchkey.sandbox.state;
  return [...accessTokens.values(), ...refreshTokens.values()].filter(({ service }) => service === 'twitch')
    .length;
}

const cardIsWell = async () => {
  await visitor.open(`${latchkey.baseUrl}/profile`);
  await visitor.press('Read profile again');
  return visitor.page.text.includes('We read your Twitch profile again.');
};

test('a confirmation as somebody else gives back what it brought, and leaves the session its own', async () => {
  await start();
  await signIn(visitor, latchkey.baseUrl, 'Twitch', { person: 'Ada' });
  expect(livingTokens()).toBe(2);
  latchkey.advance(minutes(31));
  await visitor.open(`${latchkey.baseUrl}/account/delete`);
  await visitor.press('Sign in with Twitch as Ada');
  await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Bo' });
  expect(visitor.page.heading).toBe('You came back as another Twitch account');
  await until(() => revocations() === 2);
  await until(() => livingTokens() === 2);
  expect(await cardIsWell()).toBe(true);
});

test('a link that comes back after signing out elsewhere gives its tokens back', async () => {
  await start();
  await signIn(visitor, latchkey.baseUrl, 'Mixer');
  const callback = await captureCallback(
    visitor,
    async () => {
      await visitor.open(`${latchkey.baseUrl}/profile`);
      await visitor.press('Link Twitch');
    },
    latchkey.baseUrl,
  );
  // Twitch takes its time, and meanwhile the session ends on another device.
  fault('userinfo_hang');
  const finished = visitor.open(callback.href);
  await until(() => latchkey.sandbox.state.hanging.size > 0);
  const [session] = await latchkey.listRecords('session');
  await latchkey.records.delete('session', session!.key);
  latchkey.sandbox.state.faults.clear();
  for (const response of latchkey.sandbox.state.hanging) {
    response.json({ data: [{ id: subjects.ada.twitch, login: 'ada', display_name: 'Ada' }] });
  }
  latchkey.sandbox.state.hanging.clear();
  expect((await finished).heading).toBe('You are not signed in as before');
  await until(() => revocations() === 2 && livingTokens() === 0);
});

test.each<FaultName>(['userinfo_500', 'userinfo_not_json', 'userinfo_other_person', 'userinfo_429'])(
  'a profile that cannot be used (%s) gives the tokens back',
  async (name) => {
    await start();
    fault(name);
    const page = await signIn(visitor, latchkey.baseUrl, 'Twitch');
    expect(page.status).toBeGreaterThanOrEqual(400);
    await until(() => livingTokens() === 0);
    expect(revocations()).toBe(2);
  },
);

test('whoever has gone before the page was there leaves no tokens behind either', async () => {
  await start();
  const callback = await captureCallback(
    visitor,
    () => startSignIn(visitor, latchkey.baseUrl, 'Twitch'),
    latchkey.baseUrl,
  );
  fault('userinfo_hang');
  const leaving = new AbortController();
  const cookie = visitor.cookieHeader(callback);
  const gone = fetch(callback, { headers: { cookie }, redirect: 'manual', signal: leaving.signal }).catch(
    (error: Error) => error.name,
  );
  await until(() => latchkey.sandbox.state.hanging.size > 0);
  leaving.abort();
  expect(await gone).toBe('AbortError');
  await until(() => (newestLogin(latchkey, visitor)?.notes.join() ?? '').includes('The browser went away'));
  latchkey.sandbox.state.faults.clear();
  for (const response of latchkey.sandbox.state.hanging) response.status(403).json({});
  latchkey.sandbox.state.hanging.clear();
  await until(() => livingTokens() === 0);
  expect(revocations()).toBe(2);
});

test('the page does not wait for it, and a failure is a line in the log and nothing more', async () => {
  await start();
  fault('userinfo_not_json');
  fault('revoke_hang');
  const page = await signIn(visitor, latchkey.baseUrl, 'Twitch');
  expect(page.heading).toBe('Twitch sent a profile we cannot read');
  expect(latchkey.logLines.filter((line) => line.includes('not revoked'))).toEqual([]);
  await until(() => latchkey.sandbox.state.hanging.size === 2);
  latchkey.sandbox.state.faults.clear();
  for (const response of latchkey.sandbox.state.hanging) response.status(500).json({});
  latchkey.sandbox.state.hanging.clear();
  await until(() => latchkey.logLines.some((line) => line.includes('not revoked')));
  const said = latchkey.logLines.filter((line) => line.includes('not revoked'));
  expect(said.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: 40, provider: 'twitch' }),
  ]);
});

test('what nobody was issued is not given back, nor where that is not offered, nor what went well', async () => {
  await start();
  await signIn(visitor, latchkey.baseUrl, 'Twitch', { deny: true });
  fault('token_wrong_secret');
  await signIn(visitor, latchkey.baseUrl, 'Twitch');
  latchkey.sandbox.state.faults.clear();
  await signIn(visitor, latchkey.baseUrl, 'Twitch');
  latchkey.sandbox.state.faults.set('resonite', 'userinfo_not_json');
  await signIn(new Visitor(), latchkey.baseUrl, 'Resonite');
  await visitor.open(`${latchkey.baseUrl}/profile`);
  expect(exchanges()).toBe(3);
  expect(revocations()).toBe(0);
  expect(livingTokens()).toBe(2);
});

test('an ID token that is not believed leaves alone what came with it: it may be anybody’s', async () => {
  await start();
  fault('id_token_wrong_nonce');
  const page = await signIn(visitor, latchkey.baseUrl, 'Twitch');
  expect(page.heading).toBe('We could not check the answer from Twitch');
  expect(revocations()).toBe(0);
});

test('the trace has it as a flow of its own, and the login stays as it ended', async () => {
  await start();
  fault('userinfo_not_json');
  await startSignIn(visitor, latchkey.baseUrl, 'Twitch');
  await answerAtProvider(visitor, latchkey.baseUrl);
  await until(() => livingTokens() === 0);
  latchkey.sandbox.state.faults.clear();
  await visitor.open(`${latchkey.baseUrl}/inspector`);
  const rows = visitor.page
    .$('main table tbody tr')
    .toArray()
    .map((row) => visitor.page.$(row).text().replace(/\s+/g, ' '));
  expect(rows).toEqual([
    expect.stringMatching(/Twitch revocation .* Finished 2 /),
    expect.stringMatching(/Twitch sign-in .* Failed at step 6 7 /),
  ]);
});
