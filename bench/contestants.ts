import type { Browser } from './browser.ts';
import { toLatchkeyEnvironment } from './contestants/latchkey.ts';

export interface Contestant {
  readonly id: string;
  readonly name: string;
  /** Relative to the project, or absolute. */
  readonly program: string;
  /** What Node is told for it, where its own makers say so. */
  readonly nodeOptions?: readonly string[];
  /** Its versions are printed. From bench/package.json unless it is Latchkey's own too. */
  readonly packages: readonly string[];
  /** Where sessions are. */
  readonly store: string;
  readonly needsRedis: boolean;
  /** Runs without the packages of bench/package.json. */
  readonly needsPackages: boolean;
  /** Variables besides those that all get. */
  readonly environment: (urls: { provider: string; sandbox: string }) => Readonly<Record<string, string>>;
  /** Starts a login as its pages would, and returns the address of the authorization request. */
  readonly start: (browser: Browser) => Promise<string>;
  /** How the application proves that an answer belongs to this login. */
  readonly binding: string;
  /** What Latchkey does in a login or in front of it and this one does not, a few words each. */
  readonly lacks: readonly string[];
  /** Its page can show three more services, linked to the same account. */
  readonly linksFour: boolean;
}

const nothing = () => ({});

/** Most answer a GET with a redirect. */
const startByRedirect = (path: string) => async (browser: Browser) => {
  const { status, location } = await browser.get(path);
  if (location === null) throw new Error(`the start answered ${status}`);
  return location;
};

/** A form with a token that another request has got. */
async function startAtAuthJs(browser: Browser): Promise<string> {
  const { text } = await browser.get('/auth/csrf');
  const { csrfToken } = JSON.parse(text) as { csrfToken: string };
  const form = new URLSearchParams({ csrfToken, callbackUrl: '/profile' });
  const { status, location } = await browser.post('/auth/signin/provider', form.toString());
  if (location === null) throw new Error(`the start answered ${status}`);
  return location;
}

/** JSON from a script of the page. */
async function startAtBetterAuth(browser: Browser): Promise<string> {
  const body = JSON.stringify({ provider: 'provider', callbackURL: '/profile' });
  const headers = { 'content-type': 'application/json' };
  const { status, text } = await browser.post('/api/auth/sign-in/social', body, headers);
  const { url } = JSON.parse(text) as { url?: string };
  if (url === undefined) throw new Error(`the start answered ${status}: ${text}`);
  return url;
}

/** A form of the own origin, answered by a page that leads on. */
async function startAtLatchkey(browser: Browser): Promise<string> {
  const { status, text } = await browser.post('/login/resonite', '');
  return readHandOff(status, text);
}

export function readHandOff(status: number, text: string): string {
  const href = /<a href="([^"]+)">continue to /.exec(text)?.[1];
  if (status !== 200 || href === undefined) throw new Error(`the start answered ${status}`);
  return href.replaceAll('&amp;', '&').replaceAll('&#38;', '&');
}

const plainTokens = 'sealed tokens (they lie in the session as plain text)';
const noAccounts = 'accounts in a database';
const severalLogins = 'several logins at once in one browser';
const startByGet = 'start by POST with an origin check';

