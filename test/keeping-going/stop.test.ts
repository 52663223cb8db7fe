import type { ChildProcess } from 'node:child_process';
import { Agent, get, type IncomingMessage } from 'node:http';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { testSecret } from '../support/latchkey.ts';
import { freePort, type ServerProcess, startProcess, stopProcess } from '../support/process.ts';
import { type SandboxBeside, startSandboxBeside } from '../support/sandbox-beside.ts';
import { until } from '../support/until.ts';
import { captureCallback, signIn, startSignIn, Visitor } from '../support/visitor.ts';

/* A real process with the sandbox in this one, so that a test can hold a provider's answer back. */

let folder: string;
let baseUrl: string;
let beside: SandboxBeside;
let environment: Record<string, string>;
/** Requests for tokens that wait here until they are let go; null while nothing is held. */
let held: (() => void)[] | null = null;
const running: ChildProcess[] = [];
const sockets: Socket[] = [];

beforeAll(async () => {
  const port = await freePort();
  baseUrl = `http://localhost:${port}`;
  beside = await startSandboxBeside(baseUrl, {
    autoApprove: true,
    inFront(request, response, answer) {
      if (held && request.method === 'POST' && request.url!.includes('token')) {
        held.push(() => void answer(request, response));
      } else {
        void answer(request, response);
      }
    },
  });
  environment = {
    PORT: String(port),
    BASE_URL: baseUrl,
    SANDBOX_URL: beside.url,
    SESSION_SECRET: testSecret,
  };
});
afterAll(() => beside.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-stop-'));
  held = null;
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(running.splice(0).map((child) => stopProcess(child, 'SIGKILL')));
  rmSync(folder, { recursive: true });
});

async function start(env: Record<string, string> = {}): Promise<ServerProcess> {
  const server = await startProcess(folder, { ...environment, ...env });
  running.push(server.child);
  expect(server.output()).toContain('Ctrl+C to stop');
  return server;
}

/** One answer over a connection of its own, or of an agent's. */
function ask(path: string, agent: Agent | false = false): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(`${baseUrl}${path}`, { agent }, (response) => {
      response.resume().on('end', () => resolve(response));
    }).on('error', reject);
  });
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

test('a login in the middle of its callback is finished, and the process ends with 0', async () => {
  const { child } = await start();
  const visitor = new Visitor();
  held = [];
  const signingIn = captureCallback(visitor, () => startSignIn(visitor, baseUrl, 'Resonite'), baseUrl).then(
    (callback) => {
      // The next page is asked for from a process that has gone by then.
      visitor.stopBefore = /\/profile$/;
      visitor.stoppedAt = null;
      return visitor.open(callback.href);
    },
  );
  await until(() => held!.length === 1);
  const startedAt = performance.now();
  const exit = exitOf(child);
  child.kill('SIGTERM');
  // It has begun to stop: nobody gets in any more.
  await until(() =>
    ask('/healthz').then(
      () => false,
      () => true,
    ),
  );
  expect(child.exitCode).toBeNull();
  held[0]!();
  await signingIn;
  expect(visitor.stoppedAt?.href).toBe(`${baseUrl}/profile`);
  expect(await exit).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(10_000);
  // And the person is signed in.
  held = null;
  await start();
  visitor.stopBefore = null;
  expect((await visitor.open(`${baseUrl}/profile`)).heading).toBe('Your accounts');
});

