import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attacks, type Attack } from '../test/attacks/catalogue.ts';

/*
 * npm run attacks                        tries every case of test/attacks/catalogue.ts, prints a table
 * npm run attacks -- test/attacks/web    the same for some of the files, and the cases in them
 *
 * Ends with 1 when a case failed, or could not be tried.
 */

interface TestResult {
  readonly ancestorTitles: readonly string[];
  readonly title: string;
  readonly status: string;
}

interface Report {
  readonly testResults: readonly { readonly assertionResults: readonly TestResult[] }[];
}

export type Outcome = 'passed' | 'failed' | 'not tried' | 'inapplicable';

/** What became of a case: every test of it has to pass, and one has to have run. */
export function outcomeOf({ id, inapplicable }: Attack, tests: readonly TestResult[]): Outcome {
  if (inapplicable !== undefined) return 'inapplicable';
  const own = tests.filter(({ ancestorTitles }) => ancestorTitles.some((name) => name.startsWith(`${id} `)));
  if (own.some(({ status }) => status === 'failed')) return 'failed';
  return own.some(({ status }) => status === 'passed') ? 'passed' : 'not tried';
}

/** Runs the tests and gives the result of each; jest itself shows the failures on the way. */
async function runTests(paths: readonly string[]): Promise<TestResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-attacks-'));
  const file = join(folder, 'report.json');
  const jest = join(import.meta.dirname, '../node_modules/jest/bin/jest.js');
  const parameters = ['--experimental-vm-modules', '--no-warnings=ExperimentalWarning', jest];
  // A browser or a socket that closes late must not keep the table waiting.
  const options = ['--forceExit', '--json', `--outputFile=${file}`];
  const child = spawn(process.execPath, [...parameters, ...options, ...paths], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await new Promise((resolve) => child.once('exit', resolve));
  const report = JSON.parse(await readFile(file, 'utf8')) as Report;
  await rm(folder, { recursive: true });
  return report.testResults.flatMap(({ assertionResults }) => assertionResults);
}

function toTable(rows: readonly { readonly attack: Attack; readonly outcome: Outcome }[]): string {
  const lines = rows.map(({ attack: { id, title, inapplicable }, outcome }) => {
    const result = inapplicable === undefined ? outcome : `${outcome}: ${inapplicable}`;
    return `${id.padEnd(9)} ${title.padEnd(76)} ${result}`;
  });
  const departures = rows.flatMap(({ attack: { id, deviation } }) =>
    deviation ? [`${id}: ${deviation}`] : [],
  );
  const count = (outcome: Outcome) => `${rows.filter((row) => row.outcome === outcome).length} ${outcome}`;
  const sum = (['passed', 'failed', 'not tried', 'inapplicable'] as const).map(count).join(', ');
  return [...lines, '', ...departures, '', `${rows.length} cases: ${sum}.`].join('\n');
}

if (import.meta.main) {
  const paths = process.argv.slice(2);
  const tests = await runTests(paths.length > 0 ? paths : ['test/attacks']);
  const all = attacks.map((attack) => ({ attack, outcome: outcomeOf(attack, tests) }));
  const rows = paths.length > 0 ? all.filter(({ outcome }) => outcome !== 'not tried') : all;
  console.log(toTable(rows));
  const isGood = rows.every(({ outcome }) => outcome === 'passed' || outcome === 'inapplicable');
  process.exitCode = isGood && tests.every(({ status }) => status !== 'failed') ? 0 : 1;
}
