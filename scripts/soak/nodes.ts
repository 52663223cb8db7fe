import { type ProbeReading, probeVariables, readProbe } from '../../test/support/probe.ts';
import { type ServerProcess, startProcess, stopProcess } from '../../test/support/process.ts';

/** One process from its start to its end. */
export interface Life {
  readonly node: number;
  readonly end: 'killed' | 'stopped' | 'still running';
  readonly seconds: number;
  readonly first: ProbeReading | null;
  readonly last: ProbeReading | null;
}

interface Running {
  readonly process: ServerProcess;
  readonly startedAt: number;
  readonly first: ProbeReading | null;
  killed: boolean;
}

export interface Nodes {
  readonly ports: readonly number[];
  readonly lives: Life[];
  /** Exit codes of nodes that were told to stop, and of those that ended by themselves. */
  readonly exits: { readonly node: number; readonly code: number | null; readonly asked: boolean }[];
  /** Whether the node was killed since it was started. */
  isKilled(node: number): boolean;
  isReady(node: number): Promise<boolean>;
  start(node: number): Promise<number>;
  kill(node: number): Promise<void>;
  stop(node: number): Promise<void>;
  /** Kills what still runs. */
  close(): Promise<unknown>;
}

/** The processes of the application. `read` is given everything that each has printed. */
export function createNodes(
  folder: string,
  ports: readonly number[],
  env: Record<string, string>,
  read: (output: string) => void,
): Nodes {
  const running: (Running | null)[] = ports.map(() => null);
  const lives: Life[] = [];
  const exits: Nodes['exits'] = [];

  async function end(node: number, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const life = running[node];
    if (!life) return;
    const last = await readProbe(life.process.child);
    life.killed = signal === 'SIGKILL';
    running[node] = null;
    const code = await stopProcess(life.process.child, signal);
    exits.push({ node, code, asked: true });
    const seconds = Math.round((performance.now() - life.startedAt) / 1000);
    lives.push({ node, end: life.killed ? 'killed' : 'stopped', seconds, first: life.first, last });
    read(life.process.output());
  }

  return {
    ports,
    lives,
    exits,
    isKilled: (node) => running[node] === null,
    async isReady(node) {
      if (!running[node]) return false;
      const url = `http://127.0.0.1:${ports[node]}/readyz`;
      const answer = await fetch(url, { signal: AbortSignal.timeout(2500) }).catch(() => null);
      await answer?.body?.cancel();
      return answer?.status === 200;
    },
    async start(node) {
      const startedAt = performance.now();
      const process = await startProcess(folder, { ...env, ...probeVariables, PORT: String(ports[node]) });
      if (process.exitCode() !== null) throw new Error(`a node did not start:\n${process.output()}`);
      const milliseconds = Math.round(performance.now() - startedAt);
      const life: Running = { process, startedAt, first: await readProbe(process.child), killed: false };
      running[node] = life;
      process.child.once('exit', (code) => {
        if (running[node] !== life) return;
        running[node] = null;
        exits.push({ node, code, asked: false });
        read(process.output());
      });
      return milliseconds;
    },
    kill: (node) => end(node, 'SIGKILL'),
    stop: (node) => end(node, 'SIGTERM'),
    close: () => Promise.all(ports.map((_, node) => end(node, 'SIGKILL'))),
  };
}
