import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Kysely } from 'kysely';
import type { StorageConfig } from '../config.ts';
import { readTime } from '../storage/database.ts';
import { describeNewer, readNewerMigrations, readNewerMigrationsOf } from '../storage/newer-version.ts';
import { placeOf } from '../storage/place.ts';
import type { Schema } from '../storage/schema.ts';
import { isStorageError, type StorageError } from '../storage/storage-error.ts';
import { databaseFile } from '../storage/stores.ts';
import { withinDeadline } from '../storage/with-deadline.ts';
import { type Finding, judgeClock, needsAction, ok } from './finding.ts';

const serverMilliseconds = 3000;

/**
 * Asks each store that is configured, on a connection of its own, and changes nothing: no table is
 * made and no file is created. The clock of a shared store is compared with this machine's. `isOpenHere`
 * where this very process has the embedded database open.
 */
export async function checkStorage(
  config: StorageConfig,
  localNow: () => number,
  isOpenHere = false,
): Promise<Finding[]> {
  const { databaseUrl, sessionStoreUrl } = config.storage;
  const answers = await Promise.all([
    databaseUrl === null ? checkFile(config.dataDir, isOpenHere) : checkPostgresql(databaseUrl, localNow),
    ...(sessionStoreUrl === null ? [] : [checkRedis(sessionStoreUrl, localNow)]),
  ]);
  return answers.flat();
}

function checkFile(dataDir: string, isOpenHere: boolean): Finding[] {
  const file = databaseFile(dataDir);
  try {
    accessSync(nearestFolder(dataDir), constants.W_OK | constants.X_OK);
  } catch {
    const fix = `Let this user write to ${dataDir}, or name another folder in DATA_DIR.`;
    return [needsAction('Store', `The folder ${dataDir} cannot be written.`, fix)];
  }
  if (!existsSync(file))
    return [ok('Store', `Writable: ${dataDir}. The database is made at the first start.`)];
  try {
    accessSync(file, constants.R_OK | constants.W_OK);
  } catch {
    return [needsAction('Store', `${file} cannot be read and written.`, 'Let this user read and write it.')];
  }
  try {
    // To open and close here what this process has open would end its locks.
    const newer = isOpenHere ? [] : readNewerMigrationsOf(file);
    if (newer.length > 0) return [changedByNewer(file, newer)];
    return [ok('Store', `Writable: ${dataDir}, with a database in it.`)];
  } catch (error) {
    if (!isStorageError(error)) throw error;
    return [needsAction('Store', error.message, toFix(error))];
  }
}

function toFix({ kind, code }: StorageError): string {
  if (kind === 'busy') return 'Try again in a moment.';
  // SQLITE_CORRUPT and SQLITE_NOTADB.
  if (code === 'SQLITE_11' || code === 'SQLITE_26') return 'Move it away, and put a backup in its place.';
  return 'It has to be a file, and this user has to be allowed to read and write it and what is beside it (-wal, -shm).';
}

function changedByNewer(place: string, newer: readonly string[]): Finding {
  const { sentence, fix } = describeNewer(place, newer);
  return needsAction('Store', sentence, fix);
}

/** The folder itself, or the one that it would be made in. */
function nearestFolder(path: string): string {
  const full = resolve(path);
  return existsSync(full) || dirname(full) === full ? full : nearestFolder(dirname(full));
}

async function checkPostgresql(url: string, localNow: () => number): Promise<Finding[]> {
  const place = `PostgreSQL at ${placeOf(url)}`;
  const { createPostgresqlDialect } = await import('../storage/postgresql.ts');
  const database = new Kysely<Schema>({ dialect: createPostgresqlDialect(url, 1) });
  try {
    const difference = await measure(localNow, readTime(database));
    return [await judgeVersion(database, url), judgeClock('Clock of the store', place, difference)];
  } catch (error) {
    return [unreachable('Store', place, error, 'DATABASE_URL')];
  } finally {
    await database.destroy().catch(() => {});
  }
}

async function judgeVersion(database: Kysely<Schema>, url: string): Promise<Finding> {
  const place = `PostgreSQL at ${placeOf(url)}`;
  try {
    const newer = await withinDeadline(readNewerMigrations(database), serverMilliseconds);
    return newer.length > 0 ? changedByNewer(placeOf(url), newer) : ok('Store', `${place} answers.`);
  } catch (error) {
    if (!isStorageError(error)) throw error;
    const fix = 'Let the user of DATABASE_URL read and write the tables of the database.';
    return needsAction(
      'Store',
      `${place} answers, and refuses to be read (${error.code ?? error.kind}).`,
      fix,
    );
  }
}

async function checkRedis(url: string, localNow: () => number): Promise<Finding[]> {
  const place = `Redis at ${placeOf(url)}`;
  const { connectToRedis } = await import('../storage/redis-connection.ts');
  const redis = await connectToRedis(url);
  try {
    const difference = await measure(localNow, redis.readTime());
    const name = 'Store for sessions';
    return [ok(name, `${place} answers.`), judgeClock('Clock of the store for sessions', place, difference)];
  } catch (error) {
    return [unreachable('Store for sessions', place, error, 'SESSION_STORE_URL')];
  } finally {
    redis.close();
  }
}

/** The store's time minus ours, half-way between question and answer. */
async function measure(localNow: () => number, time: Promise<number | null>): Promise<number> {
  const askedAt = localNow();
  const answer = await withinDeadline(time, serverMilliseconds);
  return (answer ?? askedAt) - (askedAt + localNow()) / 2;
}

/** Names the place and the error's own code, never the address, which has the password in it. */
function unreachable(name: string, place: string, error: unknown, variable: string): Finding {
  const code = isStorageError(error) && error.code !== null ? ` (${error.code})` : '';
  return needsAction(
    name,
    `${place} does not answer${code}.`,
    `Start it, or correct ${variable}: host, port, user, password and database.`,
  );
}
