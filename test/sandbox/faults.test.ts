import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import jwt, { type JwtPayload } from 'jsonwebtoken';
import request, { type Response } from 'supertest';
import { type FaultName, faultTable } from '../../src/sandbox/faults.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import {
  authorizationPath,
  baseUrl,
  callbackOf,
  codeGrant,
  locationOf,
  testSandbox,
  type TestSandbox,
} from './support.ts';

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

describe('hanging', () => {
  let server: Server;

  afterEach(() => new Promise((done) => server.close(done)));

  test('token_hang never answers, and closing the sandbox ends the request', async () => {
    const sandbox = await quick();
    sandbox.state.faults.set('twitch', 'token_hang');
    server = createServer(sandbox.app).listen(0, '127.0.0.1');
    await new Promise((done) => server.once('listening', done));
    const { port } = server.address() as AddressInfo;
    const arrived = new Promise<void>((done) => server.once('request', () => done()));
    const answer = fetch(`http://127.0.0.1:${port}/id.twitch.tv/oauth2/token`, { method: 'POST' }).catch(
      () => 'ended',
    );
    await arrived;
    while (sandbox.state.hanging.size === 0) await new Promise(setImmediate);
    expect(sandbox.state.requests.at(-1)).toMatchObject({ status: null, verdict: 'waiting' });
    await sandbox.close();
    expect(await answer).toBe('ended');
  });

  test('a client that gives up is forgotten', async () => {
    const sandbox = await quick();
    sandbox.state.faults.set('twitch', 'token_hang');
    server = createServer(sandbox.app).listen(0, '127.0.0.1');
    await new Promise((done) => server.once('listening', done));
    const { port } = server.address() as AddressInfo;
    const gaveUp = new AbortController();
    const { signal } = gaveUp;
    const url = `http://127.0.0.1:${port}/id.twitch.tv/oauth2/token`;
    const answer = fetch(url, { method: 'POST', signal }).catch(() => 'gave up');
    while (sandbox.state.hanging.size === 0) await new Promise(setImmediate);
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
