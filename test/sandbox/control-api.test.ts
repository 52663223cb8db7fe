import request from 'supertest';
import { faultNames } from '../../src/sandbox/faults.ts';
import { markOf } from '../../src/sandbox/state.ts';
import { peopleBrowser, tryIt } from './control-support.ts';
import {
  authorizationPath,
  baseUrl,
  locationOf,
  registrations,
  testSandbox,
  type TestSandbox,
} from './support.ts';
import { appTokenFor } from './twitch-support.ts';

const api = ({ app }: TestSandbox) => request(app);

async function usedSandbox(): Promise<TestSandbox> {
  const sandbox = await testSandbox();
  for (const service of ['twitch', 'mixin', 'resonite']) await tryIt(peopleBrowser(sandbox), service);
  return sandbox;
}

describe('GET /api', () => {
  test('lists every method, and each of them is there', async () => {
    const sandbox = await testSandbox();
    const { body } = await api(sandbox).get('/api');
    expect(body.methods.length).toBe(18);
    for (const { method, path, what } of body.methods as { method: string; path: string; what: string }[]) {
      expect(what.length).toBeGreaterThan(10);
      const real = path.slice(baseUrl.length).replaceAll(/:\w+/g, 'nothing');
      const send = api(sandbox)[method.toLowerCase() as 'get'];
      const { body: answer } = await send.call(api(sandbox), real);
      expect(String(answer.message)).not.toMatch(/^There is no (GET|PUT|POST|PATCH|DELETE) /);
    }
  });

  test.each([
    ['get', '/api/nothing'],
    ['post', '/api/faults'],
    ['delete', '/api'],
  ] as const)('says that there is no %s %s, in JSON', async (method, path) => {
    const response = await api(await testSandbox())[method](path);
    expect([response.status, response.body.error]).toEqual([404, 'not_found']);
    expect(response.body.message).toContain('GET /api lists what there is.');
  });
});

describe('faults', () => {
  test('are listed: those that are on, and all that there are', async () => {
    const sandbox = await testSandbox();
    sandbox.state.faults.set('api.twitch.tv', 'userinfo_401', 'next');
    const { body } = await api(sandbox).get('/api/faults');
    expect(body.on).toEqual([{ at: 'api.twitch.tv', name: 'userinfo_401', reach: 'next' }]);
    expect(body.known.map(({ name }: { name: string }) => name)).toEqual(faultNames);
    expect(body.known[0]).toEqual({
      name: 'authorize_server_error',
      effect: 'authorization ends with error=server_error',
      hosts: ['id.twitch.tv', 'api.twitch.tv', 'mixer.com', 'mixin.one', 'account.resonite.com'],
      services: ['twitch', 'mixer', 'mixin', 'resonite'],
      group: 'authorization',
    });
  });

  test('are switched on, for all requests or the next, and off by name, by place and altogether', async () => {
    const sandbox = await testSandbox();
    const put = (path: string, body?: object) => api(sandbox).put(`/api/faults/${path}`).send(body);
    expect((await put('mixer/token_500')).body).toEqual({
      on: [{ at: 'mixer', name: 'token_500', reach: 'all' }],
    });
    await put('mixer/no_email', { reach: 'next' });
    await put('id.twitch.tv/token_429', { reach: 'all' });
    await put('resonite/keys_none');
    expect(sandbox.state.faults.list().map(({ name, reach }) => `${name} ${reach}`)).toEqual([
      'token_500 all',
      'no_email next',
      'token_429 all',
      'keys_none all',
    ]);
    const left = async (path: string): Promise<string[]> => {
      const { body } = await api(sandbox).delete(`/api/faults${path}`);
      return body.on.map(({ name }: { name: string }) => name);
    };
    expect(await left('/mixer/token_500')).toEqual(['no_email', 'token_429', 'keys_none']);
    expect(await left('/mixer')).toEqual(['token_429', 'keys_none']);
    expect(await left('')).toEqual([]);
  });

  test.each([
    [
      'nowhere/token_500',
      {},
      'Choose a service or a host. There are twitch, mixer, mixin, resonite, id.twitch.tv',
    ],
    ['mixer/nothing', {}, 'Choose a fault by its name.'],
    ['mixer/__proto__', {}, 'Choose a fault by its name.'],
    ['mixer/keys_none', {}, 'Mixer cannot have the fault keys_none. It is for Twitch, Resonite.'],
    ['api.mixin.one/keys_none', {}, 'api.mixin.one cannot have the fault keys_none.'],
    ['mixer/token_500', { reach: 'some' }, 'reach is all or next.'],
    ['mixer/token_500', { often: 2 }, 'The members are reach.'],
  ])('that cannot be are refused: %s %j', async (path, body, words) => {
    const sandbox = await testSandbox();
    const response = await api(sandbox).put(`/api/faults/${path}`).send(body);
    expect([response.status, response.body.error]).toEqual([400, 'invalid_input']);
    expect(response.body.message).toContain(words);
    expect(sandbox.state.faults.list()).toEqual([]);
  });

  test('at a place that is not there cannot be switched off', async () => {
    const sandbox = await testSandbox();
    sandbox.state.faults.set('mixer', 'token_500');
    for (const path of ['nowhere', 'nowhere/token_500', 'mixer/nothing'])
      expect((await api(sandbox).delete(`/api/faults/${path}`)).status).toBe(400);
    expect(sandbox.state.faults.list().length).toBe(1);
  });
});

