import request, { type Response } from 'supertest';
import type { FaultName } from '../../src/sandbox/faults.ts';
import {
  approvedCode,
  bearerToken,
  clientId,
  errorOf,
  scope,
  signedCall,
  type SigningClient,
  signingClient,
} from './mixin-client.ts';
import { authorizationPath, callbackOf, start, testSandbox, type TestSandbox } from './support.ts';

const unauthorized = [202, 401];

async function withFault(name: FaultName): Promise<TestSandbox> {
  const sandbox = await testSandbox({ autoApprove: true });
  sandbox.state.faults.set('mixin', name);
  return sandbox;
}

interface LoggedIn {
  sandbox: TestSandbox;
  token: string;
  client: SigningClient;
}

/** With a token of each kind from before the fault. */
async function loggedIn(name: FaultName): Promise<LoggedIn> {
  const sandbox = await testSandbox({ autoApprove: true });
  const token = await bearerToken(sandbox, await approvedCode(sandbox));
  const client = await signingClient(sandbox, await approvedCode(sandbox));
  sandbox.state.faults.set('mixin', name);
  return { sandbox, token, client };
}

async function withBearer({ sandbox, token }: LoggedIn, path = '/me'): Promise<Response> {
  return request(sandbox.app).get(`/api.mixin.one${path}`).set('Authorization', `Bearer ${token}`);
}

async function callback({ app }: TestSandbox, state = 'the-state'): Promise<string> {
  return String(
    (await request(app).get(authorizationPath('mixin', { scope, state }))).headers['location'],
  ).replace(/[0-9a-f]{64}/, 'CODE');
}

describe('Mixin callback', () => {
  const good = `${callbackOf('mixin')}?code=CODE`;

  test('carries no state with authorize_missing_state', async () => {
    expect(await callback(await withFault('authorize_missing_state'))).toBe(good);
  });

  test('carries the state of the login before with authorize_foreign_state', async () => {
    const sandbox = await withFault('authorize_foreign_state');
    expect(await callback(sandbox, 'first')).toBe(`${good}&state=the-state-of-another-login`);
    expect(await callback(sandbox, 'second')).toBe(`${good}&state=first`);
  });

  test('carries the issuer of Resonite with authorize_foreign_iss', async () => {
    const issuer = encodeURIComponent('http://localhost:4000/account.resonite.com/');
    const sandbox = await withFault('authorize_foreign_iss');
    expect(await callback(sandbox)).toBe(`${good}&state=the-state&iss=${issuer}`);
  });

  test('carries a code for somebody else with authorize_other_person', async () => {
    const sandbox = await withFault('authorize_other_person');
    const token = await bearerToken(sandbox, await approvedCode(sandbox));
    const client = await signingClient(sandbox, await approvedCode(sandbox));
    expect((await withBearer({ sandbox, token, client })).body.data.full_name).toBe('Bo');
    expect((await signedCall(client)).body.data.full_name).toBe('Bo');
  });
});

describe('Mixin tokens', () => {
  test('are dead in both kinds and at each path with access_revoked', async () => {
    const all = await loggedIn('access_revoked');
    for (const path of ['/me', '/safe/me', '/authorizations']) {
      expect(errorOf(await withBearer(all, path))).toEqual(unauthorized);
      expect(errorOf(await signedCall(all.client, { uri: path }))).toEqual(unauthorized);
    }
    expect(all.sandbox.state.requests.at(-1)?.failedCheck?.name).toBe('the grant is not over');
  });

  test('are refused in both kinds by the profile alone with userinfo_401', async () => {
    const all = await loggedIn('userinfo_401');
    expect(errorOf(await withBearer(all))).toEqual(unauthorized);
    expect(errorOf(await signedCall(all.client))).toEqual(unauthorized);
    expect((await withBearer(all, '/authorizations')).body.data).toHaveLength(1);
    expect((await signedCall(all.client, { uri: '/authorizations' })).body.data).toHaveLength(1);
  });
});

describe('Mixin clock', () => {
  const tenMinutes = 10 * 60;
  const now = start / 1000;

  test.each<[FaultName, number]>([
    ['clock_ahead', tenMinutes],
    ['clock_behind', -tenMinutes],
  ])('%s shows in X-Server-Time', async (name, skew) => {
    const { headers } = await withBearer(await loggedIn(name));
    expect(headers['x-server-time']).toBe(`${now + skew}000000000`);
  });

  test('ends a request token of a minute with clock_ahead, but not one of an hour', async () => {
    const { client, sandbox } = await loggedIn('clock_ahead');
    expect(errorOf(await signedCall(client))).toEqual(unauthorized);
    expect(sandbox.state.requests.at(-1)?.failedCheck?.name).toBe('exp is not over');
    expect((await signedCall(client, { claims: { exp: now + 3600 } })).body.data.full_name).toBe('Ada');
  });

  test('refuses a request token of now with clock_behind, but not one of ten minutes ago', async () => {
    const { client, sandbox } = await loggedIn('clock_behind');
    expect(errorOf(await signedCall(client))).toEqual(unauthorized);
    expect(sandbox.state.requests.at(-1)?.failedCheck?.name).toBe('iat is not in the future');
    expect((await signedCall(client, { claims: { iat: now - tenMinutes } })).body.data.full_name).toBe('Ada');
  });
});

test('revoke_500 breaks the cancelling of Mixin grants, which stay', async () => {
  const { client } = await loggedIn('revoke_500');
  const body = JSON.stringify({ client_id: clientId });
  const cancelled = await signedCall(client, { method: 'POST', uri: '/oauth/cancel', body });
  expect(cancelled.status).toBe(500);
  expect((await signedCall(client)).body.data.full_name).toBe('Ada');
});

test.each(['api.mixin.one', 'mixin-api.zeromesh.net'])(
  'token_error_in_200 has the shape of Mixin at %s',
  async (host) => {
    const { app } = await withFault('token_error_in_200');
    const { status, body } = await request(app).post(`/${host}/oauth/token`).send({});
    expect([status, body.error.code]).toEqual([200, 401]);
  },
);
