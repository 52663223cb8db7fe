import { existsSync } from 'node:fs';
import { type SqlBool, sql } from 'kysely';
import { type Database, openDatabase, type Schema } from '../storage/database.ts';
import { tombstonePrefix } from '../storage/expiring-records.ts';
import { placeOf } from '../storage/place.ts';
import { isStorageError } from '../storage/storage-error.ts';
import { databaseFile } from '../storage/stores.ts';
import { type Command, CommandError } from './command.ts';
import { readStorage, runCommand, storageVariables } from './run.ts';

/** Rows in one insert: far below PostgreSQL's limit of 65,535 parameters. */
const batchSize = 500;

export const copyDatabase: Command = {
  name: 'db:copy',
  summary: 'copies everything from SQLite to the PostgreSQL database in DATABASE_URL',
  operands: [],
  options: {},
  details: ['All or nothing. The file stays as it is, and nobody can write to it meanwhile.'],
  variables: {
    DATA_DIR: storageVariables.DATA_DIR,
    DATABASE_URL: 'where to, a database without accounts',
    SESSION_STORE_URL: 'when it is set sessions are not copied',
  },
  failure: 'nothing was copied: the sentence says why',
  async run() {
    const { dataDir, storage } = readStorage();
    const { databaseUrl, sessionStoreUrl } = storage;
    if (databaseUrl === null)
      throw new CommandError('Say where to: set DATABASE_URL to a PostgreSQL database.');
    const file = databaseFile(dataDir);
    if (!existsSync(file)) throw new CommandError(`There is no database at ${file}.`);
    const source = await openDatabase(file);
    try {
      const target = await openDatabase({ url: databaseUrl, poolSize: 1 });
      try {
        const { accounts, identities, records } = await copyAll(source, target, sessionStoreUrl === null);
        const copied = `Copied from ${file} to the database at ${placeOf(databaseUrl)}: accounts: ${accounts}, identities: ${identities}`;
        return records === null
          ? `${copied}. Sessions are not copied to SESSION_STORE_URL: people must sign in again.`
          : `${copied}, sessions and other records that end by themselves: ${records}.`;
      } finally {
        await target.destroy();
      }
    } finally {
      await source.destroy();
    }
  },
};

interface Counts {
  readonly accounts: number;
  readonly identities: number;
  /** Null when they are not copied. */
  readonly records: number | null;
}

async function copyAll(source: Database, target: Database, withRecords: boolean): Promise<Counts> {
  try {
    return await source
      .transaction()
      .execute((from) => target.transaction().execute((to) => copyTables(from, to, withRecords)));
  } catch (error) {
    if (!isStorageError(error)) throw error;
    throw new CommandError(`Copying failed, and nothing was copied: ${error.message}.`);
  }
}

async function copyTables(from: Database, to: Database, withRecords: boolean): Promise<Counts> {
  await sql`lock table accounts, identities, expiring_records in access exclusive mode`.execute(to);
  if ((await count(to, 'accounts')) > 0)
    throw new CommandError('The database in DATABASE_URL has accounts already; nothing was copied.');
  await copyRows(
    ({ id }) => from.selectFrom('accounts').selectAll().where('id', '>', id).orderBy('id'),
    { id: '' },
    (rows) => to.insertInto('accounts').values(rows).execute(),
  );
  await copyRows(
    ({ id }) => from.selectFrom('identities').selectAll().where('id', '>', id).orderBy('id'),
    { id: '' },
    (rows) => to.insertInto('identities').values(rows).execute(),
  );
  const accounts = await compare(from, to, 'accounts');
  const identities = await compare(from, to, 'identities');
  return { accounts, identities, records: withRecords ? await copyRecords(from, to) : null };
}

/** Copies what has not ended. Tombstones stay behind. */
async function copyRecords(from: Database, to: Database): Promise<number> {
  const live = from
    .selectFrom('expiring_records')
    .where('expires_at', '>', Date.now())
    .where('value', 'not like', `${tombstonePrefix}%`);
  const before = await count(to, 'expiring_records');
  await copyRows(
    ({ kind, key }) =>
      live.selectAll().where(sql<SqlBool>`(kind, key) > (${kind}, ${key})`).orderBy('kind').orderBy('key'),
    { kind: '', key: '' },
    (rows) => to.insertInto('expiring_records').values(rows).execute(),
  );
  const { there } = await live
    .select(({ fn }) => fn.countAll<number>().as('there'))
    .executeTakeFirstOrThrow();
  const arrived = (await count(to, 'expiring_records')) - before;
  if (arrived !== there)
    throw new CommandError(`${arrived} of ${there} records arrived; nothing was copied.`);
  return arrived;
}

/** Copies row by row in the order of their keys; `rowsAfter` gives those behind a row. */
async function copyRows<Key, Row extends Key>(
  rowsAfter: (last: Key) => { limit(count: number): { execute(): Promise<Row[]> } },
  beginning: Key,
  write: (rows: Row[]) => Promise<unknown>,
): Promise<void> {
  let last = beginning;
  for (;;) {
    const rows = await rowsAfter(last).limit(batchSize).execute();
    const end = rows.at(-1);
    if (end === undefined) return;
    await write(rows);
    last = end;
  }
}

/** The number of rows, which must be the same on both sides. */
async function compare(from: Database, to: Database, table: 'accounts' | 'identities'): Promise<number> {
  const [there, arrived] = [await count(from, table), await count(to, table)];
  if (arrived !== there)
    throw new CommandError(`${arrived} of ${there} ${table} arrived; nothing was copied.`);
  return arrived;
}

async function count(database: Database, table: keyof Schema): Promise<number> {
  const row = await database
    .selectFrom(table)
    .select(({ fn }) => fn.countAll<number>().as('there'))
    .executeTakeFirstOrThrow();
  return row.there;
}

if (import.meta.main) await runCommand(copyDatabase, process.argv.slice(2));
