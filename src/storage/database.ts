import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import {
  type Generated,
  Kysely,
  type SqliteDatabase,
  SqliteDialect,
  type SqliteStatement,
  sql,
} from 'kysely';
import { Migrator } from 'kysely/migration';
import { isObject } from '../json.ts';
import { migrations } from './migrations/index.ts';

/** Instants are milliseconds since 1970. Ids are random text, never a number from outside. */
export interface Schema {
  accounts: { id: string; created_at: number };
  identities: {
    id: string;
    account_id: string;
    provider: string;
    mode: string;
    subject: string;
    display_name: string;
    handle: string;
    avatar_url: string | null;
    public_profile_url: string | null;
    /** The provider's userinfo as JSON text, shown on the profile page. */
    userinfo: string;
    granted_scope: string;
    linked_at: number;
    last_used_at: number;
    profile_read_at: number;
    /** When reading the profile failed last; null since it worked. */
    profile_failed_at: number | null;
    /** Why it failed, as `accounts/account-store.ts` names it. */
    profile_failure: string | null;
  };
  expiring_records: {
    kind: string;
    key: string;
    owner: string;
    value: string;
    version: Generated<number>;
    expires_at: number;
    purge_at: number;
  };
}

export type Database = Kysely<Schema>;

/**
 * Opens the embedded database and brings it up to date. `file` is a path, or `:memory:`.
 *
 * One connection in WAL mode, so writers wait in line in this process; a lock held by another
 * process stops everything here while SQLite waits for it, hence the short limit.
 */
export async function openDatabase(file: string): Promise<Database> {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
  const connection = new DatabaseSync(file, { timeout: 250, enableForeignKeyConstraints: true });
  connection.exec('pragma journal_mode = wal; pragma synchronous = normal;');
  const database = new Kysely<Schema>({ dialect: new SqliteDialect({ database: adapt(connection) }) });
  const { error } = await new Migrator({
    db: database,
    provider: { getMigrations: async () => migrations },
  }).migrateToLatest();
  if (error) throw error;
  return database;
}

/**
 * Runs a transaction that must outlive a power cut: one that creates, links, moves or removes an
 * identity or an account. All else may lose its last moments, never its consistency.
 */
export function durably<Result>(
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

/** True for what the database itself threw: the person then gets 503, never an anonymous page. */
export function isStorageError(error: unknown): boolean {
  const code = isObject(error) ? error['code'] : undefined;
  return code === 'ERR_SQLITE_ERROR' || code === 'ERR_INVALID_STATE';
}

/** SQLite's word for a second row with the same unique key. */
export function isUniqueViolation(error: unknown): boolean {
  return isObject(error) && error['errcode'] === 2067;
}

/** What Kysely's SQLite dialect expects, on node:sqlite: statements prepared once, writes not deferred. */
function adapt(connection: DatabaseSync): SqliteDatabase {
  const prepared = new Map<string, SqliteStatement>();
  return {
    close: () => connection.close(),
    prepare(text) {
      // Deferred transactions fail half-way when another one writes first.
      const command = text === 'begin' ? 'begin immediate' : text;
      const known = prepared.get(command);
      if (known) return known;
      const statement = adaptStatement(connection.prepare(command));
      prepared.set(command, statement);
      return statement;
    },
  };
}

function adaptStatement(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
    run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
    iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
  };
}
