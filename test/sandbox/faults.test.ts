import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import jwt, { type JwtPayload } from 'jsonwebtoken';
import request, { type Response } from 'supertest';
import { type FaultName, faultTable } from '../../src/sandbox/faults.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import type { Service } from '../../src/sandbox/services.ts';
import { until } from '../support/until.ts';
import {
  authorizationPath,
  baseUrl,
  callbackOf,
  codeGrant,
  locationOf,
  start,
  testSandbox,
  type TestSandbox,
} from './support.ts';
import { callbackFor, kraken, postToken } from './twitch-support.ts';

const twitchScope = 'openid user:read:email';
const quick = (): Promise<TestSandbox> => testSandbox({ autoApprove: true });

async function twitchCode(sandbox: TestSandbox): Promise<string | null> {
  const path = authorizationPath('twitch', { scope: twitchScope, nonce: 'the-nonce' });
  return locationOf(await request(sandbox.app).get(path)).searchParams.get('code');
}

async function twitchToken(sandbox: TestSandbox): Promise<Response> {
  const members = codeGrant('twitch', await twitchCode(sandbox));
  return request(sandbox.app)
    .post('/id.twitch.tv/oauth2/token')
    .type('form')
    .send(members) as unknown as Response;
}

async function twitchUser(sandbox: TestSandbox, token: string): Promise<Response> {
  const headers = { Authorization: `Bearer ${token}`, 'Client-Id': madeUpClients.twitch.clientId };
  return request(sandbox.app).get('/api.twitch.tv/helix/users').set(headers) as unknown as Response;
}

async function faultyToken(name: FaultName): Promise<Response> {
  const sandbox = await quick();
  sandbox.state.faults.set('twitch', name);
  return twitchToken(sandbox);
}

async function faultyUser(name: FaultName): Promise<Response> {
  const sandbox = await quick();
  const { access_token } = (await twitchToken(sandbox)).body;
  sandbox.state.faults.set('twitch', name);
  return twitchUser(sandbox, access_token);
}

test('every fault says what goes wrong and where', () => {
  for (const { effect, services } of Object.values(faultTable)) {
    expect([effect.length > 10, services.length > 0]).toEqual([true, true]);
  }
});

test('a fault that makes no sense at a service cannot be set there', async () => {
  const { state } = await quick();
  expect(() => state.faults.set('mixer', 'id_token_missing')).toThrow('no fault id_token_missing for mixer');
});

test('a fault stays on for all requests of its service until it is cleared', async () => {
  const sandbox = await quick();
  sandbox.state.faults.set('twitch', 'token_500');
  expect([(await twitchToken(sandbox)).status, (await twitchToken(sandbox)).status]).toEqual([500, 500]);
  sandbox.state.faults.clear();
  expect((await twitchToken(sandbox)).status).toBe(200);
});

describe('authorization faults', () => {
  async function callback(name: FaultName): Promise<URLSearchParams> {
    const sandbox = await quick();
    sandbox.state.faults.set('twitch', name);
    return locationOf(await request(sandbox.app).get(authorizationPath('twitch', { scope: twitchScope })))
      .searchParams;
  }

  test.each<[FaultName, string, string]>([
    ['authorize_server_error', 'error', 'server_error'],
    ['authorize_denied', 'error', 'access_denied'],
    ['authorize_redirect_mismatch', 'error', 'redirect_mismatch'],
    ['authorize_wrong_iss', 'iss', 'https://issuer.invalid/'],
    ['authorize_wrong_state', 'state', 'not-your-state'],
    ['fewer_scopes', 'scope', 'openid'],
  ])('%s puts %s=%s into the callback', async (name, parameter, value) => {
    expect((await callback(name)).get(parameter)).toBe(value);
  });

  test.each<[FaultName, string]>([
    ['authorize_server_error', 'error=server_error&state=the-state'],
    ['authorize_denied', 'error=access_denied&state=the-state'],
  ])('%s glues %s at Mixin', async (name, query) => {
    const sandbox = await quick();
    sandbox.state.faults.set('mixin', name);
    const { headers } = await request(sandbox.app).get(authorizationPath('mixin', { scope: 'PROFILE:READ' }));
    expect(headers['location']).toBe(`${callbackOf('mixin')}?${query}`);
  });
});

