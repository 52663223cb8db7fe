import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testSandbox } from './support.ts';
import {
  appTokenFor,
  clientId,
  get,
  helix,
  postForm,
  postToken,
  refreshMembers,
  tokensFor,
} from './twitch-support.ts';

const quick = () => testSandbox({ autoApprove: true });
const idsOf = (body: { data: { id: string }[] }): string[] => body.data.map(({ id }) => id);

describe('Helix users', () => {
  test('are described by these members', async () => {
    const sandbox = await quick();
    const { body } = await helix(sandbox, (await tokensFor(sandbox)).access_token);
    expect(body).toEqual({
      data: [
        {
          id: '10000001',
          login: 'ninja_dev',
          display_name: 'Ada',
          type: '',
          broadcaster_type: '',
          description: '',
          profile_image_url: expect.stringMatching(/^https:\/\/static-cdn\.jtvnw\.net\//),
          offline_image_url: '',
          view_count: 0,
          email: 'ada@example.test',
          created_at: '2016-12-14T20:32:28Z',
        },
      ],
    });
  });

  test('are found by id, and by login in any case', async () => {
    const sandbox = await quick();
    const { access_token } = await tokensFor(sandbox);
    const query = '?id=10000003&login=NINJA_Dev&login=nobody_at_all';
    expect(idsOf((await helix(sandbox, access_token, { query })).body)).toEqual(['10000001', '10000003']);
    const nobody = await helix(sandbox, access_token, { query: '?id=999&login=nobody_at_all' });
    expect([nobody.status, nobody.body]).toEqual([200, { data: [] }]);
  });

  test('show an e-mail address to its owner alone, also when asked for by name', async () => {
    const sandbox = await quick();
    const { access_token } = await tokensFor(sandbox);
    const { body } = await helix(sandbox, access_token, { query: '?id=10000003&login=ninja_dev' });
    expect(body.data.map((user: { email?: string }) => user.email)).toEqual(['ada@example.test', undefined]);
  });

  test('show no e-mail address without its scope, and none that is not verified', async () => {
    const sandbox = await quick();
    const scopeless = await tokensFor(sandbox, 'twitch', { scope: 'openid' });
    expect((await helix(sandbox, scopeless.access_token)).body.data[0]).not.toHaveProperty('email');
    sandbox.state.settings.autoApproveAs = 'bo';
    const { access_token } = await tokensFor(sandbox);
    expect((await helix(sandbox, access_token)).body.data[0]).not.toHaveProperty('email');
  });

  test('refuse with a challenge in single quotes', async () => {
    const { headers } = await helix(await quick(), 'unknown');
    expect(headers['www-authenticate']).toBe("OAuth realm='TwitchTV', error='invalid_token'");
  });
});

describe('A token of the application itself', () => {
  test('comes with three members, for about sixty days', async () => {
    const body = await appTokenFor(await quick());
    expect(Object.keys(body)).toEqual(['access_token', 'expires_in', 'token_type']);
    expect(body).toMatchObject({ token_type: 'bearer' });
    expect(body.expires_in).toBeGreaterThanOrEqual(4_999_199);
  });

  test('belongs to nobody where it is validated', async () => {
    const sandbox = await quick();
    const { access_token, expires_in } = await appTokenFor(sandbox);
    const headers = { Authorization: `OAuth ${access_token}` };
    const { body } = await get(sandbox, '/id.twitch.tv/oauth2/validate', headers);
    expect(body).toEqual({ client_id: clientId, login: null, scopes: null, user_id: null, expires_in });
    sandbox.clock.milliseconds += expires_in * 1000;
    expect((await get(sandbox, '/id.twitch.tv/oauth2/validate', headers)).status).toBe(401);
  });

  test('reads people by name, without their e-mail addresses', async () => {
    const sandbox = await quick();
    const { access_token } = await appTokenFor(sandbox);
    const { body } = await helix(sandbox, access_token, { query: '?id=10000001' });
    expect([idsOf(body), 'email' in body.data[0]]).toEqual([['10000001'], false]);
  });

  test('reads no userinfo and cannot be refreshed', async () => {
    const sandbox = await quick();
    const { access_token } = await appTokenFor(sandbox);
    const headers = { Authorization: `Bearer ${access_token}` };
    expect((await get(sandbox, '/id.twitch.tv/oauth2/userinfo', headers)).status).toBe(401);
    const refreshed = await postToken(sandbox, 'twitch', refreshMembers(access_token));
    expect(refreshed.body.message).toBe('Invalid refresh token');
  });

  test('ends when it is revoked', async () => {
    const sandbox = await quick();
    const { access_token } = await appTokenFor(sandbox);
    const members = { client_id: clientId, token: access_token };
    const revoked = await postForm(sandbox, '/id.twitch.tv/oauth2/revoke', members);
    expect([revoked.status, revoked.text]).toEqual([200, '']);
    expect((await helix(sandbox, access_token, { query: '?id=10000001' })).status).toBe(401);
  });

  test('lives on after a restart', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sandbox-app-token-'));
    const options = { autoApprove: true, stateFile: join(folder, 'sandbox.json') };
    const first = await testSandbox(options);
    const { access_token } = await appTokenFor(first);
    await first.close();
    const second = await testSandbox(options);
    expect((await helix(second, access_token, { query: '?id=10000001' })).status).toBe(200);
    await second.close();
    await rm(folder, { recursive: true });
  });

  test('ends with the access tokens of the service, and is forgotten with all else', async () => {
    const sandbox = await quick();
    const { access_token } = await appTokenFor(sandbox);
    sandbox.state.expireAccessTokens('twitch');
    expect((await helix(sandbox, access_token, { query: '?id=10000001' })).status).toBe(401);
    // An hour and a minute later.
    sandbox.state.forgetOld(sandbox.clock.milliseconds + 61 * 60 * 1000);
    expect(sandbox.state.appTokens.size).toBe(0);
    await appTokenFor(sandbox);
    sandbox.state.reset();
    expect(sandbox.state.appTokens.size).toBe(0);
  });
});
