import request from 'supertest';
import { callbackOf, codeGrant, loginAs, authorizationPath, browserOf, testSandbox } from './support.ts';
import {
  appTokenFor,
  callbackFor,
  clientId,
  codeFor,
  fragmentOf,
  get,
  kraken,
  postForm,
  postToken,
  refreshMembers,
  send,
  tokensFor,
} from './twitch-support.ts';

const quick = () => testSandbox({ autoApprove: true });
const root = '/api.twitch.tv/kraken';
const noAccept = { Accept: 'application/json' };

describe('Kraken authorization', () => {
  test('gives a code, the scope, also an empty one, and the state', async () => {
    const callback = await callbackFor(await quick(), 'kraken', { scope: null });
    expect([...callback.searchParams.keys()]).toEqual(['code', 'scope', 'state']);
    expect(callback.searchParams.get('scope')).toBe('');
  });

  test('puts the token of the implicit flow into the fragment', async () => {
    const sandbox = await quick();
    const callback = await callbackFor(sandbox, 'kraken', { response_type: 'token' });
    expect([callback.search, callback.origin + callback.pathname]).toEqual(['', callbackOf('twitch')]);
    const fragment = fragmentOf(callback);
    expect(fragment.map(([name]) => name)).toEqual(['access_token', 'scope', 'state']);
    const [[, token], scope, state] = fragment as [[string, string], ...[string, string][]];
    expect([scope, state]).toEqual([
      ['scope', 'user_read'],
      ['state', 'the-state'],
    ]);
    expect((await kraken(sandbox, '/user', token)).body).toMatchObject({ _id: '10000001' });
  });

  test('tells a denial in the query also of the implicit flow', async () => {
    const path = authorizationPath('kraken', { scope: 'user_read', response_type: 'token' });
    const callback = await loginAs(browserOf(await testSandbox()), path, 'ada', 'no');
    expect(callback.href).toBe(
      `${callbackOf('twitch')}?error=access_denied&error_description=The+user+denied+you+access&state=the-state`,
    );
  });
});

describe('Kraken token endpoint', () => {
  test('answers without token_type', async () => {
    const sandbox = await quick();
    const { body } = await postToken(
      sandbox,
      'kraken',
      codeGrant('twitch', await codeFor(sandbox, 'kraken')),
    );
    expect(body).toEqual({
      access_token: expect.stringMatching(/^[a-z0-9]{30}$/),
      refresh_token: expect.stringMatching(/^[a-z0-9]{50}$/),
      scope: ['user_read'],
      expires_in: expect.any(Number),
    });
  });

  test('answers a refresh in the same way', async () => {
    const sandbox = await quick();
    const { access_token, refresh_token } = await tokensFor(sandbox, 'kraken');
    const { body } = await postToken(sandbox, 'kraken', refreshMembers(refresh_token));
    expect(body).toMatchObject({ refresh_token, scope: ['user_read'] });
    expect(body.access_token).not.toBe(access_token);
    expect(body).not.toHaveProperty('token_type');
  });

  test('reads no query', async () => {
    const sandbox = await quick();
    const query = new URLSearchParams(codeGrant('twitch', await codeFor(sandbox, 'kraken')));
    const response = await request(sandbox.app).post(`${root}/oauth2/token?${query}`);
    expect(response.body.message).toBe('missing client id');
  });
});

describe('Kraken user', () => {
  test('is a bare object with a text as _id, and says the version', async () => {
    const sandbox = await quick();
    const response = await kraken(sandbox, '/user', (await tokensFor(sandbox, 'kraken')).access_token);
    expect(response.body).toEqual({
      _id: '10000001',
      bio: null,
      created_at: '2015-01-06T21:01:19Z',
      display_name: 'Ada',
      email: 'ada@example.test',
      email_verified: true,
      logo: expect.stringMatching(/^https:\/\/static-cdn\.jtvnw\.net\//),
      name: 'ninja_dev',
      notifications: { email: false, push: true },
      partnered: false,
      twitter_connected: false,
      type: 'user',
      updated_at: '2016-04-27T16:22:18Z',
    });
    expect(response.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-api-version': '5',
      'www-authenticate': "OAuth realm='TwitchTV'",
    });
  });

  test('says null for a picture and for an e-mail address that is not verified', async () => {
    const sandbox = await quick();
    for (const [person, said] of [
      ['bo', { email: null, email_verified: false }],
      ['cy', { logo: null }],
    ] as const) {
      sandbox.state.settings.autoApproveAs = person;
      const { access_token } = await tokensFor(sandbox, 'kraken');
      expect((await kraken(sandbox, '/user', access_token)).body).toMatchObject(said);
    }
  });

  test('refuses with a challenge in single quotes', async () => {
    const { headers } = await kraken(await quick(), '/user', 'unknown');
    expect(headers['www-authenticate']).toBe("OAuth realm='TwitchTV', error='invalid_token'");
  });

  test('takes the token in the query, and not in the body of a GET', async () => {
    const sandbox = await quick();
    const { access_token } = await tokensFor(sandbox, 'kraken');
    const address = `${root}/user?api_version=5&client_id=${clientId}`;
    expect((await get(sandbox, `${address}&oauth_token=${access_token}`)).status).toBe(200);
    const inBody = request(sandbox.app).get(address).type('form').send({ oauth_token: access_token });
    expect((await send(inBody)).status).toBe(401);
  });

  test('refuses a token of the application itself', async () => {
    const sandbox = await quick();
    expect((await kraken(sandbox, '/user', (await appTokenFor(sandbox)).access_token)).status).toBe(401);
  });
});

