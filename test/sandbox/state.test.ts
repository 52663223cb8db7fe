import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { personFromName } from '../../src/sandbox/people.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import {
  authorizationPath,
  browserOf,
  codeGrant,
  locationOf,
  loginAs,
  testSandbox,
  type TestSandbox,
} from './support.ts';

const { clientId } = madeUpClients.twitch;

async function accessToken(sandbox: TestSandbox): Promise<string> {
  const callback = await loginAs(browserOf(sandbox), authorizationPath('twitch', { scope: 'openid' }));
  const members = codeGrant('twitch', callback.searchParams.get('code'));
  return (await request(sandbox.app).post('/id.twitch.tv/oauth2/token').type('form').send(members)).body
    .access_token;
}

const validate = (sandbox: TestSandbox, token: string) =>
  request(sandbox.app).get('/id.twitch.tv/oauth2/validate').set('Authorization', `OAuth ${token}`);

describe('levers for tests', () => {
  test('revoking access ends the tokens and the remembered grant', async () => {
    const sandbox = await testSandbox();
    const browser = browserOf(sandbox);
    await loginAs(browser, authorizationPath('twitch', { scope: 'openid' }));
    const token = await accessToken(sandbox);
    sandbox.state.revokeAccess('twitch', clientId, 'ada');
    expect((await validate(sandbox, token)).status).toBe(401);
    expect((await browser.get(authorizationPath('twitch', { scope: 'openid' }))).status).toBe(200);
  });

  test('expiring access tokens leaves the refresh tokens alone', async () => {
    const sandbox = await testSandbox();
    const token = await accessToken(sandbox);
    sandbox.state.expireAccessTokens('twitch');
    expect((await validate(sandbox, token)).status).toBe(401);
    expect(sandbox.state.refreshTokens.size).toBe(1);
  });

  test('the request log names what came in and what was thought of it', async () => {
    const sandbox = await testSandbox();
    await request(sandbox.app)
      .post('/id.twitch.tv/oauth2/token?client_id=nobody')
      .type('form')
      .send({ code: 'secret' });
    expect(sandbox.state.requests.at(-1)).toMatchObject({
      host: 'id.twitch.tv',
      method: 'POST',
      path: '/oauth2/token',
      queryNames: ['client_id'],
      bodyNames: ['code'],
      body: { code: 'secret' },
      status: 400,
      verdict: 'invalid client',
    });
  });

  test.each([
    ['/id.twitch.tv/oauth2/token', '', 'grant_type=refresh_token', 'twitch', 'refresh_token'],
    ['/id.twitch.tv/oauth2/token', '?grant_type=refresh_token', '', 'twitch', 'refresh_token'],
    ['/api.twitch.tv/kraken/oauth2/token', '', 'grant_type=refresh_token', 'twitch', 'refresh_token'],
    ['/mixer.com/api/v1/oauth/token', '', '{"grant_type":"refresh_token"}', 'mixer', 'refresh_token'],
    ['/account.resonite.com/connect/token', '', 'grant_type=password', 'resonite', 'password'],
    ['/api.mixin.one/oauth/token', '', '{"code":"any"}', 'mixin', null],
    ['/id.twitch.tv/oauth2/revoke', '', 'token=any', 'twitch', null],
    ['/elsewhere/token', '', '', null, null],
  ])(
    'the request log names service and grant type: %s%s %s',
    async (path, query, body, service, grantType) => {
      const sandbox = await testSandbox();
      const type = body.startsWith('{') ? 'json' : 'form';
      await request(sandbox.app).post(`${path}${query}`).type(type).send(body);
      expect(sandbox.state.requests.at(-1)).toMatchObject({ service, grantType });
    },
  );

  test('the request log keeps 500 requests', async () => {
    const sandbox = await testSandbox();
    for (let count = 0; count < 502; count += 1) await request(sandbox.app).get('/elsewhere');
    expect(sandbox.state.requests.length).toBe(500);
  });
});

describe('forgetting', () => {
  const dayInMilliseconds = 24 * 60 * 60 * 1000;

  test('what ended is gone an hour later, what never ends stays', async () => {
    const sandbox = await testSandbox({ autoApprove: true });
    const { app, state, clock } = sandbox;
    for (const service of ['twitch', 'mixer'] as const) {
      const code = locationOf(await request(app).get(authorizationPath(service))).searchParams.get('code');
      const path = service === 'twitch' ? '/id.twitch.tv/oauth2/token' : '/mixer.com/api/v1/oauth/token';
      await request(app).post(path).type('form').send(codeGrant(service, code));
    }
    await request(app).get(authorizationPath('mixin', { scope: 'PROFILE:READ' }));
    const sizes = () => [
      state.pending.size,
      state.mixinAuthorizations.size,
      state.codes.size,
      state.accessTokens.size,
      state.refreshTokens.size,
    ];
    expect(sizes()).toEqual([2, 1, 3, 2, 2]);
    clock.milliseconds += dayInMilliseconds;
    await request(app).get('/');
    expect(sizes()).toEqual([0, 0, 0, 0, 2]);
    clock.milliseconds += 366 * dayInMilliseconds;
    await request(app).get('/');
    expect([...state.refreshTokens.values()].map(({ service }) => service)).toEqual(['twitch']);
  });
});

