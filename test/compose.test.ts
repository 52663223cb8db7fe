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
}

const text = readFileSync(join(import.meta.dirname, '../compose.yaml'), 'utf8');
const { services, configs } = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  configs: { caddyfile: { content: string } };
};
const nodes = Object.entries(services).filter(([, { image }]) => image === 'latchkey');

/** What the shell of compose makes of a value, with made-up answers to what it asks for. */
function substitute(value: string): string {
  return value.replaceAll(/\$\{\w+(?::[-?]([^}]*))?\}/g, (whole, fallback: string) =>
    whole.includes(':-') ? fallback : 'x'.repeat(40),
  );
}

test('runs the application twice, from one image and with one configuration', () => {
  expect(nodes.map(([name]) => name)).toEqual(['node-a', 'node-b']);
  expect(nodes[0]![1]).toEqual(nodes[1]![1]);
  expect(nodes[0]![1].read_only).toBe(true);
});

test('sets variables that the application reads, to values that production accepts', () => {
  const environment = nodes[0]![1].environment!;
  expect(Object.keys(environment).filter((name) => !variables.includes(name))).toEqual([]);
  const values = Object.entries(environment).map(([name, value]) => [name, substitute(value)]);
  const config = readConfig(Object.fromEntries(values), madeUpClients);
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
  const open = Object.entries(services).filter(([, { ports }]) => ports);
  expect(open.map(([name, { ports }]) => [name, ports])).toEqual([['proxy', ['127.0.0.1:8080:8080']]]);
});

test('has a proxy that knows both nodes and leaves out one that is not ready', () => {
  const { content } = configs.caddyfile;
  for (const [name, { environment }] of nodes) expect(content).toContain(`${name}:${environment!['PORT']}`);
  expect(content).toContain(`health_uri ${routes.readyz}`);
});

test('holds no secret', () => {
  for (const name of ['SESSION_SECRET', 'POSTGRES_PASSWORD']) {
    const uses = [...text.matchAll(new RegExp(`\\$\\{${name}[^}]*\\}`, 'g'))].map(([use]) => use);
    expect(uses.length).toBeGreaterThan(0);
    // No default: without one given, compose refuses to start.
    expect(uses.filter((use) => !use.includes(':?'))).toEqual([]);
  }
});
