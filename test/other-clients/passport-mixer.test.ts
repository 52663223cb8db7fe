import { Strategy } from 'passport-mixer';
import { type LoggedIn, readSite, usePassportSite } from './passport-site.ts';

const startSite = usePassportSite({
  Strategy,
  service: 'mixer',
  scope: 'user:details:self',
  authorization: 'mixer.com/oauth/authorize',
  token: 'mixer.com/api/v1/oauth/token',
});

describe('passport-mixer', () => {
  test('gets tokens, and has the person asked each time', async () => {
    const { logIn, sandbox } = await startSite({ skipUserProfile: true });
    const { accessToken, refreshToken } = readSite<LoggedIn<undefined>>(await logIn());
    expect(sandbox.state.accessTokens.get(accessToken)).toMatchObject({ personId: 'ada' });
    expect(sandbox.state.refreshTokens.get(refreshToken)).toMatchObject({ personId: 'ada' });
    const [request] = sandbox.requestsAt('mixer.com', '/oauth/authorize');
    expect(request!.query['approval_prompt']).toBe('force');
  });

  test('gets the profile with the scheme OAuth, which it sends in place of Bearer', async () => {
    const { logIn, sandbox } = await startSite();
    const { profile } = readSite<LoggedIn<{ id: number; username: string; email: string }>>(await logIn());
    const { id, username, email } = profile!;
    expect([id, username, email]).toEqual([101000001, 'AdaPlays', 'ada@example.test']);
    const [request] = sandbox.requestsAt('mixer.com', '/api/v1/users/current');
    expect(request!.headers['authorization']).toMatch(/^OAuth \w{64}$/);
  });

  test('lets nobody in who said no at Mixer', async () => {
    const { logIn, sandbox } = await startSite();
    sandbox.state.faults.set('mixer', 'authorize_denied');
    const { status, text } = await logIn();
    expect([status, text]).toEqual([401, 'Unauthorized']);
  });

  test('is refused a wrong secret', async () => {
    const { logIn } = await startSite({ clientSecret: 'wrong' });
    expect(readSite(await logIn())).toEqual({
      name: 'TokenError',
      message: 'OAuth client secret invalid.',
      code: 'invalid_client',
    });
  });

  test('is refused a used code', async () => {
    const { logIn, returnWithUsedCode } = await startSite({ skipUserProfile: true });
    expect((await logIn()).status).toBe(200);
    expect(readSite(await returnWithUsedCode())).toMatchObject({
      name: 'TokenError',
      code: 'invalid_grant',
    });
  });
});
