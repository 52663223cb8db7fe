import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { contestants } from '../bench/contestants.ts';
import type { Figures } from '../bench/figures.ts';

const root = join(import.meta.dirname, '..');
const readJson = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8')) as T;

/** Latchkey and the reference alone: the others need the packages of bench/package.json. */
const withoutPackages = contestants.filter(({ needsPackages }) => !needsPackages).map(({ id }) => id);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a quick run measures whole logins and pages, and writes its document, plot and figures', async () => {
  const run = ['bench/run.ts', '--quick', '--only', withoutPackages.join(','), '--out', folder];
  await promisify(execFile)(process.execPath, run, { cwd: root, timeout: 170_000 });
  const figures = readJson<Figures>(join(folder, 'bench/results/figures.json'));
  expect(figures.contestants.map(({ id }) => id)).toEqual(['bare-express', 'latchkey']);
  for (const { id, rounds, delayed, memory } of figures.contestants) {
    const { logins, pages, fullPages, firstPageAfter } = rounds[0]!;
    const slices = [logins, pages, ...delayed, ...(fullPages ? [fullPages] : [])];
    expect(slices).toHaveLength(id === 'latchkey' ? 4 : 3);
    for (const { count, perSecond, p50, p99 } of slices) {
      expect(Math.min(count, perSecond, p50)).toBeGreaterThan(0);
      expect(p99).toBeGreaterThanOrEqual(p50);
    }
    // A login waits for two answers, each 20 ms late.
    expect(delayed[0]!.p50).toBeGreaterThan(40);
    expect(Math.min(memory!, firstPageAfter)).toBeGreaterThan(0);
  }
  const document = readFileSync(join(folder, 'docs/performance.md'), 'utf8');
  const plot = readFileSync(join(folder, 'docs/performance.svg'), 'utf8');
  for (const name of ['Latchkey', 'Latchkey, four cards', 'Bare Express (reference)']) {
    expect(document).toContain(`| ${name} |`);
    expect(plot).toContain(`>${name}</text>`);
  }
}, 180_000);

test('the contestants are pinned, and on the very Express that Latchkey is on', () => {
  interface Manifest {
    readonly dependencies: Readonly<Record<string, string>>;
  }
  interface Lock {
    readonly packages: Readonly<Record<string, { readonly version?: string; readonly resolved?: string }>>;
  }
  const { dependencies } = readJson<Manifest>(join(root, 'bench/package.json'));
  const lock = readJson<Lock>(join(root, 'bench/package-lock.json'));
  const own = readJson<Lock>(join(root, 'package-lock.json'));
  const locked = (name: string) => lock.packages[`node_modules/${name}`]?.version;
  for (const [name, version] of Object.entries(dependencies))
    expect([name, version]).toEqual([name, locked(name)]);
  const shared = ['express', 'express-session', 'openid-client', 'undici'];
  expect(shared.map(locked)).toEqual(shared.map((name) => own.packages[`node_modules/${name}`]?.version));
  expect(Object.values(lock.packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
  const measured = new Set(
    contestants.filter(({ needsPackages }) => needsPackages).flatMap(({ packages }) => packages),
  );
  expect([...measured].filter((name) => !(name in dependencies))).toEqual([]);
});

test('Latchkey is measured with what the image and the unit for systemd tell Node', () => {
  const { nodeOptions = [] } = contestants.find(({ id }) => id === 'latchkey')!;
  const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
  const command = JSON.parse(/^CMD (\[.*\])$/m.exec(dockerfile)![1]!) as string[];
  expect(command).toEqual(['node', ...nodeOptions, 'bin/latchkey.js']);
  const operations = readFileSync(join(root, 'docs/operations.md'), 'utf8');
  expect(operations).toContain(`ExecStart=/usr/bin/node ${nodeOptions.join(' ')} bin/latchkey.js`);
});

test('the README has the figures of docs/performance.md', () => {
  const page = readFileSync(join(root, 'docs/performance.md'), 'utf8');
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const cells = (text: string, name: string) =>
    text
      .split('\n')
      .find((line) => line.startsWith(`| ${name} |`))!
      .split('|')
      .slice(2, -1)
      .map((cell) => cell.replaceAll('*', '').trim());
  const section = (heading: string) => page.split(`\n## ${heading}\n`)[1]!;
  const compared = ['Latchkey', 'Passport, connect-redis', 'Auth.js', 'Better Auth'];
  expect(cells(readme, 'logins a second, Passport on Redis being 1 †').map(Number)).toEqual(
    compared.map((name) => Number(cells(section('Logins'), name)[2])),
  );
  expect(cells(readme, 'memory after 10,000 logins †')).toEqual(
    compared.map((name) => `${cells(section('Memory and start'), name)[0]} MB`),
  );
});
