import { createHash, createPublicKey, type JsonWebKey } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import jwt, { type JwtPayload } from 'jsonwebtoken';
import { load } from 'cheerio';
import {
  authorizationPath,
  browserOf,
  callbackOf,
  codeGrant,
  formAddress,
  locationOf,
  loginAs,
  start,
  testSandbox,
  type TestSandbox,
} from './support.ts';
import { callbackFor, fragmentOf, get, helix, postToken, tokensFor } from './twitch-support.ts';

const quick = () => testSandbox({ autoApprove: true });
const scope = 'openid user:read:email';
const leftHalf = (text: string): string =>
  createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url');

async function readIdToken(sandbox: TestSandbox, token: string): Promise<JwtPayload> {
  const { body } = await get(sandbox, '/id.twitch.tv/oauth2/keys');
  const key = createPublicKey({ key: body.keys[0] as JsonWebKey, format: 'jwk' });
  return jwt.verify(token, key, { clockTimestamp: start / 1000 }) as JwtPayload;
}

async function answerTo(responseType: string, changes: Record<string, string | null> = {}) {
  const sandbox = await quick();
  const wanted = { response_type: responseType, nonce: 'the-nonce', ...changes };
  const callback = await callbackFor(sandbox, 'twitch', wanted);
  const fragment = Object.fromEntries(fragmentOf(callback)) as Record<string, string>;
  return { sandbox, callback, fragment, names: fragmentOf(callback).map(([name]) => name) };
}

describe('the response type token', () => {
  test('puts a bearer token into the fragment, and nothing into the query', async () => {
    const { callback, fragment, names } = await answerTo('token');
    expect([callback.search, callback.origin + callback.pathname]).toEqual(['', callbackOf('twitch')]);
    expect(names).toEqual(['access_token', 'scope', 'state', 'token_type']);
    expect(fragment).toMatchObject({ scope, state: 'the-state', token_type: 'bearer' });
  });

  test('gives a token for about sixty days that no refresh token goes with', async () => {
    const { sandbox, fragment } = await answerTo('token');
    const headers = { Authorization: `OAuth ${fragment['access_token']}` };
    const { body } = await get(sandbox, '/id.twitch.tv/oauth2/validate', headers);
    expect(body).toMatchObject({ user_id: '10000001', scopes: ['openid', 'user:read:email'] });
    expect(body.expires_in).toBeGreaterThanOrEqual(4_999_199);
    expect(body.expires_in).toBeLessThanOrEqual(5_520_838);
    expect([sandbox.state.refreshTokens.size, sandbox.state.codes.size]).toEqual([0, 0]);
    expect((await helix(sandbox, fragment['access_token'] ?? '')).body.data[0].email).toBe(
      'ada@example.test',
    );
  });

  test('names an empty scope as well, and no state where none was sent', async () => {
    const { names, fragment } = await answerTo('token', { scope: null, state: null });
    expect([names, fragment['scope']]).toEqual([['access_token', 'scope', 'token_type'], '']);
  });
});

