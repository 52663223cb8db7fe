import { Strategy, type TwitchProfile } from 'passport-twitch-new';
import { type LoggedIn, readSite, usePassportSite } from './passport-site.ts';

const startSite = usePassportSite({
  Strategy,
  service: 'twitch',
  scope: 'user:read:email',
  authorization: 'id.twitch.tv/oauth2/authorize',
  token: 'id.twitch.tv/oauth2/token',
});

describe('passport-twitch-new', () => {
  test('logs a person in, with the profile from Helix', async () => {
    const { logIn, sandbox } = await startSite();
    const { profile, accessToken, refreshToken } = readSite<LoggedIn<TwitchProfile>>(await logIn());
    expect(profile).toMatchObject({
      provider: 'twitch',
      id: '10000001',
      login: 'ninja_dev',
      display_name: 'Ada',
      email: 'ada@example.test',
      profile_image_url: expect.stringMatching(/^https:\/\/static-cdn\.jtvnw\.net\//),
    });
    expect(sandbox.state.accessTokens.get(accessToken)).toMatchObject({ personId: 'ada' });
    expect(sandbox.state.refreshTokens.get(refreshToken)).toMatchObject({ personId: 'ada' });
  });

  test('has the person asked again by the literal text true', async () => {
    const { logIn, sandbox } = await startSite({ authenticateOptions: { forceVerify: true } });
    expect((await logIn()).status).toBe(200);
    const [request] = sandbox.requestsAt('id.twitch.tv', '/oauth2/authorize');
    expect(request!.query['force_verify']).toBe('true');
  });

  test('lets nobody in who said no at Twitch', async () => {
    const { logIn, sandbox } = await startSite();
    sandbox.state.faults.set('twitch', 'authorize_denied');
    const { status, text } = await logIn();
    expect([status, text]).toEqual([401, 'Unauthorized']);
  });

  /** Twitch’s errors have no `error`, so the strategy shows what it got. */
  const refusal = (status: number, message: string) => ({
    name: 'InternalOAuthError',
    message: 'Failed to obtain access token',
    cause: { statusCode: status, data: `{"status":${status},"message":"${message}"}\n` },
  });

  test('is refused a wrong secret', async () => {
    const { logIn } = await startSite({ clientSecret: 'wrong' });
    expect(readSite(await logIn())).toEqual(refusal(403, 'invalid client secret'));
  });

  test('is refused a used code', async () => {
    const { logIn, returnWithUsedCode } = await startSite();
    expect((await logIn()).status).toBe(200);
    expect(readSite(await returnWithUsedCode())).toEqual(refusal(400, 'Invalid authorization code'));
  });

  test('is refused the profile for a dead token', async () => {
    const { logIn, sandbox } = await startSite();
    sandbox.state.faults.set('twitch', 'userinfo_401');
    expect(readSite(await logIn())).toMatchObject({
      message: 'failed to fetch user profile',
      cause: { statusCode: 401, data: expect.stringContaining('Invalid OAuth token') },
    });
  });
});