test('fewer_scopes leaves Kraken what its profile cannot do without', async () => {
  const sandbox = await quick();
  sandbox.state.faults.set('twitch', 'fewer_scopes');
  const callback = await callbackFor(sandbox, 'kraken', { scope: 'user_read channel_read' });
  expect(callback.searchParams.get('scope')).toBe('user_read');
  const members = codeGrant('twitch', callback.searchParams.get('code'));
  const { access_token } = (await postToken(sandbox, 'kraken', members)).body;
  expect((await kraken(sandbox, '/user', access_token)).status).toBe(200);
});

test.each<[FaultName, number]>([
  ['clock_ahead', 600_000],
  ['clock_behind', -600_000],
])('%s dates every answer of the service', async (name, difference) => {
  const sandbox = await quick();
  sandbox.state.faults.set('twitch', name);
  const dateOf = async (path: string) => Date.parse((await request(sandbox.app).get(path)).headers['date']!);
  expect(await dateOf('/id.twitch.tv/oauth2/keys')).toBe(start + difference);
  expect(await dateOf('/api.twitch.tv/helix/users')).toBe(start + difference);
  const honest = Math.abs((await dateOf('/mixer.com/api/v1/users/current')) - Date.now());
  expect(honest).toBeLessThan(60_000);
});

describe('token faults', () => {
  test.each<[FaultName, number, string]>([
    ['token_html', 200, '<!doctype html>'],
    ['token_500', 500, '{"status":500'],
    ['token_429', 429, ''],
    ['token_empty', 200, '{}'],
    ['token_error_in_200', 200, '{"error":"invalid_grant"}'],
    ['token_wrong_secret', 403, '{"status":403,"message":"invalid client secret"}'],
    ['token_code_expired', 400, '{"status":400,"message":"Invalid authorization code"}'],
  ])('%s answers %i', async (name, status, text) => {
    const response = await faultyToken(name);
    expect(response.status).toBe(status);
    expect(response.text.startsWith(text)).toBe(true);
  });

  test('token_429 says when to try again, token_redirect leads elsewhere', async () => {
    expect((await faultyToken('token_429')).headers['retry-after']).toBe('30');
    const redirected = await faultyToken('token_redirect');
    expect([redirected.status, redirected.headers['location']]).toEqual([307, `${baseUrl}/elsewhere/token`]);
  });

  test.each<[FaultName, unknown]>([
    ['token_scope_null', null],
    ['token_scope_empty_string', ['']],
    ['token_scope_absent', undefined],
  ])('%s', async (name, scope) => {
    expect((await faultyToken(name)).body.scope).toEqual(scope);
  });
});

describe('ID token faults', () => {
  test.each<[FaultName, object]>([
    ['id_token_wrong_nonce', { nonce: 'not-the-nonce' }],
    ['id_token_wrong_audience', { aud: 'somebody-else' }],
    ['id_token_wrong_issuer', { iss: 'https://issuer.invalid' }],
  ])('%s', async (name, claims) => {
    expect(jwt.decode((await faultyToken(name)).body.id_token)).toMatchObject(claims);
  });

  test('id_token_missing, id_token_expired and id_token_wrong_at_hash', async () => {
    expect((await faultyToken('id_token_missing')).body).not.toHaveProperty('id_token');
    const sandbox = await quick();
    sandbox.state.faults.set('twitch', 'id_token_expired');
    const expired = jwt.decode((await twitchToken(sandbox)).body.id_token) as JwtPayload;
    expect(expired.exp).toBe(sandbox.clock.milliseconds / 1000 - 3600);
    const right = jwt.decode((await twitchToken(await quick())).body.id_token) as JwtPayload;
    const wrong = jwt.decode((await faultyToken('id_token_wrong_at_hash')).body.id_token) as JwtPayload;
    expect([typeof right['at_hash'], wrong['at_hash'] === right['at_hash']]).toEqual(['string', false]);
  });

  test('id_token_bad_signature is still a token, with a signature that does not fit', async () => {
    const sandbox = await quick();
    sandbox.state.faults.set('twitch', 'id_token_bad_signature');
    const { id_token } = (await twitchToken(sandbox)).body;
    const { body } = await request(sandbox.app).get('/id.twitch.tv/oauth2/keys');
    const key = createPublicKey({ key: body.keys[0] as JsonWebKey, format: 'jwk' });
    expect(() => jwt.verify(id_token, key, { clockTimestamp: 0 })).toThrow('invalid signature');
  });
});

