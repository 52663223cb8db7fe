import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The secrets to work with, newest first: the configured ones, or the one that is kept for development. */
export function readSecrets(sessionSecrets: readonly string[], dataDir: string): readonly string[] {
  return sessionSecrets.length > 0 ? sessionSecrets : [readOrCreateDevelopmentSecret(dataDir)];
}

/**
 * The secret of an installation that has no SESSION_SECRET, which only development may lack: made
 * once and kept in the data folder, so that people stay signed in across restarts.
 */
function readOrCreateDevelopmentSecret(dataDir: string): string {
  const file = join(dataDir, 'development-secret');
  mkdirSync(dataDir, { recursive: true });
  try {
    // `wx` fails when the file is there already: then it is read below.
    writeFileSync(file, randomBytes(32).toString('base64url'), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return readFileSync(file, 'utf8').trim();
}
