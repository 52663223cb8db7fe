import { existsSync } from 'node:fs';

/**
 * The environment of this process, with what `.env` in the current folder says where that file is;
 * variables that are set already win. Nothing else reads `process.env`.
 */
export function readEnvironment(): Readonly<Record<string, string | undefined>> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return process.env;
}
