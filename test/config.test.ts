import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Environment, readConfig, readStorageConfig, variables } from '../src/config.ts';
import { ConfigError } from '../src/errors.ts';
import { madeUpClients } from '../src/sandbox/registrations.ts';

const secret = 'a-secret-of-the-tests-with-more-than-32-bytes';
const read = (environment: Environment, files: Record<string, string> = {}) =>
  readConfig(environment, madeUpClients, (path) => {
    if (!(path in files)) throw new Error('no such file');
    return files[path]!;
  });
const production = { NODE_ENV: 'production', BASE_URL: 'https://login.example.org', SESSION_SECRET: secret };
/** As text: the functions of the providers are new with each reading. */
const printed = (environment: Environment) => JSON.stringify(read(environment));
const statesOf = (environment: Environment) =>
  Object.fromEntries(read(environment).services.map(({ provider, state }) => [provider.id, state]));

function problemsOf(environment: Environment): string[] {
  try {
    read(environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ variable }) => variable);
  }
}

test('without any variable everything runs in the sandbox on this machine', () => {
  const config = read({});
  expect(config.baseUrl).toBe('http://localhost:3000');
  expect(config.sandbox).toMatchObject({ runs: true, url: 'http://localhost:4000', autoApprove: false });
  expect(config.services.map(({ state }) => state)).toEqual(['sandbox', 'sandbox', 'sandbox', 'sandbox']);
});

test('BASE_URL follows PORT in development', () => {
  expect(read({ PORT: '3456' }).baseUrl).toBe('http://localhost:3456');
});

test('credentials make a service live, and leave the others in the sandbox', () => {
  expect(statesOf({ TWITCH_CLIENT_ID: 'id', TWITCH_CLIENT_SECRET: 'secret' })).toEqual({
    twitch: 'live',
    mixin: 'sandbox',
    resonite: 'sandbox',
    mixer: 'sandbox',
  });
});

test('an id without the secret that the provider wants is not enough', () => {
  expect(statesOf({ TWITCH_CLIENT_ID: 'id' })).toMatchObject({ twitch: 'sandbox' });
  expect(statesOf({ ...production, TWITCH_CLIENT_ID: 'id' })).toMatchObject({ twitch: 'off' });
});

test('Mixin needs no secret: then it uses PKCE', () => {
  const [, mixin] = read({ MIXIN_CLIENT_ID: 'id' }).services;
  expect(mixin).toMatchObject({ state: 'live', clientSecret: null });
});

test.each([
  ['auto', 'the-secret'],
  ['secret', 'the-secret'],
  ['pkce', null],
])('MIXIN_CLIENT_AUTH=%s says how Mixin’s client proves itself', (choice, clientSecret) => {
  const [, mixin] = read({
    MIXIN_CLIENT_ID: 'id',
    MIXIN_CLIENT_SECRET: 'the-secret',
    MIXIN_CLIENT_AUTH: choice,
  }).services;
  expect(mixin).toMatchObject({ state: 'live', clientSecret });
});

test('Mixer is never live by itself, only when told so', () => {
  const credentials = { MIXER_CLIENT_ID: 'id', MIXER_CLIENT_SECRET: 'secret' };
  expect(statesOf(credentials)).toMatchObject({ mixer: 'sandbox' });
  expect(statesOf({ ...production, ...credentials })).toMatchObject({ mixer: 'off' });
  expect(statesOf({ ...credentials, MIXER: 'live' })).toMatchObject({ mixer: 'live' });
});

test('Twitch Kraken is never live by itself either', () => {
  const credentials = { TWITCH_API: 'kraken', TWITCH_CLIENT_ID: 'id', TWITCH_CLIENT_SECRET: 'secret' };
  expect(statesOf(credentials)).toMatchObject({ twitch: 'sandbox' });
});

