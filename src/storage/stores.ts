import { resolve } from 'node:path';
import { type Database, openAndMigrate, readTime } from './database.ts';
import type { ExpiringRecords } from './expiring-records.ts';
import type { PoolUse } from './postgresql.ts';
import { probeStores } from './probe.ts';
import { type CreateRateCounter, createLocalRateCounter } from './rate-counters.ts';
import type { RedisConnection } from './redis-connection.ts';
import { createRedisRecords } from './redis-records.ts';
import { createSqlRecords } from './sql-records.ts';
import { createStoreClock } from './store-clock.ts';
import { withDeadline, withinDeadline } from './with-deadline.ts';

/** The embedded database in the data folder. From the root on: SQLite takes `file:…` for an address. */
export function databaseFile(dataDir: string): string {
  return resolve(dataDir, 'latchkey.sqlite');
}

export interface StoreSettings {
  /** The file of the embedded database, used without `databaseUrl`; or `:memory:`. */
  readonly file: string;
  readonly databaseUrl: string | null;
  readonly databasePoolSize: number;
  /** Null: the expiring records are in the database too. */
  readonly sessionStoreUrl: string | null;
  readonly sessionStorePrefix: string;
}

export interface Stores {
  readonly database: Database;
  /** The connections to PostgreSQL; null for SQLite. */
  readonly poolUse: (() => PoolUse) | null;
  readonly records: ExpiringRecords;
  /** Shared in Redis where there is one; else each process counts by itself. */
  readonly createRateCounter: CreateRateCounter;
  /** Milliseconds since 1970, by the clock of the shared store where there is one. */
  readonly now: () => number;
  /** Throws `StorageError` when one of the stores cannot be written and read within a second. */
  checkStores(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens all that is stored. The database must answer, for it is brought up to date first; Redis may
 * come later, and until then whatever needs it throws `StorageError`.
 */
export async function openStores(settings: StoreSettings, localNow: () => number): Promise<Stores> {
  const { file, databaseUrl, databasePoolSize, sessionStoreUrl, sessionStorePrefix } = settings;
  const target = databaseUrl === null ? file : { url: databaseUrl, poolSize: databasePoolSize };
  const { database, poolUse } = await openAndMigrate(target);
  // Its client is a third of all files of a start, so it is loaded only where it is wanted.
  const redis =
    sessionStoreUrl === null
      ? null
      : await (await import('./redis-connection.ts')).connectToRedis(sessionStoreUrl);
  const clock = await createStoreClock(localNow, () =>
    withinDeadline(redis ? redis.readTime() : readTime(database)),
  );
  const inDatabase = createSqlRecords(database, clock.now);
  // What was kept in the database before there was a Redis ends there all the same.
  const records = redis
    ? { ...createRedisRecords(redis, sessionStorePrefix, clock.now), sweep: inDatabase.sweep }
    : inDatabase;
  return {
    database,
    poolUse,
    // SQLite itself waits for no longer than that.
    records: databaseUrl === null && !redis ? records : withDeadline(records),
    createRateCounter: redis ? await sharedRateCounters(redis, sessionStorePrefix) : createLocalRateCounter,
    now: clock.now,
    checkStores: () => probeStores({ database, records, now: clock.now }),
    async close() {
      clock.close();
      redis?.close();
      await database.destroy();
    },
  };
}

/** They bring their package along, so only where there is a Redis. */
async function sharedRateCounters(redis: RedisConnection, prefix: string): Promise<CreateRateCounter> {
  const { createSharedRateCounter } = await import('./shared-rate-counters.ts');
  return (counter) => createSharedRateCounter(redis, prefix, counter);
}
