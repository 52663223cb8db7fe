import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import jwt, { type JwtPayload } from 'jsonwebtoken';
import type { FaultName } from '../../src/sandbox/faults.ts';
import { start, testSandbox, type TestSandbox } from './support.ts';
import {
  callbackFor,
  clientId,
  clientSecret,
  get,
  helix,
  kraken,
  postToken,
  refreshMembers,
  type Generation,
  tokensFor,
} from './twitch-support.ts';

async function withFault(name: FaultName): Promise<TestSandbox> {
  return testSandbox({ autoApprove: true, faults: [{ at: 'twitch', name, reach: 'all' }] });
}

const quick = () => testSandbox({ autoApprove: true });
const askedClaims = JSON.stringify({
  id_token: { email: null, email_verified: null },
  userinfo: { email: null, email_verified: null },
});

async function keysOf(sandbox: TestSandbox): Promise<(JsonWebKey & { kid: string })[]> {
  return (await get(sandbox, '/id.twitch.tv/oauth2/keys')).body.keys;
}

async function idTokenOf(sandbox: TestSandbox): Promise<string> {
  return (await tokensFor(sandbox, 'twitch', { claims: askedClaims })).id_token;
}

/** Whether the signature fits one of the keys, by its name or by any. */
function isSigned(token: string, keys: readonly JsonWebKey[]): boolean {
  const [header, payload, signature = ''] = token.split('.');
  const signed = Buffer.from(`${header}.${payload}`);
  return keys.some((key) =>
    verify('sha256', signed, createPublicKey({ key, format: 'jwk' }), Buffer.from(signature, 'base64url')),
  );
}

const headerOf = (token: string) => jwt.decode(token, { complete: true })!.header;
const payloadOf = (token: string) => jwt.decode(token) as JwtPayload;

describe('iss at Twitch', () => {
  test('is neither promised nor there', async () => {
    const sandbox = await quick();
    const { body } = await get(sandbox, '/id.twitch.tv/oauth2/.well-known/openid-configuration');
    expect(body).not.toHaveProperty('authorization_response_iss_parameter_supported');
    expect((await callbackFor(sandbox)).searchParams.has('iss')).toBe(false);
  });

  test('authorize_with_iss puts the right one into the callback, or into its fragment', async () => {
    const sandbox = await withFault('authorize_with_iss');
    const issuer = 'http://localhost:4000/id.twitch.tv/oauth2';
    expect((await callbackFor(sandbox)).searchParams.get('iss')).toBe(issuer);
    const { hash } = await callbackFor(sandbox, 'twitch', { response_type: 'token' });
    expect(new URLSearchParams(hash.slice(1)).get('iss')).toBe(issuer);
  });

  test('discovery_promises_iss promises it, and it does not come', async () => {
    const sandbox = await withFault('discovery_promises_iss');
    const { body } = await get(sandbox, '/id.twitch.tv/oauth2/.well-known/openid-configuration');
    expect(body.authorization_response_iss_parameter_supported).toBe(true);
    expect((await callbackFor(sandbox)).searchParams.has('iss')).toBe(false);
  });
});

describe('no_email', () => {
  async function emails(sandbox: TestSandbox): Promise<unknown[]> {
    const { access_token, id_token } = await tokensFor(sandbox, 'twitch', { claims: askedClaims });
    const old = (await tokensFor(sandbox, 'kraken')).access_token;
    const headers = { Authorization: `Bearer ${access_token}` };
    return [
      payloadOf(id_token)['email'],
      (await get(sandbox, '/id.twitch.tv/oauth2/userinfo', headers)).body.email,
      (await helix(sandbox, access_token)).body.data[0].email,
      (await helix(sandbox, access_token, { query: '?login=ninja_dev' })).body.data[0].email,
      (await kraken(sandbox, '/user', old)).body.email,
    ];
  }

  test('is not so by itself', async () => {
    expect(await emails(await quick())).toEqual(Array.from({ length: 5 }, () => 'ada@example.test'));
  });

  test('takes it from the ID token, userinfo, Helix and Kraken', async () => {
    expect(await emails(await withFault('no_email'))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      null,
    ]);
  });
});