test('a service can be switched off, live or to the sandbox by a word', () => {
  expect(
    statesOf({ TWITCH: 'off', RESONITE: 'sandbox', RESONITE_CLIENT_ID: 'id', RESONITE_CLIENT_SECRET: 's' }),
  ).toMatchObject({ twitch: 'off', resonite: 'sandbox' });
});

test('SANDBOX=off leaves what has no credentials off', () => {
  expect(statesOf({ SANDBOX: 'off' })).toEqual({
    twitch: 'off',
    mixin: 'off',
    resonite: 'off',
    mixer: 'off',
  });
  expect(read({ SANDBOX: 'off' }).sandbox).toMatchObject({ runs: false, url: null });
  expect(() => read({ SANDBOX: 'off', TWITCH: 'sandbox' })).toThrow(
    'TWITCH: is sandbox, but the sandbox is off.',
  );
});

test('a sandbox elsewhere is used instead of an own one', () => {
  const config = read({ SANDBOX_URL: 'http://127.0.0.1:4999/' });
  expect(config.sandbox).toMatchObject({ runs: false, url: 'http://127.0.0.1:4999' });
  expect(config.services[0]!.provider.endpoints.token).toBe(
    'http://127.0.0.1:4999/id.twitch.tv/oauth2/token',
  );
});

test('an own client id in the sandbox gets the made-up secret where a secret is used', () => {
  const [twitch] = read({ TWITCH: 'sandbox', TWITCH_CLIENT_ID: 'own' }).services;
  expect(twitch).toMatchObject({ clientId: 'own', clientSecret: madeUpClients.twitch.clientSecret });
  const [, mixin] = read({ MIXIN: 'sandbox', MIXIN_CLIENT_ID: 'own', MIXIN_CLIENT_AUTH: 'secret' }).services;
  expect(mixin).toMatchObject({ clientId: 'own', clientSecret: madeUpClients.mixin.clientSecret });
});

test.each([
  [{}, true],
  [{ INSPECTOR: 'off' }, false],
  [production, false],
  [{ ...production, INSPECTOR: 'auto' }, false],
  [{ ...production, INSPECTOR: 'on' }, true],
])('the inspector is on in development, and in production when told so (%j)', (environment, on) => {
  expect(read(environment).inspector).toBe(on);
});

test('endpoints can be replaced one by one', () => {
  const environment = {
    TWITCH_CLIENT_ID: 'id',
    TWITCH_CLIENT_SECRET: 's',
    TWITCH_TOKEN_ENDPOINT: 'https://twitch.example/token',
  };
  const { endpoints } = read(environment).services[0]!.provider;
  expect(endpoints.token).toBe('https://twitch.example/token');
  expect(endpoints.userinfo).toBe('https://api.twitch.tv/helix/users');
});

test('secrets can come from files', () => {
  const environment = {
    SESSION_SECRET_FILE: '/secrets/session',
    TWITCH_CLIENT_ID: 'id',
    TWITCH_CLIENT_SECRET_FILE: '/secrets/twitch',
  };
  const config = read(environment, { '/secrets/session': `${secret}\n`, '/secrets/twitch': 'from-file\n' });
  expect(config.sessionSecrets).toEqual([secret]);
  expect(config.services[0]).toMatchObject({ clientSecret: 'from-file' });
});

