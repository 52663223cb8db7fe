import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { ConfigError, type ConfigProblem } from './errors.ts';
import { inSandbox, type Service, services } from './providers/index.ts';
import type { Endpoints, Provider } from './providers/provider.ts';
import { describeVariable, type Shape, type VariableFacts } from './variable-facts.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Client id and secret that the sandbox made up, by service. */
export type MadeUpClients = Readonly<
  Record<string, { readonly clientId: string; readonly clientSecret: string }>
>;

/** One service as this installation offers it. */
export type ServiceConfig =
  | {
      readonly state: 'live' | 'sandbox';
      readonly provider: Provider;
      readonly clientId: string;
      readonly clientSecret: string | null;
      readonly scope: readonly string[];
    }
  | {
      readonly state: 'off';
      readonly provider: Provider;
      readonly why: 'closed' | 'not-configured' | 'switched-off';
    };

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

/** How a sandbox behaves; the same for one that runs beside the application and for one alone. */
export interface SandboxChoices {
  readonly autoApprove: boolean;
  /** The id of a made-up person, or a name as if typed; null for the first. */
  readonly autoApproveAs: string | null;
  /** Null for all that are asked for. */
  readonly autoApproveScopes: readonly string[] | null;
  readonly stepMode: boolean;
  /** Each as `place:fault` or `place:fault:next`. */
  readonly faults: readonly string[];
  readonly seed: string | null;
  readonly registrationsFile: string | null;
  /** `{service}` in them stands for the id of the service. */
  readonly redirectUris: readonly string[];
}

export interface SandboxConfig extends SandboxChoices {
  readonly host: string;
  readonly port: number;
  /** Without a slash at its end. */
  readonly url: string;
}

export type StorageConfig = Pick<Config, 'dataDir' | 'storage'>;

const endpointVariables = {
  AUTHORIZATION_ENDPOINT: 'authorization',
  TOKEN_ENDPOINT: 'token',
  USERINFO_ENDPOINT: 'userinfo',
  REVOCATION_ENDPOINT: 'revocation',
  VALIDATION_ENDPOINT: 'validation',
} as const satisfies Record<string, keyof Endpoints>;

const generalVariables = [
  'NODE_ENV',
  'HOST',
  'PORT',
  'BASE_URL',
  'SESSION_SECRET',
  'SESSION_SECRET_FILE',
  'SESSION_IDLE_HOURS',
  'SESSION_ABSOLUTE_DAYS',
  'REAUTH_MINUTES',
  'TRUSTED_PROXIES',
  'RATE_LIMIT_START_PER_BROWSER',
  'RATE_LIMIT_START_PER_ADDRESS',
  'RATE_LIMIT_CALLBACK_PER_BROWSER',
  'RATE_LIMIT_CALLBACK_PER_ADDRESS',
  'RATE_LIMIT_ACTION_PER_BROWSER',
  'RATE_LIMIT_ACTION_PER_ADDRESS',
  'DATA_DIR',
  'DATABASE_URL',
  'DATABASE_URL_FILE',
  'DATABASE_POOL_SIZE',
  'SESSION_STORE_URL',
  'SESSION_STORE_URL_FILE',
  'SESSION_STORE_PREFIX',
  'LOG_LEVEL',
  'SECURITY_CONTACT',
  'DRAIN_SECONDS',
  'PROVIDER_REQUESTS_IN_FLIGHT',
  'PROVIDER_REQUESTS_WAITING',
  'METRICS_PORT',
  'METRICS_HOST',
  'INSPECTOR',
  'SANDBOX',
  'SANDBOX_PORT',
  'SANDBOX_URL',
  'SANDBOX_REGISTRATIONS',
  'SANDBOX_REDIRECT_URIS',
  'SANDBOX_AUTO_APPROVE',
  'SANDBOX_AUTO_APPROVE_SCOPES',
  'SANDBOX_STEPS',
  'SANDBOX_FAULTS',
  'SANDBOX_SEED',
] as const;

export type GeneralVariable = (typeof generalVariables)[number];

