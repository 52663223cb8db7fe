import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../src/storage/database.ts';
import { listen } from './support/close-at-end.ts';
import { createPostgresDatabase, createRedisPrefix } from './support/open-stores.ts';
import { freePort, type ServerProcess, startProcess, stopProcess } from './support/process.ts';
import { describeWith } from './support/stores.ts';
import { timed } from './support/timed.ts';
import { until } from './support/until.ts';
import { signIn, Visitor } from './support/visitor.ts';

let folder: string;
let running: ServerProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-'));
});
afterEach(async () => {
  await Promise.all(running.map(({ child }) => stopProcess(child, 'SIGKILL')));
  running = [];
  rmSync(folder, { recursive: true });
});

async function start(env: Record<string, string>): Promise<ServerProcess & { baseUrl: string }> {
  const ports = { PORT: String(await freePort()), SANDBOX_PORT: String(await freePort()) };
  const server = await startProcess(folder, { ...ports, ...env });
  running.push(server);
  return { ...server, baseUrl: `http://localhost:${ports.PORT}` };
}

test('without its database the server does not start, and says so in a line without the password', async () => {
  const url = `postgres://name:canary@127.0.0.1:${await freePort()}/latchkey`;
  const { output, exitCode } = await start({ DATABASE_URL: url });
  expect(exitCode()).toBe(1);
  expect(output()).toBe(`The database at ${new URL(url).host} does not answer.\n`);
});

test('a data folder that cannot be used is refused in a line', async () => {
  const { output, exitCode } = await start({ DATA_DIR: '/dev/null' });
  expect(exitCode()).toBe(1);
  expect(output()).toBe('The database file /dev/null/latchkey.sqlite cannot be used (EEXIST).\n');
});

test('without its session store the server starts, is not ready, and shows the page for that within a second', async () => {
  // It listens and says nothing, the slowest way to be down.
  const { port, close } = await listen(createServer());
  const { baseUrl, output } = await start({ SESSION_STORE_URL: `redis://:canary@127.0.0.1:${port}` });
  expect(output()).toContain('Latchkey is at');
  expect(output()).toContain('store does not answer');
  expect(output()).not.toContain('canary');
  const [ready, readyMilliseconds] = await timed(() => fetch(`${baseUrl}/readyz`));
  expect(ready.status).toBe(503);
  expect(readyMilliseconds).toBeLessThan(5000);
  expect((await fetch(`${baseUrl}/healthz`)).status).toBe(200);
  const origin = { origin: baseUrl };
  const [page, pageMilliseconds] = await timed(() =>
    fetch(`${baseUrl}/login/twitch`, { method: 'POST', headers: origin }),
  );
  expect(page.status).toBe(503);
  expect(page.headers.get('retry-after')).not.toBeNull();
  expect(pageMilliseconds).toBeLessThan(5000);
  await close();
});

describeWith('PostgreSQL and Redis', 'the server on PostgreSQL and Redis', () => {
  let postgres: Awaited<ReturnType<typeof createPostgresDatabase>>;
  let redis: Awaited<ReturnType<typeof createRedisPrefix>>;
  beforeEach(async () => {
    [postgres, redis] = await Promise.all([createPostgresDatabase(), createRedisPrefix()]);
  });
  afterEach(() => Promise.all([postgres.drop(), redis.drop()]));

  test('keeps nothing of people on its disk, and goes on after a restart', async () => {
    const env = {
      DATABASE_URL: postgres.url,
      SESSION_STORE_URL: redis.url,
      SESSION_STORE_PREFIX: redis.prefix,
      SESSION_SECRET: 'a-secret-of-the-tests-with-more-than-32-bytes',
      PORT: String(await freePort()),
      SANDBOX_PORT: String(await freePort()),
    };
    const first = await start(env);
    const baseUrl = `http://localhost:${env.PORT}`;
    expect(first.output()).toMatch(/Data +PostgreSQL at [^\s,]+, sessions in Redis at \S+\n/);
    expect(first.output()).not.toContain('@');
    const visitor = new Visitor();
    await signIn(visitor, baseUrl, 'Twitch');
    expect((await fetch(`${baseUrl}/readyz`)).status).toBe(200);
    expect(await stopProcess(first.child, 'SIGTERM')).toBe(0);
    await start(env);
    await visitor.open(`${baseUrl}/profile`);
    expect(visitor.page.heading).toBe('Your accounts');
    expect(readdirSync(folder)).toEqual(['sandbox.json']);
    await Promise.all(running.map(({ child }) => stopProcess(child, 'SIGTERM')));
  });

  test('clears out what ended in the database since sessions went to Redis, and only that', async () => {
    const env = {
      DATABASE_URL: postgres.url,
      SESSION_SECRET: 'a-secret-of-the-tests-with-more-than-32-bytes',
    };
    const before = await start(env);
    await signIn(new Visitor(), before.baseUrl, 'Twitch');
    await stopProcess(before.child, 'SIGTERM');
    const database = await openDatabase({ url: postgres.url });
    const kinds = async () =>
      (await database.selectFrom('expiring_records').select('kind').orderBy('kind').execute()).map(
        ({ kind }) => kind,
      );
    expect(await kinds()).toEqual(expect.arrayContaining(['grant', 'session']));
    await database
      .updateTable('expiring_records')
      .set({ purge_at: Date.now() - 1 })
      .where('kind', '!=', 'session')
      .execute();
    await start({ ...env, SESSION_STORE_URL: redis.url, SESSION_STORE_PREFIX: redis.prefix });
    await until(async () => !(await kinds()).includes('grant'));
    expect(await kinds()).toEqual(['session']);
    await Promise.all(running.map(({ child }) => stopProcess(child, 'SIGTERM')));
    await database.destroy();
  });
});