describe('Kraken root', () => {
  test('tells the status of a token, and of a dead one with 200', async () => {
    const sandbox = await quick();
    const { access_token, expires_in } = await tokensFor(sandbox, 'kraken');
    sandbox.clock.milliseconds += 60_000;
    const createdAt = '2026-01-01T00:00:00Z';
    expect((await kraken(sandbox, '', access_token)).body).toEqual({
      identified: true,
      token: {
        valid: true,
        authorization: { scopes: ['user_read'], created_at: createdAt, updated_at: createdAt },
        user_name: 'ninja_dev',
        user_id: '10000001',
        client_id: clientId,
        expires_in: expires_in - 60,
      },
    });
    const dead = await kraken(sandbox, '', 'unknown');
    expect(dead.headers['www-authenticate']).toBe("OAuth realm='TwitchTV'");
    expect([dead.status, dead.body]).toEqual([
      200,
      { identified: true, token: { valid: false, authorization: null } },
    ]);
  });

  test('says whether it knows the client, by header or query', async () => {
    const sandbox = await quick();
    const identified = async (id: string) =>
      (await kraken(sandbox, '', 'any', { 'Client-ID': id })).body.identified;
    expect([await identified(clientId), await identified('nobody')]).toEqual([true, false]);
    const { body } = await get(sandbox, `${root}?api_version=5&client_id=${clientId}`);
    expect(body.identified).toBe(true);
  });
});

describe('Kraken revocation', () => {
  test('answers with status ok and ends the token', async () => {
    const sandbox = await quick();
    const { access_token } = await tokensFor(sandbox, 'kraken');
    const members = { client_id: clientId, token: access_token };
    const revoked = await postForm(sandbox, `${root}/oauth2/revoke`, members);
    expect([revoked.status, revoked.body]).toEqual([200, { status: 'ok' }]);
    expect((await kraken(sandbox, '', access_token)).body.token.valid).toBe(false);
  });

  test('leaves the token alone when it refuses', async () => {
    const sandbox = await quick();
    const { access_token: token } = await tokensFor(sandbox, 'kraken');
    for (const members of [{ token }, { token, client_id: 'nobody' }, { client_id: clientId }]) {
      const refused = await postForm(sandbox, `${root}/oauth2/revoke`, members as Record<string, string>);
      expect(refused.status).toBe(400);
    }
    expect((await kraken(sandbox, '/user', token)).status).toBe(200);
  });
});

describe('Kraken with a callback for a script element', () => {
  test('wraps the answer', async () => {
    const sandbox = await quick();
    const { access_token } = await tokensFor(sandbox, 'kraken');
    const address = `${root}/user?callback=cb.one&api_version=5&oauth_token=${access_token}`;
    const { status, headers, text } = await get(sandbox, address);
    expect([status, headers['content-type']]).toEqual([200, 'application/javascript; charset=utf-8']);
    expect(text).toMatch(/^cb\.one\(\{.*"_id":"10000001".*\}\);$/);
  });

  test('answers 200 to what it refuses, with the error in the body', async () => {
    const { status, text } = await get(await quick(), `${root}?callback=cb`);
    expect([status, text.slice(0, 30)]).toEqual([200, 'cb({"error":"Gone","status":41']);
  });

  test('takes no callback that is more than a name', async () => {
    const response = await get(await quick(), `${root}?callback=alert(1)//`);
    expect([response.status, response.type]).toEqual([410, 'application/json']);
  });
});

describe('Kraken before September 2019', () => {
  async function beforeSeptember() {
    const sandbox = await quick();
    sandbox.state.faults.set('api.twitch.tv', 'kraken_v3');
    return sandbox;
  }

  test.each(['application/json', 'application/vnd.twitchtv.v3+json'])(
    'gives the user of version 3 for Accept: %s',
    async (Accept) => {
      const sandbox = await beforeSeptember();
      const { access_token } = await tokensFor(sandbox, 'kraken');
      const { body, headers } = await kraken(sandbox, '/user', access_token, { Accept });
      expect(body).toEqual({
        _id: 10000001,
        _links: { self: 'http://localhost:4000/api.twitch.tv/kraken/users/ninja_dev' },
        bio: null,
        created_at: '2015-01-06T21:01:19Z',
        display_name: 'Ada',
        email: 'ada@example.test',
        logo: expect.any(String),
        name: 'ninja_dev',
        notifications: { email: false, push: true },
        partnered: false,
        type: 'user',
        updated_at: '2016-04-27T16:22:18Z',
      });
      expect(headers['x-api-version']).toBe('3');
    },
  );

  test('gives the root of version 3, with links and without the numbers of version 5', async () => {
    const sandbox = await beforeSeptember();
    const { access_token } = await tokensFor(sandbox, 'kraken');
    const { body } = await kraken(sandbox, '', access_token, noAccept);
    expect(Object.keys(body.token).sort()).toEqual(['authorization', 'user_name', 'valid']);
    expect(body._links).toMatchObject({
      user: 'http://localhost:4000/api.twitch.tv/kraken/user',
      users: 'http://localhost:4000/api.twitch.tv/kraken/users/ninja_dev',
    });
    const nobody = (await kraken(sandbox, '', 'unknown', noAccept)).body;
    expect(Object.keys(nobody._links).sort()).toEqual([
      'channel',
      'ingests',
      'search',
      'streams',
      'teams',
      'user',
    ]);
  });

  test('gives version 5 to whoever asks for it', async () => {
    const sandbox = await beforeSeptember();
    const { access_token } = await tokensFor(sandbox, 'kraken');
    const { body, headers } = await kraken(sandbox, '/user', access_token);
    expect([body._id, headers['x-api-version']]).toEqual(['10000001', '5']);
  });
});
