import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type ServerProcess, stopProcess, untilReady } from './process.ts';

/** A Redis of the test's own, which it may kill: what was acknowledged is on disk and comes back. */
export interface OwnRedis {
  readonly url: string;
  start(): Promise<void>;
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** Whether `redis-server` can be started on this machine. */
export function hasRedisServer(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0;
}

export async function startOwnRedis(): Promise<OwnRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-redis-'));
  const port = await freePort();
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction'];
  let running: ServerProcess | null = null;

  async function start(): Promise<void> {
    const child = spawn('redis-server', [...options, ...durable], { stdio: ['ignore', 'pipe', 'pipe'] });
    running = await untilReady(child, 'Ready to accept connections');
    if (running.exitCode() !== null) throw new Error(running.output());
  }
  const kill = async () => {
    if (running) await stopProcess(running.child, 'SIGKILL');
  };

  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    start,
    kill,
    async close() {
      await kill();
      rmSync(folder, { recursive: true });
    },
  };
}
