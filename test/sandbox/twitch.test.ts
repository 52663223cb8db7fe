import { createPublicKey, type JsonWebKey } from 'node:crypto';
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

const { clientId, clientSecret } = madeUpClients.twitch;
const claims = JSON.stringify({
  id_token: { email: null, email_verified: null, preferred_username: null },
  userinfo: { picture: null },
});

async function login(sandbox: TestSandbox, changes: Record<string, string | null> = {}, person = 'ada') {
  const path = authorizationPath('twitch', { scope: 'openid user:read:email', ...changes });
  return loginAs(browserOf(sandbox), path, person);
}

function post(sandbox: TestSandbox, members: Record<string, string>): Promise<Response> {
  return request(sandbox.app)
    .post('/id.twitch.tv/oauth2/token')
    .type('form')
    .send(members) as Promise<Response>;
}

async function tokens(sandbox: TestSandbox, changes: Record<string, string | null> = {}, person = 'ada') {
  const callback = await login(sandbox, changes, person);
  return (await post(sandbox, codeGrant('twitch', callback.searchParams.get('code')))).body;
}

async function publicKey(sandbox: TestSandbox) {
  const { body } = await request(sandbox.app).get('/id.twitch.tv/oauth2/keys');
  return createPublicKey({ key: body.keys[0] as JsonWebKey, format: 'jwk' });
}

describe('Twitch authorization', () => {
  test('gives a code, the granted scope and the state to the callback', async () => {
    const callback = await login(await testSandbox());
    expect(callback.origin + callback.pathname).toBe(callbackOf('twitch'));
    expect([...callback.searchParams.keys()]).toEqual(['code', 'scope', 'state']);
    expect(callback.searchParams.get('code')).toMatch(/^[a-z0-9]{30}$/);
    expect(callback.searchParams.get('scope')).toBe('openid user:read:email');
  });

  test('tells the first registered redirect URI about a mismatch', async () => {
    const { app } = await testSandbox();
    const redirectUri = `${callbackOf('twitch')}/`;
    const response = await request(app).get(authorizationPath('twitch', { redirect_uri: redirectUri }));
    expect(response.status).toBe(302);
    expect(response.headers['location']).toBe(
      `${callbackOf('twitch')}?error=redirect_mismatch&error_description=Parameter+redirect_uri+does+not+match+registered+URI&state=the-state`,
    );
  });

  test('accepts every registered redirect URI to the letter', async () => {
    const { app } = await testSandbox();
    const path = authorizationPath('twitch', { redirect_uri: 'http://localhost:3000/second/twitch' });
    expect((await request(app).get(path)).status).toBe(200);
  });

  test.each([
    [{ client_id: null }, 'missing client id'],
    [{ client_id: 'nobody' }, 'invalid client'],
    [{ scope: 'openid nonsense' }, "invalid scope requested: 'nonsense'"],
    [{ scope: 'chat_login' }, 'Sorry, the scope you are requesting is currently unavailable: chat_login'],
  ])('answers %j with a page of JSON and no redirect', async (changes, message) => {
    const { app } = await testSandbox();
    const response = await request(app).get(authorizationPath('twitch', changes));
    expect([response.status, response.text]).toEqual([400, `${JSON.stringify({ status: 400, message })}\n`]);
  });

  test('words a denial as Twitch does', async () => {
    const sandbox = await testSandbox();
    const path = authorizationPath('twitch', { scope: 'openid' });
    const callback = await loginAs(browserOf(sandbox), path, 'ada', 'no');
    expect(callback.search).toBe(
      '?error=access_denied&error_description=The+user+denied+you+access&state=the-state',
    );
  });

  test('passes the second login with the same scope set without a page', async () => {
    const sandbox = await testSandbox();
    const browser = browserOf(sandbox);
    const path = authorizationPath('twitch', { scope: 'openid' });
    await loginAs(browser, path);
    const second = await browser.get(path);
    expect(second.status).toBe(302);
    expect(locationOf(second).searchParams.has('code')).toBe(true);
    expect((await browser.get(authorizationPath('twitch', { scope: 'openid bits:read' }))).status).toBe(200);
  });

  test('asks again for force_verify=true, and for no other word', async () => {
    const sandbox = await testSandbox();
    const browser = browserOf(sandbox);
    await loginAs(browser, authorizationPath('twitch', { scope: 'openid' }));
    const forced = await browser.get(authorizationPath('twitch', { scope: 'openid', force_verify: 'true' }));
    expect(forced.text).toContain('Who are you?');
    const other = await browser.get(authorizationPath('twitch', { scope: 'openid', force_verify: '1' }));
    expect(other.status).toBe(302);
  });
});

