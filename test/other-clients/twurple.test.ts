import { ApiClient } from '@twurple/api';
import {
  CachedRefreshFailureError,
  exchangeCode,
  getTokenInfo,
  InvalidTokenError,
  RefreshingAuthProvider,
  refreshUserToken,
  revokeToken,
} from '@twurple/auth';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { authorizationCode, type ListeningSandbox, rejection, useSandbox } from './support.ts';
import { useTrueHosts } from './true-hosts.ts';

const { clientId, clientSecret } = madeUpClients.twitch;
const redirectUri = 'http://localhost:3000/login/callback';
const startSandbox = useSandbox();
const connectTrueHostsTo = useTrueHosts();

/** Twurple has the addresses of Twitch built in. */
async function startTwitch(): Promise<ListeningSandbox> {
  const sandbox = await startSandbox(redirectUri);
  connectTrueHostsTo(sandbox);
  return sandbox;
}

/** Twurple leaves the authorization request to the application. */
function codeFor(scope: string): Promise<string> {
  const parameters = { response_type: 'code', client_id: clientId, redirect_uri: redirectUri, scope };
  return authorizationCode(`https://id.twitch.tv/oauth2/authorize?${new URLSearchParams(parameters)}`);
}

async function tokenFor(scope: string) {
  return exchangeCode(clientId, clientSecret, await codeFor(scope), redirectUri);
}

const newProvider = () => new RefreshingAuthProvider({ clientId, clientSecret, redirectUri });

describe('Twurple', () => {
  test('exchanges a code, and learns by validation whose token it is', async () => {
    await startTwitch();
    const token = await tokenFor('user:read:email chat:read');
    expect(token.scope).toEqual(['user:read:email', 'chat:read']);
    const info = await getTokenInfo(token.accessToken, clientId);
    expect(info).toMatchObject({ clientId, userId: '10000001', userName: 'ninja_dev', scopes: token.scope });
    const endsIn = info.expiryDate!.getTime() - Date.now();
    expect(Math.abs(endsIn - token.expiresIn! * 1000)).toBeLessThan(60_000);
  });

  test('understands a token answer without scope', async () => {
    await startTwitch();
    expect(await tokenFor('')).toMatchObject({ scope: [], refreshToken: expect.stringMatching(/^\w{50}$/) });
  });

  test('reads the profile of the token’s owner from Helix, the address only with its scope', async () => {
    const { state } = await startTwitch();
    state.settings.autoApproveAs = 'cy';
    const authProvider = newProvider();
    const userId = await authProvider.addUserForCode(await codeFor('user:read:email'));
    const user = await new ApiClient({ authProvider }).users.getAuthenticatedUser(userId, true);
    expect(user).toMatchObject({
      id: '10000003',
      name: 'cy_faceless',
      displayName: 'Cy',
      email: 'cy@example.test',
    });
    await authProvider.addUserForCode(await codeFor(''));
    const api = new ApiClient({ authProvider });
    expect((await api.users.getAuthenticatedUser(userId)).profilePictureUrl).toMatch(
      /^https:.*300x300\.png$/,
    );
    await expect(api.users.getAuthenticatedUser(userId, true)).rejects.toThrow('any of the requested scopes');
  });

  test('gets a new access token by itself when Helix calls the old one dead', async () => {
    const { state, requestsAt } = await startTwitch();
    const authProvider = newProvider();
    const userId = await authProvider.addUserForCode(await codeFor('user:read:email'));
    const before = await authProvider.getAccessTokenForUser(userId);
    state.expireAccessTokens('twitch');
    const user = await new ApiClient({ authProvider }).users.getAuthenticatedUser(userId, true);
    expect(user.email).toBe('ada@example.test');
    expect(requestsAt('api.twitch.tv', '/helix/users').map(({ status }) => status)).toEqual([401, 200]);
    const after = await authProvider.getAccessTokenForUser(userId);
    expect(after!.accessToken).not.toBe(before!.accessToken);
    expect(after!.refreshToken).toBe(before!.refreshToken);
  });

  test('follows a refresh token that changes', async () => {
    const { state } = await startTwitch();
    state.faults.set('twitch', 'refresh_token_rotated');
    const first = await tokenFor('user:read:email');
    const second = await refreshUserToken(clientId, clientSecret, first.refreshToken!);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect((await getTokenInfo(second.accessToken)).userId).toBe('10000001');
    const error = await rejection(refreshUserToken(clientId, clientSecret, first.refreshToken!));
    expect(error).toMatchObject({
      statusCode: 400,
      body: '{"status":400,"message":"Invalid refresh token"}\n',
    });
  });

  test('revokes a token, which is then no longer valid and cannot be revoked again', async () => {
    await startTwitch();
    const { accessToken } = await tokenFor('');
    await revokeToken(clientId, accessToken);
    await expect(getTokenInfo(accessToken)).rejects.toThrow(InvalidTokenError);
    const error = await rejection(revokeToken(clientId, accessToken));
    expect(error).toMatchObject({ statusCode: 400, body: '{"status":400,"message":"Invalid token"}\n' });
  });

  test('is refused a wrong secret, a used code and a dead refresh token', async () => {
    await startTwitch();
    const code = await codeFor('');
    expect(await rejection(exchangeCode(clientId, 'wrong', code, redirectUri))).toMatchObject({
      statusCode: 403,
      body: '{"status":403,"message":"invalid client secret"}\n',
    });
    const { refreshToken } = await exchangeCode(clientId, clientSecret, code, redirectUri);
    expect(await rejection(exchangeCode(clientId, clientSecret, code, redirectUri))).toMatchObject({
      statusCode: 400,
      body: '{"status":400,"message":"Invalid authorization code"}\n',
    });
    await revokeToken(clientId, refreshToken!);
    expect(await rejection(refreshUserToken(clientId, clientSecret, refreshToken!))).toMatchObject({
      statusCode: 400,
      body: '{"status":400,"message":"Invalid refresh token"}\n',
    });
  });

  test('gives a person up after a refused refresh', async () => {
    const { state } = await startTwitch();
    const authProvider = newProvider();
    const userId = await authProvider.addUserForCode(await codeFor(''));
    const failures: string[] = [];
    authProvider.onRefreshFailure((id) => void failures.push(id));
    state.revokeAccess('twitch', clientId, 'ada');
    const api = new ApiClient({ authProvider });
    expect(await rejection(api.users.getAuthenticatedUser(userId))).toMatchObject({ statusCode: 400 });
    expect(failures).toEqual(['10000001']);
    await expect(api.users.getAuthenticatedUser(userId)).rejects.toThrow(CachedRefreshFailureError);
  });
});