describe('settings', () => {
  test('are read and changed one by one', async () => {
    const sandbox = await testSandbox();
    const usual = { autoApprove: false, autoApproveAs: null, autoApproveScopes: null, stepMode: false };
    expect((await api(sandbox).get('/api/settings')).body).toEqual(usual);
    const changes = [
      { stepMode: true },
      { autoApprove: true, autoApproveAs: 'Grace Hopper' },
      { autoApproveScopes: ['openid'] },
      { autoApproveAs: null, stepMode: false },
    ];
    for (const change of changes) {
      Object.assign(usual, change);
      expect((await api(sandbox).patch('/api/settings').send(change)).body).toEqual(usual);
    }
    expect(sandbox.state.settings).toEqual(usual);
    const callback = locationOf(
      await api(sandbox).get(authorizationPath('twitch', { scope: 'openid bits:read' })),
    );
    expect(callback.searchParams.get('scope')).toBe('openid');
  });

  test.each([
    [{ stepMode: 'yes' }, 'stepMode is true or false.'],
    [{ autoApproveScopes: ['no:such'] }, 'No service here has the scope no:such.'],
    [{ autoApproveScopes: 'openid' }, 'autoApproveScopes is a list of scopes, or null for all.'],
    [{ autoApproveAs: '' }, 'autoApproveAs is the id or the name of a person'],
    [{ other: 1 }, 'The members are autoApprove,'],
  ])('stay as they are with %j', async (change, words) => {
    const sandbox = await testSandbox();
    const response = await api(sandbox)
      .patch('/api/settings')
      .send({ autoApprove: true, ...change });
    expect([response.status, response.body.error]).toEqual([400, 'invalid_input']);
    expect(response.body.message).toContain(words);
    expect(sandbox.state.settings.autoApprove).toBe(false);
  });

  test.each([
    ['application/json', '{'],
    ['application/json', '[1]'],
    ['text/plain', 'stepMode=true'],
  ])('are not read from %s %s', async (type, text) => {
    const response = await api(await testSandbox())
      .patch('/api/settings')
      .type(type)
      .send(text);
    expect([response.status, response.body.error]).toEqual([400, 'not_json']);
  });
});

describe('people', () => {
  test('are listed, added and changed', async () => {
    const sandbox = await testSandbox();
    const added = await api(sandbox).post('/api/people').send({ name: 'Dora' });
    expect(added.body).toMatchObject({ name: 'Dora', email: null, hasPicture: false, phone: '' });
    const { id } = added.body;
    const changed = await api(sandbox).patch(`/api/people/${id}`).send({ email: 'd@example.test' });
    expect(changed.body).toEqual({
      ...added.body,
      email: 'd@example.test',
      note: 'verified e-mail, no picture',
    });
    const { people } = (await api(sandbox).get('/api/people')).body;
    expect(people.length).toBe(5);
    expect(people.at(-1)).toEqual(changed.body);
  });

  test.each([
    [{}, 'Name is a text.'],
    [{ name: 'Dora', email: 'dora' }, 'Enter an e-mail address'],
    [{ name: 'Dora', hasPicture: 'yes' }, 'hasPicture is true or false.'],
    [{ name: 'Dora', phone: '0123' }, 'Enter a phone number'],
    [{ name: 'Dora', id: 'ada' }, 'The members are name, email, hasPicture, phone.'],
  ])('are not added from %j', async (input, words) => {
    const sandbox = await testSandbox();
    const response = await api(sandbox).post('/api/people').send(input);
    expect([response.status, response.body.error]).toEqual([400, 'invalid_input']);
    expect(response.body.message).toContain(words);
    expect(sandbox.state.people.list().length).toBe(4);
  });

  test('cannot be given another id, and nobody can be changed who is not there', async () => {
    const sandbox = await testSandbox();
    expect((await api(sandbox).patch('/api/people/ada').send({ id: 'bo' })).status).toBe(400);
    for (const id of ['nobody', '__proto__', 'constructor']) {
      const response = await api(sandbox).patch(`/api/people/${id}`).send({ name: 'Dora' });
      expect([response.status, response.body.error]).toEqual([404, 'not_found']);
    }
  });
});

