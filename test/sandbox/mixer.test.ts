import request, { type Response } from 'supertest';
import { hostMatches, madeUpClients } from '../../src/sandbox/registrations.ts';
import {
  authorizationPath,
  browserOf,
  callbackOf,
  codeGrant,
  loginAs,
  testSandbox,
  type TestSandbox,
} from './support.ts';

const { clientId, clientSecret } = madeUpClients.mixer;
const scope = 'user:details:self';

function post(sandbox: TestSandbox, members: Record<string, string>, type = 'form'): Promise<Response> {
  return request(sandbox.app)
    .post('/mixer.com/api/v1/oauth/token')
    .type(type)
    .send(members) as Promise<Response>;
}

async function code(
  sandbox: TestSandbox,
  asked: string | null = scope,
  person = 'ada',
): Promise<string | null> {
  const callback = await loginAs(browserOf(sandbox), authorizationPath('mixer', { scope: asked }), person);
  return callback.searchParams.get('code');
}

const tokens = async (sandbox: TestSandbox, asked: string | null = scope, person = 'ada') =>
  (await post(sandbox, codeGrant('mixer', await code(sandbox, asked, person)))).body;

const current = (sandbox: TestSandbox, authorization: string) =>
  request(sandbox.app).get('/mixer.com/api/v1/users/current').set('Authorization', authorization);

test.each([
  ['localhost', 'localhost', true],
  ['*.example.com', 'www.example.com', true],
  ['*.example.com', 'a.b.example.com', true],
  ['*.example.com', 'example.com', false],
  ['*.example.com', 'badexample.com', false],
])('the host pattern %s against %s', (pattern, hostname, expected) => {
  expect(hostMatches(pattern, hostname)).toBe(expected);
});

describe('Mixer authorization', () => {
  test('lets port and path be free on a registered host', async () => {
    const { app } = await testSandbox();
    const path = authorizationPath('mixer', { redirect_uri: 'http://localhost:8919/anywhere' });
    expect((await request(app).get(path)).status).toBe(200);
  });

  test('shows its own page, without a redirect, for another host', async () => {
    const { app } = await testSandbox();
    const path = authorizationPath('mixer', { redirect_uri: 'https://attacker.example/callback' });
    const response = await request(app).get(path);
    expect(response.status).toBe(400);
    expect(response.headers['location']).toBeUndefined();
    expect(response.text).toContain('The redirect uri is invalid.');
  });

  test('remembers a grant unless approval_prompt=force', async () => {
    const sandbox = await testSandbox();
    const browser = browserOf(sandbox);
    const callback = await loginAs(browser, authorizationPath('mixer', { scope }));
    expect([...callback.searchParams.keys()]).toEqual(['code', 'state']);
    expect((await browser.get(authorizationPath('mixer', { scope }))).status).toBe(302);
    const asks = async (approval_prompt: string) =>
      (await browser.get(authorizationPath('mixer', { scope, approval_prompt }))).status;
    expect([await asks('force'), await asks('auto')]).toEqual([200, 302]);
  });

  test('sends access_denied when the person says no', async () => {
    const sandbox = await testSandbox();
    const callback = await loginAs(browserOf(sandbox), authorizationPath('mixer', { scope }), 'ada', 'no');
    expect(callback.searchParams.get('error')).toBe('access_denied');
  });
});

describe('Mixer implicit grant', () => {
  test('puts a token for a year into the fragment, without a code and a refresh token', async () => {
    const sandbox = await testSandbox();
    const path = authorizationPath('mixer', { scope, response_type: 'token' });
    const callback = await loginAs(browserOf(sandbox), path);
    const { access_token, ...others } = Object.fromEntries(new URLSearchParams(callback.hash.slice(1)));
    expect(others).toEqual({ expires_in: '31536000', token_type: 'Bearer', state: 'the-state' });
    expect([callback.search, sandbox.state.codes.size, sandbox.state.refreshTokens.size]).toEqual(['', 0, 0]);
    expect(access_token).toMatch(/^[A-Za-z0-9]{64}$/);
    sandbox.clock.milliseconds += 365 * 24 * 60 * 60 * 1000 - 1;
    expect((await current(sandbox, `Bearer ${access_token}`)).body.username).toBe('AdaPlays');
    sandbox.clock.milliseconds += 1;
    expect((await current(sandbox, `Bearer ${access_token}`)).status).toBe(401);
  });

  test('gives no token to a person who says no', async () => {
    const sandbox = await testSandbox();
    const path = authorizationPath('mixer', { scope, response_type: 'token' });
    const callback = await loginAs(browserOf(sandbox), path, 'ada', 'no');
    expect(callback.href).toContain('error=access_denied');
    expect(sandbox.state.accessTokens.size).toBe(0);
  });
});

