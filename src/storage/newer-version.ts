import { type Kysely, sql } from 'kysely';
import { migrations } from './migrations/index.ts';
import { readDatabaseFile } from './sqlite.ts';
import { isStorageError } from './storage-error.ts';

/* A database that a newer version has changed has migrations that this one does not know. */

const table = 'kysely_migration';
/** PostgreSQL's `undefined_table`. */
const noTable = '42P01';

interface Row {
  readonly name: string;
}

/** The names of such migrations. Changes nothing, also where no migration was ever run. */
// biome-ignore lint/suspicious/noExplicitAny: which tables it has does not matter here
export async function readNewerMigrations(database: Kysely<any>): Promise<string[]> {
  try {
    const { rows } = await sql<Row>`select name from ${sql.table(table)} order by name`.execute(database);
    return toNewer(rows);
  } catch (error) {
    if (isStorageError(error) && error.code === noTable) return [];
    throw error;
  }
}

/** The same of a database file that this process has not open. Throws `StorageError`, with a sentence. */
export function readNewerMigrationsOf(file: string): string[] {
  return readDatabaseFile(file, (read) => {
    const isThere = read(`select name from sqlite_schema where name = '${table}'`).length > 0;
    return isThere ? toNewer(read(`select name from ${table} order by name`) as unknown as Row[]) : [];
  });
}

function toNewer(rows: readonly Row[]): string[] {
  return rows.map(({ name }) => name).filter((name) => !Object.hasOwn(migrations, name));
}

/** What is so, and what to do. */
export function describeNewer(place: string, newer: readonly string[]): { sentence: string; fix: string } {
  return {
    sentence: `A newer version of Latchkey has changed the database at ${place} (${newer.join(', ')}).`,
    fix: 'Start that version, or restore the backup made before it.',
  };
}
