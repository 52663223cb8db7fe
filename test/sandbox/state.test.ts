import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
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

  test('the request log keeps 500 requests', async () => {
    const sandbox = await testSandbox();
    for (let count = 0; count < 502; count += 1) await request(sandbox.app).get('/elsewhere');
    expect(sandbox.state.requests.length).toBe(500);
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
    expect(second.state.listPeople().map(({ name }) => name)).toContain('Somebody New');
    expect((await request(second.app).get('/id.twitch.tv/oauth2/keys')).body).toEqual(keys.body);
    await second.close();
  });

  test.each(['not JSON', '{"version":2}'])('is put aside when it holds %s', async (text) => {
    await writeFile(stateFile, text);
    const sandbox = await testSandbox({ stateFile });
    expect(await readdir(folder)).toEqual(['sandbox.json.broken']);
    await sandbox.close();
    expect(JSON.parse(await readFile(stateFile, 'utf8')).version).toBe(1);
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
});
