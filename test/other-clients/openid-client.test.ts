import * as oidc from 'openid-client';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { authorize, type ListeningSandbox, rejection, useSandbox } from './support.ts';

const redirectUri = 'http://localhost:3000/login/callback';
const startSandbox = useSandbox();

interface Found {
  readonly sandbox: ListeningSandbox;
  readonly config: oidc.Configuration;
}

interface Client {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** By discovery alone. The sandbox is without TLS, and the key set is checked also for the code flow. */
async function find(issuerFolder: string, { clientId, clientSecret }: Client): Promise<Found> {
  const sandbox = await startSandbox(redirectUri);
  const config = await oidc.discovery(
    new URL(`${sandbox.url}/${issuerFolder}`),
    clientId,
    clientSecret,
    undefined,
    { execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] },
  );
  return { sandbox, config };
}

/** The same server, met with another secret. */
function withSecret({ config }: Found, secret: string): oidc.Configuration {
  const changed = new oidc.Configuration(config.serverMetadata(), config.clientMetadata().client_id, secret);
  oidc.allowInsecureRequests(changed);
  return changed;
}

describe('openid-client at Twitch', () => {
  const state = 'a-state';
  const nonce = 'a-nonce';
  const checks = { expectedState: state, expectedNonce: nonce, idTokenExpected: true };

  const findTwitch = () => find('id.twitch.tv/oauth2', madeUpClients.twitch);

  /** The one thing that openid-client cannot do here by itself: RFC 6749 5.1 wants `scope` as one text. */
  const joiningScope: oidc.CustomFetch = async (url, options) => {
    const response = await fetch(url, options as RequestInit);
    if (!url.endsWith('/oauth2/token')) return response;
    const body = (await response.json()) as { scope?: unknown };
    if (Array.isArray(body.scope)) body.scope = body.scope.join(' ');
    return Response.json(body, { status: response.status });
  };

  async function findTwitchJoiningScope(): Promise<Found> {
    const found = await findTwitch();
    found.config[oidc.customFetch] = joiningScope;
    return found;
  }

  function logIn({ config }: Found, scope: string, more: Record<string, string> = {}): Promise<URL> {
    const parameters = { redirect_uri: redirectUri, scope, state, nonce, ...more };
    return authorize(oidc.buildAuthorizationUrl(config, parameters));
  }

  test('learns from the discovery document what Twitch has, and what it has not', async () => {
    const { config, sandbox } = await findTwitch();
    expect(config.serverMetadata()).toMatchObject({
      issuer: `${sandbox.url}/id.twitch.tv/oauth2`,
      token_endpoint: `${sandbox.url}/id.twitch.tv/oauth2/token`,
      jwks_uri: `${sandbox.url}/id.twitch.tv/oauth2/keys`,
      userinfo_endpoint: `${sandbox.url}/id.twitch.tv/oauth2/userinfo`,
    });
    expect(config.serverMetadata().supportsPKCE()).toBe(false);
    expect(config.serverMetadata().revocation_endpoint).toBeUndefined();
  });

  test('stumbles over the scope, which Twitch sends as an array', async () => {
    const found = await findTwitch();
    const error = await rejection(
      oidc.authorizationCodeGrant(found.config, await logIn(found, 'openid user:read:email'), checks),
    );
    expect(error).toMatchObject({
      code: 'OAUTH_INVALID_RESPONSE',
      cause: expect.objectContaining({ message: '"response" body "scope" property must be a string' }),
    });
  });

  test('gets tokens without help when no scope is asked for, and refreshes them', async () => {
    const found = await findTwitch();
    const callback = await logIn(found, '');
    const tokens = await oidc.authorizationCodeGrant(found.config, callback, { expectedState: state });
    expect([tokens.token_type, tokens.id_token, tokens.scope]).toEqual(['bearer', undefined, undefined]);
    const renewed = await oidc.refreshTokenGrant(found.config, tokens.refresh_token!);
    expect(renewed.access_token).not.toBe(tokens.access_token);
    expect(renewed.refresh_token).toBe(tokens.refresh_token);
  });

  test('believes the ID token by nonce and key set, and userinfo by its subject', async () => {
    const found = await findTwitchJoiningScope();
    const { config, sandbox } = found;
    const claims = JSON.stringify({ id_token: { email: null }, userinfo: { preferred_username: null } });
    const callback = await logIn(found, 'openid user:read:email', { claims });
    const tokens = await oidc.authorizationCodeGrant(config, callback, checks);
    expect(tokens.claims()).toMatchObject({ sub: '10000001', nonce, email: 'ada@example.test' });
    expect(sandbox.requestsAt('id.twitch.tv', '/oauth2/keys').map(({ status }) => status)).toEqual([200]);
    const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, '10000001');
    expect(userinfo).toMatchObject({ sub: '10000001', preferred_username: 'Ada' });
    const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token!);
    expect([renewed.scope, renewed.id_token]).toEqual(['openid user:read:email', undefined]);
  });

  test('does not believe an ID token with a bad signature', async () => {
    const found = await findTwitchJoiningScope();
    found.sandbox.state.faults.set('twitch', 'id_token_bad_signature');
    const error = await rejection(
      oidc.authorizationCodeGrant(found.config, await logIn(found, 'openid'), checks),
    );
    expect(error).toMatchObject({
      cause: expect.objectContaining({ message: 'JWT signature verification failed' }),
    });
  });

  /** Twitch’s errors have no `error`, so all that openid-client has to show is the response. */
  const refusal = (status: number) => ({
    code: 'OAUTH_RESPONSE_IS_NOT_CONFORM',
    cause: expect.objectContaining({ status }),
  });

  test('is refused a wrong secret, a used code and a dead refresh token', async () => {
    const found = await findTwitch();
    const callback = await logIn(found, '');
    const grant = (config: oidc.Configuration) =>
      oidc.authorizationCodeGrant(config, callback, { expectedState: state });
    expect(await rejection(grant(withSecret(found, 'wrong')))).toMatchObject(refusal(403));
    await grant(found.config);
    expect(await rejection(grant(found.config))).toMatchObject(refusal(400));
    expect(await rejection(oidc.refreshTokenGrant(found.config, 'dead'))).toMatchObject(refusal(400));
  });
});

