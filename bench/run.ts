import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Contestant, contestants, emptyExpress } from './contestants.ts';
import type { Figures, Plan, Round } from './figures.ts';
import { forCount, forSeconds, newcomersInHundred, type Slice } from './load.ts';
import { canPin, pinThisProcess, readMemory, project } from './processes.ts';
import type { Stub } from './stub-process.ts';
import { toDocument } from './document.ts';
import { toPlot } from './plot.ts';
import { checkProtections } from './protections.ts';
import { toTable } from './table.ts';
import {
  delayMilliseconds,
  startContestant,
  type Running,
  startSurroundings,
  type Surroundings,
} from './surroundings.ts';
import { packagesAreInstalled, readOwnVersion, readVersion } from './versions.ts';

const usage = `npm run bench -- [--quick] [--only a,b] [--rounds n] [--out folder]

  --quick       one short round of everything: does it still work?
  --only a,b    only these: ${contestants.map(({ id }) => id).join(', ')}
  --rounds n    so many rounds instead of 6
  --rounds-only neither the slow provider nor memory: for whoever tunes something
  --profile folder
                each application that ends by itself when told to, as Latchkey does, writes a
                CPU profile there (node --cpu-prof)
  --out folder  writes below that folder what a run of everything writes here: the figures,
                docs/performance.md and its plot. A run that leaves something out writes nothing.
  --anew        measures nothing: writes the page and the plot anew from the figures of the last run
`;

const fullPlan: Plan = {
  rounds: 6,
  connections: 16,
  warmUpLogins: 3000,
  warmUpPages: 12_000,
  loginSeconds: 4,
  pageSeconds: 2,
  delayedRounds: 3,
  delayedSeconds: 4,
  sessionsForMemory: 10_000,
};

const quickPlan: Plan = {
  rounds: 1,
  connections: 16,
  warmUpLogins: 40,
  warmUpPages: 40,
  loginSeconds: 0.5,
  pageSeconds: 0.3,
  delayedRounds: 1,
  delayedSeconds: 0.5,
  sessionsForMemory: 100,
};

const say = (line: string) => void process.stdout.write(`${line}\n`);

/** Starts a contestant, does something with it, and stops it whatever happens. */
async function withContestant<R>(
  contestant: Contestant,
  surroundings: Surroundings,
  stub: Stub,
  work: (running: Running) => Promise<R>,
): Promise<R> {
  const running = await startContestant(contestant, surroundings, stub);
  try {
    return await work(running);
  } finally {
    await running.close();
  }
}

/** Throws unless all logins meanwhile made one token request and one user call each, good ones. */
async function counted<R>({ name }: Contestant, stub: Stub, work: () => Promise<R>): Promise<R> {
  const before = await stub.counts();
  const result = await work();
  const after = await stub.counts();
  const [logins, tokens, users, refused] = (['authorize', 'token', 'user', 'refused'] as const).map(
    (kind) => after[kind] - before[kind],
  );
  if (tokens === logins && users === logins && refused === 0) return result;
  throw new Error(
    `${name}: ${logins} logins made ${tokens} token requests and ${users} user calls, and ${refused} requests were refused`,
  );
}

const sessionsWithFour = 16;

async function measureRound(contestant: Contestant, surroundings: Surroundings, plan: Plan): Promise<Round> {
  return withContestant(contestant, surroundings, surroundings.stub, async (running) => {
    await checkProtections(contestant, running.baseUrl);
    return counted(contestant, surroundings.stub, () => measureTurn(contestant, running, plan));
  });
}