describe('userinfo faults', () => {
  test.each<[FaultName, number]>([
    ['userinfo_html', 200],
    ['userinfo_500', 500],
    ['userinfo_401', 401],
    ['userinfo_redirect', 302],
  ])('%s answers %i', async (name, status) => {
    expect((await faultyUser(name)).status).toBe(status);
  });

  test('userinfo_without_id, userinfo_other_person and userinfo_huge change the profile', async () => {
    expect((await faultyUser('userinfo_without_id')).body.data[0]).not.toHaveProperty('id');
    expect((await faultyUser('userinfo_other_person')).body.data[0].id).toBe('10000002');
    expect((await faultyUser('userinfo_huge')).text.length).toBeGreaterThan(1024 * 1024);
  });
});

const tokenPaths = {
  twitch: '/id.twitch.tv/oauth2/token',
  kraken: '/api.twitch.tv/kraken/oauth2/token',
  mixer: '/mixer.com/api/v1/oauth/token',
  resonite: '/account.resonite.com/connect/token',
} as const;

type RefreshingApi = keyof typeof tokenPaths;

const refreshingApis = Object.keys(tokenPaths) as RefreshingApi[];
const refreshScopes = {
  twitch: twitchScope,
  kraken: 'user_read',
  mixer: 'user:details:self',
  resonite: 'openid offline_access',
};
const serviceOf = (api: RefreshingApi) => (api === 'kraken' ? 'twitch' : api);

async function post(sandbox: TestSandbox, path: string, members: object): Promise<Response> {
  return request(sandbox.app).post(path).type('form').send(members) as unknown as Response;
}

async function tokensAt(sandbox: TestSandbox, api: RefreshingApi): Promise<Record<string, string>> {
  const path = authorizationPath(api, { scope: refreshScopes[api] });
  const code = locationOf(await request(sandbox.app).get(path)).searchParams.get('code');
  const response = await post(sandbox, tokenPaths[api], codeGrant(serviceOf(api), code));
  expect(response.status).toBe(200);
  return response.body;
}

const refreshGrant = (api: RefreshingApi, refreshToken: string | undefined) => ({
  grant_type: 'refresh_token',
  refresh_token: refreshToken,
  client_id: madeUpClients[serviceOf(api)].clientId,
  client_secret: madeUpClients[serviceOf(api)].clientSecret,
});

const refresh = (sandbox: TestSandbox, api: RefreshingApi, refreshToken: string | undefined) =>
  post(sandbox, tokenPaths[api], refreshGrant(api, refreshToken));

const ownerOf = ({ state }: TestSandbox, token: string) => state.accessTokens.get(token)?.personId;

describe.each(refreshingApis)('refresh faults at %s', (api) => {
  test('refresh_500 leaves the code exchange alone, and the refresh token alive', async () => {
    const sandbox = await quick();
    sandbox.state.faults.set(serviceOf(api), 'refresh_500');
    const { refresh_token } = await tokensAt(sandbox, api);
    expect((await refresh(sandbox, api, refresh_token)).status).toBe(500);
    sandbox.state.faults.clear();
    expect((await refresh(sandbox, api, refresh_token)).status).toBe(200);
  });

  test('refresh_refused calls every refresh token dead', async () => {
    const sandbox = await quick();
    const { refresh_token } = await tokensAt(sandbox, api);
    sandbox.state.faults.set(serviceOf(api), 'refresh_refused');
    expect((await refresh(sandbox, api, refresh_token)).status).toBe(400);
  });

  test('refresh_other_person hands out tokens of another person, and spares the code exchange', async () => {
    const sandbox = await quick();
    sandbox.state.faults.set(serviceOf(api), 'refresh_other_person');
    const first = await tokensAt(sandbox, api);
    expect(ownerOf(sandbox, first['access_token']!)).toBe('ada');
    const { body } = await refresh(sandbox, api, first['refresh_token']);
    expect(ownerOf(sandbox, body.access_token)).toBe('bo');
  });
});

test('refresh_other_person hands out the ID token and the next refresh token of that person too', async () => {
  const sandbox = await quick();
  const { refresh_token } = await tokensAt(sandbox, 'resonite');
  sandbox.state.faults.set('resonite', 'refresh_other_person');
  const { body } = await refresh(sandbox, 'resonite', refresh_token);
  expect((jwt.decode(body.id_token) as JwtPayload).sub).toBe('U-1NaBoSandbox');
  expect(sandbox.state.refreshTokens.get(body.refresh_token)?.personId).toBe('bo');
  sandbox.state.faults.clear();
  expect((await refresh(sandbox, 'resonite', refresh_token)).body.error).toBe('invalid_grant');
});