describe('storage', () => {
  test('is the SQLite file in DATA_DIR without a word', () => {
    const { dataDir, storage } = read({});
    expect(dataDir).toBe('./data');
    expect(storage).toEqual({
      databaseUrl: null,
      databasePoolSize: 10,
      sessionStoreUrl: null,
      sessionStorePrefix: 'latchkey:',
    });
  });

  test.each([
    [
      'DATABASE_URL',
      'databaseUrl',
      'postgres://name:pass%20word@db.example.org:5432/latchkey?sslmode=verify-full',
    ],
    ['DATABASE_URL', 'databaseUrl', 'postgresql:///latchkey?host=/var/run/postgresql'],
    ['SESSION_STORE_URL', 'sessionStoreUrl', 'redis://127.0.0.1:6379'],
    ['SESSION_STORE_URL', 'sessionStoreUrl', 'rediss://:password@redis.example.org:6380/1'],
  ] as const)('%s is kept as it is: %s = %s', (variable, setting, url) => {
    expect(read({ [variable]: url }).storage[setting]).toBe(url);
    expect(
      read({ [`${variable}_FILE`]: '/secrets/url' }, { '/secrets/url': `${url}\n` }).storage[setting],
    ).toBe(url);
    // Plain redis:// to another host is the operator's choice, in production too.
    expect(read({ ...production, [variable]: url }).storage[setting]).toBe(url);
  });

  test.each([
    ['DATABASE_URL', 'mysql://name:canary@db.example.org/latchkey'],
    ['DATABASE_URL', 'db.example.org:5432/canary'],
    ['DATABASE_URL', 'canary'],
    ['DATABASE_URL_FILE', '/does/not/exist/canary'],
    ['SESSION_STORE_URL', 'https://:canary@redis.example.org'],
    ['SESSION_STORE_URL', 'redis.example.org:6379/canary'],
    ['SESSION_STORE_PREFIX', 'canary with spaces'],
    ['SESSION_STORE_PREFIX', 'canary'.repeat(11)],
    ['DATABASE_POOL_SIZE', '0'],
    ['DATABASE_POOL_SIZE', '101'],
    ['DATABASE_POOL_SIZE', 'canary'],
  ])('%s=%s is refused, and not printed', (variable, value) => {
    expect(problemsOf({ [variable]: value })).toEqual([variable]);
    expect(() => read({ [variable]: value })).toThrow(/^(?!.*canary)/s);
    expect(() => readStorageConfig({ [variable]: value })).toThrow(ConfigError);
  });

  test('can be read by itself, without what only the server needs', () => {
    const environment = { NODE_ENV: 'production', DATA_DIR: '/data', DATABASE_URL: 'postgres://db/latchkey' };
    expect(problemsOf(environment)).toEqual(['BASE_URL', 'SESSION_SECRET']);
    expect(readStorageConfig(environment)).toMatchObject({
      dataDir: '/data',
      storage: { databaseUrl: 'postgres://db/latchkey', sessionStoreUrl: null },
    });
  });
});

test('REAUTH_MINUTES says how old a sign-in may be, half an hour without a word', () => {
  expect(read({}).reauthenticationMilliseconds).toBe(30 * 60 * 1000);
  expect(read({ REAUTH_MINUTES: '5' }).reauthenticationMilliseconds).toBe(5 * 60 * 1000);
  expect(problemsOf({ REAUTH_MINUTES: '0' })).toEqual(['REAUTH_MINUTES']);
  expect(problemsOf({ REAUTH_MINUTES: '1441' })).toEqual(['REAUTH_MINUTES']);
});

test('the example for BASE_URL in production is one that production takes', () => {
  const error = () =>
    read({ NODE_ENV: 'production', SESSION_SECRET: 'x'.repeat(32), BASE_URL: 'http://a.example' });
  expect(error).toThrow('Example: BASE_URL=https://login.example.org');
});

test('TRUSTED_PROXIES lists addresses, subnets and Express’s names, nobody without a word', () => {
  expect(read({}).trustedProxies).toEqual([]);
  expect(read({ TRUSTED_PROXIES: '10.0.0.5, 172.16.0.0/12 loopback,2001:db8::/32' }).trustedProxies).toEqual([
    '10.0.0.5',
    '172.16.0.0/12',
    'loopback',
    '2001:db8::/32',
  ]);
  for (const wrong of [
    'true',
    '1',
    'proxy.example.org',
    '10.0.0.0/33',
    '0.0.0.0/0',
    '2001:db8::/129',
    '10.0.0.1/8/9',
  ])
    expect(problemsOf({ TRUSTED_PROXIES: wrong })).toEqual(['TRUSTED_PROXIES']);
});