async function measureTurn(contestant: Contestant, running: Running, plan: Plan): Promise<Round> {
  const load = running.load(plan.connections);
  const measurePages = async (sessions: typeof load.sessions) => {
    await load.pages(forCount(plan.warmUpPages), sessions);
    return load.pages(forSeconds(plan.pageSeconds), sessions);
  };
  try {
    await load.logins(forCount(plan.warmUpLogins));
    const logins = await load.logins(forSeconds(plan.loginSeconds));
    const pageLength = await load.pageLength(load.sessions[0]!);
    const pages = await measurePages(load.sessions);
    const { firstPageAfter } = running;
    const measured = { firstPageAfter, logins, pages, pageLength };
    if (!contestant.linksFour) return { ...measured, fullPages: null, fullPageLength: null };
    const full = await load.sessionsWithFour(sessionsWithFour);
    const fullPageLength = await load.pageLength(full[0]!);
    return { ...measured, fullPages: await measurePages(full), fullPageLength };
  } finally {
    await load.close();
  }
}

async function measureDelayed(
  contestant: Contestant,
  surroundings: Surroundings,
  plan: Plan,
): Promise<Slice> {
  return withContestant(contestant, surroundings, surroundings.slowStub, async (running) => {
    const load = running.load(plan.connections);
    try {
      await load.logins(forCount(plan.warmUpLogins / 4));
      return await counted(contestant, surroundings.slowStub, () =>
        load.logins(forSeconds(plan.delayedSeconds)),
      );
    } finally {
      await load.close();
    }
  });
}

async function measureMemory(
  contestant: Contestant,
  surroundings: Surroundings,
  plan: Plan,
): Promise<number> {
  return withContestant(contestant, surroundings, surroundings.stub, async (running) => {
    const load = running.load(plan.connections);
    try {
      await counted(contestant, surroundings.stub, () => load.logins(forCount(plan.sessionsForMemory)));
      return await readMemory(running.child.pid!);
    } finally {
      await load.close();
    }
  });
}

const measureStart = (contestant: Contestant, surroundings: Surroundings): Promise<number> =>
  withContestant(contestant, surroundings, surroundings.stub, async ({ firstPageAfter }) => firstPageAfter);

function describe(contestant: Contestant, figures: Round): string {
  const { logins, pages, fullPages } = figures;
  const slice = ({ perSecond, p99, computing, driver }: Slice) =>
    `${perSecond.toFixed(0)}/s p99 ${p99.toFixed(1)} ms, ${computing.toFixed(3)} ms CPU, driver ${(driver * 100).toFixed(0)} %`;
  return `  ${contestant.id}: logins ${slice(logins)}; pages ${slice(pages)}${fullPages ? `; four cards ${slice(fullPages)}` : ''}`;
}

async function measureAll(
  chosen: readonly Contestant[],
  plan: Plan,
  profileFolder: string | null,
): Promise<Figures> {
  const machine = describeMachine();
  say(
    `${Object.entries(machine)
      .map(([name, value]) => `${name}: ${value}`)
      .join(', ')}\n`,
  );
  for (const { id, packages } of chosen) say(`${id}: ${withVersions(packages).join(', ')}`);
  const surroundings = await startSurroundings(profileFolder);
  const rounds = new Map<string, Round[]>(chosen.map(({ id }) => [id, []]));
  const delayed = new Map<string, Slice[]>(chosen.map(({ id }) => [id, []]));
  const memory = new Map<string, number>();
  const emptyStarts: number[] = [];
  try {
    for (let round = 0; round < plan.rounds; round++) {
      say(`Round ${round + 1} of ${plan.rounds}`);
      emptyStarts.push(await measureStart(emptyExpress, surroundings));
      for (const contestant of inTurn(chosen, round)) {
        const measured = await measureRound(contestant, surroundings, plan);
        rounds.get(contestant.id)!.push(measured);
        say(describe(contestant, measured));
      }
    }
    for (let round = 0; round < plan.delayedRounds; round++) {
      say(`With ${delayMilliseconds} ms at the provider, round ${round + 1} of ${plan.delayedRounds}`);
      for (const contestant of inTurn(chosen, round)) {
        const slice = await measureDelayed(contestant, surroundings, plan);
        delayed.get(contestant.id)!.push(slice);
        say(`  ${contestant.id}: ${slice.perSecond.toFixed(0)}/s, p50 ${slice.p50.toFixed(1)} ms`);
      }
    }
    if (plan.sessionsForMemory > 0) {
      say(`Memory after ${plan.sessionsForMemory} sessions`);
      for (const contestant of chosen) {
        const megabytes = await measureMemory(contestant, surroundings, plan);
        memory.set(contestant.id, megabytes);
        say(`  ${contestant.id}: ${megabytes.toFixed(0)} MB`);
      }
    }
    return {
      machine,
      plan: { ...plan, newcomersInHundred, delayMilliseconds },
      emptyStarts,
      contestants: chosen.map(({ id, name, store, binding, lacks, packages }) => ({
        id,
        name,
        store,
        binding,
        lacks,
        versions: withVersions(packages),
        rounds: rounds.get(id)!,
        delayed: delayed.get(id)!,
        memory: memory.get(id) ?? null,
      })),
    };
  } finally {
    await surroundings.close();
  }
}

