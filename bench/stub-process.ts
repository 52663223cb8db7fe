import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { request } from 'undici';
import { freePort, otherCore, project, startProcess, stopProcess } from './processes.ts';

/** The provider, in a process of its own. */
export interface Stub {
  readonly url: string;
  readonly child: ChildProcess;
  counts(): Promise<StubCounts>;
  close(): Promise<void>;
}

interface StubCounts {
  readonly authorize: number;
  readonly token: number;
  readonly user: number;
  readonly refused: number;
}

/** `delay`: milliseconds before every answer to the application. */
export async function startStub(delay = 0): Promise<Stub> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = await startProcess({
    command: [process.execPath, join(project, 'bench/stub.ts')],
    folder: project,
    env: { PORT: String(port), DELAY_MS: String(delay) },
    core: otherCore,
    ready: `${url}/counts`,
  });
  const counts = async () => (await (await request(`${url}/counts`)).body.json()) as StubCounts;
  return { url, child, counts, close: () => stopProcess(child) };
}
