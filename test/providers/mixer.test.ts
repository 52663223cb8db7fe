import { readConfig } from '../../src/config.ts';
import { sendUserinfoRequest } from '../../src/oauth/userinfo-request.ts';
import { mixer } from '../../src/providers/mixer.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { mixerUser } from '../support/wire-samples/mixer/user.ts';
import { hour, useBareClient, useLatchkey } from './support.ts';

const start = useLatchkey('Mixer');
const startClient = useBareClient();

function serviceFor(environment: Record<string, string>) {
  return readConfig(environment, madeUpClients).services.find(({ provider }) => provider.id === 'mixer')!;
}

describe('Mixer', () => {
  test('is forced by approval_prompt=force', async () => {
    const stage = await start();
    await stage.signIn();
    expect(stage.authorizationUrl().searchParams.has('approval_prompt')).toBe(false);
    await stage.pressAndAnswer('Switch Mixer account', { person: 'Bo' });
    expect(stage.authorizationUrl().searchParams.getAll('approval_prompt')).toEqual(['force']);
    expect(stage.visitor.page.heading).toMatch(/^Replace /);
  });

  test('has numbers for ids', async () => {
    const stage = await start();
    await stage.signIn();
    const { subject, userinfo } = await stage.identity();
    expect([subject, JSON.parse(userinfo).id]).toEqual(['101000001', 101000001]);
  });

  test('cannot have an id beyond the exact numbers of JSON', () => {
    expect(mixer.toIdentity({ ...mixerUser.body, id: Number.MAX_SAFE_INTEGER }).subject).toBe(
      '9007199254740991',
    );
    expect(() => mixer.toIdentity({ ...mixerUser.body, id: 2 ** 53 })).toThrow('id');
  });

  test('takes a refresh token once', async () => {
    const stage = await start();
    await stage.signIn();
    for (let renewals = 0; renewals < 3; renewals++) {
      stage.latchkey.advance(7 * hour);
      await stage.openProfile();
    }
    const refreshes = stage.allSent('token').filter(({ body }) => body['grant_type'] === 'refresh_token');
    expect(refreshes.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(refreshes.map(({ body }) => body['refresh_token'])).size).toBe(3);
  });

  test('names no scope in the token answer', async () => {
    const stage = await start();
    const page = await stage.signIn();
    expect((await stage.identity()).granted_scope).toBe('user:details:self');
    expect(page.text).not.toContain('Permissions missing');
  });

  test('has neither PKCE nor an ID token', async () => {
    const stage = await start();
    await stage.signIn();
    const names = [...stage.authorizationUrl().searchParams.keys()].toSorted();
    expect(names).toEqual(['client_id', 'redirect_uri', 'response_type', 'scope', 'state']);
    expect(stage.sent('token').body).not.toHaveProperty('code_verifier');
  });

  test('gets no client secret from a client that has none', async () => {
    const { client, login, sandbox } = await startClient(mixer, {
      registration: { clientSecret: null },
      clientSecret: null,
    });
    const { response } = await login();
    expect(await sendUserinfoRequest(client, response.tokens, Date.now())).toMatchObject({ id: 101000001 });
    const { body, status } = sandbox.requests.find(({ path }) => path === '/api/v1/oauth/token')!;
    expect(status).toBe(200);
    expect(Object.keys(body)).not.toContain('client_secret');
  });

  test('gets the client secret in the body from a client that has one', async () => {
    const stage = await start();
    await stage.signIn();
    const { headers, body } = stage.sent('token');
    expect(headers['authorization']).toBeUndefined();
    expect(body['client_secret']).toBe(madeUpClients.mixer.clientSecret);
  });

  test('answers a wrong client secret with 400', async () => {
    const stage = await start();
    stage.sandbox.faults.set('mixer', 'token_wrong_secret');
    const page = await stage.signIn();
    expect(stage.sent('token').status).toBe(400);
    expect(page.heading).toBe('This site is not set up correctly for Mixer');
    expect(page.text).toContain('OAuth client secret invalid.');
  });

  test('has an error shape of its own at the API', async () => {
    const stage = await start();
    stage.sandbox.faults.set('mixer', 'userinfo_401');
    const page = await stage.signIn();
    expect(page.heading).toBe('We are in, but Mixer gave us no profile');
    expect(page.text).toContain('Mixer said: OAuth token is invalid');
  });

  test('keeps a person with an unregistered return address on its own page', async () => {
    const stage = await start();
    stage.sandbox.faults.set('mixer', 'authorize_redirect_mismatch');
    const page = await stage.leave();
    expect([page.url.origin, page.status]).toEqual([stage.latchkey.sandboxUrl, 400]);
    expect(stage.visitor.visited.some((url) => url.startsWith(stage.callbackAddress()))).toBe(false);
  });

  test('sends null when there is no picture', async () => {
    const stage = await start();
    await stage.signIn({ person: 'Cy' });
    const { avatar_url, userinfo } = await stage.identity();
    expect([avatar_url, JSON.parse(userinfo).avatarUrl]).toEqual([null, null]);
  });

  test('has no address at which an access is cancelled', async () => {
    const stage = await start();
    await stage.signIn();
    const before = stage.sandbox.requests.filter(({ host }) => host === 'mixer.com').length;
    const page = await stage.linkAnotherAndUnlink('Resonite');
    expect(stage.sandbox.requests.filter(({ host }) => host === 'mixer.com').length).toBe(before);
    expect(page.text).toContain('Mixer is unlinked.');
    expect(mixer.endpoints).not.toHaveProperty('revocation');
  });

  test('closed on 22 July 2020 and says so', async () => {
    const stage = await start();
    const page = await stage.visitor.open(`${stage.latchkey.baseUrl}/`);
    expect(mixer.status).toEqual({ closed: '2020-07-22', what: 'Mixer' });
    expect(page.text).toContain('Mixer closed on 22 July 2020.');
  });

  test('is never live by its credentials alone', () => {
    const credentials = { MIXER_CLIENT_ID: 'id', MIXER_CLIENT_SECRET: 'secret' };
    expect(serviceFor(credentials).state).toBe('sandbox');
    expect(serviceFor({ ...credentials, SANDBOX: 'off' })).toMatchObject({ state: 'off', why: 'closed' });
  });

  test('is live by explicit setting, with addresses of the operator', () => {
    const tokenEndpoint = 'https://mixer.example.test/token';
    const environment = { MIXER: 'live', MIXER_CLIENT_ID: 'id', MIXER_TOKEN_ENDPOINT: tokenEndpoint };
    expect(serviceFor(environment)).toMatchObject({
      state: 'live',
      clientSecret: null,
      provider: { endpoints: { ...mixer.endpoints, token: tokenEndpoint } },
    });
  });
});
