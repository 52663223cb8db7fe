import request, { type Response } from 'supertest';
import type { FaultName } from '../../src/sandbox/faults.ts';
import { authorizationPath, codeGrant, locationOf, testSandbox, type TestSandbox } from './support.ts';

const scope = 'user:details:self';
const api = '/mixer.com/api/v1';

async function callback({ app }: TestSandbox, state = 'the-state'): Promise<URLSearchParams> {
  return locationOf(await request(app).get(authorizationPath('mixer', { scope, state }))).searchParams;
}

async function post({ app }: TestSandbox, path: string, members: object): Promise<Response> {
  return request(app).post(`${api}${path}`).type('form').send(members);
}

async function tokens(sandbox: TestSandbox): Promise<Record<string, string>> {
  const code = (await callback(sandbox)).get('code');
  return (await post(sandbox, '/oauth/token', codeGrant('mixer', code))).body;
}

async function current({ app }: TestSandbox, token: string | undefined): Promise<Response> {
  return request(app).get(`${api}/users/current`).set('Authorization', `Bearer ${token}`);
}

async function withFault(name: FaultName): Promise<TestSandbox> {
  const sandbox = await testSandbox({ autoApprove: true });
  sandbox.state.faults.set('mixer', name);
  return sandbox;
}

/** With tokens from before the fault. */
async function loggedIn(name: FaultName): Promise<[TestSandbox, Record<string, string>]> {
  const sandbox = await testSandbox({ autoApprove: true });
  const before = await tokens(sandbox);
  sandbox.state.faults.set('mixer', name);
  return [sandbox, before];
}

describe('Mixer callback', () => {
  test('carries no state with authorize_missing_state', async () => {
    expect([...(await callback(await withFault('authorize_missing_state'))).keys()]).toEqual(['code']);
  });

  test('carries the state of the login before with authorize_foreign_state', async () => {
    const sandbox = await withFault('authorize_foreign_state');
    expect((await callback(sandbox, 'first')).get('state')).toBe('the-state-of-another-login');
    expect((await callback(sandbox, 'second')).get('state')).toBe('first');
  });

  test('carries the issuer of Resonite with authorize_foreign_iss', async () => {
    const iss = (await callback(await withFault('authorize_foreign_iss'))).get('iss');
    expect(iss).toBe('http://localhost:4000/account.resonite.com/');
  });

  test('carries a code for somebody else with authorize_other_person', async () => {
    const sandbox = await withFault('authorize_other_person');
    const { access_token } = await tokens(sandbox);
    expect((await current(sandbox, access_token)).body.username).toBe('BoNoMail');
  });

  test('carries server_error with authorize_server_error, by a check with a name', async () => {
    const sandbox = await withFault('authorize_server_error');
    expect((await callback(sandbox)).get('error')).toBe('server_error');
    expect(sandbox.state.requests.at(-1)?.failedCheck?.name).toBe('the service is in working order');
  });
});

test('a Mixer user has no e-mail address with no_email', async () => {
  const [sandbox, { access_token }] = await loggedIn('no_email');
  const { body } = await current(sandbox, access_token);
  expect(body).not.toHaveProperty('email');
  expect([body.verified, body.allowEmail, body.username]).toEqual([false, false, 'AdaPlays']);
});

test('a Mixer token is dead everywhere with access_revoked', async () => {
  const [sandbox, { access_token, refresh_token }] = await loggedIn('access_revoked');
  expect((await current(sandbox, access_token)).body.errorCode).toBe(24325);
  const introspected = await post(sandbox, '/oauth/token/introspect', { token: access_token });
  expect(introspected.body).toEqual({ active: false });
  const members = codeGrant('mixer', null, {
    grant_type: 'refresh_token',
    refresh_token: refresh_token ?? '',
  });
  const refreshed = await post(sandbox, '/oauth/token', members);
  expect([refreshed.status, refreshed.body.error]).toEqual([400, 'invalid_grant']);
});

test('introspect_500 breaks Mixer’s introspection alone', async () => {
  const [sandbox, { access_token }] = await loggedIn('introspect_500');
  expect((await post(sandbox, '/oauth/token/introspect', { token: access_token })).status).toBe(500);
  expect((await current(sandbox, access_token)).status).toBe(200);
});

test('userinfo_429 stands for the limits of Mixer’s API', async () => {
  const [sandbox, { access_token }] = await loggedIn('userinfo_429');
  const { status, headers } = await current(sandbox, access_token);
  expect([status, headers['retry-after']]).toEqual([429, '30']);
});

test('a code that Mixer issued with a later clock ends later', async () => {
  const sandbox = await withFault('clock_ahead');
  const code = (await callback(sandbox)).get('code');
  sandbox.state.faults.clear();
  sandbox.clock.milliseconds += 20 * 60 * 1000 - 1;
  expect((await post(sandbox, '/oauth/token', codeGrant('mixer', code))).status).toBe(200);
});
