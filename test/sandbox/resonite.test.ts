import { createHash } from 'node:crypto';
import { load } from 'cheerio';
import jwt, { type JwtPayload } from 'jsonwebtoken';
import request, { type Response } from 'supertest';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import {
  authorizationPath,
  browserOf,
  callbackOf,
  codeGrant,
  locationOf,
  loginAs,
  testSandbox,
  type TestSandbox,
} from './support.ts';

const { clientId, clientSecret } = madeUpClients.resonite;
const scope = 'openid profile email offline_access';
const verifier = 'a-verifier-that-is-forty-three-letters-long';
const challenge = createHash('sha256').update(verifier).digest('base64url');
const pkce = { code_challenge: challenge, code_challenge_method: 'S256' };

function post(sandbox: TestSandbox, members: Record<string, string>): Promise<Response> {
  return request(sandbox.app)
    .post('/account.resonite.com/connect/token')
    .type('form')
    .send(members) as unknown as Promise<Response>;
}

async function code(sandbox: TestSandbox, changes: Record<string, string | null> = {}, person = 'ada') {
  const path = authorizationPath('resonite', { scope, ...changes });
  return (await loginAs(browserOf(sandbox), path, person)).searchParams.get('code');
}

async function tokens(sandbox: TestSandbox, changes: Record<string, string | null> = {}, person = 'ada') {
  return (await post(sandbox, codeGrant('resonite', await code(sandbox, changes, person)))).body;
}

const get = (sandbox: TestSandbox, path: string, token: string) =>
  request(sandbox.app).get(`/account.resonite.com/${path}`).set('Authorization', `Bearer ${token}`);

describe('Resonite authorization', () => {
  test('shows its own page for a redirect URI that is not registered', async () => {
    const { app } = await testSandbox();
    const path = authorizationPath('resonite', { redirect_uri: `${callbackOf('resonite')}?x=1` });
    const response = await request(app).get(path);
    expect([response.status, response.headers['location']]).toEqual([400, undefined]);
    expect(response.text).toContain('ID2043');
  });

  test('keeps a request that is not in order on its own page, as OpenIddict does', async () => {
    const { app } = await testSandbox();
    const response = await request(app).get(authorizationPath('resonite', { scope: 'openid nonsense' }));
    expect([response.status, response.headers['location']]).toEqual([400, undefined]);
    expect(load(response.text)('main').text()).toContain(
      "invalid_scope: The specified 'scope' is invalid. (ID2052)",
    );
  });

  test('sends a denial back, with the address of its explanation', async () => {
    const sandbox = await testSandbox();
    const path = authorizationPath('resonite', { scope });
    const { searchParams } = await loginAs(browserOf(sandbox), path, 'ada', 'no');
    expect(Object.fromEntries(searchParams)).toEqual({
      error: 'access_denied',
      error_description: 'The authorization was denied by the end user.',
      error_uri: 'https://documentation.openiddict.com/errors/ID2015',
      state: 'the-state',
    });
  });

  test('remembers a grant, without iss in the callback unless a fault adds it', async () => {
    const sandbox = await testSandbox();
    const browser = browserOf(sandbox);
    await loginAs(browser, authorizationPath('resonite', { scope }));
    const second = locationOf(await browser.get(authorizationPath('resonite', { scope })));
    expect([...second.searchParams.keys()]).toEqual(['code', 'state']);
    sandbox.state.faults.set('resonite', 'authorize_with_iss');
    const third = locationOf(await browser.get(authorizationPath('resonite', { scope })));
    expect(third.searchParams.get('iss')).toBe('http://localhost:4000/account.resonite.com/');
  });
});

