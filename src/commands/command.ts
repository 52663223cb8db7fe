import { type ParseArgsConfig, parseArgs } from 'node:util';

/** What a person can start by name, with all that its help says. */
export interface Command {
  readonly name: string;
  /** Completes “latchkey <name> …”: `checks the setup`. */
  readonly summary: string;
  /** What must stand behind the name, in order. */
  readonly operands: readonly string[];
  readonly options: Readonly<Record<string, { readonly words: string }>>;
  /** Sentences, a line each. */
  readonly details: readonly string[];
  /** The variables of the environment that matter to it, and what each says. */
  readonly variables: Readonly<Record<string, string>>;
  /** What the exit code 1 means; 0 is success, and 2 a command line that it does not know. */
  readonly failure: string;
  /**
   * Does it. What it returns is printed: a sentence, or a text and an exit code of its own; nothing
   * from what goes on running. Throws `CommandError`, and `EnvironmentError`, `ConfigError`,
   * `StartError` and `StorageError`, whose messages are printed.
   */
  readonly run: (given: Given) => Promise<Said | string | undefined>;
}

export interface Given {
  readonly operands: readonly string[];
  readonly options: ReadonlySet<string>;
}

interface Said {
  readonly text: string;
  readonly exitCode: number;
}

/** A command that cannot do what it was asked for, in a sentence for the person at the keyboard. */
export class CommandError extends Error {}

/** A command line that is not understood. */
export class UsageError extends Error {}

/** Reads the words behind a command's name; null when they ask for its help. Throws `UsageError`. */
export function readWords(command: Command, words: readonly string[]): Given | null {
  const names = [...Object.keys(command.options), 'help'];
  const options = Object.fromEntries(
    names.map((name) => [name, { type: 'boolean' as const, ...(name === 'help' ? { short: 'h' } : {}) }]),
  );
  const { values, positionals } = parse({ args: [...words], options, allowPositionals: true });
  if (values['help']) return null;
  const missing = command.operands[positionals.length];
  const extra = positionals[command.operands.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing: ${toUsage(command)}`);
  if (extra !== undefined) throw new UsageError(`${extra} is one word too many: ${toUsage(command)}`);
  return { operands: positionals, options: new Set(Object.keys(values)) };
}

function parse<Config extends ParseArgsConfig>(config: Config) {
  try {
    return parseArgs(config);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (!code.startsWith('ERR_PARSE_ARGS_')) throw error;
    // Behind the first sentence Node explains how to give a word that begins with a hyphen.
    throw new UsageError(message.split('. ')[0]!.replace(/\.?$/, '.'));
  }
}

function toUsage({ name, operands, options }: Command): string {
  const all = [...operands, ...Object.keys(options).map((option) => `[--${option}]`)];
  return ['latchkey', name, ...all].join(' ');
}

/** The help of one command. */
export function toHelp(command: Command): string {
  const { summary, options, details, variables, failure } = command;
  return [
    `latchkey ${command.name} ${summary}.`,
    '',
    `  ${toUsage(command)}`,
    '',
    ...details,
    ...section(
      'Options',
      Object.entries(options).map(([name, { words }]) => [`--${name}`, words]),
    ),
    ...section('Environment', Object.entries(variables)),
    ...section('Exit codes', [
      ['0', 'done'],
      ['1', failure],
      ['2', 'the command line is not understood'],
    ]),
  ].join('\n');
}

/** A heading with rows of two columns; nothing without rows. */
export function section(heading: string, rows: readonly (readonly [string, string])[]): string[] {
  if (rows.length === 0) return [];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return ['', heading, ...rows.map(([name, words]) => `  ${name.padEnd(width)}${words}`)];
}
