import { readStorageConfig, type StorageConfig } from '../config.ts';
import { EnvironmentError, readEnvironment } from '../environment.ts';
import { ConfigError } from '../errors.ts';
import { StartError } from '../listener.ts';
import { isStorageError } from '../storage/storage-error.ts';
import { type Command, CommandError, readWords, toHelp, UsageError } from './command.ts';

/** Where the data lies, for commands that need nothing else. Throws `ConfigError`. */
export function readStorage(): StorageConfig {
  return readStorageConfig(readEnvironment());
}

/** The variables that say where the data lies. */
export const storageVariables = {
  DATA_DIR: 'the folder of the embedded database; ./data by default',
  DATABASE_URL: 'a PostgreSQL database in its place',
};

/**
 * Runs one command with the words behind its name, and prints what it says it did. Also with
 * `node src/commands/<name>.ts`.
 */
export async function runCommand(command: Command, words: readonly string[]): Promise<void> {
  try {
    const given = readWords(command, words);
    const said = given === null ? toHelp(command) : await command.run(given);
    if (said === undefined) return;
    const { text, exitCode } = typeof said === 'string' ? { text: said, exitCode: 0 } : said;
    process.stdout.write(`${text}\n`);
    process.exitCode = exitCode;
  } catch (error) {
    fail(error, `latchkey ${command.name} --help`);
  }
}

/** Words on stderr, and the exit code. Whoever was not understood is told where help is. */
export function fail(error: unknown, help: string): void {
  const understood = !(error instanceof UsageError);
  const expected =
    error instanceof CommandError ||
    error instanceof EnvironmentError ||
    error instanceof ConfigError ||
    error instanceof StartError ||
    isStorageError(error);
  const text = expected ? error.message : understood ? describe(error) : `${error.message}\nSee ${help}`;
  process.stderr.write(`${text}\n`);
  process.exitCode = understood ? 1 : 2;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
