import type { ChildProcess } from 'node:child_process';
import { join, resolve } from 'node:path';
import type { Contestant } from './contestants.ts';
import { type Load, createLoad } from './load.ts';
import {
  applicationCore,
  freePort,
  makeFolder,
  otherCore,
  project,
  startProcess,
  stopProcess,
} from './processes.ts';
import { type Stub, startStub } from './stub-process.ts';

/** Everything around the application: the stub, and the sandbox that plays the three other services. */
export interface Surroundings {
  readonly stub: Stub;
  /** The same with a delay before every answer to the application. */
  readonly slowStub: Stub;
  readonly sandboxUrl: string;
  /** All contestants in turn have this address, so that the sandbox knows it. */
  readonly port: number;
  readonly redisPort: number;
  /** What Node is told besides the program of a contestant. */
  readonly nodeOptions: readonly string[];
  close(): Promise<void>;
}

export const delayMilliseconds = 20;

export async function startSurroundings(profileFolder: string | null): Promise<Surroundings> {
  const nodeOptions = profileFolder === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
  const [port, redisPort, sandboxPort] = [await freePort(), await freePort(), await freePort()];
  const sandboxUrl = `http://127.0.0.1:${sandboxPort}`;
  const started: ChildProcess[] = [];
  const close = async () => void (await Promise.all(started.map(stopProcess)));
  try {
    const stub = await startStub();
    started.push(stub.child);
    const slowStub = await startStub(delayMilliseconds);
    started.push(slowStub.child);
    const sandbox = await startProcess({
      command: [process.execPath, join(project, 'src/commands/sandbox.ts')],
      folder: project,
      env: {
        SANDBOX_PORT: String(sandboxPort),
        SANDBOX_URL: sandboxUrl,
        SANDBOX_REDIRECT_URIS: `${toBaseUrl(port)}/login/{service}/callback`,
      },
      core: otherCore,
      ready: `${sandboxUrl}/`,
    });
    started.push(sandbox);
    return { stub, slowStub, sandboxUrl, port, redisPort, nodeOptions, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const toBaseUrl = (port: number) => `http://127.0.0.1:${port}`;

/** A contestant that runs, on data of its own. */
export interface Running {
  readonly baseUrl: string;
  readonly child: ChildProcess;
  /** Milliseconds from the start of the process to the first page that it answered. */
  readonly firstPageAfter: number;
  load(connections: number): Load;
  close(): Promise<void>;
}

function startRedis(port: number, folder: string): Promise<ChildProcess> {
  const options = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--dir', folder];
  return startProcess({
    command: ['redis-server', ...options],
    folder,
    env: {},
    core: otherCore,
    ready: null,
  });
}

/** Starts a contestant in an empty folder and waits for its first page. */
export async function startContestant(
  contestant: Contestant,
  surroundings: Surroundings,
  stub = surroundings.stub,
): Promise<Running> {
  const { port, redisPort, sandboxUrl, nodeOptions } = surroundings;
  const { folder, remove } = await makeFolder('latchkey-bench-');
  const baseUrl = toBaseUrl(port);
  const store = contestant.needsRedis ? await startRedis(redisPort, folder) : null;
  const clean = async () => {
    if (store) await stopProcess(store);
    await remove();
  };
  try {
    const began = performance.now();
    const child = await startProcess({
      command: [
        process.execPath,
        ...nodeOptions,
        ...(contestant.nodeOptions ?? []),
        resolve(project, contestant.program),
      ],
      folder,
      env: {
        NODE_ENV: 'production',
        PORT: String(port),
        BASE_URL: baseUrl,
        SESSION_SECRET: 'not-a-secret-but-long-enough-for-a-benchmark-0123456789',
        DATA_DIR: folder,
        PROVIDER_URL: stub.url,
        REDIS_URL: `redis://127.0.0.1:${redisPort}`,
        ...contestant.environment({ provider: stub.url, sandbox: sandboxUrl }),
      },
      core: applicationCore,
      logFile: join(folder, 'app.log'),
      ready: `${baseUrl}/`,
    });
    const firstPageAfter = performance.now() - began;
    const watched = { application: child, store, stub: stub.child };
    return {
      baseUrl,
      child,
      firstPageAfter,
      load: (connections) => createLoad(contestant, baseUrl, watched, connections),
      close: async () => {
        await stopProcess(child);
        await clean();
      },
    };
  } catch (error) {
    await clean();
    throw error;
  }
}