describe('keys and signatures', () => {
  test('fit without a fault', async () => {
    const sandbox = await quick();
    const [token, keys] = [await idTokenOf(sandbox), await keysOf(sandbox)];
    expect(headerOf(token)).toEqual({ alg: 'RS256', typ: 'JWT', kid: '1' });
    expect([keys.map(({ kid }) => kid), isSigned(token, keys)]).toEqual([['1'], true]);
  });

  test('id_token_foreign_key signs with a key that is not the one of that name', async () => {
    const sandbox = await withFault('id_token_foreign_key');
    const token = await idTokenOf(sandbox);
    expect([headerOf(token).kid, isSigned(token, await keysOf(sandbox))]).toEqual(['1', false]);
  });

  test('id_token_unknown_key names a key that is not in the set', async () => {
    const sandbox = await withFault('id_token_unknown_key');
    const kids = (await keysOf(sandbox)).map(({ kid }) => kid);
    expect(kids).not.toContain(headerOf(await idTokenOf(sandbox)).kid);
  });

  test('id_token_unsigned says alg none and has no signature', async () => {
    const token = await idTokenOf(await withFault('id_token_unsigned'));
    expect([headerOf(token).alg, token.endsWith('.')]).toEqual(['none', true]);
    expect(payloadOf(token).sub).toBe('10000001');
  });

  test('id_token_hs256 signs with the client secret', async () => {
    const token = await idTokenOf(await withFault('id_token_hs256'));
    const options = { algorithms: ['HS256' as const], clockTimestamp: start / 1000 };
    expect(jwt.verify(token, clientSecret, options)).toMatchObject({ sub: '10000001' });
  });

  test('keys_rotated changes the set and the signature together', async () => {
    const sandbox = await quick();
    const [before] = await keysOf(sandbox);
    sandbox.state.faults.set('twitch', 'keys_rotated');
    const [token, keys] = [await idTokenOf(sandbox), await keysOf(sandbox)];
    expect([keys.length, keys[0]?.n === before?.n]).toEqual([1, false]);
    expect([isSigned(token, keys), isSigned(token, [before!])]).toEqual([true, false]);
    expect(headerOf(token).kid).toBe(keys[0]?.kid);
  });

  test('keys_none empties the set', async () => {
    expect(await keysOf(await withFault('keys_none'))).toEqual([]);
  });

  test('the faults reach an ID token of the implicit flow too', async () => {
    const sandbox = await withFault('id_token_unsigned');
    const { hash } = await callbackFor(sandbox, 'twitch', { response_type: 'id_token' });
    expect(headerOf(new URLSearchParams(hash.slice(1)).get('id_token') ?? '').alg).toBe('none');
  });
});

describe('access_revoked', () => {
  test('ends every token at every place', async () => {
    const sandbox = await quick();
    const { access_token, refresh_token } = await tokensFor(sandbox);
    const old = await tokensFor(sandbox, 'kraken');
    sandbox.state.faults.set('twitch', 'access_revoked');
    const headers = { Authorization: `Bearer ${access_token}` };
    const statuses = [
      (await helix(sandbox, access_token)).status,
      (await get(sandbox, '/id.twitch.tv/oauth2/userinfo', headers)).status,
      (await get(sandbox, '/id.twitch.tv/oauth2/validate', headers)).status,
      (await postToken(sandbox, 'twitch', refreshMembers(refresh_token))).status,
      (await kraken(sandbox, '/user', old.access_token)).status,
      (await postToken(sandbox, 'kraken', refreshMembers(old.refresh_token))).status,
    ];
    expect(statuses).toEqual([401, 401, 401, 400, 401, 400]);
    expect((await kraken(sandbox, '', old.access_token)).body.token.valid).toBe(false);
  });
});

describe.each<Generation>(['twitch', 'kraken'])('refresh_refused_401 at %s', (api) => {
  test('answers a dead refresh token with 401 in the same words', async () => {
    const sandbox = await withFault('refresh_refused_401');
    const { status, body } = await postToken(sandbox, api, refreshMembers('unknown'));
    expect([status, body.status, body.message]).toEqual([401, 401, 'Invalid refresh token']);
  });

  test('answers 401 when the refresh token was replaced', async () => {
    const sandbox = await withFault('refresh_refused_401');
    sandbox.state.faults.set('twitch', 'refresh_token_rotated');
    const { refresh_token } = await tokensFor(sandbox, api);
    expect((await postToken(sandbox, api, refreshMembers(refresh_token))).status).toBe(200);
    expect((await postToken(sandbox, api, refreshMembers(refresh_token))).status).toBe(401);
  });

  test('leaves a living one alone', async () => {
    const sandbox = await withFault('refresh_refused_401');
    const { refresh_token } = await tokensFor(sandbox, api);
    expect((await postToken(sandbox, api, refreshMembers(refresh_token))).status).toBe(200);
  });
});

describe('challenge_absent', () => {
  test('leaves the header out of a 401 of Helix and of Kraken', async () => {
    const sandbox = await withFault('challenge_absent');
    for (const response of [await helix(sandbox, 'unknown'), await kraken(sandbox, '/user', 'unknown')]) {
      expect([response.status, response.headers['www-authenticate']]).toEqual([401, undefined]);
      expect(response.body.error).toBe('Unauthorized');
    }
  });
});

describe('kraken_v3', () => {
  test('is off: without a word about the version Kraken is gone', async () => {
    const sandbox = await quick();
    const answer = await get(sandbox, '/api.twitch.tv/kraken', { 'Client-ID': clientId });
    expect([answer.status, answer.headers['x-api-version']]).toEqual([410, undefined]);
  });

  test('brings version 3 back as the default', async () => {
    const sandbox = await withFault('kraken_v3');
    const answer = await get(sandbox, '/api.twitch.tv/kraken', { 'Client-ID': clientId });
    expect([answer.status, answer.headers['x-api-version']]).toEqual([200, '3']);
  });
});

describe('the clock of the service', () => {
  test.each<[FaultName | null, number]>([
    [null, 0],
    ['clock_ahead', 600],
    ['clock_behind', -600],
  ])('%s dates ID tokens %i seconds away from the true time', async (name, seconds) => {
    const sandbox = name ? await withFault(name) : await quick();
    const { iat, exp } = payloadOf(await idTokenOf(sandbox));
    const issuedAt = start / 1000 + seconds;
    expect([iat, exp]).toEqual([issuedAt, issuedAt + 900]);
  });
});
