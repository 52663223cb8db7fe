import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { variables } from '../../src/config.ts';
import { loadCommands } from '../../src/commands/latchkey-command.ts';
import { manifest, runCommand } from '../support/run-command.ts';

/** `latchkey …` as a person types it. What each command does is in tests of its own. */

const commands = await loadCommands();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const type = (...words: string[]) => runCommand(folder, [manifest.bin.latchkey, ...words]);

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

describe('a .env that cannot be read is a sentence', () => {
  const place = () => join(folder, '.env');
  beforeAll(() => mkdirSync(place()));
  afterAll(() => rmdirSync(place()));

  test.each([['start'], ['sandbox'], ['doctor'], ['migrate'], ['backup', 'copy.sqlite'], ['db:copy']])(
    'of %s',
    async (...words) => {
      const { code, output, errors } = await type(...words);
      expect({ code, output }).toEqual({ code: 1, output: '' });
      expect(errors).toMatch(
        /^\/.+\/\.env cannot be read\. It has to be a file, and this user has to be allowed to read it\.\n$/,
      );
    },
  );
});

test('npm scripts of the same names call the same code', () => {
  for (const { name } of commands) {
    const script = manifest.scripts[name];
    const expected = name === 'start' ? 'node src/server.ts' : `node bin/latchkey.js ${name}`;
    expect([name, script]).toEqual([name, expected]);
  }
});

test('an older Node can read the command as far as the sentence about its version', () => {
  const text = readFileSync(join(import.meta.dirname, '../..', manifest.bin.latchkey), 'utf8');
  const named = [...text.matchAll(/^import \{ (.+) \} from/gm)].flatMap((match) => match[1]!.split(', '));
  // Node 18 has these. A name that it lacks is an error of its own, before the first line runs.
  expect(named).toEqual(['existsSync', 'fileURLToPath']);
});
