import supertest from 'supertest';
import { logEvents } from '../../src/web/log.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { captureCallback, linkProvider, signIn, startSignIn, Visitor } from '../support/visitor.ts';

let latchkey: RunningLatchkey;
afterEach(() => latchkey.close());

interface Line extends Record<string, unknown> {
  readonly msg: string;
  readonly reference?: string;
}

const lines = () => latchkey.logLines.map((line) => JSON.parse(line) as Line);
const ownReference = /^[2-9A-HJ-NP-TV-Z]{4}-[2-9A-HJ-NP-TV-Z]{4}$/;

async function askedFor(given: string): Promise<string> {
  const response = await supertest(latchkey.baseUrl).get('/help').set('X-Request-Id', given);
  return response.headers['x-request-id']!;
}

describe('a request', () => {
  test('has a reference of its own, in the answer and in the log', async () => {
    latchkey = await startLatchkey();
    const references = [await askedFor('abc'), await askedFor('abc')];
    expect(references[0]).toMatch(ownReference);
    expect(references[1]).not.toBe(references[0]);
    for (const reference of references)
      expect(lines().find((line) => line.reference === reference)).toMatchObject({
        msg: 'request',
        route: '/help',
        status: 200,
      });
  });

  test('keeps the reference that a trusted proxy gave it, on the page of an error too', async () => {
    latchkey = await startLatchkey({ env: { TRUSTED_PROXIES: 'loopback' } });
    const given = '7f3b1c0a-5d1e-4c55-9a50-2f0f5b6f7a11';
    expect(await askedFor(given)).toBe(given);
    const page = await supertest(latchkey.baseUrl).get('/no/such/page').set('X-Request-Id', given);
    expect(page.text).toContain(given);
  });

  test.each(['<script>alert(1)</script>', 'short', 'x'.repeat(65), 'a b c d e f g h', 'line%0Abreak"}'])(
    'does not keep %j, from a trusted proxy either',
    async (given) => {
      latchkey = await startLatchkey({ env: { TRUSTED_PROXIES: 'loopback' } });
      expect(await askedFor(given)).toMatch(ownReference);
    },
  );

  test('does not keep what anybody else says, whoever they say they are', async () => {
    latchkey = await startLatchkey({ env: { TRUSTED_PROXIES: '10.0.0.5' } });
    const response = await supertest(latchkey.baseUrl)
      .get('/help')
      .set({ 'X-Request-Id': 'a-well-formed-reference', 'X-Forwarded-For': '10.0.0.5' });
    expect(response.headers['x-request-id']).toMatch(ownReference);
  });
});

test('what happens in a request is logged by name, each line with the reference of its request', async () => {
  latchkey = await startLatchkey();
  const visitor = new Visitor();
  await signIn(visitor, latchkey.baseUrl, 'Resonite', { deny: true });
  await signIn(visitor, latchkey.baseUrl, 'Resonite');
  await linkProvider(visitor, latchkey.baseUrl, 'Mixer');
  await visitor.open(`${latchkey.baseUrl}/profile/mixer/unlink`);
  await visitor.press('Unlink Mixer');
  await visitor.press('Sign out');
  await supertest(latchkey.baseUrl).post('/logout');
  const named = lines().filter(({ msg }) => msg !== 'request');
  expect(
    named.map(({ msg, provider, intent, code }) => [msg, provider, intent, code].filter(Boolean)),
  ).toEqual([
    ['login.start', 'resonite', 'sign-in'],
    ['login.fail', 'resonite', 'sign-in', 'authorization_denied'],
    ['login.start', 'resonite', 'sign-in'],
    ['login.ok', 'resonite', 'sign-in'],
    ['login.start', 'mixer', 'link'],
    ['login.ok', 'mixer', 'link'],
    ['link', 'mixer'],
    ['unlink', 'mixer'],
    ['logout'],
    ['cross_origin', 'cross_origin'],
  ]);
  for (const line of named) {
    const requests = lines().filter(
      ({ msg, reference }) => msg === 'request' && reference === line.reference,
    );
    expect(requests).toHaveLength(1);
  }
});

test('a return address that is not known is an error in the log only if this browser’s login met it', async () => {
  latchkey = await startLatchkey();
  const { baseUrl, sandbox } = latchkey;
  const visitor = new Visitor();
  sandbox.state.faults.set('twitch', 'authorize_redirect_mismatch');
  const url = await captureCallback(visitor, () => startSignIn(visitor, baseUrl, 'Twitch'), baseUrl);
  const levelOfReport = async (who: Visitor, query: string) => {
    const page = await who.open(`${baseUrl}/${query}`);
    expect(page.heading).toContain('does not know our return address');
    const line = lines().find(
      ({ msg, reference }) => msg !== 'request' && reference === page.headers['x-request-id'],
    );
    return [line?.msg, line?.['level'], line?.['provider']];
  };
  const refused = ['request.refused', 40, undefined];
  expect(await levelOfReport(new Visitor(), '?error=redirect_mismatch')).toEqual(refused);
  expect(await levelOfReport(visitor, '?error=redirect_mismatch')).toEqual(refused);
  expect(await levelOfReport(new Visitor(), url.search)).toEqual(refused);
  expect(await levelOfReport(visitor, url.search)).toEqual(['login.fail', 50, 'twitch']);
  // The login is spent, so a second report has nothing behind it.
  expect(await levelOfReport(visitor, url.search)).toEqual(refused);
});

test('nothing is logged under another name or with another field than the lists have', async () => {
  latchkey = await startLatchkey();
  const visitor = new Visitor();
  await signIn(visitor, latchkey.baseUrl, 'Twitch');
  await latchkey.database.updateTable('identities').set({ userinfo: 'not JSON' }).execute();
  await visitor.open(`${latchkey.baseUrl}/profile?secret=canary`);
  await visitor.open(`${latchkey.baseUrl}/login/twitch/callback?code=canary&state=canary`);
  const allowed = ['level', 'time', 'msg', 'reference', 'method', 'route', 'status', 'milliseconds'].concat([
    'provider',
    'intent',
    'outcome',
    'code',
    'reason',
    'area',
    'type',
    'stack',
  ]);
  expect(lines().length).toBeGreaterThan(5);
  for (const line of lines()) {
    expect(logEvents).toContain(line.msg);
    expect(Object.keys(line).filter((name) => !allowed.includes(name))).toEqual([]);
  }
  expect(latchkey.logLines.join('')).not.toMatch(/canary|not JSON|localhost/);
  // The class and the places of an unexpected error, and neither its message nor what caused it.
  expect(lines().find(({ msg }) => msg === 'failure')).toMatchObject({
    code: 'internal',
    type: 'SyntaxError',
    stack: expect.stringContaining('at '),
  });
});
