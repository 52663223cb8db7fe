import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import { type Contestant, contestants } from './contestants.ts';
import { toLatchkeyEnvironment } from './contestants/latchkey.ts';
import { secret } from './fill.ts';
import { freePort, makeFolder, project, startProcess, stopProcess } from './processes.ts';

export const latchkey: Contestant = contestants.find(({ id }) => id === 'latchkey')!;

export interface Application {
  readonly baseUrl: string;
  readonly child: ChildProcess;
  close(): Promise<void>;
}

/** Latchkey in production mode with Resonite alone, on stores that are there already. */
export async function startApplication(
  stubUrl: string,
  core: number | null,
  env: Readonly<Record<string, string>>,
  baseUrl?: string,
): Promise<Application> {
  const { folder, remove } = await makeFolder('latchkey-bench-app-');
  const port = await freePort();
  const own = `http://127.0.0.1:${port}`;
  const child = await startProcess({
    command: [process.execPath, join(project, 'src/server.ts')],
    folder,
    env: {
      NODE_ENV: 'production',
      SESSION_SECRET: secret,
      DATA_DIR: folder,
      ...toLatchkeyEnvironment(stubUrl, stubUrl),
      SANDBOX: 'off',
      SANDBOX_URL: '',
      TWITCH: 'off',
      MIXIN: 'off',
      MIXER: 'off',
      BASE_URL: baseUrl ?? own,
      PORT: String(port),
      ...env,
    },
    core,
    logFile: join(folder, 'app.log'),
    ready: null,
  });
  await untilReady(child, `${own}/readyz`);
  return {
    baseUrl: own,
    child,
    async close() {
      await stopProcess(child);
      await remove();
    },
  };
}

/** A large database or a busy machine may take its time. */
async function untilReady(child: ChildProcess, url: string): Promise<void> {
  for (const end = Date.now() + 120_000; Date.now() < end; await pause(50)) {
    if (child.exitCode !== null) break;
    const answer = await request(url).catch(() => null);
    await answer?.body.dump();
    if (answer?.statusCode === 200) return;
  }
  await stopProcess(child);
  throw new Error(`the application does not answer at ${url}`);
}