describe('access and tokens', () => {
  test('tell who let which application in, and access is removed with all its tokens', async () => {
    const sandbox = await usedSandbox();
    const { access } = (await api(sandbox).get('/api/access')).body;
    const ofTwitch = access.find(({ service }: { service: string }) => service === 'twitch');
    expect(ofTwitch).toMatchObject({
      application: 'Try it',
      personId: 'ada',
      person: 'Ada',
      scopes: [{ scope: 'openid', words: 'Know who you are' }, { scope: 'user:read:email' }],
    });
    const path = `/api/access/twitch/${ofTwitch.clientId}/ada`;
    const left = (await api(sandbox).delete(path)).body.access;
    expect(left.map(({ service }: { service: string }) => service)).not.toContain('twitch');
    expect([...sandbox.state.accessTokens.values()].some(({ service }) => service === 'twitch')).toBe(false);
    expect((await api(sandbox).delete(path)).status).toBe(404);
    expect((await api(sandbox).delete('/api/access/nowhere/x/ada')).body.message).toBe(
      'The services here are twitch, mixer, mixin, resonite.',
    );
  });

  test('tokens have marks, and end by them or by their service', async () => {
    const sandbox = await usedSandbox();
    const { state } = sandbox;
    const list = async () => (await api(sandbox).get('/api/tokens')).body.tokens;
    const before = await list();
    const newest = [...state.accessTokens.values()].at(-1)!;
    expect(before[0]).toMatchObject({ mark: markOf(newest.value), service: 'resonite', personId: 'ada' });
    expect(before[0].endsAt).toBe(new Date(newest.expiresAt).toISOString());
    expect((await api(sandbox).post(`/api/tokens/${before[0].mark}/expire`)).body).toEqual({ done: true });
    await api(sandbox).post('/api/services/twitch/expire-tokens');
    const ends = (await list()).map(({ service, endsAt }: { service: string; endsAt: string | null }) => [
      service,
      endsAt === null,
    ]);
    expect(ends).toEqual([
      ['resonite', true],
      ['mixin', false],
      ['twitch', true],
    ]);
    expect((await api(sandbox).post('/api/tokens/nothing/expire')).status).toBe(404);
    expect((await api(sandbox).post('/api/services/nowhere/expire-tokens')).status).toBe(404);
  });
});

test('the token of an application itself is listed without a person, and ends by its mark', async () => {
  const sandbox = await testSandbox();
  const { access_token: token } = await appTokenFor(sandbox);
  const list = async () => (await api(sandbox).get('/api/tokens')).body.tokens;
  const mark = markOf(token);
  const itself = {
    mark,
    service: 'twitch',
    application: 'Latchkey',
    personId: null,
    person: null,
    scopes: [],
  };
  expect(await list()).toEqual([expect.objectContaining(itself)]);
  expect((await api(sandbox).post(`/api/tokens/${mark}/expire`)).body).toEqual({ done: true });
  expect(await list()).toEqual([expect.objectContaining({ ...itself, endsAt: null })]);
});

