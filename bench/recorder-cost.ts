import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Contestant, contestants } from './contestants.ts';
import { forCount, type Slice } from './load.ts';
import { pinThisProcess } from './processes.ts';
import { median } from './statistics.ts';
import { project, startContestant, startSurroundings, type Surroundings } from './surroundings.ts';

/*
 * node bench/recorder-cost.ts [rounds] [logins]
 *
 * What the inspector costs a login: the application in production mode as it is, with INSPECTOR=off
 * and with INSPECTOR=on, against a copy of it in which every recording function is empty. The three
 * take turns, in another order each round; each round gives a ratio to the copy, and the medians
 * count.
 */

const rounds = Number(process.argv[2] ?? 10);
const logins = Number(process.argv[3] ?? 2000);
const connections = 16;

/** What the copy has in the places of the files that record. */
const emptied: Readonly<Record<string, string>> = {
  'recorder.ts': `const none = { answered() {}, failed() {} };
export function recordCheck() {}
export function recordGrantedScope() {}
export function recordToken() {}
export function recordRequest() { return none; }
`,
  'logins.ts': `export function recordLoginStart() {}
export function recordCallback() {}
export function recordVisitEnd() {}
`,
  'own-flows.ts': `export const inFlow = (_purpose, _client, work) => work();
`,
};

async function copyWithoutRecorder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-bench-'));
  for (const name of ['src', 'views', 'public', 'package.json'])
    await cp(join(project, name), join(folder, name), { recursive: true });
  await symlink(join(project, 'node_modules'), join(folder, 'node_modules'));
  for (const [name, text] of Object.entries(emptied))
    await writeFile(join(folder, 'src/inspector', name), text);
  const scope = join(folder, 'src/inspector/scope.ts');
  const text = await readFile(scope, 'utf8');
  const without = text.replace('return current() !== null;', 'return false;');
  if (without === text) throw new Error('isRecording() looks different now');
  await writeFile(scope, without);
  return folder;
}

const latchkey = contestants.find(({ id }) => id === 'latchkey')!;

const withInspector = (name: string, program: string, inspector: 'on' | 'off'): Contestant => ({
  ...latchkey,
  name,
  program,
  environment: (urls) => ({ ...latchkey.environment(urls), INSPECTOR: inspector }),
});

async function measure(contestant: Contestant, surroundings: Surroundings): Promise<Slice> {
  const running = await startContestant(contestant, surroundings);
  const load = running.load(connections);
  try {
    // As many to warm up.
    await load.logins(forCount(logins));
    return await load.logins(forCount(logins));
  } finally {
    await load.close();
    await running.close();
  }
}

pinThisProcess();
const copy = await copyWithoutRecorder();
const surroundings = await startSurroundings(null);
try {
  const reference = withInspector('without the recorder', join(copy, latchkey.program), 'off');
  const others = [
    withInspector('INSPECTOR=off', latchkey.program, 'off'),
    withInspector('INSPECTOR=on', latchkey.program, 'on'),
  ];
  const all = [reference, ...others];
  const ratios = new Map(
    others.map(({ name }) => [name, { byTime: [] as number[], computing: [] as number[] }]),
  );
  console.log(`Node ${process.versions.node}, ${rounds} rounds of ${logins} logins after as many`);
  for (let round = 0; round < rounds; round++) {
    const results = new Map<string, Slice>();
    for (const index of all.keys()) {
      const contestant = all[(index + round) % all.length]!;
      results.set(contestant.name, await measure(contestant, surroundings));
    }
    const base = results.get(reference.name)!;
    const words = [...results].map(
      ([name, { perSecond, computing }]) => `${name}: ${perSecond.toFixed(0)}/s, ${computing.toFixed(2)} ms`,
    );
    console.log(`${round + 1}. ${words.join('; ')}`);
    for (const [name, { byTime, computing }] of ratios) {
      const slice = results.get(name)!;
      byTime.push(slice.perSecond / base.perSecond);
      computing.push(base.computing / slice.computing);
    }
  }
  for (const [name, { byTime, computing }] of ratios)
    console.log(
      `${name}, median of the ratios to the copy without it: logins/s ${median(byTime).toFixed(3)}, logins for the same computing time ${median(computing).toFixed(3)}`,
    );
} finally {
  await surroundings.close();
  await rm(copy, { recursive: true, force: true });
}
