import { readFileSync } from 'node:fs';
import { nearest } from '../nearest.ts';
import { backup } from './backup.ts';
import { type Command, section, UsageError } from './command.ts';
import { copyDatabase } from './copy-database.ts';
import { doctor } from './doctor.ts';
import { migrate } from './migrate.ts';
import { fail, runCommand } from './run.ts';
import { sandbox } from './sandbox.ts';
import { secret } from './secret.ts';
import { start } from './start.ts';

/** In the order in which the help lists them. The first is what `latchkey` alone means. */
export const commands: readonly Command[] = [start, sandbox, doctor, secret, migrate, backup, copyDatabase];

/** `latchkey <command> …`. Asks nothing back. */
export async function runLatchkeyCommand([name, ...words]: readonly string[]): Promise<void> {
  if (name === '--help' || name === '-h') return void process.stdout.write(`${toOverview()}\n`);
  if (name === '--version' || name === '-v') return void process.stdout.write(`${readVersion()}\n`);
  const command = name === undefined ? start : commands.find((known) => known.name === name);
  if (command) return runCommand(command, words);
  const meant = nearest(
    name!,
    commands.map((known) => known.name),
  );
  const hint = meant === null ? '' : ` Did you mean ${meant}?`;
  fail(new UsageError(`There is no command ${name}.${hint}`), 'latchkey --help');
}

function toOverview(): string {
  return [
    'latchkey logs people in with Twitch, Mixer, Mixin or Resonite.',
    '',
    '  latchkey [command]',
    ...section(
      'Commands',
      commands.map(({ name, summary }) => [name, summary]),
    ),
    ...section('Options', [
      ['--help, -h', 'prints this; behind a command, its own help'],
      ['--version, -v', 'prints the version'],
    ]),
    ...section('Exit codes', [
      ['0', 'done'],
      ['1', 'it could not be done, or the doctor found something to do'],
      ['2', 'the command line is not understood'],
    ]),
    '',
    'The configuration comes from the environment, and from .env in the current folder.',
  ].join('\n');
}

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return String((JSON.parse(text) as { version: unknown }).version);
}
