import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../../src/config.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { judgeClock } from '../../src/setup/finding.ts';
import { readSeenRequest } from '../../src/setup/seen-address.ts';
import { checkServer, leastNode, type ServerFacts } from '../../src/setup/server-checks.ts';

const secret = 'Zq3vN8xKc5LmW2rT7yHb4JdF9gPs6AaE';
const production = {
  NODE_ENV: 'production',
  BASE_URL: 'https://login.example.org',
  SESSION_SECRET: secret,
  TWITCH_CLIENT_ID: 'a'.repeat(30),
  TWITCH_CLIENT_SECRET: 'b'.repeat(30),
};

function check(
  environment: Record<string, string>,
  headers: Record<string, string> | null = null,
  changes: Partial<ServerFacts> = {},
) {
  const findings = checkServer({
    config: readConfig(environment, madeUpClients),
    seen: headers && readSeenRequest({ protocol: 'http', headers }),
    nodeVersion: '24.15.0',
    storage: [],
    clock: [],
    ...changes,
  });
  return (name: string) => findings.find((finding) => finding.name === name);
}

test('the name in the address bar must be that of BASE_URL', () => {
  const found = check({}, { host: '127.0.0.1:3000' })('Base address');
  expect(found).toMatchObject({
    status: 'needs-action',
    sentence:
      'You opened http://127.0.0.1:3000 but BASE_URL is http://localhost:3000. Sign-in would fail: the cookie belongs to the other name.',
  });
  expect(found?.fix).toContain('Open http://localhost:3000');
  expect(check({}, { host: 'LOCALHOST:3000' })('Base address')?.status).toBe('ok');
  expect(check({}, { host: 'localhost:3001' })('Base address')?.status).toBe('needs-action');
});

test('the sentence names the path of BASE_URL and the protocol that a proxy saw', () => {
  const headers = { host: 'other.example.org', 'x-forwarded-proto': 'https, http' };
  expect(
    check({ ...production, BASE_URL: 'https://login.example.org/app' }, headers)('Base address'),
  ).toMatchObject({
    sentence: expect.stringMatching(
      /^You opened https:\/\/other\.example\.org\/app but BASE_URL is https:\/\/login\.example\.org\/app\./,
    ),
  });
});

test('a host name that is none is not repeated', () => {
  expect(check({}, { host: '<b>x</b>' })('Base address')?.sentence).toContain('http://(no readable host)');
});

describe('https', () => {
  test('is not needed for this machine', () => {
    expect(check({})('HTTPS')?.status).toBe('ok');
    expect(check({ BASE_URL: 'http://127.0.0.1:3000' })('HTTPS')?.status).toBe('ok');
  });

  test('is needed under any other name', () => {
    expect(check({ BASE_URL: 'http://login.example.org' })('HTTPS')?.status).toBe('needs-action');
  });

  test.each([
    ['https', 'ok'],
    ['http', 'needs-action'],
    ['', 'not-checked'],
    ['gopher', 'not-checked'],
  ])('with %j from the proxy in front is %s', (protocol, status) => {
    const headers = { host: 'login.example.org', 'x-forwarded-proto': protocol };
    expect(check(production, headers)('HTTPS')?.status).toBe(status);
  });

  test('cannot be checked without a request', () => {
    expect(check(production)('HTTPS')?.status).toBe('not-checked');
  });
});

test('a proxy that is not named in TRUSTED_PROXIES needs action, and one that is does not', () => {
  const headers = { host: 'localhost:3000', 'x-forwarded-for': '203.0.113.9' };
  expect(check({}, headers)('Proxy')).toMatchObject({ status: 'needs-action' });
  expect(check({}, headers)('Proxy')?.fix).toContain('TRUSTED_PROXIES');
  expect(check({ TRUSTED_PROXIES: 'loopback' }, headers)('Proxy')?.status).toBe('ok');
  expect(check({}, { host: 'localhost:3000' })('Proxy')?.status).toBe('ok');
});

test.each([
  [{}, 'ok'],
  [production, 'ok'],
  [{ BASE_URL: 'http://192.168.1.20:3000' }, 'ok'],
  [{ BASE_URL: 'http://laptop.local:3000' }, 'ok'],
  [{ BASE_URL: 'https://login.example.org' }, 'needs-action'],
  [{ BASE_URL: 'http://203.0.113.9' }, 'needs-action'],
  [{ BASE_URL: 'http://[::1]:3000' }, 'ok'],
  [{ BASE_URL: 'http://[fd00::5]:3000' }, 'ok'],
  [{ BASE_URL: 'http://[2001:db8::1]:3000' }, 'needs-action'],
])('the mode for %j is %s', (environment, status) => {
  expect(check(environment)('Mode')?.status).toBe(status);
});

describe('the secret', () => {
  test('may be missing in development, and the place of the one that was made is named', () => {
    expect(check({ DATA_DIR: './here' })('Secret')).toMatchObject({
      status: 'ok',
      sentence: expect.stringContaining('is kept in ./here'),
    });
  });

  test('is told by its length', () => {
    expect(check({ SESSION_SECRET: secret })('Secret')).toMatchObject({
      status: 'ok',
      sentence: 'SESSION_SECRET is set (32 characters).',
    });
  });

  test.each([
    ['quotes', `"${secret}"`],
    ['a space at the end', `${secret} `],
    ['a few characters that repeat', 'abc'.repeat(20)],
  ])('with %s needs action', (_, value) => {
    const found = check({ SESSION_SECRET: value })('Secret');
    expect(found).toMatchObject({ status: 'needs-action', fix: expect.stringContaining('npm run secret') });
    expect(JSON.stringify(found)).not.toContain(value.slice(3, 12));
  });
});

test('cookies are seen when one comes along', () => {
  const host = 'localhost:3000';
  expect(check({}, { host })('Cookies')?.status).toBe('not-checked');
  expect(check({}, { host, cookie: 'other=1' })('Cookies')?.status).toBe('not-checked');
  expect(check({}, { host, cookie: 'a=b; latchkey-theme=dark' })('Cookies')?.status).toBe('ok');
  expect(check(production)('Cookies')?.sentence).toContain('__Host-latchkey');
});

test.each([
  ['24.14.9', 'needs-action'],
  ['22.30.0', 'needs-action'],
  ['24.15.0', 'ok'],
  ['25.0.0', 'ok'],
])('Node %s is %s', (nodeVersion, status) => {
  expect(check({}, null, { nodeVersion })('Node')?.status).toBe(status);
});

test('the least Node is that of package.json', () => {
  const { engines } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  expect(engines.node).toBe(`>=${leastNode.join('.')}`);
});

test('a clock may differ by thirty seconds', () => {
  expect(judgeClock('Clock', 'Twitch', 30_000).status).toBe('ok');
  expect(judgeClock('Clock', 'Twitch', -30_000).status).toBe('ok');
  expect(judgeClock('Clock', 'Twitch', 45_000)).toMatchObject({
    status: 'needs-action',
    sentence: expect.stringContaining('45 seconds behind that of Twitch'),
  });
  expect(judgeClock('Clock', 'Twitch', -61_000).sentence).toContain('61 seconds ahead of that of Twitch');
});

test('a server where nobody can sign in needs action', () => {
  const { TWITCH_CLIENT_ID: _, TWITCH_CLIENT_SECRET: __, ...rest } = production;
  expect(check(rest)('Services')?.status).toBe('needs-action');
  expect(check(production)('Services')?.status).toBe('ok');
});
