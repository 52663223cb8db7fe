import request from 'supertest';
import { readSwitchedFault } from '../../src/sandbox/fault-list.ts';
import type { FaultName } from '../../src/sandbox/faults.ts';
import { authorizationPath, codeGrant, locationOf, testSandbox, type TestSandbox } from './support.ts';

const quick = (): Promise<TestSandbox> => testSandbox({ autoApprove: true });
const paths = {
  twitch: '/id.twitch.tv/oauth2/token',
  kraken: '/api.twitch.tv/kraken/oauth2/token',
} as const;

async function tokenStatus(
  sandbox: TestSandbox,
  api: keyof typeof paths = 'twitch',
  headers: Record<string, string> = {},
): Promise<number> {
  const callback = locationOf(await request(sandbox.app).get(authorizationPath(api)));
  const members = codeGrant('twitch', callback.searchParams.get('code'));
  const { status } = await request(sandbox.app).post(paths[api]).set(headers).type('form').send(members);
  return status;
}

describe('a fault that is switched on', () => {
  test('meets all requests until it is taken back', async () => {
    const sandbox = await quick();
    sandbox.state.faults.set('twitch', 'token_500');
    expect([await tokenStatus(sandbox), await tokenStatus(sandbox)]).toEqual([500, 500]);
    sandbox.state.faults.clear('twitch', 'token_500');
    expect(await tokenStatus(sandbox)).toBe(200);
  });

  test('for the next request meets the next one that it concerns, and no other', async () => {
    const sandbox = await quick();
    sandbox.state.faults.set('twitch', 'token_500', 'next');
    // The authorization request comes first and is none of its business.
    expect([await tokenStatus(sandbox), await tokenStatus(sandbox)]).toEqual([500, 200]);
    expect(sandbox.state.faults.list()).toEqual([]);
  });

  test('for the next request counts once, however often that request looks at it', async () => {
    const sandbox = await quick();
    sandbox.state.faults.set('twitch', 'authorize_wrong_state', 'next');
    const states = [];
    for (let login = 0; login < 2; login += 1) {
      const callback = locationOf(await request(sandbox.app).get(authorizationPath('twitch')));
      states.push(callback.searchParams.get('state'));
    }
    expect(states).toEqual(['not-your-state', 'the-state']);
  });

  test('for a service is at all of its hosts, for a host only there', async () => {
    const everywhere = await quick();
    everywhere.state.faults.set('twitch', 'token_500');
    expect([await tokenStatus(everywhere), await tokenStatus(everywhere, 'kraken')]).toEqual([500, 500]);
    const atOneHost = await quick();
    atOneHost.state.faults.set('api.twitch.tv', 'token_500');
    expect([await tokenStatus(atOneHost), await tokenStatus(atOneHost, 'kraken')]).toEqual([200, 500]);
  });

  test('at one service leaves the others alone', async () => {
    const sandbox = await quick();
    sandbox.state.faults.set('mixer', 'token_500');
    expect(await tokenStatus(sandbox)).toBe(200);
  });

  test('is in the request log where it made a difference, and only there', async () => {
    const sandbox = await quick();
    sandbox.state.faults.set('twitch', 'token_500');
    await tokenStatus(sandbox);
    expect(sandbox.state.requests.map(({ faults }) => faults)).toEqual([[], ['token_500']]);
  });

  test('is back after a reset when the sandbox was started with it', async () => {
    const sandbox = await testSandbox({ faults: [{ at: 'mixin', name: 'integrity_wrong', reach: 'all' }] });
    sandbox.state.faults.clear();
    sandbox.state.faults.set('twitch', 'token_500');
    sandbox.state.reset();
    expect(sandbox.state.faults.list()).toEqual([{ at: 'mixin', name: 'integrity_wrong', reach: 'all' }]);
  });

  test('for the next request is used up by a request that a lasting one meets, too', async () => {
    const sandbox = await quick();
    sandbox.state.faults.set('twitch', 'token_500');
    sandbox.state.faults.set('id.twitch.tv', 'token_500', 'next');
    expect(await tokenStatus(sandbox)).toBe(500);
    expect(sandbox.state.faults.list()).toEqual([{ at: 'twitch', name: 'token_500', reach: 'all' }]);
  });

  test('meets requests whatever the case of the host in their path', async () => {
    const sandbox = await quick();
    sandbox.state.faults.set('twitch', 'keys_500');
    expect((await request(sandbox.app).get('/ID.Twitch.TV/oauth2/keys')).status).toBe(500);
    expect(sandbox.state.requests.at(-1)).toMatchObject({ service: 'twitch', host: 'id.twitch.tv' });
  });

  test('twice counts as said last', async () => {
    const { state } = await quick();
    state.faults.set('twitch', 'token_500');
    state.faults.set('twitch', 'token_500', 'next');
    expect(state.faults.list()).toEqual([{ at: 'twitch', name: 'token_500', reach: 'next' }]);
  });

  test.each([
    ['mixer', 'revoke_500'],
    ['mixer.com', 'integrity_wrong'],
    ['mixer', 'no_such_fault'],
  ] as const)('cannot be one that %s does not have: %s', async (at, name) => {
    const { state } = await quick();
    expect(() => state.faults.set(at, name as FaultName)).toThrow(`There is no fault ${name} for ${at}`);
  });
});

describe('a fault that a request names itself', () => {
  test('meets that request alone', async () => {
    const sandbox = await quick();
    const named = { 'X-Sandbox-Fault': 'token_scope_null, token_429' };
    expect(await tokenStatus(sandbox, 'twitch', named)).toBe(429);
    expect(sandbox.state.requests.at(-1)?.faults).toEqual(['token_429']);
    expect(await tokenStatus(sandbox)).toBe(200);
  });

  test.each(['nonsense', 'token_500, nonsense', 'toString'])(
    'is refused when it is not known: %s',
    async (names) => {
      const sandbox = await quick();
      expect(await tokenStatus(sandbox, 'twitch', { 'X-Sandbox-Fault': names })).toBe(400);
      expect(sandbox.state.requests.at(-1)?.verdict).toBe('a fault that is not known');
    },
  );
});

describe('a fault that is written down', () => {
  test.each([
    ['twitch:token_500', { at: 'twitch', name: 'token_500', reach: 'all' }],
    ['api.twitch.tv:userinfo_html:next', { at: 'api.twitch.tv', name: 'userinfo_html', reach: 'next' }],
    ['mixin:integrity_wrong:all', { at: 'mixin', name: 'integrity_wrong', reach: 'all' }],
  ])('%s is read', (text, fault) => {
    expect(readSwitchedFault(text)).toEqual(fault);
  });

  test.each([
    ['token_500', 'has no service or host in token_500.'],
    ['github:token_500', 'has no service or host in github:token_500.'],
    ['images.mixin.one:token_500', 'has no service or host in images.mixin.one:token_500.'],
    ['twitch:nonsense', 'has no fault that is known in twitch:nonsense.'],
    ['twitch:toString', 'has no fault that is known in twitch:toString.'],
    ['mixer:validate_401', 'has validate_401 at mixer: it is for twitch.'],
    ['id.twitch.tv:kraken_v3', 'has kraken_v3 at id.twitch.tv: it is for api.twitch.tv.'],
    ['twitch:token_500:twice', 'says neither all nor next at the end of twitch:token_500:twice.'],
    ['twitch:token_500:next:next', 'says neither all nor next at the end of twitch:token_500:next:next.'],
  ])('%s is refused with words', (text, words) => {
    expect(() => readSwitchedFault(text)).toThrow(words);
  });
});