describe('the response types with an ID token', () => {
  test('id_token gives it alone, with the nonce and without at_hash', async () => {
    const { sandbox, fragment, names } = await answerTo('id_token');
    expect(names).toEqual(['id_token', 'scope', 'state']);
    const claims = await readIdToken(sandbox, fragment['id_token'] ?? '');
    expect(claims).toMatchObject({ sub: '10000001', nonce: 'the-nonce' });
    expect(claims).not.toHaveProperty('at_hash');
    expect(sandbox.state.accessTokens.size).toBe(0);
  });

  test.each(['token id_token', 'id_token token'])('%s binds it to the access token', async (responseType) => {
    const { sandbox, fragment, names } = await answerTo(responseType);
    expect(names).toEqual(['access_token', 'id_token', 'scope', 'state', 'token_type']);
    const claims = await readIdToken(sandbox, fragment['id_token'] ?? '');
    expect(claims).toMatchObject({ nonce: 'the-nonce', at_hash: leftHalf(fragment['access_token'] ?? '') });
    expect(claims.exp! - claims.iat!).toBe(900);
  });

  test('code id_token binds it to a code that can be exchanged', async () => {
    const { sandbox, fragment, names } = await answerTo('code id_token');
    expect(names).toEqual(['code', 'id_token', 'scope', 'state']);
    const claims = await readIdToken(sandbox, fragment['id_token'] ?? '');
    expect(claims['c_hash']).toBe(leftHalf(fragment['code'] ?? ''));
    const exchanged = await postToken(sandbox, 'twitch', codeGrant('twitch', fragment['code'] ?? ''));
    expect([exchanged.status, exchanged.body.token_type]).toEqual([200, 'bearer']);
  });

  test('leave it out when openid was asked for and not granted', async () => {
    const sandbox = await quick();
    sandbox.state.settings.autoApproveScopes = ['user:read:email'];
    const callback = await callbackFor(sandbox, 'twitch', { response_type: 'token id_token' });
    expect(fragmentOf(callback).map(([name]) => name)).toEqual([
      'access_token',
      'scope',
      'state',
      'token_type',
    ]);
  });
});

describe('the implicit flow goes the ways of the code flow', () => {
  const path = authorizationPath('twitch', { scope, response_type: 'token' });

  test('through the pages, and the second time without one', async () => {
    const browser = browserOf(await testSandbox());
    expect(fragmentOf(await loginAs(browser, path))[0]?.[0]).toBe('access_token');
    const silent = await browser.get(path);
    expect([silent.status, fragmentOf(locationOf(silent))[0]?.[0]]).toEqual([302, 'access_token']);
  });

  test('with a denial in the query', async () => {
    const callback = await loginAs(browserOf(await testSandbox()), path, 'ada', 'no');
    expect([callback.hash, callback.search]).toEqual([
      '',
      '?error=access_denied&error_description=The+user+denied+you+access&state=the-state',
    ]);
  });

  test('with a stop before each redirect in step mode', async () => {
    const sandbox = await testSandbox({ autoApprove: true, settings: { stepMode: true } });
    const html = { Accept: 'text/html' };
    const arrival = load((await get(sandbox, path, html)).text);
    const departure = load((await get(sandbox, arrival('a.btn').attr('href') ?? '', html)).text);
    const names = departure('tbody th').toArray();
    expect(names.map((cell) => departure(cell).text())).toEqual([
      'access_token',
      'scope',
      'state',
      'token_type',
    ]);
  });

  test('with the faults of the callback', async () => {
    const sandbox = await quick();
    sandbox.state.faults.set('twitch', 'authorize_wrong_state');
    const wrong = await callbackFor(sandbox, 'twitch', { response_type: 'token' });
    expect(Object.fromEntries(fragmentOf(wrong))['state']).toBe('not-your-state');
    sandbox.state.faults.clear();
    sandbox.state.faults.set('twitch', 'authorize_other_person');
    const other = await callbackFor(sandbox, 'twitch', { response_type: 'token' });
    const { body } = await helix(sandbox, fragmentOf(other)[0]?.[1] ?? '');
    expect(body.data[0].id).toBe('10000002');
  });

  test('over a restart between the two pages', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sandbox-implicit-'));
    const stateFile = join(folder, 'sandbox.json');
    const first = await testSandbox({ stateFile });
    const consent = locationOf(
      await browserOf(first)
        .post(formAddress(await browserOf(first).get(path)))
        .type('form')
        .send({ person: 'ada' }),
    ).pathname;
    await first.close();
    const second = await testSandbox({ stateFile });
    const answered = await browserOf(second).post(consent).type('form').send({ answer: 'yes' });
    expect(fragmentOf(locationOf(answered))[0]?.[0]).toBe('access_token');
    await second.close();
    await rm(folder, { recursive: true });
  });

  test('and the code flow gives none of it', async () => {
    const sandbox = await quick();
    expect((await callbackFor(sandbox)).hash).toBe('');
    expect(await tokensFor(sandbox)).toHaveProperty('refresh_token');
  });
});
