import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readComputingExactly } from './computing.ts';
import { toLatchkeyEnvironment } from './contestants/latchkey.ts';
import { project } from './application.ts';
import { secret } from './fill.ts';
import { applicationCore, freePort, pinThisProcess, startProcess, stopProcess } from './processes.ts';
import { median } from './statistics.ts';

/*
 * npm run bench:start [-- --rounds 11 --out file]
 *
 * From the start of the process to its first page: Latchkey in production mode on an empty SQLite
 * file, its first start and one with what V8 compiled the last time, beside an empty Express
 * application. They take turns. Counted are the time that passes and the computing time, which other
 * work on the machine disturbs less. Linux only.
 */

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '11' },
    out: { type: 'string', default: 'bench/results/start-up.json' },
  },
});
const rounds = Number(options.rounds);

interface Contestant {
  readonly name: string;
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
}

const nowhere = 'http://127.0.0.1:9';
const production = {
  NODE_ENV: 'production',
  SESSION_SECRET: secret,
  ...toLatchkeyEnvironment(nowhere, nowhere),
  SANDBOX: 'off',
  SANDBOX_URL: '',
};

const compiled = await mkdtemp(join(tmpdir(), 'latchkey-start-compiled-'));
const contestants: readonly Contestant[] = [
  {
    name: 'empty Express',
    program: 'bench/contestants/empty-express.ts',
    env: { PROVIDER_URL: nowhere, REDIS_URL: nowhere, SESSION_SECRET: secret },
  },
  { name: 'Latchkey', program: 'src/server.ts', env: { ...production, NODE_DISABLE_COMPILE_CACHE: '1' } },
  {
    name: 'Latchkey, compiled before',
    program: 'src/server.ts',
    env: { ...production, NODE_COMPILE_CACHE: compiled },
  },
];

/** Milliseconds. */
interface Start {
  readonly passed: number;
  readonly computing: number;
}

async function start({ program, env }: Contestant): Promise<Start> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-start-'));
  const port = await freePort();
  const baseUrl = `http://127.0.0.1:${port}`;
  const began = performance.now();
  const child = await startProcess({
    command: [process.execPath, join(project, program)],
    folder,
    env: { PORT: String(port), BASE_URL: baseUrl, DATA_DIR: folder, ...env },
    core: applicationCore,
    logFile: join(folder, 'app.log'),
    ready: `${baseUrl}/`,
  });
  const passed = performance.now() - began;
  const computing = await readComputingExactly(child.pid!);
  await stopProcess(child);
  await rm(folder, { recursive: true, force: true });
  return { passed, computing };
}

pinThisProcess();
const loadBefore = loadavg()[0]!;
const starts = new Map(contestants.map(({ name }) => [name, [] as Start[]]));
try {
  // What is compiled is written when the process ends; files are in the system's cache from here on.
  for (const contestant of contestants) await start(contestant);
  for (let round = 0; round < rounds; round++)
    for (const [index] of contestants.entries()) {
      const contestant = contestants[(index + round) % contestants.length]!;
      starts.get(contestant.name)!.push(await start(contestant));
    }
} finally {
  await rm(compiled, { recursive: true, force: true });
}

const reference = starts.get(contestants[0]!.name)!;
const results = contestants.map(({ name }) => {
  const own = starts.get(name)!;
  const ratio = (read: (one: Start) => number) =>
    median(own.map((one, index) => read(one) / read(reference[index]!)));
  return {
    name,
    passed: median(own.map(({ passed }) => passed)),
    computing: median(own.map(({ computing }) => computing)),
    ratios: { passed: ratio(({ passed }) => passed), computing: ratio(({ computing }) => computing) },
    starts: own,
  };
});
for (const { name, passed, computing, ratios } of results)
  process.stdout.write(
    `${name}: first page after ${passed.toFixed(0)} ms (${ratios.passed.toFixed(2)} times the empty one), computing time ${computing.toFixed(0)} ms (${ratios.computing.toFixed(2)})\n`,
  );
const machine = { processor: cpus()[0]?.model ?? 'unknown', cores: cpus().length, loadBefore };
const file = resolve(project, options.out);
await mkdir(join(file, '..'), { recursive: true });
const node = process.versions.node;
await writeFile(
  file,
  `${JSON.stringify({ date: new Date().toISOString(), node, machine, rounds, results }, null, 2)}\n`,
);
process.stdout.write(`Written to ${options.out}\n`);