describe('Twitch token endpoint', () => {
  test('answers with the scope as an array and an ID token for fifteen minutes', async () => {
    const sandbox = await testSandbox();
    const body = await tokens(sandbox, { nonce: 'the-nonce', claims });
    expect(body).toMatchObject({ scope: ['openid', 'user:read:email'], token_type: 'bearer' });
    expect(body.access_token).toMatch(/^[a-z0-9]{30}$/);
    expect(body.expires_in).toBeGreaterThanOrEqual(13_293);
    const clockTimestamp = sandbox.clock.milliseconds / 1000;
    const verified = jwt.verify(body.id_token, await publicKey(sandbox), { complete: true, clockTimestamp });
    expect(verified.header).toMatchObject({ alg: 'RS256', kid: '1' });
    const payload = verified.payload as JwtPayload;
    expect(payload).toMatchObject({
      iss: 'http://localhost:4000/id.twitch.tv/oauth2',
      aud: clientId,
      sub: '10000001',
      nonce: 'the-nonce',
      email: 'ada@example.test',
      email_verified: true,
      preferred_username: 'Ada',
    });
    expect(payload.exp! - payload.iat!).toBe(900);
    expect(payload['picture']).toBeUndefined();
  });

  test('leaves the e-mail out of the ID token without the scope', async () => {
    const body = await tokens(await testSandbox(), { scope: 'openid', claims });
    expect(jwt.decode(body.id_token)).not.toHaveProperty('email');
  });

  test('leaves scope and ID token out when nothing was granted', async () => {
    const body = await tokens(await testSandbox(), { scope: null });
    expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'refresh_token', 'token_type']);
  });

  test('takes the parameters from the query as well', async () => {
    const sandbox = await testSandbox();
    const code = (await login(sandbox)).searchParams.get('code');
    const query = new URLSearchParams(codeGrant('twitch', code));
    expect((await request(sandbox.app).post(`/id.twitch.tv/oauth2/token?${query}`)).status).toBe(200);
  });

  test('ignores HTTP Basic', async () => {
    const sandbox = await testSandbox();
    const members = codeGrant('twitch', 'any', { client_secret: null });
    const response = await request(sandbox.app)
      .post('/id.twitch.tv/oauth2/token')
      .auth(clientId, clientSecret)
      .type('form')
      .send(members);
    expect(response.body).toEqual({ status: 400, message: 'missing client secret' });
  });

  test.each([
    [{ client_id: null }, 400, 'missing client id'],
    [{ client_id: 'nobody' }, 400, 'invalid client'],
    [{ client_secret: 'wrong' }, 403, 'invalid client secret'],
    [{ code: 'unknown' }, 400, 'Invalid authorization code'],
    [
      { redirect_uri: 'http://localhost:3000/second/twitch' },
      400,
      'Parameter redirect_uri does not match registered URI',
    ],
  ])('refuses %j', async (changes, status, message) => {
    const sandbox = await testSandbox();
    const code = (await login(sandbox)).searchParams.get('code');
    const response = await post(sandbox, codeGrant('twitch', code, changes));
    expect([response.status, response.body, response.text.at(-1)]).toEqual([
      status,
      { status, message },
      '\n',
    ]);
  });

  test('takes a code once, and only for ten minutes', async () => {
    const sandbox = await testSandbox();
    const code = (await login(sandbox)).searchParams.get('code');
    expect((await post(sandbox, codeGrant('twitch', code))).status).toBe(200);
    expect((await post(sandbox, codeGrant('twitch', code))).status).toBe(400);
    const late = (await login(sandbox)).searchParams.get('code');
    sandbox.clock.milliseconds += 10 * 60 * 1000;
    expect((await post(sandbox, codeGrant('twitch', late))).body.message).toBe('Invalid authorization code');
  });

  test('refreshes with the full scope, no ID token, and refuses an unknown token', async () => {
    const sandbox = await testSandbox();
    const first = await tokens(sandbox);
    const members = { grant_type: 'refresh_token', client_id: clientId, client_secret: clientSecret };
    const refreshed = await post(sandbox, {
      ...members,
      refresh_token: first.refresh_token,
      scope: 'bits:read',
    });
    expect(refreshed.body.scope).toEqual(['openid', 'user:read:email']);
    expect(refreshed.body.access_token).not.toBe(first.access_token);
    expect(refreshed.body).not.toHaveProperty('id_token');
    const refused = await post(sandbox, { ...members, refresh_token: 'unknown' });
    expect(refused.body).toEqual({ status: 400, message: 'Invalid refresh token' });
  });

  test('is not there for GET', async () => {
    const { app } = await testSandbox();
    expect((await request(app).get('/id.twitch.tv/oauth2/token')).status).toBe(404);
  });
});