describe('Mixer tokens', () => {
  test.each(['form', 'json'])('come for a %s body, without a scope', async (type) => {
    const sandbox = await testSandbox();
    const { body } = await post(sandbox, codeGrant('mixer', await code(sandbox)), type);
    expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'refresh_token', 'token_type']);
    expect([body.access_token.length, body.expires_in, body.token_type]).toEqual([64, 21_599, 'Bearer']);
  });

  test.each([
    [{ client_secret: 'wrong' }, 'invalid_client', 'OAuth client secret invalid.'],
    [{ client_secret: null }, 'invalid_client', 'OAuth client secret invalid.'],
    [{ code: 'unknown' }, 'invalid_grant', 'The authorization code is invalid.'],
    [
      { redirect_uri: `${callbackOf('mixer')}/x` },
      'invalid_grant',
      'The redirect_uri is not the one of the authorization request.',
    ],
    [{ grant_type: 'password' }, 'unsupported_grant_type', 'This grant_type is not known.'],
  ])('are refused for %j', async (changes, error, error_description) => {
    const sandbox = await testSandbox();
    const response = await post(sandbox, codeGrant('mixer', await code(sandbox), changes));
    expect([response.status, response.body]).toEqual([400, { error, error_description }]);
  });

  test('a code works once', async () => {
    const sandbox = await testSandbox();
    const members = codeGrant('mixer', await code(sandbox));
    expect((await post(sandbox, members)).status).toBe(200);
    const second = await post(sandbox, members);
    expect([second.status, second.body.error]).toEqual([400, 'invalid_grant']);
  });

  test('a refresh token works once', async () => {
    const sandbox = await testSandbox();
    const { refresh_token } = await tokens(sandbox);
    const members = {
      grant_type: 'refresh_token',
      client_id: clientId,
      client_secret: clientSecret,
      refresh_token,
    };
    const first = await post(sandbox, members);
    expect(first.body.refresh_token).not.toBe(refresh_token);
    const second = await post(sandbox, members);
    expect([second.status, second.body.error]).toEqual([400, 'invalid_grant']);
  });

  test('end after six hours', async () => {
    const sandbox = await testSandbox();
    const { access_token } = await tokens(sandbox);
    sandbox.clock.milliseconds += 6 * 60 * 60 * 1000;
    const response = await current(sandbox, `Bearer ${access_token}`);
    expect([response.status, response.body]).toEqual([
      401,
      { errorCode: 24325, errorMessage: 'OAuth token is invalid' },
    ]);
  });
});

describe('Mixer resources', () => {
  test('the user has a number as id, and the e-mail only with the scope', async () => {
    const sandbox = await testSandbox();
    const user = (await current(sandbox, `Bearer ${(await tokens(sandbox)).access_token}`)).body;
    expect(user).toMatchObject({
      id: 101000001,
      username: 'AdaPlays',
      email: 'ada@example.test',
      verified: true,
    });
    const bare = (await current(sandbox, `Bearer ${(await tokens(sandbox, 'chat:connect')).access_token}`))
      .body;
    expect(bare).not.toHaveProperty('email');
  });

  test('the person without a picture has null as avatarUrl', async () => {
    const sandbox = await testSandbox();
    const { access_token } = await tokens(sandbox, scope, 'cy');
    expect((await current(sandbox, `Bearer ${access_token}`)).body.avatarUrl).toBeNull();
  });

  test.each(['Bearer', 'OAuth', 'oauth'])('the token may follow the word %s', async (scheme) => {
    const sandbox = await testSandbox();
    const { access_token } = await tokens(sandbox);
    expect((await current(sandbox, `${scheme} ${access_token}`)).body.username).toBe('AdaPlays');
  });

  test('a header that cannot be read meets 461, and 401 once it comes with the CSRF token', async () => {
    const sandbox = await testSandbox();
    const response = await current(sandbox, 'Token something');
    expect([response.status, response.body.statusCode]).toEqual([461, 461]);
    const token = response.headers['x-csrf-token'] ?? '';
    expect(token).toMatch(/^[A-Za-z0-9]{32}$/);
    const replayed = await current(sandbox, 'Token something').set('x-csrf-token', token);
    expect([replayed.status, replayed.body.errorCode]).toEqual([401, 24325]);
  });

  test('no header at all is a bad token', async () => {
    const { app } = await testSandbox();
    const { status, body } = await request(app).get('/mixer.com/api/v1/users/current');
    expect([status, body.errorCode]).toEqual([401, 24325]);
  });

  test('each answer of the API names itself in ms-cv', async () => {
    const response = await current(await testSandbox(), 'Bearer nonsense');
    expect(response.headers['ms-cv']).toMatch(/^[A-Za-z0-9]{16}\.0$/);
  });

  test.each(['json', 'form'])('introspection by %s tells a live token from a dead one', async (type) => {
    const sandbox = await testSandbox();
    const { access_token } = await tokens(sandbox);
    const path = '/mixer.com/api/v1/oauth/token/introspect';
    const ask = () => request(sandbox.app).post(path).type(type).send({ token: access_token });
    const about = { active: true, scope, client_id: clientId, username: 'AdaPlays', sub: '101000001' };
    expect((await ask()).body).toEqual(about);
    sandbox.state.expireAccessTokens('mixer');
    expect((await ask()).body).toEqual({ active: false });
  });
});
