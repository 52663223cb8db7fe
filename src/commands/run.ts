import { readStorageConfig, type StorageConfig } from '../config.ts';
import { readEnvironment } from '../environment.ts';
import { ConfigError } from '../errors.ts';
import { isStorageError } from '../storage/storage-error.ts';

/** A command that cannot do what it was asked for, in a sentence for the person at the keyboard. */
export class CommandError extends Error {}

/**
 * Runs one command with the configured storage and the words after its name, and prints what it says
 * it did. What went wrong is one line, and the exit code is 1.
 */
export async function run(
  command: (config: StorageConfig, words: readonly string[]) => Promise<string>,
): Promise<void> {
  try {
    const said = await command(readStorageConfig(readEnvironment()), process.argv.slice(2));
    process.stdout.write(`${said}\n`);
  } catch (error) {
    const expected = error instanceof CommandError || error instanceof ConfigError || isStorageError(error);
    process.stderr.write(`${expected ? error.message : describe(error)}\n`);
    process.exitCode = 1;
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
