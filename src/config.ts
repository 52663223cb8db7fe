import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { isLoopback } from './address-rules.ts';
import { describeCredentials } from './config/credentials.ts';
import { createReader, type Environment, finish, type Reader } from './config/reader.ts';
import { readSandbox, type SandboxChoices } from './config/sandbox.ts';
import { type MadeUpClients, readService, type ServiceConfig } from './config/services.ts';
import { readStorage } from './config/storage.ts';
import { variablesFor } from './config/variables.ts';
import type { ConfigProblem } from './errors.ts';
import { type Service, services } from './providers/index.ts';
import type { VariableFacts } from './variable-facts.ts';

/* The environment as configuration. What belongs to one thing alone is read in `config/`. */

export type { Environment } from './config/reader.ts';
export { readSandboxConfig, type SandboxChoices } from './config/sandbox.ts';
export type { ServiceConfig } from './config/services.ts';
export { readStorageConfig, type StorageConfig } from './config/storage.ts';
export { type GeneralVariable, variables, variablesFor } from './config/variables.ts';

export interface Config {
  readonly production: boolean;
  readonly host: string;
  readonly port: number;
  /** Without a slash at its end. All addresses, cookies and origin checks come from it. */
  readonly baseUrl: string;
  /** BASE_URL's path, `''` at the root. */
  readonly basePath: string;
  readonly origin: string;
  /** BASE_URL is https: cookies are `Secure` and have the `__Host-` prefix. */
  readonly secure: boolean;
  /** Newest first. Empty in development without SESSION_SECRET: then one is made and kept. */
  readonly sessionSecrets: readonly string[];
  readonly sessionLimits: { readonly idleMilliseconds: number; readonly absoluteMilliseconds: number };
  /** How old a sign-in may be for changes to the account's ways in. */
  readonly reauthenticationMilliseconds: number;
  /** Proxies whose X-Forwarded-For names the visitor: addresses, subnets or Express's names for them. */
  readonly trustedProxies: readonly string[];
  /** How often in a minute something may be done; 0 is without end. */
  readonly rateLimits: {
    readonly [area in 'start' | 'callback' | 'action']: {
      readonly browser: number;
      readonly address: number;
    };
  };
  readonly dataDir: string;
  readonly storage: {
    /** PostgreSQL's URL; null for the SQLite file in `dataDir`. */
    readonly databaseUrl: string | null;
    readonly databasePoolSize: number;
    /** Redis's URL, for the records that end by themselves; null when the database holds them too. */
    readonly sessionStoreUrl: string | null;
    /** What the names of all keys in Redis begin with. */
    readonly sessionStorePrefix: string;
  };
  readonly logLevel: string;
  /** Whom to tell of a hole, for security.txt (RFC 9116); null where nobody is named. */
  readonly securityContact: string | null;
  /** Where metrics are told, on a port of their own; null when they are not. */
  readonly metrics: { readonly host: string; readonly port: number } | null;
  /** How long a process that is told to stop goes on taking requests, so that proxies notice. */
  readonly drainMilliseconds: number;
  /** Requests to one provider at the same time, and how many more may wait for a turn. */
  readonly providerRequests: { readonly inFlight: number; readonly waiting: number };
  /** Logins are recorded, and shown to whom they belong. */
  readonly inspector: boolean;
  readonly sandbox: SandboxChoices & {
    /** This process runs the sandbox itself. */
    readonly runs: boolean;
    readonly port: number;
    /** Without a slash at its end; null where there is no sandbox. */
    readonly url: string | null;
  };
  /** In the order in which pages list them. */
  readonly services: readonly ServiceConfig[];
  /** What the doctor may know about each variable that holds a credential: never its value. */
  readonly credentials: Readonly<Record<string, VariableFacts>>;
}

/**
 * Reads the configuration, all of it, once. Throws `ConfigError` with every problem found.
 *
 * `madeUpClients` are the sandbox's credentials: used for a service that the sandbox plays and that
 * has none of its own. `offered` are the services in the order in which pages list them.
 */