describe('RATE_LIMIT_…', () => {
  test('has numbers that let an event sign in, and 0 or off for none', () => {
    expect(read({}).rateLimits).toEqual({
      start: { browser: 20, address: 600 },
      callback: { browser: 40, address: 1200 },
      action: { browser: 40, address: 1200 },
    });
    const { start } = read({
      RATE_LIMIT_START_PER_BROWSER: '0',
      RATE_LIMIT_START_PER_ADDRESS: 'off',
    }).rateLimits;
    expect(start).toEqual({ browser: 0, address: 0 });
    expect(read({ RATE_LIMIT_ACTION_PER_BROWSER: '7' }).rateLimits.action).toEqual({
      browser: 7,
      address: 1200,
    });
  });

  test.each(['-1', '1.5', 'many', '1000001', 'OFF'])('is not %j', (value) => {
    expect(problemsOf({ RATE_LIMIT_CALLBACK_PER_ADDRESS: value })).toEqual([
      'RATE_LIMIT_CALLBACK_PER_ADDRESS',
    ]);
  });
});

test('a process that stops drains for two seconds in production, and in development for none', () => {
  expect(read({}).drainMilliseconds).toBe(0);
  expect(read(production).drainMilliseconds).toBe(2000);
  expect(read({ ...production, DRAIN_SECONDS: '0' }).drainMilliseconds).toBe(0);
  expect(problemsOf({ DRAIN_SECONDS: '61' })).toEqual(['DRAIN_SECONDS']);
});

test('twenty requests to a provider are under way at once and fifty wait, unless it is said otherwise', () => {
  expect(read(production).providerRequests).toEqual({ inFlight: 20, waiting: 50 });
  expect(read({ PROVIDER_REQUESTS_IN_FLIGHT: '1', PROVIDER_REQUESTS_WAITING: '0' }).providerRequests).toEqual(
    { inFlight: 1, waiting: 0 },
  );
  expect(problemsOf({ PROVIDER_REQUESTS_IN_FLIGHT: '0', PROVIDER_REQUESTS_WAITING: '5001' })).toEqual([
    'PROVIDER_REQUESTS_IN_FLIGHT',
    'PROVIDER_REQUESTS_WAITING',
  ]);
});

test('metrics have a port when they are given one, on this machine unless another host is named', () => {
  expect(read(production).metrics).toBeNull();
  expect(read({ METRICS_PORT: 'off' }).metrics).toBeNull();
  expect(read({ METRICS_PORT: '9464' }).metrics).toEqual({ host: '127.0.0.1', port: 9464 });
  expect(read({ METRICS_PORT: '9464', METRICS_HOST: '0.0.0.0' }).metrics?.host).toBe('0.0.0.0');
  expect(problemsOf({ METRICS_PORT: 'yes' })).toEqual(['METRICS_PORT']);
});

test('SESSION_SECRET may list several, newest first', () => {
  expect(read({ SESSION_SECRET: `${secret}-new, ${secret}` }).sessionSecrets).toEqual([
    `${secret}-new`,
    secret,
  ]);
});

describe('production does not start', () => {
  test('without BASE_URL and SESSION_SECRET, and names both at once', () => {
    expect(problemsOf({ NODE_ENV: 'production' })).toEqual(['BASE_URL', 'SESSION_SECRET']);
  });
  test('with a short secret', () => {
    expect(problemsOf({ ...production, SESSION_SECRET: 'short' })).toEqual(['SESSION_SECRET']);
  });
  test('over http, except on this machine', () => {
    expect(problemsOf({ ...production, BASE_URL: 'http://login.example.org' })).toEqual(['BASE_URL']);
    expect(problemsOf({ ...production, BASE_URL: 'http://localhost:3000' })).toEqual([]);
  });
  test('with the sandbox, except on this machine', () => {
    expect(problemsOf({ ...production, SANDBOX: 'on' })).toEqual(['SANDBOX']);
    expect(problemsOf({ ...production, BASE_URL: 'http://127.0.0.1:3000', SANDBOX: 'on' })).toEqual([]);
  });
});