/** Every variable that is read where these services are offered. */
export function variablesFor(offered: readonly Service[]): readonly string[] {
  return [...generalVariables, ...offered.flatMap(variablesOf)];
}

/** Every variable that is read. `.env.example` explains each one; a test compares the two. */
export const variables = variablesFor(services);

function endpointVariablesOf({ endpoints }: Provider): [suffix: string, name: keyof Endpoints][] {
  return Object.entries(endpointVariables).filter(
    ([, name]) => name !== 'validation' || endpoints.validation,
  );
}

function variablesOf(service: Service): string[] {
  const prefix = service.id.toUpperCase();
  const names = [
    'CLIENT_ID',
    'CLIENT_SECRET',
    'CLIENT_SECRET_FILE',
    'SCOPES',
    ...endpointVariablesOf(service.choose({})).map(([suffix]) => suffix),
  ];
  const authentication =
    service.choose({}).clientSecret === 'instead-of-pkce' ? [`${prefix}_CLIENT_AUTH`] : [];
  return [
    prefix,
    ...names.map((name) => `${prefix}_${name}`),
    ...authentication,
    ...Object.keys(service.settings),
  ];
}

/** Reads variables one by one and collects what is wrong with them. */
interface Reader {
  text(name: string, fallback: string): string;
  choice(name: string, allowed: readonly string[]): string;
  whole(name: string, fallback: number, range: readonly [number, number]): number;
  /** A secret from the variable itself or from the file that `<name>_FILE` names. */
  secret(name: string): string | null;
  url(name: string, fallback: string, rule: (url: URL) => string | null): URL;
  report(problem: ConfigProblem): void;
}

function createReader(
  environment: Environment,
  readFile: (path: string) => string,
  problems: ConfigProblem[],
  declared = variables,
): Reader {
  const get = (name: string) => {
    if (!declared.includes(name)) throw new TypeError(`${name} is not declared`);
    return environment[name]?.trim() ?? '';
  };
  const report = (problem: ConfigProblem) => void problems.push(problem);

  return {
    report,
    text: (name, fallback) => get(name) || fallback,
    choice(name, allowed) {
      const standard = allowed[0]!;
      const value = get(name) || standard;
      if (allowed.includes(value)) return value;
      report({ variable: name, problem: `must be one of ${allowed.join(', ')}.`, example: standard });
      return standard;
    },
    whole(name, fallback, [least, most]) {
      const value = get(name) === '' ? fallback : Number(get(name));
      if (Number.isInteger(value) && value >= least && value <= most) return value;
      report({
        variable: name,
        problem: `must be a whole number from ${least} to ${most}.`,
        example: String(fallback),
      });
      return fallback;
    },
    secret(name) {
      const file = get(`${name}_FILE`);
      if (file === '') return get(name) || null;
      try {
        return readFile(file).trim() || null;
      } catch {
        report({
          variable: `${name}_FILE`,
          problem: 'names a file that cannot be read.',
          example: `/run/secrets/${name.toLowerCase()}`,
        });
        return null;
      }
    },
    url(name, fallback, rule) {
      const value = get(name) || fallback;
      const url = URL.canParse(value) ? new URL(value) : null;
      const problem = url ? rule(url) : 'is not an address.';
      if (!problem && url) return url;
      report({ variable: name, problem: problem ?? '', example: fallback });
      return new URL(fallback);
    },
  };
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
    // What the sandbox does not play it has no credentials for.
    services: offered.map((service) =>
      readService(reader, service, service.id in madeUpClients ? sandbox.url : null, madeUpClients),
    ),
    credentials: describeCredentials(environment, readFile, offered),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return deepFreeze(config);
}

/**
 * Reads only what says where the data lies, for the commands: they need neither addresses nor secrets.
 * Throws `ConfigError` with every problem found.
 */
export function readStorageConfig(
  environment: Environment,
  readFile = (path: string) => readFileSync(path, 'utf8'),
): StorageConfig {
  const problems: ConfigProblem[] = [];
  const config = readStorage(createReader(environment, readFile, problems));
  if (problems.length > 0) throw new ConfigError(problems);
  return deepFreeze(config);
}

