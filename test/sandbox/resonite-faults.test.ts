import jwt, { type JwtPayload } from 'jsonwebtoken';
import request, { type Response } from 'supertest';
import type { FaultName } from '../../src/sandbox/faults.ts';
import { authorizationPath, codeGrant, locationOf, start, testSandbox, type TestSandbox } from './support.ts';

const scope = 'openid profile email offline_access';
const host = '/account.resonite.com';
const issuer = `http://localhost:4000${host}/`;

type Changes = Readonly<Record<string, string | null>>;

async function callback({ app }: TestSandbox, changes: Changes = {}): Promise<URLSearchParams> {
  return locationOf(await request(app).get(authorizationPath('resonite', { scope, ...changes })))
    .searchParams;
}

async function post({ app }: TestSandbox, members: object): Promise<Response> {
  return request(app).post(`${host}/connect/token`).type('form').send(members);
}

async function tokens(sandbox: TestSandbox, changes: Changes = {}): Promise<Record<string, string>> {
  const code = (await callback(sandbox, changes)).get('code');
  return (await post(sandbox, codeGrant('resonite', code))).body;
}

function refresh(sandbox: TestSandbox, token: string | undefined, changes: Changes = {}): Promise<Response> {
  const members = { grant_type: 'refresh_token', refresh_token: token ?? '', redirect_uri: null };
  return post(sandbox, codeGrant('resonite', null, { ...members, ...changes }));
}

async function get({ app }: TestSandbox, path: string, token: string | undefined): Promise<Response> {
  return request(app).get(`${host}${path}`).set('Authorization', `Bearer ${token}`);
}

async function withFault(name: FaultName): Promise<TestSandbox> {
  const sandbox = await testSandbox({ autoApprove: true });
  sandbox.state.faults.set('resonite', name);
  return sandbox;
}

/** With tokens from before the fault. */
async function loggedIn(name: FaultName): Promise<[TestSandbox, Record<string, string>]> {
  const sandbox = await testSandbox({ autoApprove: true });
  const before = await tokens(sandbox);
  sandbox.state.faults.set('resonite', name);
  return [sandbox, before];
}

const claimsOf = (token: string | undefined) => jwt.decode(token ?? '') as JwtPayload;

describe('Resonite callback', () => {
  test.each<[FaultName, string]>([
    ['authorize_with_iss', issuer],
    ['authorize_foreign_iss', 'http://localhost:4000/id.twitch.tv/oauth2'],
  ])('carries an issuer with %s', async (name, iss) => {
    expect((await callback(await testSandbox({ autoApprove: true }))).get('iss')).toBeNull();
    expect((await callback(await withFault(name))).get('iss')).toBe(iss);
  });

  test('carries no state with authorize_missing_state', async () => {
    expect([...(await callback(await withFault('authorize_missing_state'))).keys()]).toEqual(['code']);
  });

  test('carries the state of the login before with authorize_foreign_state', async () => {
    const sandbox = await withFault('authorize_foreign_state');
    expect((await callback(sandbox, { state: 'first' })).get('state')).toBe('the-state-of-another-login');
    expect((await callback(sandbox, { state: 'second' })).get('state')).toBe('first');
  });

  test('carries a code for somebody else with authorize_other_person', async () => {
    const sandbox = await withFault('authorize_other_person');
    const { access_token, id_token } = await tokens(sandbox);
    expect(claimsOf(id_token).sub).toBe('U-1NaBoSandbox');
    expect((await get(sandbox, '/api/user/profile', access_token)).body.id).toBe('U-1NaBoSandbox');
  });

  test('carries server_error with authorize_server_error, by a check with a name', async () => {
    const sandbox = await withFault('authorize_server_error');
    expect((await callback(sandbox)).get('error')).toBe('server_error');
    expect(sandbox.state.requests.at(-1)?.failedCheck?.name).toBe('the service is in working order');
  });
});

test('the discovery document of Resonite promises iss with discovery_promises_iss, which does not come', async () => {
  const promise = 'authorization_response_iss_parameter_supported';
  const path = '/.well-known/openid-configuration';
  expect((await get(await testSandbox(), path, '')).body).not.toHaveProperty(promise);
  const sandbox = await withFault('discovery_promises_iss');
  expect((await get(sandbox, path, '')).body[promise]).toBe(true);
  expect((await callback(sandbox)).has('iss')).toBe(false);
});

describe('Resonite ID token', () => {
  test('carries the nonce with id_token_with_nonce, when one was sent and not after a refresh', async () => {
    const sandbox = await withFault('id_token_with_nonce');
    const { id_token, refresh_token } = await tokens(sandbox, { nonce: 'the-nonce' });
    expect(claimsOf(id_token)['nonce']).toBe('the-nonce');
    expect(claimsOf((await tokens(sandbox)).id_token)).not.toHaveProperty('nonce');
    expect(claimsOf((await refresh(sandbox, refresh_token)).body.id_token)).not.toHaveProperty('nonce');
  });

  test.each<[FaultName, number]>([
    ['clock_ahead', 600],
    ['clock_behind', -600],
  ])('is of another time with %s', async (name, skew) => {
    const { iat, exp } = claimsOf((await tokens(await withFault(name))).id_token);
    expect([iat, exp]).toEqual([start / 1000 + skew, start / 1000 + skew + 20 * 60]);
  });
});

describe('Resonite profile', () => {
  test('has no e-mail address with no_email', async () => {
    const [sandbox, { access_token }] = await loggedIn('no_email');
    const { body } = await get(sandbox, '/api/user/profile', access_token);
    expect(body).not.toHaveProperty('email');
    expect([body.id, body.isVerified]).toEqual(['U-1NaAdaSandbox', false]);
  });

  test('comes with a Retry-After and nothing else with userinfo_429', async () => {
    const [sandbox, { access_token }] = await loggedIn('userinfo_429');
    expect((await get(sandbox, '/connect/userinfo', access_token)).status).toBe(429);
  });
});

test('a Resonite refresh gives the refresh token back with refresh_token_kept, and it stays good', async () => {
  const [sandbox, { refresh_token }] = await loggedIn('refresh_token_kept');
  for (const _time of [1, 2]) {
    const { status, body } = await refresh(sandbox, refresh_token);
    expect([status, body.refresh_token]).toEqual([200, refresh_token]);
  }
});

test('a Resonite token is dead everywhere with access_revoked', async () => {
  const [sandbox, { access_token, refresh_token }] = await loggedIn('access_revoked');
  expect((await get(sandbox, '/api/user/profile', access_token)).status).toBe(401);
  expect((await get(sandbox, '/connect/userinfo', access_token)).status).toBe(401);
  const { status, body } = await refresh(sandbox, refresh_token);
  expect([status, body.error]).toEqual([400, 'invalid_grant']);
});

test('no 401 of Resonite has a challenge with challenge_absent, but a 403 has one', async () => {
  const sandbox = await withFault('challenge_absent');
  const refused = [
    await get(sandbox, '/api/user/profile', 'nonsense'),
    await request(sandbox.app).get(`${host}/connect/userinfo`),
    await refresh(sandbox, 'any', { client_secret: 'wrong' }),
  ];
  for (const { status, headers } of refused) {
    expect([status, headers['www-authenticate']]).toEqual([401, undefined]);
  }
  const { access_token } = await tokens(sandbox, { scope: 'openid' });
  const forbidden = await get(sandbox, '/api/user/profile', access_token);
  expect([forbidden.status, forbidden.headers['www-authenticate']]).toEqual([
    403,
    'Bearer error="insufficient_scope", error_description="The scope profile is missing."',
  ]);
});