describe('the state file', () => {
  let folder: string;
  let stateFile: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sandbox-state-'));
    stateFile = join(folder, 'sandbox.json');
  });

  afterEach(() => rm(folder, { recursive: true }));

  test('lets tokens, consents, people and the key live across a restart', async () => {
    const first = await testSandbox({ stateFile });
    const token = await accessToken(first);
    first.state.people.fromName('Somebody New');
    const keys = await request(first.app).get('/id.twitch.tv/oauth2/keys');
    await first.close();
    const second = await testSandbox({ stateFile });
    expect((await validate(second, token)).status).toBe(200);
    expect(second.state.remembered.size).toBe(1);
    expect(second.state.people.list().map(({ name }) => name)).toContain('Somebody New');
    expect((await request(second.app).get('/id.twitch.tv/oauth2/keys')).body).toEqual(keys.body);
    await second.close();
  });

  test.each(['not JSON', '{"version":2}'])('is put aside when it holds %s', async (text) => {
    await writeFile(stateFile, text);
    const sandbox = await testSandbox({ stateFile });
    expect(await readdir(folder)).toEqual(['sandbox.json.broken']);
    await sandbox.close();
    expect(JSON.parse(await readFile(stateFile, 'utf8')).version).toBe(3);
  });

  test('is put aside when it cannot be read, or tells of people nobody knows', async () => {
    await mkdir(stateFile);
    const first = await testSandbox({ stateFile });
    expect(await readdir(folder)).toEqual(['sandbox.json.broken']);
    await rm(join(folder, 'sandbox.json.broken'), { recursive: true });
    await accessToken(first);
    await first.close();
    await writeFile(
      stateFile,
      (await readFile(stateFile, 'utf8')).replaceAll('"personId":"ada"', '"personId":"nobody"'),
    );
    const second = await testSandbox({ stateFile });
    expect([second.state.accessTokens.size, second.state.remembered.size]).toEqual([0, 0]);
    expect(await readdir(folder)).toEqual(['sandbox.json.broken']);
    await second.close();
  });

  test('is for its owner alone, and lives through odd parameter names', async () => {
    const first = await testSandbox({ stateFile });
    await request(first.app).get(`${authorizationPath('twitch')}&constructor=1&__proto__=2`);
    await first.close();
    expect((await stat(stateFile)).mode & 0o777).toBe(0o600);
    const second = await testSandbox({ stateFile });
    expect(second.state.pending.size).toBe(1);
    await second.close();
  });
});

describe('approving by itself', () => {
  test.each(['twitch', 'kraken', 'mixer', 'resonite'] as const)(
    '%s goes straight to the callback',
    async (api) => {
      const { app, state } = await testSandbox({ autoApprove: true });
      const response = await request(app).get(authorizationPath(api));
      expect([response.status, locationOf(response).searchParams.has('code')]).toEqual([302, true]);
      expect([...state.codes.values()][0]?.personId).toBe('ada');
    },
  );

  test.each(['twitch', 'kraken', 'mixer', 'mixin', 'resonite'] as const)(
    '%s takes whom the test names: by id, by any name, and the first again',
    async (api) => {
      const { app, state } = await testSandbox({ autoApprove: true });
      const scope = api === 'mixin' ? 'PROFILE:READ' : null;
      const approvedAs = async (idOrName: string | null) => {
        state.settings.autoApproveAs = idOrName;
        const { searchParams } = locationOf(await request(app).get(authorizationPath(api, { scope })));
        return state.people.get(state.codes.get(searchParams.get('code')!)!.personId);
      };
      expect((await approvedAs('bo')).twitch.login).toBe('bo_no_mail');
      expect(await approvedAs('Grace Hopper')).toEqual(personFromName('Grace Hopper'));
      expect((await approvedAs('Grace Hopper')).id).toBe(personFromName('Grace Hopper').id);
      expect((await approvedAs(null)).id).toBe('ada');
      expect(state.people.list().filter(({ name }) => name === 'Grace Hopper')).toHaveLength(1);
    },
  );

  test('a person made from a name goes through a whole login', async () => {
    const sandbox = await testSandbox({ autoApprove: true });
    sandbox.state.settings.autoApproveAs = 'Grace Hopper';
    const { searchParams } = locationOf(await request(sandbox.app).get(authorizationPath('twitch')));
    const { body } = await request(sandbox.app)
      .post('/id.twitch.tv/oauth2/token')
      .type('form')
      .send(codeGrant('twitch', searchParams.get('code')));
    const { twitch } = personFromName('Grace Hopper');
    expect((await validate(sandbox, body.access_token)).body).toMatchObject({
      user_id: twitch.id,
      login: twitch.login,
    });
  });
});