describe('Resonite tokens', () => {
  test('come with an ID token that has no nonce, and a refresh token', async () => {
    const body = await tokens(await testSandbox(), { nonce: 'the-nonce' });
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3599, scope });
    expect(body.refresh_token).toBeTruthy();
    const payload = jwt.decode(body.id_token) as JwtPayload;
    expect(payload).toMatchObject({
      iss: 'http://localhost:4000/account.resonite.com/',
      aud: clientId,
      sub: 'U-1NaAdaSandbox',
    });
    expect(payload).not.toHaveProperty('nonce');
  });

  test('come without ID token and refresh token when these were not asked for', async () => {
    const body = await tokens(await testSandbox(), { scope: 'profile' });
    expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'scope', 'token_type']);
  });

  test('check S256 when a challenge was sent', async () => {
    const sandbox = await testSandbox();
    const wrong = codeGrant('resonite', await code(sandbox, pkce), { code_verifier: `${verifier}x` });
    expect((await post(sandbox, wrong)).body.error).toBe('invalid_grant');
    const missing = codeGrant('resonite', await code(sandbox, pkce));
    expect((await post(sandbox, missing)).body.error).toBe('invalid_request');
    const right = codeGrant('resonite', await code(sandbox, pkce), { code_verifier: verifier });
    expect((await post(sandbox, right)).status).toBe(200);
    const unexpected = codeGrant('resonite', await code(sandbox), { code_verifier: verifier });
    expect((await post(sandbox, unexpected)).body.error).toBe('invalid_request');
  });

  test('take HTTP Basic too, but not both ways at once', async () => {
    const sandbox = await testSandbox();
    const basic = async (changes: Record<string, string | null>) =>
      request(sandbox.app)
        .post('/account.resonite.com/connect/token')
        .auth(clientId, clientSecret)
        .type('form')
        .send(codeGrant('resonite', await code(sandbox), changes));
    expect((await basic({ client_id: null, client_secret: null })).status).toBe(200);
    expect((await basic({})).body.error).toBe('invalid_request');
  });

  test.each([
    [{ client_secret: 'wrong' }, 401, 'invalid_client', 'ID2055'],
    [{ code: 'unknown' }, 400, 'invalid_grant', 'ID2001'],
    [{ redirect_uri: 'http://localhost:3000/second/resonite' }, 400, 'invalid_grant', 'ID2072'],
  ])('are refused for %j', async (changes, status, error, id) => {
    const sandbox = await testSandbox();
    const response = await post(sandbox, codeGrant('resonite', await code(sandbox), changes));
    expect([response.status, response.body.error]).toEqual([status, error]);
    expect(response.body.error_uri).toMatch(new RegExp(`${id}$`));
  });

  test('do not come for JSON', async () => {
    const sandbox = await testSandbox();
    const members = codeGrant('resonite', await code(sandbox));
    const response = await request(sandbox.app).post('/account.resonite.com/connect/token').send(members);
    expect(response.body.error).toBe('invalid_request');
  });

  test('come once for a code', async () => {
    const sandbox = await testSandbox();
    const members = codeGrant('resonite', await code(sandbox));
    expect((await post(sandbox, members)).status).toBe(200);
    const second = await post(sandbox, members);
    expect([second.status, second.body.error]).toEqual([400, 'invalid_grant']);
    expect(second.body.error_uri).toMatch(/ID2010$/);
  });

  test('rotate on refresh, and a used refresh token is an invalid grant', async () => {
    const sandbox = await testSandbox();
    const { refresh_token } = await tokens(sandbox);
    const members = {
      grant_type: 'refresh_token',
      client_id: clientId,
      client_secret: clientSecret,
      refresh_token,
    };
    expect((await post(sandbox, members)).body.refresh_token).not.toBe(refresh_token);
    expect((await post(sandbox, members)).body.error).toBe('invalid_grant');
  });
});

describe('Resonite resources', () => {
  test('the profile is not wrapped, and the e-mail needs its scope', async () => {
    const sandbox = await testSandbox();
    const profile = (await get(sandbox, 'api/user/profile', (await tokens(sandbox)).access_token)).body;
    expect(profile).toMatchObject({ id: 'U-1NaAdaSandbox', username: 'Ada', email: 'ada@example.test' });
    expect(profile.profile.iconUrl).toMatch(/^resdb:\/\/\/[0-9a-f]{64}\.webp$/);
    const { access_token } = await tokens(sandbox, { scope: 'profile' });
    expect((await get(sandbox, 'api/user/profile', access_token)).body).not.toHaveProperty('email');
  });

  test('what a person does not have is absent, not null', async () => {
    const sandbox = await testSandbox();
    const { body } = await get(sandbox, 'api/user/profile', (await tokens(sandbox, {}, 'cy')).access_token);
    expect(Object.keys(body)).not.toEqual(expect.arrayContaining(['profile']));
    expect(Object.values(body)).not.toContain(null);
  });

  test('userinfo needs openid and the profile needs profile', async () => {
    const sandbox = await testSandbox();
    const openid = (await tokens(sandbox, { scope: 'openid' })).access_token;
    expect((await get(sandbox, 'connect/userinfo', openid)).body.sub).toBe('U-1NaAdaSandbox');
    expect((await get(sandbox, 'api/user/profile', openid)).status).toBe(403);
    expect((await get(sandbox, 'api/user/profile', 'nonsense')).status).toBe(401);
  });

  test('discovery has the issuer with its slash', async () => {
    const { app } = await testSandbox();
    const { body } = await request(app).get('/account.resonite.com/.well-known/openid-configuration');
    expect(body.issuer).toBe('http://localhost:4000/account.resonite.com/');
    expect(body.jwks_uri).toBe('http://localhost:4000/account.resonite.com/.well-known/jwks');
  });
});
