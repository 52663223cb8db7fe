import type { Browser } from './browser.ts';
import { toLatchkeyEnvironment } from './contestants/latchkey.ts';

export interface Contestant {
  readonly id: string;
  readonly name: string;
  /** Relative to the project. */
  readonly program: string;
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
async function startByRedirect(browser: Browser): Promise<string> {
  const { status, location } = await browser.get('/login');
  if (location === null) throw new Error(`the start answered ${status}`);
  return location;
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

/** Common to all but Latchkey. */
const usuallyLacks = [
  'request log',
  'rate limits',
  'security headers',
  'several logins at once in one browser',
] as const;
const plainTokens = 'sealed tokens (they lie in the session as plain text)';
const startByGet = 'start by POST with an origin check';

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
    start: startByRedirect,
    binding: 'state and PKCE in the session',
    lacks: ['sessions that outlive a restart', plainTokens, startByGet, ...usuallyLacks],
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
    start: startByRedirect,
    binding: 'state and PKCE in the session',
    lacks: [plainTokens, startByGet, ...usuallyLacks],
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
    start: startByRedirect,
    binding: 'state in a Map and a cookie, PKCE',
    lacks: ['sessions that outlive a restart', 'sessions that end', startByGet, ...usuallyLacks],
    linksFour: false,
  },
  {
    id: 'latchkey',
    name: 'Latchkey',
    program: 'src/server.ts',
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
  start: startByRedirect,
  binding: 'none',
  lacks: [],
  linksFour: false,
};
