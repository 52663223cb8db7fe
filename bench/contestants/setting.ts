import { clientId, clientSecret, endpointPaths, scopes } from '../provider.ts';

function need(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is missing`);
  return value;
}

const providerUrl = need('PROVIDER_URL');

/** What every contestant is told. */
export const setting = {
  port: Number(need('PORT')),
  baseUrl: need('BASE_URL'),
  sessionSecret: need('SESSION_SECRET'),
  dataDir: need('DATA_DIR'),
  redisUrl: process.env['REDIS_URL'] ?? '',
  clientId,
  clientSecret,
  scopes,
  provider: {
    issuer: providerUrl,
    authorization: providerUrl + endpointPaths.authorization,
    token: providerUrl + endpointPaths.token,
    userinfo: providerUrl + endpointPaths.userinfo,
  },
} as const;

/** What a contestant keeps of the user call's answer. */
export interface User {
  readonly id: string;
  readonly name: string;
}

export function readUser(profile: unknown): User {
  const { id, username } = profile as { id?: unknown; username?: unknown };
  if (typeof id !== 'string' || typeof username !== 'string') throw new Error('no user in the answer');
  return { id, name: username };
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const toHtml = (text: string) => text.replace(/[&<>"]/g, (sign) => escapes[sign]!);

const page = (body: string) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Benchmark</title></head><body>${body}</body></html>`;

export const homePage = page('<h1>Welcome</h1><p><a href="/login">Sign in</a></p>');

export const profilePage = (user: User) =>
  page(`<h1>Your profile</h1><p>Signed in as ${toHtml(user.name)} (${toHtml(user.id)}).</p>`);
