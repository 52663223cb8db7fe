import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { variables } from '../src/config.ts';
import { loadCommands } from '../src/commands/latchkey-command.ts';

/** `latchkey …` as a person types it. What each command does is in tests of its own. */

const commands = await loadCommands();
const root = join(import.meta.dirname, '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  bin: { latchkey: string };
  scripts: Record<string, string>;
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Outcome {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Types it in a folder without `.env`, with nobody at the keyboard. */
function type(...words: string[]): Promise<Outcome> {
  const options = { cwd: folder, env: { PATH: process.env['PATH'] ?? '', DATA_DIR: folder } };
  return new Promise((resolve) => {
    const line = [join(root, manifest.bin.latchkey), ...words];
    const child = execFile(process.execPath, line, options, (error, output, errors) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output, errors });
    });
    child.stdin!.end();
  });
}

test('--help lists every command, and what the exit codes say', async () => {
  const { code, output, errors } = await type('--help');
  expect([code, errors]).toEqual([0, '']);
  for (const { name, summary } of commands)
    expect(output).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'));
  expect(output).toMatch(/^Exit codes\n {2}0 .*\n {2}1 .*\n {2}2 /m);
  expect(await type('-h')).toEqual({ code, output, errors });
});

test.each(commands.map((command) => [command.name, command] as const))(
  '%s --help says how, what its exit codes mean, and which variables matter; and does nothing',
  async (name, command) => {
    const { code, output, errors } = await type(name, '--help');
    expect([code, errors]).toEqual([0, '']);
    expect(output).toContain(`latchkey ${name} ${command.summary}.`);
    expect(output).toContain(`\n  1  ${command.failure}\n`);
    for (const option of Object.keys(command.options))
      expect(output).toMatch(new RegExp(`^  --${option} `, 'm'));
    const named = Object.keys(command.variables).filter((variable) => /^[A-Z_]+$/.test(variable));
    expect(named.filter((variable) => !variables.includes(variable))).toEqual([]);
    for (const variable of named) expect(output).toMatch(new RegExp(`^  ${variable} `, 'm'));
  },
);

test('--version is that of the package', async () => {
  expect(await type('--version')).toEqual({ code: 0, output: `${manifest.version}\n`, errors: '' });
});

describe('what is not understood ends with 2, words on stderr, and where help is', () => {
  test.each([
    [['bakcup'], 'There is no command bakcup. Did you mean backup?', 'latchkey --help'],
    [['frobnicate'], 'There is no command frobnicate.', 'latchkey --help'],
    [['--jsn'], 'There is no command --jsn.', 'latchkey --help'],
    [['doctor', '--jsn'], "Unknown option '--jsn'.", 'latchkey doctor --help'],
    [['backup'], '<file> is missing: latchkey backup <file>', 'latchkey backup --help'],
    [['backup', 'a', 'b'], 'b is one word too many: latchkey backup <file>', 'latchkey backup --help'],
    [['secret', 'me'], 'me is one word too many: latchkey secret', 'latchkey secret --help'],
  ])('%p', async (words, problem, help) => {
    expect(await type(...words)).toEqual({ code: 2, output: '', errors: `${problem}\nSee ${help}\n` });
  });
});

test('secret prints 32 random bytes and nothing else, another each time', async () => {
  const [one, other] = await Promise.all([type('secret'), type('secret')]);
  for (const { code, output, errors } of [one, other]) {
    expect([code, errors]).toEqual([0, '']);
    expect(output).toMatch(/^[\w-]{43}\n$/);
  }
  expect(one.output).not.toBe(other.output);
});

test('what cannot be done ends with 1 and a sentence', async () => {
  const { code, output, errors } = await type('backup', join(folder, 'copy.sqlite'));
  expect({ code, output }).toEqual({ code: 1, output: '' });
  expect(errors).toMatch(/^There is no database at .*\n$/);
});

test('npm scripts of the same names call the same code', () => {
  for (const { name } of commands) {
    const script = manifest.scripts[name];
    expect([name, script]).toEqual([
      name,
      name === 'start' ? 'node src/server.ts' : `node bin/latchkey.js ${name}`,
    ]);
  }
});
