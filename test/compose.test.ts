import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readConfig, variables } from '../src/config.ts';
import { routes } from '../src/paths.ts';
import { madeUpClients } from '../src/sandbox/registrations.ts';

/* Docker is not among the tools of the tests; what can be said of compose.yaml without it is said here. */

interface Service {
  readonly image: string;
  readonly environment?: Record<string, string>;
  readonly depends_on?: Record<string, { condition: string }> | string[];
  readonly ports?: string[];
  readonly healthcheck?: object;
  readonly read_only?: boolean;
  readonly profiles?: string[];
  readonly volumes?: string[];
}

/** What the image sets by itself. */
const imageEnvironment = Object.fromEntries(
  [...readFileSync(join(import.meta.dirname, '../Dockerfile'), 'utf8').matchAll(/^ENV (.+)$/gm)].flatMap(
    ([, settings]) => settings!.split(' ').map((setting) => setting.split('=') as [string, string]),
  ),
);

const text = readFileSync(join(import.meta.dirname, '../compose.yaml'), 'utf8');
const { services, configs } = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  configs: { caddyfile: { content: string } };
};
const inProfile = (profile: string) =>
  Object.entries(services).filter(([, { profiles }]) => profiles?.includes(profile));
const runsLatchkey = ([, { image }]: [string, Service]) => image === 'latchkey';
const nodes = inProfile('cluster').filter(runsLatchkey);
const [single] = inProfile('single').map(([, service]) => service);

/** What compose makes of a value, with made-up answers to what it asks for. */
function substitute(value: string): string {
  // Made-up answers leave out what only adds to a value.
  const needed = value.replaceAll(/\$\{\w+:\+[^{}]*\$\{\w+\}\}/g, '');
  return needed.replaceAll(/\$\{(\w+)(?::[-?]([^}]*))?\}/g, (whole, name: string, fallback: string) =>
    whole.includes(':-') && name !== 'POSTGRES_PASSWORD' ? fallback : 'x'.repeat(40),
  );
}

function readEnvironment({ environment = {} }: Service) {
  expect(Object.keys(environment).filter((name) => !variables.includes(name))).toEqual([]);
  const values = Object.entries(environment).map(([name, value]) => [name, substitute(value)]);
  return readConfig({ ...imageEnvironment, ...Object.fromEntries(values) }, madeUpClients);
}

test('every service is in one of the two profiles', () => {
  const profiles = Object.values(services).map((service) => service.profiles);
  expect(profiles.filter((names) => names?.length !== 1)).toEqual([]);
  expect([...new Set(profiles.flat())].toSorted()).toEqual(['cluster', 'single']);
});

describe('single', () => {
  test('is one process that waits for nobody, on an SQLite file in a volume', () => {
    expect(inProfile('single')).toHaveLength(1);
    expect(single!.depends_on).toBeUndefined();
    const config = readEnvironment(single!);
    expect(config.production).toBe(true);
    expect(config.storage).toMatchObject({ databaseUrl: null, sessionStoreUrl: null });
    expect(single!.volumes).toEqual([`data:${config.dataDir}`]);
  });

  test('is reached from this machine alone, at the address that it has by default', () => {
    const { port, baseUrl } = readEnvironment(single!);
    expect(single!.ports).toEqual([`127.0.0.1:${new URL(baseUrl).port}:${port}`]);
  });
});

describe('cluster', () => {
  test('runs the application twice, from one image and with one configuration', () => {
    expect(nodes.map(([name]) => name)).toEqual(['node-a', 'node-b']);
    expect(nodes[0]![1]).toEqual(nodes[1]![1]);
    expect(nodes[0]![1].read_only).toBe(true);
  });

  test('sets variables that the application reads, to values that production accepts', () => {
    const config = readEnvironment(nodes[0]![1]);
    expect(config.production).toBe(true);
    expect(new URL(config.storage.databaseUrl!).hostname).toBe('postgres');
    expect(new URL(config.storage.sessionStoreUrl!).hostname).toBe('redis');
  });

  test('waits for stores that answer, and lets nobody in but through the proxy', () => {
    for (const [, { depends_on }] of nodes) {
      expect(depends_on).toEqual({
        postgres: { condition: 'service_healthy' },
        redis: { condition: 'service_healthy' },
      });
    }
    expect(services['postgres']!.healthcheck).toBeDefined();
    expect(services['redis']!.healthcheck).toBeDefined();
    const open = inProfile('cluster').filter(([, { ports }]) => ports);
    expect(open.map(([name, { ports }]) => [name, ports])).toEqual([['proxy', single!.ports]]);
  });

  test('has a proxy that knows both nodes and leaves out one that is not ready', () => {
    const { content } = configs.caddyfile;
    for (const [name, { environment }] of nodes) expect(content).toContain(`${name}:${environment!['PORT']}`);
    expect(content).toContain(`health_uri ${routes.readyz}`);
    expect(content).toContain(`\n:${services['proxy']!.ports![0]!.split(':').at(-1)} {`);
  });

  test('has a proxy that passes on whom the one in front of it names, and logs no query', () => {
    const { content } = configs.caddyfile;
    expect(readEnvironment(nodes[0]![1]).trustedProxies).toEqual(['uniquelocal']);
    expect(content).toMatch(/reverse_proxy [^}]*trusted_proxies private_ranges/);
    // The nodes have the words, also when none of them is ready.
    expect(content).toMatch(/handle_errors \{\s+reverse_proxy node-a:\d+ node-b:\d+ \{/);
    expect(content).toContain(String.raw`request>uri regexp "\?.*" "?"`);
  });
});

test('holds no secret', () => {
  const usesOf = (name: string) =>
    [...text.matchAll(new RegExp(`\\$\\{${name}([^}]*)\\}`, 'g'))].map(([, rest]) => rest);
  expect(usesOf('SESSION_SECRET').length).toBeGreaterThan(0);
  // Without one given, compose refuses to start.
  expect(usesOf('SESSION_SECRET').filter((rest) => !rest?.startsWith(':?'))).toEqual([]);
  // Of `cluster` alone, and compose would ask for it in `single` too: PostgreSQL refuses an empty one.
  expect([...new Set(usesOf('POSTGRES_PASSWORD'))]).toEqual([':-']);
});