function describeCredentials(
  environment: Environment,
  readFile: (path: string) => string,
  offered: readonly Service[],
): Record<string, VariableFacts> {
  const declared = variablesFor(offered);
  const shapes: [name: string, shape: Shape | null][] = offered.flatMap((service) => {
    const { clientId, clientSecret } = service.choose({}).registration;
    const prefix = service.id.toUpperCase();
    return [
      [`${prefix}_CLIENT_ID`, clientId],
      [`${prefix}_CLIENT_SECRET`, clientSecret],
    ];
  });
  const all: typeof shapes = [...shapes, ['SESSION_SECRET', null]];
  return Object.fromEntries(
    all.map(([name, shape]) => {
      const file = declared.includes(`${name}_FILE`) ? environment[`${name}_FILE`]?.trim() : null;
      if (!file) return [name, describeVariable(environment[name], shape)];
      return [
        name,
        describeVariable(
          readOrNothing(() => readFile(file)),
          shape,
          'file',
        ),
      ];
    }),
  );
}

function readOrNothing(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    // Reported by who needs it.
    return undefined;
  }
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

function readStorage(reader: Reader): StorageConfig {
  const prefix = reader.text('SESSION_STORE_PREFIX', 'latchkey:');
  if (!/^[\x21-\x7E]{1,64}$/.test(prefix)) {
    reader.report({
      variable: 'SESSION_STORE_PREFIX',
      problem: 'must have 1 to 64 letters, digits or signs, and no space.',
      example: 'latchkey:',
    });
  }
  return {
    dataDir: reader.text('DATA_DIR', './data'),
    storage: {
      databaseUrl: readStoreUrl(
        reader,
        'DATABASE_URL',
        ['postgres', 'postgresql'],
        'db.example.org/latchkey',
      ),
      databasePoolSize: reader.whole('DATABASE_POOL_SIZE', 10, [1, 100]),
      sessionStoreUrl: readStoreUrl(
        reader,
        'SESSION_STORE_URL',
        ['redis', 'rediss'],
        'redis.example.org:6379',
      ),
      sessionStorePrefix: prefix,
    },
  };
}

/** The URL of a server of ours, mostly with a password in it; null when there is none. */
function readStoreUrl(
  reader: Reader,
  variable: string,
  schemes: readonly string[],
  place: string,
): string | null {
  const value = reader.secret(variable);
  if (value === null) return null;
  const scheme = URL.canParse(value) ? new URL(value).protocol.slice(0, -1) : '';
  if (schemes.includes(scheme)) return value;
  const beginnings = schemes.map((name) => `${name}://`).join(' or ');
  const problem = `must be an address that begins with ${beginnings}.`;
  reader.report({ variable, problem, example: `${schemes[0]}://name:password@${place}` });
  return null;
}