const withVersions = (packages: readonly string[]) => packages.map((one) => `${one} ${readVersion(one)}`);

const describeMachine = (): Figures['machine'] => ({
  date: new Date().toISOString(),
  processor: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryGigabytes: Math.round(totalmem() / 1e9),
  system: `Linux ${release().split('.').slice(0, 2).join('.')}`,
  node: process.versions.node,
  pinned: canPin,
  loadBefore: loadavg()[0]!,
  version: readOwnVersion(),
});

/** Each round begins with another one. */
const inTurn = <T>(list: readonly T[], round: number) =>
  list.map((_, index) => list[(index + round) % list.length]!);

function installPackages(): void {
  say('Installing the contestants, as bench/package-lock.json has them');
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: join(project, 'bench'),
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('npm ci in bench/ failed');
}

function choose(only: string | undefined): readonly Contestant[] {
  if (only === undefined) return contestants;
  return only.split(',').map((id) => {
    const found = contestants.find((one) => one.id === id.trim());
    if (!found) throw new Error(`there is no contestant ${id}\n\n${usage}`);
    return found;
  });
}

const figuresFile = join(project, 'bench/results/figures.json');

/** Below the project, or below another folder in the same places. */
async function writeFiles(figures: Figures, folder: string): Promise<void> {
  const files = {
    'bench/results/figures.json': `${JSON.stringify(figures, null, 1)}\n`,
    'docs/performance.svg': toPlot(figures),
    'docs/performance.md': toDocument(figures),
  };
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      'rounds-only': { type: 'boolean', default: false },
      profile: { type: 'string' },
      out: { type: 'string' },
      anew: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return say(usage);
  if (values.anew) return writeFiles(JSON.parse(await readFile(figuresFile, 'utf8')) as Figures, project);
  const chosen = choose(values.only);
  const base = values.quick ? quickPlan : fullPlan;
  const left = values['rounds-only'] ? { delayedRounds: 0, sessionsForMemory: 0 } : {};
  const plan = {
    ...base,
    ...left,
    rounds: values.rounds === undefined ? base.rounds : Number(values.rounds),
  };
  if (!(Number.isInteger(plan.rounds) && plan.rounds > 0)) throw new Error(usage);
  if (chosen.some(({ needsPackages }) => needsPackages) && !packagesAreInstalled()) installPackages();
  if (chosen.some(({ needsRedis }) => needsRedis) && spawnSync('redis-server', ['--version']).status !== 0)
    throw new Error('redis-server is needed: some of the contestants keep their sessions in Redis');
  if (!canPin) say('There is no taskset, or only one core: nothing is pinned, and the figures mean little.');
  pinThisProcess();
  const figures = await measureAll(
    chosen,
    plan,
    values.profile === undefined ? null : resolve(values.profile),
  );
  say(toTable(figures));
  const isWhole = !values.quick && !values['rounds-only'] && values.only === undefined;
  if (values.out !== undefined) await writeFiles(figures, values.out);
  else if (isWhole) await writeFiles(figures, project);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