test('says first that it is not ready, goes on answering meanwhile, and closes each connection it answers on', async () => {
  const METRICS_PORT = String(await freePort());
  const { child } = await start({ DRAIN_SECONDS: '5', METRICS_PORT });
  const agent = new Agent({ keepAlive: true });
  const before = await ask('/readyz', agent);
  expect([before.statusCode, before.headers.connection]).toEqual([200, 'keep-alive']);
  // A form that is half sent when the signal comes.
  const { host, port } = new URL(baseUrl);
  const half = connect(Number(port), '127.0.0.1');
  sockets.push(half);
  half.write(
    `POST /theme HTTP/1.1\r\nHost: ${host}\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 10\r\n` +
      'Content-Type: application/x-www-form-urlencoded\r\n\r\ntheme=',
  );
  await ask('/healthz');
  const startedAt = performance.now();
  const exit = exitOf(child);
  child.kill('SIGTERM');
  await until(async () => (await ask('/readyz')).statusCode === 503);
  const answered = new Promise<string>((resolve) => half.once('data', (chunk) => resolve(String(chunk))));
  half.write('dark');
  expect(await answered).toMatch(/^HTTP\/1\.1 303 [\s\S]*^Connection: close\r$/m);
  const during = await ask('/healthz', agent);
  expect([during.statusCode, during.headers.connection]).toEqual([200, 'close']);
  const metrics = await fetch(`http://127.0.0.1:${METRICS_PORT}/metrics`);
  expect(await metrics.text()).toContain('\nlatchkey_stopping 1\n');
  const visitor = new Visitor();
  expect((await signIn(visitor, baseUrl, 'Mixer')).heading).toBe('Your accounts');
  expect(await exit).toBe(0);
  expect(performance.now() - startedAt).toBeGreaterThan(4900);
  expect(performance.now() - startedAt).toBeLessThan(8000);
  agent.destroy();
});

test('idle connections and a client that hangs do not keep it: 0 within ten seconds', async () => {
  const { child } = await start();
  const port = Number(new URL(baseUrl).port);
  const open = async (text: string) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    sockets.push(socket);
    await new Promise<void>((resolve) => socket.write(text, () => resolve()));
    return socket;
  };
  await open('');
  const idle = await open('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await new Promise((resolve) => idle.once('data', resolve));
  await open('POST /theme HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\ntheme=');
  // Another request on a connection of its own shows that what was sent before has arrived.
  await ask('/healthz');
  const startedAt = performance.now();
  expect(await stopProcess(child, 'SIGTERM')).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(10_000);
  // The database was closed properly: its log was emptied into it and is gone.
  expect(readdirSync(folder).filter((name) => name.startsWith('latchkey.sqlite'))).toEqual([
    'latchkey.sqlite',
  ]);
  const database = new DatabaseSync(join(folder, 'latchkey.sqlite'));
  expect(database.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  database.close();
});

test('a second signal ends it at once', async () => {
  const { child } = await start({ DRAIN_SECONDS: '30' });
  const exit = exitOf(child);
  child.kill('SIGTERM');
  await until(async () => (await ask('/readyz')).statusCode === 503);
  const startedAt = performance.now();
  child.kill('SIGTERM');
  expect(await exit).toBe(1);
  expect(performance.now() - startedAt).toBeLessThan(2000);
});

describe('an error that nobody expected', () => {
  const accidents = {
    'thrown by a timer': 'setTimeout(() => { throw error(); })',
    'a promise that nobody waits for': 'Promise.reject(error())',
    'an event that nobody listens to': "new (require('node:events'))().emit('error', error())",
    'thrown as text': "setTimeout(() => { throw 'canary-text'; })",
  };
  test.each(Object.entries(accidents))('%s: logged without its words, ended with 1', async (_what, code) => {
    const file = join(folder, 'accident.cjs');
    writeFileSync(
      file,
      `const error = () => Object.assign(new Error('canary-message'), { cause: { access_token: 'canary-token' } });
       process.once('SIGUSR2', () => { ${code}; });`,
    );
    const { child, output } = await start({ NODE_OPTIONS: `--require=${file}` });
    const exit = exitOf(child);
    child.kill('SIGUSR2');
    expect(await exit).toBe(1);
    expect(output()).not.toContain('canary-');
    const crashes = output()
      .split('\n')
      .filter((line) => line.includes('"crash"'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(crashes).toHaveLength(1);
    expect(crashes[0]).toMatchObject({
      code: expect.stringMatching(/^un(?:caught_exception|handled_rejection)$/),
    });
  });

  test('signs nobody out: the next process goes on', async () => {
    const file = join(folder, 'accident.cjs');
    writeFileSync(file, "process.once('SIGUSR2', () => { throw new Error('x'); });");
    const { child } = await start({ NODE_OPTIONS: `--require=${file}` });
    const visitor = new Visitor();
    await signIn(visitor, baseUrl, 'Mixin');
    const exit = exitOf(child);
    child.kill('SIGUSR2');
    expect(await exit).toBe(1);
    await start();
    expect((await visitor.open(`${baseUrl}/profile`)).heading).toBe('Your accounts');
  });
});