function readBaseUrl(reader: Reader, production: boolean, port: number): URL {
  const local = `http://localhost:${port}`;
  if (production && reader.text('BASE_URL', '') === '') {
    reader.report({
      variable: 'BASE_URL',
      problem: 'is needed in production.',
      example: 'https://login.example.org',
    });
  }
  return reader.url('BASE_URL', local, (url) => {
    if (url.search || url.hash || url.username) return 'must be a plain address without ?, # or a user name.';
    if (url.protocol === 'https:') return null;
    if (url.protocol !== 'http:') return 'must begin with https:// (or http:// for this machine).';
    return production && !isLoopback(url)
      ? 'must be https in production, except for this machine itself.'
      : null;
  });
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
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

function readSandbox(reader: Reader, production: boolean, baseUrl: URL): Config['sandbox'] {
  const choice = reader.choice('SANDBOX', ['auto', 'on', 'off']);
  const loopback = isLoopback(baseUrl);
  if (choice === 'on' && production && !loopback) {
    reader.report({
      variable: 'SANDBOX',
      problem: 'cannot be on in production: anybody could sign in as anybody.',
      example: 'off',
    });
  }
  const on = choice === 'on' || (choice === 'auto' && !production && loopback);
  const port = reader.whole('SANDBOX_PORT', 4000, [1, 65535]);
  // On the application's own host name, so that a phone in the same network reaches both.
  const elsewhere = reader.text('SANDBOX_URL', '');
  const url = reader.url('SANDBOX_URL', `http://${baseUrl.hostname}:${port}`, plainHttp);
  return {
    runs: on && elsewhere === '',
    port,
    url: on ? url.href.replace(/\/+$/, '') : null,
    ...readSandboxChoices(reader),
  };
}

/**
 * Reads only what a sandbox that runs alone needs. Throws `ConfigError` with every problem found.
 */
export function readSandboxConfig(environment: Environment): SandboxConfig {
  const problems: ConfigProblem[] = [];
  const reader = createReader(environment, (path) => readFileSync(path, 'utf8'), problems);
  const port = reader.whole('SANDBOX_PORT', 4000, [1, 65535]);
  const url = reader.url('SANDBOX_URL', `http://localhost:${port}`, plainHttp);
  const config = {
    host: reader.text('HOST', '127.0.0.1'),
    port,
    url: url.href.replace(/\/+$/, ''),
    ...readSandboxChoices(reader),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return deepFreeze(config);
}

function listOf(reader: Reader, name: string): string[] {
  return reader
    .text(name, '')
    .split(/[\s,]+/)
    .filter(Boolean);
}

function readSandboxChoices(reader: Reader): SandboxChoices {
  const approve = reader.text('SANDBOX_AUTO_APPROVE', 'false');
  if (/^(?:yes|no|on|off|0|1|true|false)$/i.test(approve) && approve !== 'true' && approve !== 'false') {
    reader.report({
      variable: 'SANDBOX_AUTO_APPROVE',
      problem: 'must be true, false, or whom to approve as.',
      example: 'true',
    });
  }
  const scopes = listOf(reader, 'SANDBOX_AUTO_APPROVE_SCOPES');
  const redirectUris = listOf(reader, 'SANDBOX_REDIRECT_URIS');
  if (!redirectUris.every((uri) => URL.canParse(uri))) {
    reader.report({
      variable: 'SANDBOX_REDIRECT_URIS',
      problem: 'must list addresses.',
      example: 'http://localhost:8080/auth/{service}/callback',
    });
  }
  return {
    autoApprove: approve !== 'false',
    autoApproveAs: approve === 'true' || approve === 'false' ? null : approve,
    autoApproveScopes: scopes.length > 0 ? scopes : null,
    stepMode: reader.choice('SANDBOX_STEPS', ['false', 'true']) === 'true',
    faults: listOf(reader, 'SANDBOX_FAULTS'),
    seed: reader.text('SANDBOX_SEED', '') || null,
    registrationsFile: reader.text('SANDBOX_REGISTRATIONS', '') || null,
    redirectUris,
  };
}

function readService(
  reader: Reader,
  service: Service,
  sandboxUrl: string | null,
  madeUp: MadeUpClients,
): ServiceConfig {
  const prefix = service.id.toUpperCase();
  const chosen = Object.fromEntries(
    Object.entries(service.settings).map(([name, allowed]) => [name, reader.choice(name, allowed)]),
  );
  const provider = service.choose(chosen);
  const choice = reader.choice(prefix, ['auto', 'live', 'sandbox', 'off']);
  const clientId = reader.text(`${prefix}_CLIENT_ID`, '');
  const clientSecret = reader.secret(`${prefix}_CLIENT_SECRET`);
  const authentication = readAuthentication(reader, prefix, provider);
  const needsSecret = provider.clientSecret === 'required' || authentication === 'secret';
  const complete = clientId !== '' && (clientSecret !== null || !needsSecret);
  const state = resolveState(choice, complete, provider, sandboxUrl);
  const overrides = readEndpoints(reader, prefix, provider);
  const scope = readScope(reader, prefix, provider);
  if (choice === 'live' && !complete) {
    const missing = clientId === '' ? 'CLIENT_ID' : 'CLIENT_SECRET';
    reader.report({
      variable: `${prefix}_${missing}`,
      problem: `is needed for ${prefix}=live.`,
      example: 'from-the-provider',
    });
  }
  if (state === 'off') return { state, provider, why: whyOff(choice, provider) };
  if (state === 'live') {
    return {
      state,
      provider: withEndpoints(provider, overrides),
      clientId,
      clientSecret: authentication === 'pkce' ? null : clientSecret,
      scope,
    };
  }
  if (sandboxUrl === null) {
    reader.report({ variable: prefix, problem: 'is sandbox, but the sandbox is off.', example: 'auto' });
  }
  return {
    state,
    // Overrides first: the sandbox then plays the overridden addresses, and signatures cover them.
    provider: inSandbox(withEndpoints(provider, overrides), sandboxUrl ?? ''),
    ...sandboxClient(provider, authentication, { clientId, clientSecret }, madeUp[service.id]),
    scope,
  };
}

function sandboxClient(
  provider: Provider,
  authentication: string,
  own: { clientId: string; clientSecret: string | null },
  madeUp: MadeUpClients[string] | undefined,
): { clientId: string; clientSecret: string | null } {
  const clientId = own.clientId || (madeUp?.clientId ?? '');
  // Without a word from the operator the sandbox shows the better of the two ways.
  const withoutSecret = authentication === 'pkce' || (authentication === 'auto' && own.clientSecret === null);
  const pkce = provider.clientSecret === 'instead-of-pkce' && withoutSecret;
  return { clientId, clientSecret: pkce ? null : (own.clientSecret ?? madeUp?.clientSecret ?? null) };
}

function readAuthentication(reader: Reader, prefix: string, provider: Provider): string {
  if (provider.clientSecret !== 'instead-of-pkce') return 'auto';
  return reader.choice(`${prefix}_CLIENT_AUTH`, ['auto', 'secret', 'pkce']);
}

function resolveState(
  choice: string,
  complete: boolean,
  provider: Provider,
  sandboxUrl: string | null,
): ServiceConfig['state'] {
  if (choice !== 'auto') return choice as ServiceConfig['state'];
  // A closed service is never live by itself: its name may belong to anybody by now.
  if (complete && provider.status === 'live') return 'live';
  return sandboxUrl === null ? 'off' : 'sandbox';
}

function whyOff(choice: string, provider: Provider): 'closed' | 'not-configured' | 'switched-off' {
  if (provider.status !== 'live') return 'closed';
  return choice === 'off' ? 'switched-off' : 'not-configured';
}

function readScope(reader: Reader, prefix: string, provider: Provider): string[] {
  const scope = reader.text(`${prefix}_SCOPES`, provider.defaultScope.join(' ')).split(/\s+/);
  if (scope.some((name) => !/^[\x21\x23-\x5B\x5D-\x7E]+$/.test(name))) {
    reader.report({
      variable: `${prefix}_SCOPES`,
      problem: 'has a character that no scope has.',
      example: provider.defaultScope.join(' '),
    });
  }
  return [...new Set(scope)];
}

/** The endpoints that the operator has replaced. */
function readEndpoints(reader: Reader, prefix: string, provider: Provider): Partial<Endpoints> {
  const { endpoints } = provider;
  const overrides = endpointVariablesOf(provider).flatMap(([suffix, name]) => {
    const variable = `${prefix}_${suffix}`;
    if (reader.text(variable, '') === '') return [];
    return [[name, reader.url(variable, endpoints[name] ?? endpoints.token, secureOrLoopback).href]];
  });
  return Object.fromEntries(overrides);
}

function withEndpoints(provider: Provider, overrides: Partial<Endpoints>): Provider {
  return { ...provider, endpoints: { ...provider.endpoints, ...overrides } };
}

function secureOrLoopback(url: URL): string | null {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))
    ? null
    : 'must be https, or http to this machine.';
}

function plainHttp(url: URL): string | null {
  return /^https?:$/.test(url.protocol) && !url.search && !url.hash
    ? null
    : 'must be a plain http or https address.';
}

function isLoopback({ hostname }: URL): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(\.\d+){3}$/.test(hostname)
  );
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
