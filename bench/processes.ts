import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';

export const project = join(import.meta.dirname, '..');

export const applicationCore = 0;
/** Of the stub, the stores and the driver. */
export const otherCore = 1;

/** False where there is no taskset or only one core: then nothing is pinned. */
export const canPin = tryPin();

function tryPin(): boolean {
  if (cpus().length < 2) return false;
  try {
    execFileSync('taskset', ['-c', `${applicationCore},${otherCore}`, 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Keeps this process, all its threads, on one core. */
export function pinThisProcess(): void {
  if (canPin) execFileSync('taskset', ['-apc', String(otherCore), String(process.pid)], { stdio: 'ignore' });
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

export interface Program {
  readonly command: readonly string[];
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Null leaves it where it is. */
  readonly core: number | null;
  /** The file that all it prints goes to. Null throws the output away and shows the complaints. */
  readonly logFile?: string | null;
  /** Asked until it answers with 200; null does not wait. */
  readonly ready: string | null;
}

/** What is to be put away, in the order in which it was made. */
const closers = new Set<() => Promise<void>>();

/** Has this done when a run is stopped before its end, too. Returns what does it, once. */
export function closeLater(close: () => Promise<unknown>): () => Promise<void> {
  let closing: Promise<void> | null = null;
  const once = () => {
    closing ??= close().then(() => void closers.delete(once));
    return closing;
  };
  closers.add(once);
  return once;
}

/** A temporary folder. */
export async function makeFolder(name: string): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), name));
  return { folder, remove: closeLater(() => rm(folder, { recursive: true, force: true })) };
}

/** Processes first, which have the rest open. Whoever asks twice does not wait. */
async function stopRun(): Promise<void> {
  process.once('SIGINT', () => process.exit(1));
  // What breaks now does so because all is taken away from under it.
  process.on('uncaughtException', () => {});
  await Promise.all([...running].map(stopProcess));
  for (const close of [...closers].reverse()) await close().catch(console.error);
  process.exit(1);
}

/** Whatever ends this process, an error, a signal, or Ctrl+C, leaves none of these behind. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
process.once('SIGINT', stopRun);
process.once('SIGTERM', stopRun);

/** Starts a process and waits until it answers. Throws when it ends before that, or after a minute. */
export async function startProcess(program: Program): Promise<ChildProcess> {
  const { core, folder, env, logFile = null, ready } = program;
  const pin = canPin && core !== null ? ['taskset', '-c', String(core)] : [];
  const [command, ...more] = [...pin, ...program.command];
  const output = logFile === null ? null : openSync(logFile, 'a');
  const child = spawn(command!, more, {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', output ?? 'ignore', output ?? 'inherit'],
  });
  running.add(child);
  child.on('exit', () => running.delete(child));
  if (output !== null) closeSync(output);
  if (ready !== null && !(await answers(child, ready))) {
    await stopProcess(child);
    const printed = logFile === null ? '' : readFileSync(logFile, 'utf8').slice(-2000);
    throw new Error(`${program.command.join(' ')} does not answer at ${ready}\n${printed}`);
  }
  return child;
}

const patienceMilliseconds = 60_000;

async function answers(child: ChildProcess, ready: string): Promise<boolean> {
  for (const end = Date.now() + patienceMilliseconds; Date.now() < end; ) {
    if (child.exitCode !== null || child.signalCode !== null) return false;
    const answer = await request(ready).catch(() => null);
    await answer?.body.dump();
    if (answer?.statusCode === 200) return true;
    await pause(2);
  }
  return false;
}

export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const killing = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(killing);
}

const ticksPerSecond = 100;

/** Milliseconds of computing time that a process has used, all its threads; Linux only. */
export async function readComputing(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]!.split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

/** Megabytes (10^6) of memory that a process holds now; Linux only. */
export async function readMemory(pid: number): Promise<number> {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kilobytes) * 1024) / 1e6;
}
