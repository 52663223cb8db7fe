import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Letters: as many as the configuration wants of a secret at least. */
const shortestSecret = 32;

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
  if (existsSync(file)) {
    const kept = readFileSync(file, 'utf8').trim();
    if (kept.length >= shortestSecret) return kept;
    // Somebody's slip, or a disk that was full: what such a key has sealed was open to everybody.
    rmSync(file);
  }
  // Whole before it has its name: of two starts at once the faster one counts, and none reads half.
  const whole = `${file}.${randomBytes(6).toString('hex')}`;
  writeFileSync(whole, randomBytes(32).toString('base64url'), { flag: 'wx', mode: 0o600 });
  try {
    linkSync(whole, file);
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    // Some file systems have no second names.
    if (!isThere) renameSync(whole, file);
  } finally {
    rmSync(whole, { force: true });
  }
  return readFileSync(file, 'utf8').trim();
}