describe('refresh tokens of Twitch', () => {
  test.each(['twitch', 'kraken'] as const)('%s: stay by default, all of them alive', async (api) => {
    const sandbox = await quick();
    const { refresh_token } = await tokensAt(sandbox, api);
    expect((await refresh(sandbox, api, refresh_token)).body.refresh_token).toBe(refresh_token);
    expect((await refresh(sandbox, api, refresh_token)).status).toBe(200);
  });

  test.each(['twitch', 'kraken'] as const)('%s: change with refresh_token_rotated', async (api) => {
    const sandbox = await quick();
    const { refresh_token } = await tokensAt(sandbox, api);
    sandbox.state.faults.set('twitch', 'refresh_token_rotated');
    const { body } = await refresh(sandbox, api, refresh_token);
    expect(body.refresh_token).not.toBe(refresh_token);
    const again = await refresh(sandbox, api, refresh_token);
    expect([again.status, again.body.message]).toEqual([400, 'Invalid refresh token']);
    expect((await refresh(sandbox, api, body.refresh_token)).status).toBe(200);
  });
});

describe('validation faults', () => {
  const paths = { twitch: '/id.twitch.tv/oauth2/validate', kraken: '/api.twitch.tv/kraken' } as const;
  type ValidatingApi = keyof typeof paths;

  async function validation(api: ValidatingApi, name: FaultName | null): Promise<Response> {
    const sandbox = await quick();
    const { access_token } = await tokensAt(sandbox, api);
    if (name) sandbox.state.faults.set('twitch', name);
    const headers = { Authorization: `OAuth ${access_token}`, Accept: 'application/vnd.twitchtv.v5+json' };
    return request(sandbox.app).get(paths[api]).set(headers) as unknown as Response;
  }

  const good = { client_id: madeUpClients.twitch.clientId, user_id: '10000001' };
  const otherClient = { client_id: 'anothertwitchclientid000000000', user_id: '10000001' };
  const otherPerson = { client_id: madeUpClients.twitch.clientId, user_id: '10000002' };

  test.each<[FaultName | null, object]>([
    [null, { ...good, login: 'ninja_dev' }],
    ['validate_other_client', { ...otherClient, login: 'ninja_dev' }],
    ['validate_other_person', { ...otherPerson, login: 'bo_no_mail' }],
  ])('%s at id.twitch.tv', async (name, said) => {
    const { status, body } = await validation('twitch', name);
    expect([status, body]).toEqual([200, expect.objectContaining(said)]);
  });

  test.each<[FaultName | null, object]>([
    [null, { valid: true, ...good, user_name: 'ninja_dev' }],
    ['validate_other_client', { valid: true, ...otherClient, user_name: 'ninja_dev' }],
    ['validate_other_person', { valid: true, ...otherPerson, user_name: 'bo_no_mail' }],
  ])('%s at the root of Kraken', async (name, said) => {
    const { status, body } = await validation('kraken', name);
    expect([status, body.token]).toEqual([200, expect.objectContaining(said)]);
  });

  test('validate_401 refuses at id.twitch.tv, and Kraken says that the token is not valid', async () => {
    const refused = await validation('twitch', 'validate_401');
    expect([refused.status, refused.body]).toEqual([401, { status: 401, message: 'invalid access token' }]);
    const root = await validation('kraken', 'validate_401');
    expect([root.status, root.body.token]).toEqual([200, { valid: false, authorization: null }]);
  });

  test.each(['twitch', 'kraken'] as const)('validate_500 at %s', async (api) => {
    expect((await validation(api, 'validate_500')).status).toBe(500);
  });

  test('validate_401 refuses only where tokens are validated', async () => {
    const sandbox = await quick();
    const { access_token } = await tokensAt(sandbox, 'twitch');
    sandbox.state.faults.set('twitch', 'validate_401');
    expect((await twitchUser(sandbox, access_token!)).status).toBe(200);
  });
});

