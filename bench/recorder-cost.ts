import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { recordRequest } from '../src/inspector/recorder.ts';
import { type Contestant, contestants } from './contestants.ts';
import { forCount, type Load, type Slice } from './load.ts';
import { makeFolder, pinThisProcess, project } from './processes.ts';
import { median } from './statistics.ts';
import { startContestant, startSurroundings } from './surroundings.ts';

/*
 * node bench/recorder-cost.ts [rounds] [logins]
 *
 * What the inspector costs a login: the application in production mode as it is, with INSPECTOR=off
 * and with INSPECTOR=on, against a copy of it in which every recording function is empty. All three
 * run side by side, each on a database of its own. After a long run to warm up they take turns of so
 * many logins, in another order each round: a machine that becomes slower for a while does so for all
 * three. Each round gives a ratio to the copy, and the medians count.
 */

const rounds = Number(process.argv[2] ?? 60);
const logins = Number(process.argv[3] ?? 200);
const loginsBefore = 4000;
const connections = 16;

/** The files that record: in the copy each of their exports is a function that does nothing, but these two. */
const emptied = ['recorder.ts', 'logins.ts', 'own-flows.ts', 'failures.ts'];
const kept: Readonly<Record<string, string>> = {
  recordRequest: `const none = { ${toEmptyMethods(recordRequest('token', { method: 'GET', url: '', headers: {} }))} };
export const recordRequest = () => none;`,
  inFlow: 'export const inFlow = (_purpose, _client, work) => work();',
};

/** Outside of a flow the recorder itself hands out a message that is not recorded. */
function toEmptyMethods(unrecorded: object): string {
  return Object.keys(unrecorded)
    .map((name) => `${name}() {}`)
    .join(', ');
}

async function withoutWork(file: string): Promise<string> {
  const real = (await import(join(project, 'src/inspector', file))) as object;
  const lines = Object.keys(real).map((name) => kept[name] ?? `export function ${name}() {}`);
  return `${lines.join('\n')}\n`;
}

async function copyWithoutRecorder(folder: string): Promise<void> {
  for (const name of ['src', 'views', 'public', 'package.json'])
    await cp(join(project, name), join(folder, name), { recursive: true });
  await symlink(join(project, 'node_modules'), join(folder, 'node_modules'));
  for (const file of emptied) await writeFile(join(folder, 'src/inspector', file), await withoutWork(file));
  const scope = join(folder, 'src/inspector/scope.ts');
  const text = await readFile(scope, 'utf8');
  const without = text.replace('return current() !== null;', 'return false;');
  if (without === text) throw new Error('isRecording() looks different now');
  await writeFile(scope, without);
}

const latchkey = contestants.find(({ id }) => id === 'latchkey')!;

const withInspector = (name: string, program: string, inspector: 'on' | 'off'): Contestant => ({
  ...latchkey,
  name,
  program,
  environment: (urls) => ({ ...latchkey.environment(urls), INSPECTOR: inspector }),
});

/** One of the three, with its own provider, so that it may keep its address. */
interface Running {
  readonly name: string;
  readonly load: Load;
  close(): Promise<void>;
}

async function start(contestant: Contestant): Promise<Running> {
  const surroundings = await startSurroundings(null);
  const running = await startContestant(contestant, surroundings);
  const load = running.load(connections);
  const close = async () => {
    await load.close();
    await running.close();
    await surroundings.close();
  };
  return { name: contestant.name, load, close };
}

pinThisProcess();
const { folder: copy, remove } = await makeFolder('latchkey-bench-');
const all: Running[] = [];
try {
  await copyWithoutRecorder(copy);
  for (const contestant of [
    withInspector('without the recorder', join(copy, latchkey.program), 'off'),
    withInspector('INSPECTOR=off', latchkey.program, 'off'),
    withInspector('INSPECTOR=on', latchkey.program, 'on'),
  ])
    all.push(await start(contestant));
  console.log(
    `Node ${process.versions.node}, ${rounds} rounds of ${logins} logins each, after ${loginsBefore} to warm up`,
  );
  for (const { load } of all) await load.logins(forCount(loginsBefore));
  const slices = all.map((): Slice[] => []);
  for (let round = 0; round < rounds; round++)
    for (const index of all.keys()) {
      const turn = (index + round) % all.length;
      slices[turn]!.push(await all[turn]!.load.logins(forCount(logins)));
    }
  for (const [index, { name }] of all.entries()) {
    const ratio = (read: (one: Slice) => number) =>
      median(slices[index]!.map((one, round) => read(one) / read(slices[0]![round]!)));
    const perSecond = ratio((one) => one.perSecond);
    const computing = ratio((one) => 1 / one.computing);
    console.log(
      `${name}: ${median(slices[index]!.map((one) => one.perSecond)).toFixed(0)}/s; median of the ratios to the copy without it: logins/s ${perSecond.toFixed(3)}, logins for the same computing time ${computing.toFixed(3)}`,
    );
  }
} finally {
  for (const running of all) await running.close();
  await remove();
}