describe('openid-client at Resonite', () => {
  const state = 'a-state';
  const scope = 'openid profile offline_access';

  const findResonite = () => find('account.resonite.com/', madeUpClients.resonite);

  async function logIn({ config }: Found, pkceCodeVerifier: string): Promise<URL> {
    const challenge = await oidc.calculatePKCECodeChallenge(pkceCodeVerifier);
    const pkce = { code_challenge: challenge, code_challenge_method: 'S256' };
    return authorize(
      oidc.buildAuthorizationUrl(config, { redirect_uri: redirectUri, scope, state, ...pkce }),
    );
  }

  async function tokensOf(found: Found) {
    const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
    const checks = { pkceCodeVerifier, expectedState: state, idTokenExpected: true };
    return oidc.authorizationCodeGrant(found.config, await logIn(found, pkceCodeVerifier), checks);
  }

  test('learns from the discovery document that there is PKCE', async () => {
    const { config, sandbox } = await findResonite();
    expect(config.serverMetadata().issuer).toBe(`${sandbox.url}/account.resonite.com/`);
    expect(config.serverMetadata().supportsPKCE('S256')).toBe(true);
  });

  test('believes the ID token by the key set, and userinfo by its subject', async () => {
    const found = await findResonite();
    const tokens = await tokensOf(found);
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 3599, scope });
    expect(tokens.claims()).toMatchObject({ sub: 'U-1NaAdaSandbox', aud: madeUpClients.resonite.clientId });
    const keys = found.sandbox.requestsAt('account.resonite.com', '/.well-known/jwks');
    expect(keys.map(({ status }) => status)).toEqual([200]);
    const userinfo = await oidc.fetchUserInfo(found.config, tokens.access_token, 'U-1NaAdaSandbox');
    expect(userinfo.sub).toBe('U-1NaAdaSandbox');
  });

  test('does not believe an ID token with a bad signature', async () => {
    const found = await findResonite();
    found.sandbox.state.faults.set('resonite', 'id_token_bad_signature');
    expect(await rejection(tokensOf(found))).toMatchObject({
      cause: expect.objectContaining({ message: 'JWT signature verification failed' }),
    });
  });

  test('reads the profile that is no userinfo', async () => {
    const found = await findResonite();
    const { access_token } = await tokensOf(found);
    const address = new URL(`${found.sandbox.url}/account.resonite.com/api/user/profile`);
    const response = await oidc.fetchProtectedResource(found.config, access_token, address, 'GET');
    expect(await response.json()).toMatchObject({ id: 'U-1NaAdaSandbox', username: 'Ada' });
  });

  test('gets other tokens by a refresh, and the old refresh token is dead then', async () => {
    const found = await findResonite();
    const tokens = await tokensOf(found);
    const renewed = await oidc.refreshTokenGrant(found.config, tokens.refresh_token!);
    expect(renewed.access_token).not.toBe(tokens.access_token);
    expect(renewed.refresh_token).not.toBe(tokens.refresh_token);
    expect(renewed.claims()).toMatchObject({ sub: 'U-1NaAdaSandbox' });
    const error = await rejection(oidc.refreshTokenGrant(found.config, tokens.refresh_token!));
    expect(error).toMatchObject({ error: 'invalid_grant', status: 400 });
  });

  test('is refused a wrong verifier, a wrong secret and a used code', async () => {
    const found = await findResonite();
    const verifier = oidc.randomPKCECodeVerifier();
    const callback = await logIn(found, verifier);
    const grant = (config: oidc.Configuration, pkceCodeVerifier: string) =>
      oidc.authorizationCodeGrant(config, callback, { pkceCodeVerifier, expectedState: state });
    expect(await rejection(grant(found.config, oidc.randomPKCECodeVerifier()))).toMatchObject({
      error: 'invalid_grant',
      status: 400,
    });
    // OpenIddict challenges a client however it sent its secret, and of a challenge openid-client tells alone.
    expect(await rejection(grant(withSecret(found, 'wrong'), verifier))).toMatchObject({
      code: 'OAUTH_WWW_AUTHENTICATE_CHALLENGE',
      status: 401,
      cause: [{ scheme: 'basic', parameters: expect.objectContaining({ error: 'invalid_client' }) }],
    });
    await grant(found.config, verifier);
    expect(await rejection(grant(found.config, verifier))).toMatchObject({
      error: 'invalid_grant',
      status: 400,
    });
  });
});
