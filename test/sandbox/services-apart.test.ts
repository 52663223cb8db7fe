import request from 'supertest';
import { authorizationPath, codeGrant, locationOf, testSandbox, type TestSandbox } from './support.ts';

/** Codes and tokens are good at the service that issued them, and nowhere else. */

async function mixerCode({ app }: TestSandbox): Promise<string | null> {
  const path = authorizationPath('mixer', { scope: 'user:details:self' });
  return locationOf(await request(app).get(path)).searchParams.get('code');
}

async function mixerTokens(sandbox: TestSandbox): Promise<Record<string, string>> {
  const members = codeGrant('mixer', await mixerCode(sandbox));
  return (await request(sandbox.app).post('/mixer.com/api/v1/oauth/token').send(members)).body;
}

const failedCheck = ({ state }: TestSandbox) => state.requests.at(-1)?.failedCheck?.name;
const quick = (): Promise<TestSandbox> => testSandbox({ autoApprove: true });

async function atResonite({ app }: TestSandbox, members: object): Promise<void> {
  const { status } = await request(app)
    .post('/account.resonite.com/connect/token')
    .type('form')
    .send(members);
  expect(status).toBe(400);
}

test('a code of Mixer is unknown at Resonite', async () => {
  const sandbox = await quick();
  await atResonite(sandbox, codeGrant('resonite', await mixerCode(sandbox)));
  expect(failedCheck(sandbox)).toBe('the code was issued here');
});

test('a refresh token of Mixer is unknown at Resonite', async () => {
  const sandbox = await quick();
  const { refresh_token = '' } = await mixerTokens(sandbox);
  await atResonite(sandbox, codeGrant('resonite', null, { grant_type: 'refresh_token', refresh_token }));
  expect(failedCheck(sandbox)).toBe('the refresh token was issued here');
});

test.each([
  ['/account.resonite.com/api/user/profile', 'the access token was issued here'],
  ['/api.mixin.one/me', 'an access token of Mixin’s is one that lives'],
])('an access token of Mixer is unknown at %s', async (path, check) => {
  const sandbox = await quick();
  const { access_token } = await mixerTokens(sandbox);
  await request(sandbox.app).get(path).set('Authorization', `Bearer ${access_token}`);
  expect(failedCheck(sandbox)).toBe(check);
});