describe('the request log', () => {
  test('has the grant type by its registered name alone: anything else may be a secret', async () => {
    const sandbox = await testSandbox();
    const grantTypes = async (grant_type: string) => {
      await api(sandbox).post('/id.twitch.tv/oauth2/token').type('form').send({ grant_type });
      return (await api(sandbox).get('/api/requests')).body.requests[0].grantType;
    };
    expect(await grantTypes('client_credentials')).toBe('client_credentials');
    expect(await grantTypes('my-own-secret')).toBe('another');
    const { text } = await api(sandbox).get('/').set('Accept', 'text/html');
    expect(text).not.toContain('my-own-secret');
  });

  test('has names, verdicts, checks and faults, the newest first, and is emptied', async () => {
    const sandbox = await testSandbox();
    const send = (query: string) =>
      api(sandbox)
        .post(`/mixer.com/api/v1/oauth/token?${query}`)
        .type('form')
        .send({ grant_type: 'password' });
    await send('client_id=nobody');
    await send('x=1').set('X-Sandbox-Fault', 'token_500');
    const { requests } = (await api(sandbox).get('/api/requests')).body;
    expect(requests).toEqual([
      expect.objectContaining({ status: 500, faults: ['token_500'], queryNames: ['x'] }),
      {
        time: '2026-01-01T00:00:00.000Z',
        method: 'POST',
        host: 'mixer.com',
        path: '/api/v1/oauth/token',
        service: 'mixer',
        grantType: 'password',
        status: 400,
        verdict: expect.stringContaining('OAuth client not found'),
        failedCheck: { name: 'the client id is registered', source: expect.any(String) },
        faults: [],
        queryNames: ['client_id'],
        bodyNames: ['grant_type'],
      },
    ]);
    await api(sandbox).delete('/api/requests');
    expect(sandbox.state.requests).toEqual([]);
  });

  test.each([
    ['get', '/id.twitch.tv/oauth2/token'],
    ['post', '/account.resonite.com/connect/tokn'],
    ['get', '/assets.resonite.com/nobody'],
  ] as const)('calls it no success when nobody answers: %s %s', async (method, path) => {
    const sandbox = await testSandbox();
    expect((await api(sandbox)[method](path)).status).toBe(404);
    expect((await api(sandbox).get('/api/requests')).body.requests).toEqual([
      expect.objectContaining({ status: 404, verdict: 'nothing is played at this path and method' }),
    ]);
  });
});

test('POST /api/reset makes everything as it was', async () => {
  const sandbox = await usedSandbox();
  sandbox.state.settings.stepMode = true;
  expect((await api(sandbox).post('/api/reset')).body).toEqual({ done: true });
  const { state } = sandbox;
  expect([state.accessTokens.size, state.requests.length, state.settings.stepMode]).toEqual([0, 0, false]);
});

test('no answer holds a secret, a code or a token', async () => {
  const sandbox = await testSandbox({
    registrations: registrations.map((entry) => ({ ...entry, clientSecret: `configured-${entry.service}` })),
  });
  for (const service of ['twitch', 'mixer', 'mixin', 'resonite'])
    await tryIt(peopleBrowser(sandbox), service);
  const { state } = sandbox;
  const values = [...state.codes.keys(), ...state.accessTokens.keys(), ...state.refreshTokens.keys()];
  expect(values.length).toBeGreaterThan(8);
  for (const path of ['faults', 'settings', 'people', 'access', 'tokens', 'requests', '']) {
    const { text } = await api(sandbox).get(`/api/${path}`);
    for (const value of [...values, 'configured-', ...state.pending.keys()])
      expect(text).not.toContain(value);
  }
});

test('what comes from a page of another site is refused in JSON', async () => {
  const sandbox = await testSandbox();
  const send = api(sandbox).patch('/api/settings').set('Sec-Fetch-Site', 'cross-site');
  const { status, body } = await send.send({ autoApprove: true });
  expect([status, body.error]).toEqual([403, 'other_site']);
  expect(sandbox.state.settings.autoApprove).toBe(false);
});

describe('under a name that another site can point here', () => {
  const names = ['evil.example', 'evil.example:4000', 'localhost.evil.example', 'not a host'];

  test.each(names)('%s: levers and lists are refused', async (name) => {
    const { app } = await testSandbox();
    for (const path of ['/', '/api/requests', '/try/twitch']) {
      expect((await request(app).get(path).set('Host', name)).status).toBe(403);
    }
    const answer = await request(app)
      .post('/api/reset')
      .set({ Host: name, Origin: `http://${name}` });
    expect([answer.status, answer.body.error]).toEqual([403, 'other_name']);
  });

  test.each(['localhost:4000', 'sandbox.localhost', '127.0.0.1:4999', '[::1]:4000', '192.168.1.7'])(
    '%s: they are there',
    async (name) => {
      const { app } = await testSandbox();
      expect((await request(app).get('/api/requests').set('Host', name)).status).toBe(200);
    },
  );

  test('the name of its own address is good', async () => {
    const { app } = await testSandbox({ baseUrl: 'http://sandbox:4000' });
    expect((await request(app).get('/').set('Host', 'sandbox:4000')).status).toBe(200);
  });

  test('the pretended services answer under every name, as applications may need', async () => {
    const { app } = await testSandbox();
    expect((await request(app).get('/id.twitch.tv/oauth2/keys').set('Host', 'sandbox:4000')).status).toBe(
      200,
    );
  });
});

test('bad percent-encoding is answered in JSON', async () => {
  const { app } = await testSandbox();
  const answer = await request(app).patch('/api/people/%zz').send({});
  expect([answer.status, answer.body]).toEqual([400, { error: 'unreadable', message: expect.any(String) }]);
});