describe('Twitch resources', () => {
  const helix = (sandbox: TestSandbox, token: string, id = clientId) =>
    request(sandbox.app)
      .get('/api.twitch.tv/helix/users')
      .set({ Authorization: `Bearer ${token}`, 'Client-Id': id });

  test('Helix gives the user of the token, the e-mail only with its scope', async () => {
    const sandbox = await testSandbox();
    const user = (await helix(sandbox, (await tokens(sandbox)).access_token)).body.data[0];
    expect(user).toMatchObject({
      id: '10000001',
      login: 'ninja_dev',
      display_name: 'Ada',
      email: 'ada@example.test',
    });
    expect(user.profile_image_url).toMatch(/^https:\/\/static-cdn\.jtvnw\.net\//);
    const without = await helix(sandbox, (await tokens(sandbox, { scope: 'openid' })).access_token);
    expect(without.body.data[0]).not.toHaveProperty('email');
  });

  test('Helix wants the Client-Id that the token was made for', async () => {
    const sandbox = await testSandbox();
    const response = await helix(sandbox, (await tokens(sandbox)).access_token, 'another');
    expect(response.status).toBe(401);
    expect(response.body.message).toBe('Client ID and OAuth token do not match');
    expect(response.headers['www-authenticate']).toBe("OAuth realm='TwitchTV', error='invalid_token'");
  });

  test('validate takes both schemes and says null when there is no scope', async () => {
    const sandbox = await testSandbox();
    const { access_token } = await tokens(sandbox, { scope: null });
    for (const scheme of ['OAuth', 'Bearer']) {
      const response = await request(sandbox.app)
        .get('/id.twitch.tv/oauth2/validate')
        .set('Authorization', `${scheme} ${access_token}`);
      expect(response.body).toMatchObject({
        client_id: clientId,
        login: 'ninja_dev',
        scopes: null,
        user_id: '10000001',
      });
    }
    const missing = await request(sandbox.app).get('/id.twitch.tv/oauth2/validate');
    expect(missing.body).toEqual({ status: 401, message: 'missing authorization token' });
  });

  test('revoke ends a token once and calls the second time an invalid token', async () => {
    const sandbox = await testSandbox();
    const { access_token } = await tokens(sandbox);
    const revoke = (id: string) =>
      request(sandbox.app)
        .post('/id.twitch.tv/oauth2/revoke')
        .type('form')
        .send({ client_id: id, token: access_token });
    expect((await revoke('nobody')).status).toBe(404);
    expect([(await revoke(clientId)).text, (await helix(sandbox, access_token)).status]).toEqual(['', 401]);
    expect((await revoke(clientId)).body).toEqual({ status: 400, message: 'Invalid token' });
  });

  test('userinfo gives the claims asked for there and no others', async () => {
    const sandbox = await testSandbox();
    const { access_token } = await tokens(sandbox, { claims });
    const { body } = await request(sandbox.app)
      .get('/id.twitch.tv/oauth2/userinfo')
      .set('Authorization', `Bearer ${access_token}`);
    expect(Object.keys(body).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'picture', 'sub']);
  });

  test('userinfo wants the scheme Bearer', async () => {
    const sandbox = await testSandbox();
    const { access_token } = await tokens(sandbox);
    const response = await request(sandbox.app)
      .get('/id.twitch.tv/oauth2/userinfo')
      .set('Authorization', `OAuth ${access_token}`);
    expect(response.body).toEqual({ status: 401, message: 'invalid access token' });
  });

  test('discovery names prefixed addresses and neither revocation nor PKCE', async () => {
    const { app } = await testSandbox();
    const { body } = await request(app).get('/id.twitch.tv/oauth2/.well-known/openid-configuration');
    expect(body.token_endpoint).toBe('http://localhost:4000/id.twitch.tv/oauth2/token');
    expect(body).not.toHaveProperty('revocation_endpoint');
    expect(body).not.toHaveProperty('code_challenge_methods_supported');
  });
});