/** Common to all but Latchkey. */
const usuallyLacks = ['request log', 'rate limits', 'security headers', severalLogins] as const;
export const contestants: readonly Contestant[] = [
  {
    id: 'passport-memory',
    name: 'Passport, MemoryStore',
    program: 'bench/contestants/passport.ts',
    packages: ['passport', 'passport-oauth2', 'express-session', 'express'],
    store: 'memory (express-session’s MemoryStore)',
    needsRedis: false,
    needsPackages: true,
    environment: nothing,
    start: startByRedirect('/login'),
    binding: 'state and PKCE in the session',
    lacks: ['sessions that outlive a restart', plainTokens, startByGet, noAccounts, ...usuallyLacks],
    linksFour: false,
  },
  {
    id: 'passport-redis',
    name: 'Passport, connect-redis',
    program: 'bench/contestants/passport.ts',
    packages: ['passport', 'passport-oauth2', 'express-session', 'connect-redis', 'redis', 'express'],
    store: 'Redis (connect-redis)',
    needsRedis: true,
    needsPackages: true,
    environment: () => ({ STORE: 'redis' }),
    start: startByRedirect('/login'),
    binding: 'state and PKCE in the session',
    lacks: [plainTokens, startByGet, noAccounts, ...usuallyLacks],
    linksFour: false,
  },
  {
    id: 'grant',
    name: 'grant',
    program: 'bench/contestants/grant.ts',
    packages: ['grant', 'express-session', 'connect-redis', 'redis', 'express'],
    store: 'Redis (connect-redis)',
    needsRedis: true,
    needsPackages: true,
    environment: nothing,
    start: startByRedirect('/connect/provider'),
    binding: 'state and PKCE in the session',
    lacks: [plainTokens, startByGet, noAccounts, ...usuallyLacks],
    linksFour: false,
  },
  {
    id: 'openid-client',
    name: 'openid-client by hand',
    program: 'bench/contestants/openid-client.ts',
    packages: ['openid-client', 'express-session', 'connect-redis', 'redis', 'express'],
    store: 'Redis (connect-redis)',
    needsRedis: true,
    needsPackages: true,
    environment: nothing,
    start: startByRedirect('/login'),
    binding: 'state and PKCE in the session',
    lacks: [plainTokens, startByGet, noAccounts, ...usuallyLacks],
    linksFour: false,
  },
  {
    id: 'fastify',
    name: '@fastify/oauth2',
    program: 'bench/contestants/fastify.ts',
    packages: ['@fastify/oauth2', '@fastify/session', '@fastify/cookie', 'connect-redis', 'redis', 'fastify'],
    store: 'Redis (connect-redis)',
    needsRedis: true,
    needsPackages: true,
    environment: nothing,
    start: startByRedirect('/login'),
    binding: 'state and PKCE in cookies',
    lacks: [plainTokens, startByGet, noAccounts, ...usuallyLacks],
    linksFour: false,
  },
  {
    id: 'auth-js',
    name: 'Auth.js',
    program: 'bench/contestants/auth-js.ts',
    packages: ['@auth/express', 'express'],
    store: 'encrypted cookie',
    needsRedis: false,
    needsPackages: true,
    environment: nothing,
    start: startAtAuthJs,
    binding: 'state and PKCE in encrypted cookies',
    lacks: [noAccounts, 'sessions that can be ended from elsewhere', ...usuallyLacks],
    linksFour: false,
  },
  {
    id: 'better-auth',
    name: 'Better Auth',
    program: 'bench/contestants/better-auth.ts',
    packages: ['better-auth', 'express'],
    store: 'SQLite file',
    needsRedis: false,
    needsPackages: true,
    environment: nothing,
    start: startAtBetterAuth,
    binding: 'state in the database and a cookie, PKCE',
    lacks: [
      'sealed tokens (they lie in the database as plain text)',
      severalLogins,
      'request log',
      'security headers',
    ],
    linksFour: false,
  },
  {
    id: 'bare-express',
    name: 'Bare Express (reference)',
    program: 'bench/contestants/bare-express.ts',
    packages: ['express', 'undici'],
    store: 'memory (a Map)',
    needsRedis: false,
    needsPackages: false,
    environment: nothing,
    start: startByRedirect('/login'),
    binding: 'state in a Map and a cookie, PKCE',
    lacks: ['sessions that outlive a restart', 'sessions that end', startByGet, noAccounts, ...usuallyLacks],
    linksFour: false,
  },
  {
    id: 'latchkey',
    name: 'Latchkey',
    program: 'src/server.ts',
    // As in the Dockerfile.
    nodeOptions: ['--max-semi-space-size=8', '--heap-growing-percent=40'],
    packages: ['express', 'express-session', 'openid-client', 'helmet', 'ejs', 'kysely', 'undici', 'pino'],
    store: 'SQLite file',
    needsRedis: false,
    needsPackages: false,
    environment: ({ provider, sandbox }) => toLatchkeyEnvironment(provider, sandbox),
    start: startAtLatchkey,
    binding: 'state keyed to a cookie in the store, PKCE, `iss` where it comes',
    lacks: [],
    linksFour: true,
  },
];

/** Beside which the times to the first page are told. Nobody logs in there. */
export const emptyExpress: Contestant = {
  id: 'empty-express',
  name: 'Empty Express application',
  program: 'bench/contestants/empty-express.ts',
  packages: ['express'],
  store: 'none',
  needsRedis: false,
  needsPackages: false,
  environment: nothing,
  start: startByRedirect('/login'),
  binding: 'none',
  lacks: [],
  linksFour: false,
};
