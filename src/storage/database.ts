import { Kysely, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { migrations } from './migrations/index.ts';
import type { PoolUse } from './postgresql.ts';
import type { Database, Schema } from './schema.ts';
import { describeNewer, readNewerMigrations } from './newer-version.ts';
import { placeOf } from './place.ts';
import { createSqliteDialect, describeFileFailure, isSqlite } from './sqlite.ts';
import { isStorageError, StorageError } from './storage-error.ts';

export type { Database, Schema } from './schema.ts';

/** SQLite: the file's path, or `:memory:`. PostgreSQL: its URL, and how many connections to keep. */
export type DatabaseTarget = string | { readonly url: string; readonly poolSize?: number };

/**
 * Opens the database and brings it up to date. Throws `StorageError`, whose message then is a
 * sentence that names the database and no password.
 */
export async function openDatabase(target: DatabaseTarget): Promise<Database> {
  return (await openAndMigrate(target)).database;
}

export interface OpenedDatabase {
  readonly database: Database;
  /** The names of the migrations that this very call has run. */
  readonly applied: string[];
  /** Null for SQLite, which has one connection. */
  readonly poolUse: (() => PoolUse) | null;
}

/** The same, and tells more. */
export async function openAndMigrate(target: DatabaseTarget): Promise<OpenedDatabase> {
  if (typeof target === 'string') {
    const database = new Kysely<Schema>({ dialect: createSqliteDialect(target) });
    try {
      const applied = await migrate(database, target, (error) => describeFileFailure(error, target));
      return { database, applied, poolUse: null };
    } catch (error) {
      await database.destroy().catch(() => {});
      throw error;
    }
  }
  const { url, poolSize = 10 } = target;
  const { createPostgresqlDialect, describeServerFailure, migrationLimits } = await import('./postgresql.ts');
  // On a connection of its own: a second node waits here for the first one.
  const migrating = new Kysely<Schema>({ dialect: createPostgresqlDialect(url, 1, migrationLimits) });
  try {
    const applied = await migrate(migrating, placeOf(url), (error) => describeServerFailure(error, url));
    const dialect = createPostgresqlDialect(url, poolSize);
    return { database: new Kysely<Schema>({ dialect }), applied, poolUse: dialect.poolUse };
  } finally {
    await migrating.destroy();
  }
}

/** `describe` puts a failure into a sentence for the person who starts the process. */
async function migrate(
  database: Database,
  place: string,
  describe: (error: StorageError) => StorageError,
): Promise<string[]> {
  const { error, results = [] } = await new Migrator({
    db: database,
    provider: { getMigrations: async () => migrations },
  }).migrateToLatest();
  if (!error) return results.map(({ migrationName }) => migrationName);
  if (isStorageError(error)) throw describe(error);
  const newer = await readNewerMigrations(database);
  if (newer.length > 0) {
    const { sentence, fix } = describeNewer(place, newer);
    throw new StorageError('unavailable', null, `${sentence} ${fix}`);
  }
  const reason = error instanceof Error ? error.message : String(error);
  throw new StorageError('unavailable', null, `The database does not fit this version: ${reason}.`);
}

/**
 * Runs a transaction that must outlive a power cut: one that creates, links, moves or removes an
 * identity or an account. All else may lose its last moments, never its consistency.
 */
export function durably<Result>(
  database: Database,
  work: (transaction: Database) => Promise<Result>,
): Promise<Result> {
  if (isSqlite(database)) return durablyOnSqlite(database, work);
  return database.transaction().execute(async (transaction) => {
    await sql`set local synchronous_commit = on`.execute(transaction);
    return work(transaction);
  });
}

function durablyOnSqlite<Result>(
  database: Database,
  work: (transaction: Database) => Promise<Result>,
): Promise<Result> {
  return database.connection().execute(async (connection) => {
    // The level cannot change inside a transaction.
    await sql`pragma synchronous = full`.execute(connection);
    try {
      return await connection.transaction().execute(work);
    } finally {
      await sql`pragma synchronous = normal`.execute(connection);
    }
  });
}

/**
 * Makes transactions that change the same account's identities follow one another. SQLite has one
 * writer anyway; PostgreSQL would let two of them look at the same rows and change different ones.
 */
export async function lockAccount(transaction: Database, accountId: string): Promise<void> {
  if (isSqlite(transaction)) return;
  await transaction.selectFrom('accounts').select('id').where('id', '=', accountId).forUpdate().execute();
}

/** The database server's time in milliseconds since 1970; null for SQLite, which has none of its own. */
export async function readTime(database: Database): Promise<number | null> {
  if (isSqlite(database)) return null;
  const query = sql<{ now: number }>`select extract(epoch from clock_timestamp())::float8 * 1000 as now`;
  const { rows } = await query.execute(database);
  return Math.round(rows[0]!.now);
}