export function readConfig(
  environment: Environment,
  madeUpClients: MadeUpClients,
  readFile = (path: string) => readFileSync(path, 'utf8'),
  offered: readonly Service[] = services,
): Config {
  const problems: ConfigProblem[] = [];
  const reader = createReader(environment, readFile, problems, variablesFor(offered));
  const production = reader.choice('NODE_ENV', ['development', 'production', 'test']) === 'production';
  const port = reader.whole('PORT', 3000, [1, 65535]);
  const baseUrl = readBaseUrl(reader, production, port);
  const sandbox = readSandbox(reader, production, baseUrl);
  const href = baseUrl.href.replace(/\/+$/, '');
  const config: Config = {
    production,
    host: reader.text('HOST', '127.0.0.1'),
    port,
    baseUrl: href,
    basePath: baseUrl.pathname.replace(/\/+$/, ''),
    origin: baseUrl.origin,
    secure: baseUrl.protocol === 'https:',
    sessionSecrets: readSessionSecrets(reader, production),
    sessionLimits: {
      idleMilliseconds: reader.whole('SESSION_IDLE_HOURS', 24, [1, 24 * 30]) * 60 * 60 * 1000,
      absoluteMilliseconds: reader.whole('SESSION_ABSOLUTE_DAYS', 14, [1, 90]) * 24 * 60 * 60 * 1000,
    },
    reauthenticationMilliseconds: reader.whole('REAUTH_MINUTES', 30, [1, 24 * 60]) * 60 * 1000,
    trustedProxies: readTrustedProxies(reader),
    rateLimits: {
      start: readRateLimit(reader, 'RATE_LIMIT_START', { browser: 20, address: 600 }),
      callback: readRateLimit(reader, 'RATE_LIMIT_CALLBACK', { browser: 40, address: 1200 }),
      action: readRateLimit(reader, 'RATE_LIMIT_ACTION', { browser: 40, address: 1200 }),
    },
    ...readStorage(reader),
    logLevel: reader.choice('LOG_LEVEL', ['info', 'debug', 'warn', 'error', 'silent']),
    securityContact: readSecurityContact(reader),
    metrics: readMetrics(reader),
    drainMilliseconds: reader.whole('DRAIN_SECONDS', production ? 2 : 0, [0, 60]) * 1000,
    providerRequests: {
      inFlight: reader.whole('PROVIDER_REQUESTS_IN_FLIGHT', 20, [1, 500]),
      waiting: reader.whole('PROVIDER_REQUESTS_WAITING', 50, [0, 5000]),
    },
    inspector: readInspector(reader, production),
    sandbox,
    services: offered.map((service) => readService(reader, service, sandbox.url, madeUpClients)),
    credentials: describeCredentials(environment, readFile, offered),
  };
  return finish(config, problems);
}

function readSecurityContact(reader: Reader): string | null {
  const contact = reader.text('SECURITY_CONTACT', '');
  if (contact === '') return null;
  if (/^(?:mailto:[^\s@]+@[^\s@]+|https:\/\/[^\s/]+\S*)$/.test(contact)) return contact;
  reader.report({
    variable: 'SECURITY_CONTACT',
    problem: 'must be a mailto: or an https: address.',
    example: 'mailto:security@example.com',
  });
  return null;
}

function readBaseUrl(reader: Reader, production: boolean, port: number): URL {
  const local = `http://localhost:${port}`;
  const inProduction = 'https://login.example.org';
  if (production && reader.text('BASE_URL', '') === '') {
    reader.report({
      variable: 'BASE_URL',
      problem: 'is needed in production.',
      example: inProduction,
    });
  }
  const rule = (url: URL) => {
    if (url.search || url.hash || url.username) return 'must be a plain address without ?, # or a user name.';
    if (url.protocol === 'https:') return null;
    if (url.protocol !== 'http:') return 'must begin with https:// (or http:// for this machine).';
    return production && !isLoopback(url)
      ? 'must be https in production, except for this machine itself.'
      : null;
  };
  return reader.url('BASE_URL', local, rule, production ? inProduction : local);
}

function readSessionSecrets(reader: Reader, production: boolean): string[] {
  const secrets = (reader.secret('SESSION_SECRET') ?? '')
    .split(',')
    .map((secret) => secret.trim())
    .filter(Boolean);
  const example = 'the-output-of-npm-run-secret';
  if (production && secrets.length === 0)
    reader.report({ variable: 'SESSION_SECRET', problem: 'is needed in production.', example });
  if (secrets.some((secret) => Buffer.byteLength(secret) < 32)) {
    reader.report({
      variable: 'SESSION_SECRET',
      problem: 'must have 32 bytes or more, each value of the list.',
      example,
    });
  }
  return secrets;
}

function readMetrics(reader: Reader): Config['metrics'] {
  const host = reader.text('METRICS_HOST', '127.0.0.1');
  if (['', 'off'].includes(reader.text('METRICS_PORT', ''))) return null;
  return { host, port: reader.whole('METRICS_PORT', 9464, [1, 65535]) };
}

function readInspector(reader: Reader, production: boolean): boolean {
  const choice = reader.choice('INSPECTOR', ['auto', 'on', 'off']);
  return choice === 'on' || (choice === 'auto' && !production);
}

/** Express's own names for the subnets of this machine and of private networks. */
const namedSubnets = ['loopback', 'linklocal', 'uniquelocal'];

function readTrustedProxies(reader: Reader): string[] {
  const proxies = reader
    .text('TRUSTED_PROXIES', '')
    .split(/[\s,]+/)
    .filter(Boolean);
  if (!proxies.every(isAddressOrSubnet)) {
    reader.report({
      variable: 'TRUSTED_PROXIES',
      problem: `must list addresses, subnets or ${namedSubnets.join(', ')}.`,
      example: '10.0.0.5, 172.16.0.0/12',
    });
  }
  return proxies;
}

/** `off` is the 0 of these. */
function readRateLimit(
  reader: Reader,
  name: string,
  usual: { browser: number; address: number },
): { browser: number; address: number } {
  const read = (variable: string, fallback: number) =>
    reader.text(variable, '') === 'off' ? 0 : reader.whole(variable, fallback, [0, 1_000_000]);
  return {
    browser: read(`${name}_PER_BROWSER`, usual.browser),
    address: read(`${name}_PER_ADDRESS`, usual.address),
  };
}

function isAddressOrSubnet(text: string): boolean {
  if (namedSubnets.includes(text)) return true;
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return (
    bits === undefined ||
    (/^\d{1,3}$/.test(bits) && Number(bits) > 0 && Number(bits) <= (family === 4 ? 32 : 128))
  );
}
