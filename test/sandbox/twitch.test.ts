import { createPublicKey, type JsonWebKey } from 'node:crypto';
import jwt, { type JwtPayload } from 'jsonwebtoken';
import request, { type Response } from 'supertest';
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
import { clientId, get, helix, postForm, refreshMembers } from './twitch-support.ts';

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

  test.each<readonly [Record<string, string | null>, string]>([
    [{ client_id: null }, 'missing client id'],
    [{ client_id: 'nobody' }, 'invalid client'],
    [{ scope: 'openid nonsense' }, "invalid scope requested: 'nonsense'"],
    ...['chat_login', 'user_read', 'whispers:edit', 'user:edit:follows'].map(
      (scope) =>
        [{ scope }, `Sorry, the scope you are requesting is currently unavailable: ${scope}`] as const,
    ),
    [{ scope: 'user_nonsense' }, "invalid scope requested: 'user_nonsense'"],
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
    const always = ['at_hash', 'aud', 'azp', 'exp', 'iat', 'iss', 'nonce', 'sub'];
    const asked = ['email', 'email_verified', 'preferred_username'];
    expect(Object.keys(payload).sort()).toEqual([...always, ...asked].sort());
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

  test('takes them from a multipart form', async () => {
    const sandbox = await testSandbox();
    const members = codeGrant('twitch', (await login(sandbox)).searchParams.get('code'));
    const sent = request(sandbox.app).post('/id.twitch.tv/oauth2/token');
    for (const [name, value] of Object.entries(members)) sent.field(name, value);
    expect((await sent).status).toBe(200);
    const { bodyNames, grantType } = sandbox.state.requests.at(-1)!;
    expect([bodyNames, grantType]).toEqual([Object.keys(members), 'authorization_code']);
  });

  test('ends the body of a refusal with a newline', async () => {
    const { text } = await post(await testSandbox(), codeGrant('twitch', 'unknown'));
    expect(text).toBe('{"status":400,"message":"Invalid authorization code"}\n');
  });

  test('has no PKCE: a challenge is ignored, and a verifier that does not fit too', async () => {
    const sandbox = await testSandbox();
    const challenge = { code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' };
    const first = (await login(sandbox, challenge)).searchParams.get('code');
    expect((await post(sandbox, codeGrant('twitch', first))).status).toBe(200);
    const second = (await login(sandbox, challenge)).searchParams.get('code');
    const members = codeGrant('twitch', second, { code_verifier: 'y'.repeat(43) });
    expect((await post(sandbox, members)).status).toBe(200);
  });

  test('refreshes with the full scope, the same refresh token and no ID token', async () => {
    const sandbox = await testSandbox();
    const first = await tokens(sandbox);
    const refreshed = await post(sandbox, refreshMembers(first.refresh_token, { scope: 'bits:read' }));
    expect(refreshed.body.scope).toEqual(['openid', 'user:read:email']);
    expect(refreshed.body.access_token).not.toBe(first.access_token);
    expect(refreshed.body).toEqual({
      access_token: expect.stringMatching(/^[a-z0-9]{30}$/),
      expires_in: expect.any(Number),
      refresh_token: first.refresh_token,
      scope: ['openid', 'user:read:email'],
      token_type: 'bearer',
    });
  });

  test('is not there for GET', async () => {
    const { app } = await testSandbox();
    expect((await request(app).get('/id.twitch.tv/oauth2/token')).status).toBe(404);
  });
});

describe('Twitch resources', () => {
  test.each(['OAuth', 'Bearer'])('validate takes the scheme %s', async (scheme) => {
    const sandbox = await testSandbox();
    const { access_token, expires_in } = await tokens(sandbox);
    sandbox.clock.milliseconds += 1000;
    const headers = { Authorization: `${scheme} ${access_token}` };
    expect((await get(sandbox, '/id.twitch.tv/oauth2/validate', headers)).body).toEqual({
      client_id: clientId,
      login: 'ninja_dev',
      scopes: ['openid', 'user:read:email'],
      user_id: '10000001',
      expires_in: expires_in - 1,
    });
  });

  test('validate says null for no scope', async () => {
    const sandbox = await testSandbox();
    const { access_token } = await tokens(sandbox, { scope: null });
    const headers = { Authorization: `OAuth ${access_token}` };
    expect((await get(sandbox, '/id.twitch.tv/oauth2/validate', headers)).body.scopes).toBeNull();
  });

  test.each(['access_token', 'refresh_token'] as const)(
    'revoke ends the %s with an empty body',
    async (kind) => {
      const sandbox = await testSandbox();
      const body = await tokens(sandbox);
      const members = { client_id: clientId, token: body[kind] };
      const { status, text } = await postForm(sandbox, '/id.twitch.tv/oauth2/revoke', members);
      expect([status, text]).toEqual([200, '']);
      const used = [
        (await helix(sandbox, body.access_token)).status,
        (await post(sandbox, refreshMembers(body.refresh_token))).status,
      ];
      expect(used).toEqual(kind === 'access_token' ? [401, 200] : [200, 400]);
    },
  );

  test('userinfo gives the claims asked for there and no others', async () => {
    const sandbox = await testSandbox();
    const everything = { email: null, email_verified: null, preferred_username: null, updated_at: null };
    const asked = JSON.stringify({ userinfo: everything, id_token: { picture: null } });
    const { access_token, id_token } = await tokens(sandbox, { claims: asked });
    const headers = { Authorization: `Bearer ${access_token}` };
    const issuedAt = sandbox.clock.milliseconds / 1000;
    expect((await get(sandbox, '/id.twitch.tv/oauth2/userinfo', headers)).body).toEqual({
      aud: clientId,
      exp: issuedAt + 900,
      iat: issuedAt,
      iss: 'http://localhost:4000/id.twitch.tv/oauth2',
      sub: '10000001',
      email: 'ada@example.test',
      email_verified: true,
      preferred_username: 'Ada',
      updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    });
    expect(jwt.decode(id_token)).toHaveProperty('picture');
    expect(jwt.decode(id_token)).not.toHaveProperty('email');
  });

  test('discovery is what Twitch publishes, at addresses of the sandbox', async () => {
    const issuer = 'http://localhost:4000/id.twitch.tv/oauth2';
    const path = '/id.twitch.tv/oauth2/.well-known/openid-configuration';
    expect((await get(await testSandbox(), path)).body).toEqual({
      authorization_endpoint: `${issuer}/authorize`,
      claims_parameter_supported: true,
      claims_supported: [
        'email',
        'email_verified',
        'picture',
        'preferred_username',
        'exp',
        'iss',
        'sub',
        'azp',
        'aud',
        'iat',
        'updated_at',
      ],
      id_token_signing_alg_values_supported: ['RS256'],
      issuer,
      jwks_uri: `${issuer}/keys`,
      response_types_supported: ['id_token', 'code', 'token', 'code id_token', 'token id_token'],
      scopes_supported: ['openid'],
      subject_types_supported: ['public'],
      token_endpoint: `${issuer}/token`,
      token_endpoint_auth_methods_supported: ['client_secret_post'],
      userinfo_endpoint: `${issuer}/userinfo`,
    });
  });
});
