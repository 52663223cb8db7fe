import { AuthorizationCode } from 'simple-oauth2';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { authorizationCode, authorize, type ListeningSandbox, rejection, useSandbox } from './support.ts';

const startSandbox = useSandbox();
const { clientId, clientSecret } = madeUpClients.resonite;

/** The settings of Resonite’s own example for OAuth; only `tokenHost` is the sandbox’s folder. */
const redirectUri = 'http://localhost:8080';

const hostOf = ({ url }: ListeningSandbox): string => `${url}/account.resonite.com/`;

function clientOf(sandbox: ListeningSandbox, secret = clientSecret): AuthorizationCode {
  return new AuthorizationCode({
    client: { id: clientId, secret },
    auth: { tokenHost: hostOf(sandbox), authorizePath: 'connect/authorize', tokenPath: 'connect/token' },
    options: { bodyFormat: 'form', authorizationMethod: 'body' },
  });
}

function codeFor(client: AuthorizationCode, scope: string | string[]): Promise<string> {
  return authorizationCode(client.authorizeURL({ redirect_uri: redirectUri, scope }));
}

async function profile(sandbox: ListeningSandbox, token: unknown): Promise<Record<string, unknown>> {
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` };
  return (await fetch(`${hostOf(sandbox)}api/user/profile`, { headers })).json() as never;
}

/** The example reads `error.data.payload`. */
const refusal = (status: number, error: string) => ({
  output: { statusCode: status },
  data: { payload: expect.objectContaining({ error }) },
});

describe('simple-oauth2 as Resonite’s example uses it', () => {
  test('comes back to the registered address without a state, when none was sent', async () => {
    const client = clientOf(await startSandbox(redirectUri));
    const callback = await authorize(client.authorizeURL({ redirect_uri: redirectUri, scope: 'profile' }));
    expect([callback.origin, [...callback.searchParams.keys()]]).toEqual([redirectUri, ['code']]);
  });

  test('exchanges the code without PKCE, reads the profile, and gets other tokens by a refresh at once', async () => {
    const sandbox = await startSandbox(redirectUri);
    const client = clientOf(sandbox);
    const code = await codeFor(client, ['profile', 'offline_access']);
    const before = await client.getToken({ code, redirect_uri: redirectUri });
    expect(before.token).toMatchObject({ token_type: 'Bearer', scope: 'profile offline_access' });
    expect(before.expired()).toBe(false);
    expect(before.expired(3600)).toBe(true);
    const ada = { id: 'U-1NaAdaSandbox', username: 'Ada', tags: ['mentor'] };
    expect(await profile(sandbox, before.token['access_token'])).toMatchObject(ada);
    const after = await before.refresh();
    for (const name of ['access_token', 'refresh_token']) {
      expect(after.token[name]).toMatch(/^\w{64}$/);
      expect(after.token[name]).not.toBe(before.token[name]);
    }
    expect(await profile(sandbox, after.token['access_token'])).toMatchObject(ada);
    const [request] = sandbox.requestsAt('account.resonite.com', '/connect/token');
    expect(request!.bodyNames.toSorted()).toEqual([
      'client_id',
      'client_secret',
      'code',
      'grant_type',
      'redirect_uri',
    ]);
  });

  test('gets no refresh token for the scope profile alone', async () => {
    const sandbox = await startSandbox(redirectUri);
    const client = clientOf(sandbox);
    const code = await codeFor(client, 'profile');
    const { token } = await client.getToken({ code, redirect_uri: redirectUri });
    expect(token).not.toHaveProperty('refresh_token');
    expect(await profile(sandbox, token['access_token'])).toMatchObject({ username: 'Ada' });
  });

  test('is refused a wrong secret and a used code', async () => {
    const sandbox = await startSandbox(redirectUri);
    const client = clientOf(sandbox);
    const parameters = { code: await codeFor(client, 'profile'), redirect_uri: redirectUri };
    const withWrongSecret = clientOf(sandbox, 'wrong').getToken(parameters);
    expect(await rejection(withWrongSecret)).toMatchObject(refusal(401, 'invalid_client'));
    await client.getToken(parameters);
    expect(await rejection(client.getToken(parameters))).toMatchObject(refusal(400, 'invalid_grant'));
  });

  test('is refused a refresh token that was used before', async () => {
    const client = clientOf(await startSandbox(redirectUri));
    const code = await codeFor(client, ['profile', 'offline_access']);
    const tokens = await client.getToken({ code, redirect_uri: redirectUri });
    await tokens.refresh();
    expect(await rejection(tokens.refresh())).toMatchObject(refusal(400, 'invalid_grant'));
  });
});
