import request from 'supertest';
import type { Settings } from '../../src/sandbox/state.ts';
import {
  authorizationPath,
  type authorizationPaths,
  locationOf,
  testSandbox,
  type TestSandbox,
} from './support.ts';

type Api = keyof typeof authorizationPaths;

const scopes: Readonly<Record<Api, string>> = {
  twitch: 'openid user:read:email',
  kraken: 'user_read channel_read',
  mixer: 'user:details:self chat:connect',
  mixin: 'PROFILE:READ PHONE:READ',
  resonite: 'openid profile email',
};

const apis = Object.keys(scopes) as Api[];

interface Granted {
  person: string;
  scopes: string[];
}

/** Whose code the callback carries and for what, or null when a page was shown instead. */
async function granted(sandbox: TestSandbox, api: Api, headers: Record<string, string> = {}) {
  const path = authorizationPath(api, { scope: scopes[api] });
  const response = await request(sandbox.app).get(path).set(headers);
  const code = sandbox.state.codes.get(locationOf(response).searchParams.get('code') ?? '');
  return code ? ({ person: code.personId, scopes: code.scopes } satisfies Granted) : null;
}

const withSettings = (settings: Partial<Settings>) => testSandbox({ autoApprove: true, settings });
const all = (api: Api) => scopes[api].split(' ');

describe.each(apis)('at %s a sandbox that approves by itself', (api) => {
  test('takes the first person and grants everything that is asked for', async () => {
    expect(await granted(await withSettings({}), api)).toEqual({ person: 'ada', scopes: all(api) });
  });

  test('takes the person that the setting names', async () => {
    const sandbox = await withSettings({ autoApproveAs: 'bo' });
    expect(await granted(sandbox, api)).toEqual({ person: 'bo', scopes: all(api) });
  });

  test('makes up a person for a name that nobody has', async () => {
    const sandbox = await withSettings({ autoApproveAs: 'Dora' });
    const { person } = (await granted(sandbox, api)) ?? {};
    expect(sandbox.state.people.get(person ?? '').name).toBe('Dora');
  });

  test('grants only the scopes that the setting names, of those that are asked for', async () => {
    const [first] = all(api);
    const sandbox = await withSettings({ autoApproveScopes: [first!, 'never:asked'] });
    expect(await granted(sandbox, api)).toEqual({ person: 'ada', scopes: [first] });
  });
});

describe.each(apis)('at %s a request of a script', (api) => {
  test('says itself who it is, though pages are on', async () => {
    const sandbox = await testSandbox();
    expect(await granted(sandbox, api)).toBeNull();
    const named = { 'X-Sandbox-Person': 'cy' };
    expect(await granted(sandbox, api, named)).toEqual({ person: 'cy', scopes: all(api) });
    expect(await granted(sandbox, api)).toBeNull();
  });

  test('with a slip in a scope is refused, and not granted less', async () => {
    const sandbox = await withSettings({});
    const path = authorizationPath(api, { scope: scopes[api] });
    const named = { 'X-Sandbox-Scope': `${all(api)[0]} opnid` };
    const { status, text } = await request(sandbox.app).get(path).set(named);
    expect([status, text]).toEqual([
      400,
      'X-Sandbox-Scope names opnid, a scope that no service here has. Correct it, or leave it out.\n',
    ]);
    expect(sandbox.state.requests.at(-1)?.verdict).toBe('a scope that is not known');
    expect(sandbox.state.codes.size).toBe(0);
  });

  test('goes before the setting, person and scopes', async () => {
    const sandbox = await withSettings({ autoApproveAs: 'bo' });
    const [first] = all(api);
    const named = { 'X-Sandbox-Person': 'zoe', 'X-Sandbox-Scope': first! };
    expect(await granted(sandbox, api, named)).toEqual({ person: 'zoe', scopes: [first] });
    expect(await granted(sandbox, api)).toEqual({ person: 'bo', scopes: all(api) });
  });
});

test('what was not granted is asked for the next time, and what was granted is not', async () => {
  const sandbox = await testSandbox();
  const browser = request.agent(sandbox.app);
  const path = authorizationPath('twitch', { scope: scopes.twitch });
  await browser.get(path).set({ 'X-Sandbox-Person': 'ada', 'X-Sandbox-Scope': 'openid' });
  expect(sandbox.state.listAccess()).toMatchObject([{ personId: 'ada', scopes: ['openid'] }]);
  const cookie = 'sandbox-person=twitch=ada';
  expect((await browser.get(path).set('Cookie', cookie)).text).toContain('Continue as');
  const narrow = await browser.get(authorizationPath('twitch', { scope: 'openid' })).set('Cookie', cookie);
  expect(locationOf(narrow).searchParams.get('scope')).toBe('openid');
});

test('a name in a header is the name that is typed: UTF-8, and trimmed', async () => {
  const sandbox = await testSandbox();
  const header = Buffer.from('  Zoë ').toString('latin1');
  const person = (await granted(sandbox, 'twitch', { 'X-Sandbox-Person': header }))?.person ?? '';
  expect(person).toBe(sandbox.state.people.fromName('Zoë').id);
});

test('the scopes alone do not make a request one that approves by itself', async () => {
  expect(await granted(await testSandbox(), 'twitch', { 'X-Sandbox-Scope': 'openid' })).toBeNull();
});

test('a person without any granted scope has said no to Mixin, and lets Twitch know who they are', async () => {
  const sandbox = await withSettings({ autoApproveScopes: ['never:asked'] });
  const mixin = await request(sandbox.app).get(authorizationPath('mixin', { scope: scopes.mixin }));
  expect(locationOf(mixin).searchParams.get('error')).toBe('access_denied');
  expect(await granted(sandbox, 'twitch')).toEqual({ person: 'ada', scopes: [] });
});
