import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** `.env` is there and cannot be read, in a sentence for the person who starts the process. */
export class EnvironmentError extends Error {}

/**
 * The environment of this process, with what `.env` in the current folder says where that file is;
 * variables that are set already win. Nothing else reads `process.env`. Throws `EnvironmentError`.
 */
export function readEnvironment(): Readonly<Record<string, string | undefined>> {
  if (existsSync('.env')) loadFile('.env');
  return process.env;
}

function loadFile(name: string): void {
  try {
    process.loadEnvFile(name);
  } catch {
    throw new EnvironmentError(
      `${resolve(name)} cannot be read. It has to be a file, and this user has to be allowed to read it.`,
    );
  }
}
