import { readFileSync } from 'node:fs';
import { nearest } from '../nearest.ts';
import { type Command, section, UsageError } from './command.ts';
import { fail, runCommand } from './run.ts';

/** In the order in which the help lists them. Each brings its own part of the application along, so only when needed. */
const loaders: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./start.ts')).start,
  sandbox: async () => (await import('./sandbox.ts')).sandbox,
  doctor: async () => (await import('./doctor.ts')).doctor,
  secret: async () => (await import('./secret.ts')).secret,
  migrate: async () => (await import('./migrate.ts')).migrate,
  backup: async () => (await import('./backup.ts')).backup,
  'db:copy': async () => (await import('./copy-database.ts')).copyDatabase,
};

export function loadCommands(): Promise<Command[]> {
  return Promise.all(Object.values(loaders).map((load) => load()));
}

/** `latchkey <command> …`; without one it starts the application. Asks nothing back. */
export async function runLatchkeyCommand([name = 'start', ...words]: readonly string[]): Promise<void> {
  if (name === '--help' || name === '-h')
    return void process.stdout.write(`${toOverview(await loadCommands())}\n`);
  if (name === '--version' || name === '-v') return void process.stdout.write(`${readVersion()}\n`);
  if (Object.hasOwn(loaders, name)) return runCommand(await loaders[name]!(), words);
  const meant = nearest(name, Object.keys(loaders));
  const hint = meant === null ? '' : ` Did you mean ${meant}?`;
  fail(new UsageError(`There is no command ${name}.${hint}`), 'latchkey --help');
}

function toOverview(commands: readonly Command[]): string {
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
