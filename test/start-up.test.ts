import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type ServerProcess, startProcess, stopProcess } from './support/process.ts';
import { signIn, Visitor } from './support/visitor.ts';

/** What a process loads. Each package costs a start ten to a hundred milliseconds, and stays in memory. */

let folder: string;
let server: ServerProcess;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-start-'));
});
afterEach(async () => {
  await stopProcess(server.child, 'SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Starts the server with a hook of Node that notes each file as it is loaded. */
async function startNoting(
  env: Record<string, string>,
): Promise<{ baseUrl: string; loaded: () => string[] }> {
  const list = join(folder, 'loaded.txt');
  const hook = join(folder, 'hook.mjs');
  writeFileSync(list, '');
  writeFileSync(
    hook,
    `import { appendFileSync } from 'node:fs';
    import { registerHooks } from 'node:module';
    registerHooks({
      load(url, context, next) {
        appendFileSync(${JSON.stringify(list)}, url + '\\n');
        return next(url, context);
      },
    });`,
  );
  const port = String(await freePort());
  const baseUrl = `http://localhost:${port}`;
  server = await startProcess(folder, {
    NODE_OPTIONS: `--import=${hook}`,
    BASE_URL: baseUrl,
    PORT: port,
    ...env,
  });
  expect((await fetch(baseUrl)).status).toBe(200);
  return { baseUrl, loaded: () => readFileSync(list, 'utf8').split('\n') };
}

const filesOf = (name: string, loaded: readonly string[]) =>
  loaded.filter((url) => url.includes(`/node_modules/${name}/`));

test('the first page in production needs nothing of what it does not use', async () => {
  const { loaded } = await startNoting({
    NODE_ENV: 'production',
    SESSION_SECRET: 'a-secret-of-the-tests-with-more-than-32-bytes',
  });
  const unused = [
    'undici',
    'jsonwebtoken',
    'rate-limiter-flexible',
    'pg',
    '@redis/client',
    '@prometheus-io/client',
    'lean-qr',
  ];
  const found = unused.filter((name) => filesOf(name, loaded()).length > 0);
  expect(found).toEqual([]);
  expect(
    loaded()
      .filter((url) => url.includes('/src/sandbox/'))
      .map((url) => url.split('/src/')[1]),
  ).toEqual(['sandbox/registrations.ts']);
  // The hook notes what is loaded.
  expect(filesOf('express', loaded()).length).toBeGreaterThan(0);
});

test('what sends requests comes with the first login', async () => {
  const { baseUrl, loaded } = await startNoting({ SANDBOX_PORT: String(await freePort()) });
  expect(filesOf('undici', loaded())).toEqual([]);
  const page = await signIn(new Visitor(), baseUrl, 'Mixer');
  expect(page.heading).toBe('Your accounts');
  expect(filesOf('undici', loaded()).length).toBeGreaterThan(0);
});
