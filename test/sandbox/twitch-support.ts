import request, { type Response } from 'supertest';
import { madeUpClients, type Registration } from '../../src/sandbox/registrations.ts';
import { authorizationPath, codeGrant, locationOf, type TestSandbox } from './support.ts';

export type Generation = 'twitch' | 'kraken';

export type Changes = Readonly<Record<string, string | null>>;
export type Headers = Readonly<Record<string, string>>;

export const { clientId, clientSecret } = madeUpClients.twitch;

/** Another application, so that a code or a token can belong to somebody else. */
export const otherClient = {
  client_id: 'othertwitchclientid00000000000',
  client_secret: 'othertwitchsecret0000000000000',
};

export const otherRegistration: Registration = {
  service: 'twitch',
  clientId: otherClient.client_id,
  clientSecret: otherClient.client_secret,
  name: 'Another',
  redirectUris: ['http://localhost:3000/login/twitch/callback'],
};

const usualScope = { twitch: 'openid user:read:email', kraken: 'user_read' };

export const fiveAccepted = { Accept: 'application/vnd.twitchtv.v5+json' };

const tokenPaths = {
  twitch: '/id.twitch.tv/oauth2/token',
  kraken: '/api.twitch.tv/kraken/oauth2/token',
};

export const send = (test: request.Test): Promise<Response> => test as unknown as Promise<Response>;

export function get({ app }: TestSandbox, path: string, headers: Headers = {}): Promise<Response> {
  return send(request(app).get(path).set(headers));
}

export function postForm(
  { app }: TestSandbox,
  path: string,
  members: Record<string, string>,
  headers: Headers = {},
): Promise<Response> {
  return send(request(app).post(path).set(headers).type('form').send(members));
}

export function given(members: Changes): Record<string, string> {
  const entries = Object.entries(members);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== null));
}

/** Where a sandbox that approves by itself sends the browser. */
export async function callbackFor(
  sandbox: TestSandbox,
  api: Generation = 'twitch',
  changes: Changes = {},
): Promise<URL> {
  const path = authorizationPath(api, { scope: usualScope[api], ...changes });
  return locationOf(await get(sandbox, path));
}

export async function codeFor(
  sandbox: TestSandbox,
  api: Generation = 'twitch',
  changes: Changes = {},
): Promise<string> {
  return (await callbackFor(sandbox, api, changes)).searchParams.get('code') ?? '';
}

export function postToken(
  sandbox: TestSandbox,
  api: Generation,
  members: Record<string, string>,
  headers: Headers = {},
): Promise<Response> {
  return postForm(sandbox, tokenPaths[api], members, headers);
}

export interface Tokens {
  access_token: string;
  refresh_token: string;
  id_token: string;
  expires_in: number;
}

export async function tokensFor(
  sandbox: TestSandbox,
  api: Generation = 'twitch',
  changes: Changes = {},
): Promise<Tokens> {
  const code = await codeFor(sandbox, api, changes);
  return (await postToken(sandbox, api, codeGrant('twitch', code))).body;
}

export function refreshMembers(refreshToken: string, changes: Changes = {}): Record<string, string> {
  return given({
    grant_type: 'refresh_token',
    client_id: clientId,
    client_secret: clientSecret,
    refresh_token: refreshToken,
    ...changes,
  });
}

export async function appTokenFor(
  sandbox: TestSandbox,
): Promise<{ access_token: string; expires_in: number }> {
  const members = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
  return (await postToken(sandbox, 'twitch', members)).body;
}

export function helix(
  sandbox: TestSandbox,
  token: string,
  { query = '', id = clientId }: { query?: string; id?: string } = {},
): Promise<Response> {
  const headers = { Authorization: `Bearer ${token}`, 'Client-Id': id };
  return get(sandbox, `/api.twitch.tv/helix/users${query}`, headers);
}

export function kraken(
  sandbox: TestSandbox,
  path: '/user' | '',
  token: string,
  headers: Headers = {},
): Promise<Response> {
  const usual = { ...fiveAccepted, 'Client-ID': clientId, Authorization: `OAuth ${token}` };
  return get(sandbox, `/api.twitch.tv/kraken${path}`, { ...usual, ...headers });
}

/** The members behind the `#` of a callback, in their order. */
export function fragmentOf({ hash }: URL): [string, string][] {
  return [...new URLSearchParams(hash.slice(1))];
}
