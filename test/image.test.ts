import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { freePort, type ServerProcess, startProcess, stopProcess } from './support/process.ts';
import { signIn, Visitor } from './support/visitor.ts';

/* Docker is not among the tools of the tests; what can be said of the image without it is said here. */

const root = join(import.meta.dirname, '..');
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
const lines = dockerfile.split('\n').filter((line) => /^[A-Z]/.test(line));
const stages = dockerfile.split(/^FROM /m).slice(1);
const last = stages.at(-1)!;

test('the image is built from one version of Node, that of the lockfile', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>;
  };
  const { version } = lock.packages['node_modules/node']!;
  expect(stages.map((stage) => stage.split(/\s/)[0])).toEqual(
    Array.from({ length: stages.length }, () => `node:${version}-bookworm-slim`),
  );
});

test('packages are installed by the lockfile, those of production alone, and none of them runs a script', () => {
  const installs = lines.filter((line) => /npm (?:ci|install|i)\b/.test(line));
  expect(installs.filter((line) => !/npm ci .*--ignore-scripts/.test(line))).toEqual([]);
  const [, from] = /^COPY --from=(\w+) \/app\/node_modules /m.exec(last)!;
  const stage = stages.find((one) => one.split('\n')[0]!.endsWith(` AS ${from}`))!;
  expect(stage).toMatch(/npm ci --omit=dev /);
});

test('the image has what runs and nothing else, and it belongs to root', () => {
  const copied = last.split('\n').filter((line) => line.startsWith('COPY'));
  expect(copied.map((line) => line.split(' ').at(-1))).toEqual([
    './node_modules',
    './',
    './dist',
    './bin',
    './views',
    './public',
  ]);
  expect(copied.filter((line) => line.includes('--chown'))).toEqual([]);
  // What is not named there never reaches the builder: `.env` and the database of development.
  const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n').filter(Boolean);
  expect(ignored[0]).toBe('**');
  expect(ignored.slice(1).every((line) => line.startsWith('!'))).toBe(true);
});

test('it runs as somebody without rights, by itself and not below npm, and says whether it is well', () => {
  const order = last
    .split('\n')
    .flatMap((line) => /^(COPY|RUN|USER|HEALTHCHECK|CMD)\b/.exec(line)?.[1] ?? []);
  expect(order.indexOf('USER')).toBeGreaterThan(order.lastIndexOf('COPY'));
  expect(order.indexOf('USER')).toBeGreaterThan(order.lastIndexOf('RUN'));
  // By number: where `runAsNonRoot` is asked for, Kubernetes refuses a name that it cannot look up.
  expect(last).toMatch(/^USER 1000:1000$/m);
  expect(last).toMatch(/^CMD \["node", .*"bin\/latchkey\.js"\]$/m);
  expect(last).toMatch(/^HEALTHCHECK --interval=\d+s --timeout=\d+s .*\\\n +CMD \["node",/m);
});

test('it holds no secret, and takes none while it is built', () => {
  expect(lines.filter((line) => /^ARG\b|SECRET|PASSWORD|TOKEN/i.test(line))).toEqual([]);
});

test('compose takes every right from it that it does not need', () => {
  interface Service {
    readonly image: string;
    readonly [option: string]: unknown;
  }
  const { services } = parse(readFileSync(join(root, 'compose.yaml'), 'utf8'), { merge: true }) as {
    services: Record<string, Service>;
  };
  const nodes = Object.values(services).filter(({ image }) => image === 'latchkey');
  expect(nodes).toHaveLength(3);
  for (const node of nodes) {
    expect(node).toMatchObject({
      read_only: true,
      tmpfs: ['/tmp'],
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    const more = ['privileged', 'cap_add', 'user', 'pid', 'network_mode', 'devices'];
    expect(more.filter((option) => option in node)).toEqual([]);
  }
});

describe('a file system that is read-only, but for the folder of the database', () => {
  let folder: string;
  let server: ServerProcess | null = null;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-'));
  });
  afterEach(async () => {
    if (server) await stopProcess(server.child, 'SIGKILL');
    rmSync(folder, { recursive: true });
  });

  /** Node's own permissions: it may read everything, and write where it is told. */
  async function startWriting(...where: string[]): Promise<string> {
    const port = String(await freePort());
    const baseUrl = `http://localhost:${port}`;
    const allowed = ['--permission', '--allow-fs-read=*', ...where.map((path) => `--allow-fs-write=${path}`)];
    server = await startProcess(folder, {
      NODE_ENV: 'production',
      NODE_OPTIONS: [...allowed, '--disable-warning=SecurityWarning'].join(' '),
      SESSION_SECRET: 'a-secret-of-the-tests-with-more-than-32-bytes',
      BASE_URL: baseUrl,
      PORT: port,
      SANDBOX: 'on',
      SANDBOX_PORT: String(await freePort()),
    });
    return baseUrl;
  }

  test('is enough to start, sign somebody in, and stop', async () => {
    const baseUrl = await startWriting(folder);
    expect(server?.output()).toContain(baseUrl);
    const page = await signIn(new Visitor(), baseUrl, 'Mixer');
    expect(page.heading).toBe('Your accounts');
    expect(await stopProcess(server!.child, 'SIGTERM')).toBe(0);
  });

  test('is not without that folder: the permissions hold', async () => {
    await startWriting(join(folder, 'elsewhere'));
    expect(server?.exitCode()).toBe(1);
  });
});