describe('hanging', () => {
  let server: Server;

  afterEach(
    () =>
      new Promise((done) => {
        server.close(done);
        server.closeAllConnections();
      }),
  );

  async function serve(sandbox: TestSandbox): Promise<string> {
    server = createServer(sandbox.app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const form = (members: object) => ({ method: 'POST', body: new URLSearchParams({ ...members }) });

  const ways: readonly [FaultName, Service, string, RequestInit][] = [
    ['token_hang', 'twitch', tokenPaths.twitch, form({})],
    ...refreshingApis.map((api): [FaultName, Service, string, RequestInit] => [
      'refresh_hang',
      serviceOf(api),
      tokenPaths[api],
      form(refreshGrant(api, 'any')),
    ]),
    ['userinfo_hang', 'twitch', '/api.twitch.tv/helix/users', {}],
    ['revoke_hang', 'twitch', '/id.twitch.tv/oauth2/revoke', form({})],
    ['revoke_hang', 'twitch', '/api.twitch.tv/kraken/oauth2/revoke', form({})],
    ['validate_hang', 'twitch', '/id.twitch.tv/oauth2/validate', {}],
    ['validate_hang', 'twitch', '/api.twitch.tv/kraken', {}],
    ['introspect_hang', 'mixer', '/mixer.com/api/v1/oauth/token/introspect', form({})],
    ['discovery_hang', 'resonite', '/account.resonite.com/.well-known/openid-configuration', {}],
    ['keys_hang', 'twitch', '/id.twitch.tv/oauth2/keys', {}],
  ];

  test('is tried below with every fault that hangs', async () => {
    await serve(await quick());
    const known = Object.keys(faultTable).filter((name) => name.endsWith('_hang'));
    expect([...new Set<string>(ways.map(([name]) => name))].sort()).toEqual(known.sort());
  });

  test.each(ways)(
    '%s at %s%s never answers, and closing ends the request',
    async (name, service, path, init) => {
      const sandbox = await quick();
      sandbox.state.faults.set(service, name);
      const answer = fetch(`${await serve(sandbox)}${path}`, init).then(
        ({ status }) => status,
        () => 'ended',
      );
      expect(await Promise.race([answer, until(() => sandbox.state.hanging.size > 0)])).toBeUndefined();
      const waiting = { service, status: null, verdict: 'waiting', faults: [name] };
      expect(sandbox.state.requests.at(-1)).toMatchObject(waiting);
      await sandbox.close();
      expect([await answer, sandbox.state.hanging.size]).toEqual(['ended', 0]);
    },
  );

  test('refresh_hang leaves the code exchange alone', async () => {
    const sandbox = await quick();
    await serve(sandbox);
    for (const api of refreshingApis) {
      sandbox.state.faults.set(serviceOf(api), 'refresh_hang');
      expect(await tokensAt(sandbox, api)).toHaveProperty('refresh_token');
    }
  });

  test('revoke_hang leaves the token alive', async () => {
    const sandbox = await quick();
    const { access_token } = await tokensAt(sandbox, 'twitch');
    sandbox.state.faults.set('twitch', 'revoke_hang');
    const init = form({ client_id: madeUpClients.twitch.clientId, token: access_token });
    const answer = fetch(`${await serve(sandbox)}/id.twitch.tv/oauth2/revoke`, init).catch(() => 'ended');
    await until(() => sandbox.state.hanging.size > 0);
    await sandbox.close();
    expect(await answer).toBe('ended');
    expect((await twitchUser(sandbox, access_token!)).status).toBe(200);
  });

  test('a client that gives up is forgotten', async () => {
    const sandbox = await quick();
    sandbox.state.faults.set('twitch', 'token_hang');
    const gaveUp = new AbortController();
    const { signal } = gaveUp;
    const url = `${await serve(sandbox)}/id.twitch.tv/oauth2/token`;
    const answer = fetch(url, { method: 'POST', signal }).catch(() => 'gave up');
    await until(() => sandbox.state.hanging.size > 0);
    const gone = once([...sandbox.state.hanging][0]!, 'close');
    gaveUp.abort();
    expect(await answer).toBe('gave up');
    await gone;
    expect(sandbox.state.hanging.size).toBe(0);
  });
});

describe('Mixin answers', () => {
  test('request_id_wrong repeats another id', async () => {
    const sandbox = await quick();
    sandbox.state.faults.set('mixin', 'request_id_wrong');
    const response = await request(sandbox.app).get('/api.mixin.one/me').set('X-Request-Id', 'the-id');
    expect(response.headers['x-request-id']).not.toBe('the-id');
  });
});
