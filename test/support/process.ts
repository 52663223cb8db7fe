import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { join, resolve as resolvePath } from 'node:path';
import type { Readable } from 'node:stream';
import { killAtEnd } from './close-at-end.ts';
import { withoutRateLimits } from './latchkey.ts';

const root = join(import.meta.dirname, '../..');

export interface ServerProcess {
  readonly child: ChildProcess;
  /** Everything it has printed so far. */
  readonly output: () => string;
  /** Null while it runs. */
  readonly exitCode: () => number | null;
}

/**
 * Starts a server as its npm script does, in `folder`, and waits until it has printed that it is ready,
 * or has ended. `script` is a file of the project, or an absolute path.
 */
export function startProcess(
  folder: string,
  env: Record<string, string>,
  script = 'src/server.ts',
  readyWords = 'Ctrl+C to stop',
): Promise<ServerProcess> {
  const child = spawn(process.execPath, [resolvePath(root, script)], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', DATA_DIR: folder, ...withoutRateLimits, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return untilReady(child, readyWords);
}

const readyMilliseconds = 30_000;

/**
 * Waits until a process has printed that it is ready, or has ended; it is killed when it does neither,
 * and when the test file ends.
 */
export function untilReady(
  child: ChildProcessByStdio<null, Readable, Readable>,
  readyWords: string,
): Promise<ServerProcess> {
  let output = '';
  const server = { child, output: () => output, exitCode: () => child.exitCode };
  killAtEnd(child);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`It is not ready: ${output}`));
    }, readyMilliseconds);
    let ready = false;
    const end = () => {
      clearTimeout(timer);
      ready = true;
      resolve(server);
    };
    const read = (chunk: Buffer) => {
      output += String(chunk);
      // Once only: the output of a long run is long.
      if (!ready && output.includes(readyWords)) end();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('close', end);
  });
}

/** Sends a signal and waits for the end; gives the exit code, null for a process that was killed. */
export function stopProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.kill(signal);
  });
}

let nextPort = randomInt(1000);

/**
 * A port where nobody listens. It is below those that the system gives to connections, so that none of
 * them takes it until it is used, and each worker of jest has a thousand of its own.
 */
export async function freePort(): Promise<number> {
  const worker = Number(process.env['JEST_WORKER_ID'] ?? 0) % 12;
  for (;;) {
    const port = 20_000 + worker * 1000 + (nextPort++ % 1000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
