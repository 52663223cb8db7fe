import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join, resolve as resolvePath } from 'node:path';
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
  });
  let output = '';
  const server = { child, output: () => output, exitCode: () => child.exitCode };
  return new Promise((resolve) => {
    let ready = false;
    const read = (chunk: Buffer) => {
      output += String(chunk);
      // Once only: the output of a long run is long.
      if (ready || !output.includes(readyWords)) return;
      ready = true;
      resolve(server);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('exit', () => resolve(server));
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

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
