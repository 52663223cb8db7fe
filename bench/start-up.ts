import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readComputingExactly } from './computing.ts';
import { toLatchkeyEnvironment } from './contestants/latchkey.ts';
import { secret } from './fill.ts';
import {
  applicationCore,
  closeLater,
  freePort,
  makeFolder,
  pinThisProcess,
  startProcess,
  stopProcess,
  project,
} from './processes.ts';
import { median } from './statistics.ts';

/*
 * npm run bench:start [-- --rounds 11 --out file]
 *
 * From the start of the process to its first page: Latchkey in production mode on an empty SQLite
 * file beside an empty Express application. Its very first start from the sources, one with what the
 * last one kept, and one as the image has it, compiled, take turns. Counted are the time that passes
 * and the computing time, which other work on the machine disturbs less. Linux only.
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
  /** Only while it takes its turn are there compiled files, for these come first. */
  readonly compiled?: true;
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

const dist = join(project, 'dist');
if (existsSync(dist)) throw new Error('There is a dist folder: remove it, it is made and removed here.');
const contestants: readonly Contestant[] = [
  {
    name: 'empty Express',
    program: 'bench/contestants/empty-express.ts',
    env: { PROVIDER_URL: nowhere, REDIS_URL: nowhere, SESSION_SECRET: secret },
  },
  {
    name: 'Latchkey, first start',
    program: 'bin/latchkey.js',
    env: { ...production, NODE_DISABLE_COMPILE_CACHE: '1' },
  },
  { name: 'Latchkey, started before', program: 'bin/latchkey.js', env: production },
  { name: 'Latchkey, as in the image', program: 'bin/latchkey.js', compiled: true, env: production },
];

/** Milliseconds. */
interface Start {
  readonly passed: number;
  readonly computing: number;
}

const setAside = `${dist}-set-aside`;

async function start(contestant: Contestant): Promise<Start> {
  if (!contestant.compiled) return measure(contestant);
  await rename(setAside, dist);
  return measure(contestant).finally(() => rename(dist, setAside));
}

async function measure({ program, env }: Contestant): Promise<Start> {
  const { folder, remove } = await makeFolder('latchkey-start-');
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
  await remove();
  return { passed, computing };
}

pinThisProcess();
const loadBefore = loadavg()[0]!;
const starts = new Map(contestants.map(({ name }) => [name, [] as Start[]]));
const removeCompiled = closeLater(async () => {
  for (const made of [dist, setAside]) await rm(made, { recursive: true, force: true });
});
try {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    cwd: project,
    stdio: 'inherit',
  });
  await rename(dist, setAside);
  // What is compiled is written when the process ends; files are in the system's cache from here on.
  for (const contestant of contestants) await start(contestant);
  for (let round = 0; round < rounds; round++)
    for (const [index] of contestants.entries()) {
      const contestant = contestants[(index + round) % contestants.length]!;
      starts.get(contestant.name)!.push(await start(contestant));
    }
} finally {
  await removeCompiled();
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
