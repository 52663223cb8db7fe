import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeAtEnd } from './support/close-at-end.ts';
import { freePort, startProcess, stopProcess } from './support/process.ts';
import { signIn, Visitor } from './support/visitor.ts';

let dataDir: string;
let running: ChildProcess[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'latchkey-'));
});
afterEach(async () => {
  await Promise.all(running.map((child) => stopProcess(child, 'SIGKILL')));
  running = [];
  rmSync(dataDir, { recursive: true });
});

interface Started {
  readonly child: ChildProcess;
  readonly output: string;
  readonly milliseconds: number;
  readonly exitCode: number | null;
}

/** Starts the server in a folder without `.env`, and waits until it says how to stop it, or has ended. */
async function start(env: Record<string, string>): Promise<Started> {
  const startedAt = performance.now();
  const { child, output, exitCode } = await startProcess(dataDir, env);
  running.push(child);
  return { child, output: output(), milliseconds: performance.now() - startedAt, exitCode: exitCode() };
}

const ports = async () => ({ PORT: String(await freePort()), SANDBOX_PORT: String(await freePort()) });

test('says where it is, what each provider is, where its data lies and how to stop it', async () => {
  const { PORT, SANDBOX_PORT } = await ports();
  const { output } = await start({
    PORT,
    SANDBOX_PORT,
    MIXIN: 'off',
    TWITCH_CLIENT_ID: 'id',
    TWITCH_CLIENT_SECRET: 'secret',
  });
  expect(output).toContain(`Latchkey is at http://localhost:${PORT}`);
  expect(output).toMatch(/Twitch +live/);
  expect(output).toMatch(/Mixin +off/);
  expect(output).toMatch(/Resonite +sandbox/);
  expect(output).toMatch(/Mixer +sandbox/);
  expect(output).toContain(`http://localhost:${SANDBOX_PORT}`);
  expect(output).toContain(dataDir);
  expect(output).not.toContain('Warning');
});

test('keeps people signed in across a restart, with the access it had', async () => {
  const env = await ports();
  const baseUrl = `http://localhost:${env.PORT}`;
  const visitor = new Visitor();
  const first = await start(env);
  await signIn(visitor, baseUrl, 'Resonite');
  expect(await stopProcess(first.child, 'SIGTERM')).toBe(0);
  await start(env);
  await visitor.open(`${baseUrl}/profile`);
  expect(visitor.page.heading).toBe('Your accounts');
  await visitor.press('Read profile again');
  expect(visitor.page.text).toContain('We read your Resonite profile again.');
});

test('stops at a signal with 0 and leaves a tidy data folder', async () => {
  const { child } = await start(await ports());
  expect(await stopProcess(child, 'SIGINT')).toBe(0);
  expect(readdirSync(dataDir).toSorted()).toEqual(['development-secret', 'latchkey.sqlite', 'sandbox.json']);
});

test.each(['PORT', 'SANDBOX_PORT'])(
  'a port in use gets a sentence with the way out: %s',
  async (variable) => {
    const env: Record<string, string> = await ports();
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(Number(env[variable]), '127.0.0.1', resolve));
    const close = closeAtEnd(() => new Promise((resolve) => holder.close(resolve)));
    const { output, exitCode } = await start(env);
    await close();
    expect(exitCode).toBe(1);
    expect(output.trim()).toBe(
      `Port ${env[variable]} is in use. Try another one: ${variable}=${Number(env[variable]) + 1}`,
    );
  },
);

test.each([
  ['HOST', '192.0.2.1'],
  ['METRICS_HOST', '192.0.2.1'],
])('a %s that is not of this machine gets a sentence: %s', async (variable, host) => {
  const { output, exitCode } = await start({
    ...(await ports()),
    METRICS_PORT: String(await freePort()),
    [variable]: host,
  });
  expect(exitCode).toBe(1);
  expect(output.trim()).toBe(`${host} is no address of this machine. Correct ${variable}.`);
});

test('a configuration that cannot work is refused with a line for each problem and nothing else', async () => {
  const { output, exitCode } = await start({ NODE_ENV: 'production', TWITCH: 'perhaps' });
  expect(exitCode).toBe(1);
  expect(
    output
      .trim()
      .split('\n')
      .map((line) => line.trim().split(':')[0]),
  ).toEqual(['The configuration cannot be used', 'BASE_URL', 'SESSION_SECRET', 'TWITCH']);
});

test('in production runs without the sandbox and answers health checks', async () => {
  const PORT = String(await freePort());
  const { output } = await start({
    NODE_ENV: 'production',
    PORT,
    BASE_URL: 'https://login.example.org/app',
    SESSION_SECRET: 'x'.repeat(32),
  });
  expect(output).toContain('Latchkey is at https://login.example.org/app');
  expect(output).toMatch(/Twitch +off/);
  expect((await fetch(`http://127.0.0.1:${PORT}/app/healthz`)).status).toBe(200);
  expect((await fetch(`http://127.0.0.1:${PORT}/app/readyz`)).status).toBe(200);
});

test('SANDBOX_AUTO_APPROVE lets scripts log in with no page in between', async () => {
  const env = await ports();
  await start({ ...env, SANDBOX_AUTO_APPROVE: 'true' });
  for (const name of ['Twitch', 'Mixin', 'Resonite', 'Mixer']) {
    const visitor = new Visitor();
    await visitor.open(`http://localhost:${env.PORT}/`);
    await visitor.press(`Continue with ${name}`);
    expect(visitor.page.heading).toBe('Your accounts');
  }
});