test('in production the sandbox is off by itself, even on this machine', () => {
  expect(read({ ...production, BASE_URL: 'http://localhost:3000' }).sandbox.runs).toBe(false);
});

test.each([
  ['PORT', 'eighty'],
  ['PORT', '0'],
  ['BASE_URL', 'localhost:3000'],
  ['BASE_URL', 'not an address'],
  ['BASE_URL', 'https://login.example.org/?a=b'],
  ['SANDBOX', 'perhaps'],
  ['TWITCH', 'yes'],
  ['TWITCH_API', 'v3'],
  ['TWITCH_TOKEN_ENDPOINT', 'http://id.twitch.tv/oauth2/token'],
  ['MIXIN_TOKEN', 'jwt'],
  ['SESSION_IDLE_HOURS', '0'],
  ['SESSION_SECRET_FILE', '/does/not/exist'],
  ['RESONITE_SCOPES', 'pro"file'],
])('%s=%s is refused with the variable’s name', (name, value) => {
  expect(problemsOf({ [name]: value })).toEqual([name]);
});

test('live without credentials names what is missing', () => {
  expect(problemsOf({ TWITCH: 'live' })).toEqual(['TWITCH_CLIENT_ID']);
  expect(problemsOf({ TWITCH: 'live', TWITCH_CLIENT_ID: 'id' })).toEqual(['TWITCH_CLIENT_SECRET']);
});

test('a problem is a line with the variable and an example, and never the value', () => {
  try {
    read({ ...production, SESSION_SECRET: 'too-short-canary' });
    throw new Error('it was accepted');
  } catch (error) {
    expect(String(error)).toMatch(/SESSION_SECRET: must have 32 bytes.*Example: SESSION_SECRET=/);
    expect(String(error)).not.toContain('canary');
  }
});

test('nobody can change the configuration afterwards', () => {
  const config = read({}) as unknown as { port: number; services: { scope: string[] }[] };
  expect(() => {
    config.port = 1;
  }).toThrow(TypeError);
  expect(() => config.services[0]!.scope.push('more')).toThrow(TypeError);
});

describe('.env.example', () => {
  const text = readFileSync(join(import.meta.dirname, '../.env.example'), 'utf8');
  const lines = [...text.matchAll(/^(# )?([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, comment, name, value]) => ({
    name: name!,
    value: value!,
    active: !comment,
  }));

  test('explains every variable that is read, and no other', () => {
    expect(lines.map(({ name }) => name).toSorted()).toEqual(variables.toSorted());
  });

  test('runs as it stands, with no look-alike secret', () => {
    const active = lines.filter((line) => line.active);
    expect(active.every(({ value }) => value === '')).toBe(true);
    expect(printed(Object.fromEntries(active.map(({ name, value }) => [name, value])))).toBe(printed({}));
  });

  test('shows the true defaults', () => {
    const shown = Object.fromEntries(
      lines
        .filter(({ name, value }) => value !== '' && !name.endsWith('_FILE') && name !== 'SANDBOX_URL')
        .map(({ name, value }) => [name, value]),
    );
    expect(printed(shown)).toBe(printed({}));
  });
});

test('SECURITY_CONTACT is an address that security.txt may carry, or nothing', () => {
  expect(read({}).securityContact).toBeNull();
  for (const contact of ['mailto:holes@example.org', 'https://example.org/security'])
    expect(read({ SECURITY_CONTACT: contact }).securityContact).toBe(contact);
  for (const contact of ['holes@example.org', 'http://example.org/', 'mailto:nobody', 'tel:+1'])
    expect(problemsOf({ SECURITY_CONTACT: contact })).toEqual(['SECURITY_CONTACT']);
});
