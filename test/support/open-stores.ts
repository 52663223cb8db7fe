import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import pg from 'pg';
import { type Database, openAndMigrate, openDatabase } from '../../src/storage/database.ts';
import type { ExpiringRecords, RecordKind } from '../../src/storage/expiring-records.ts';
import type { PoolUse } from '../../src/storage/postgresql.ts';
import { type CreateRateCounter, createLocalRateCounter } from '../../src/storage/rate-counters.ts';
import { connectToRedis, type RedisConnection } from '../../src/storage/redis-connection.ts';
import { createRedisRecords } from '../../src/storage/redis-records.ts';
import { createSharedRateCounter } from '../../src/storage/shared-rate-counters.ts';
import { createSqlRecords } from '../../src/storage/sql-records.ts';
import { withDeadline } from '../../src/storage/with-deadline.ts';
import { closeAtEnd } from './close-at-end.ts';
import { until } from './until.ts';

/*
 * The servers of the tests. Each test file makes a database and a prefix of its own on them, and
 * leaves nothing behind.
 *
 * TEST_POSTGRES_URL  somebody who may create databases; without it some usual ones are tried
 * TEST_REDIS_URL     by default redis://127.0.0.1:6379
 */

export const storesKinds = ['SQLite', 'PostgreSQL', 'PostgreSQL and Redis'] as const;
export type StoresKind = (typeof storesKinds)[number];

const usualPostgres = [
  'postgres://root@127.0.0.1:5432/postgres',
  'postgres://postgres@127.0.0.1:5432/postgres',
  'postgres://test:test@127.0.0.1:5432/postgres',
];

interface Servers {
  /** Null where none answers. */
  readonly postgres: string | null;
  readonly redis: string | null;
}

let found: Promise<Servers> | undefined;

/** The servers that answer here, looked for once in each process. */
function findServers(): Promise<Servers> {
  found ??= Promise.all([findPostgres(), findRedis()]).then(([postgres, redis]) => ({ postgres, redis }));
  return found;
}

async function findPostgres(): Promise<string | null> {
  const given = process.env['TEST_POSTGRES_URL'];
  for (const url of given ? [given] : usualPostgres) {
    const answers = await asAdministrator(url, 'select 1').then(
      () => true,
      () => false,
    );
    if (answers) return url;
  }
  return null;
}

async function findRedis(): Promise<string | null> {
  const url = process.env['TEST_REDIS_URL'] ?? 'redis://127.0.0.1:6379';
  const connection = await connectToRedis(url);
  const ping = () =>
    connection.send(['PING']).then(
      () => true,
      () => false,
    );
  // Where it has to be there, a machine that stands still for a moment is no reason to do without.
  const answers = await until(ping, process.env['CI'] ? 10_000 : 0).then(
    () => true,
    () => false,
  );
  connection.close();
  return answers ? url : null;
}

async function asAdministrator(url: string, statement: string): Promise<void> {
  const limits = { connectionTimeoutMillis: 10_000, query_timeout: 15_000 };
  const client = new pg.Client({ connectionString: url, ...limits });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(statement);
  } finally {
    // Not waited for: a server that has gone silent would never say that it has ended.
    void client.end().catch(() => {});
  }
}

/** What a kind of stores lacks here, as a sentence; null when it can be used. */
export async function whatIsMissing(kind: StoresKind): Promise<string | null> {
  if (kind === 'SQLite') return null;
  const { postgres, redis } = await findServers();
  if (postgres === null)
    return 'No PostgreSQL answers: start one on 127.0.0.1:5432 or set TEST_POSTGRES_URL.';
  if (kind === 'PostgreSQL and Redis' && redis === null)
    return 'No Redis answers: start one on 127.0.0.1:6379 or set TEST_REDIS_URL.';
  return null;
}

/** A new, empty PostgreSQL database. */
export async function createPostgresDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const { postgres } = await findServers();
  if (postgres === null) throw new Error((await whatIsMissing('PostgreSQL'))!);
  const name = `latchkey_test_${randomBytes(6).toString('hex')}`;
  await asAdministrator(postgres, `create database ${name} template template0`);
  const url = new URL(postgres);
  url.pathname = name;
  return {
    url: url.href,
    drop: () => asAdministrator(postgres, `drop database if exists ${name} with (force)`),
  };
}

/** Leaves a database as a version would that has one migration more, and closes it. */
export async function migrateAsNewer(database: Database): Promise<void> {
  await sql`insert into kysely_migration values ('999-from-the-future', '2030-01-01T00:00:00Z')`.execute(
    database,
  );
  await database.destroy();
}

interface PostgresDatabase {
  readonly url: string;
  readonly database: Database;
  readonly poolUse: TestStores['poolUse'];
  drop(): Promise<void>;
}

/** Empty databases of this test file, open: making and opening one takes far longer than emptying it. */
const free: PostgresDatabase[] = [];

async function borrowPostgresDatabase(): Promise<PostgresDatabase> {
  return free.pop() ?? openNewPostgresDatabase();
}

async function openNewPostgresDatabase(): Promise<PostgresDatabase> {
  const { url, drop } = await createPostgresDatabase();
  const { database, poolUse } = await openAndMigrate({ url });
  const destroyAndDrop = async () => {
    await database.destroy();
    await drop();
  };
  return { url, database, poolUse, drop: destroyAndDrop };
}

/** One that cannot be emptied is of no use to the next test. */
async function giveBack(one: PostgresDatabase): Promise<void> {
  try {
    // With few rows in them far quicker than `truncate`.
    for (const table of ['identities', 'accounts', 'expiring_records'] as const)
      await one.database.deleteFrom(table).execute();
  } catch (error) {
    await one.drop();
    throw error;
  }
  free.push(one);
}

/** Closes and drops them when the test file has ended. */
export async function dropFreeDatabases(): Promise<void> {
  await Promise.all(free.splice(0).map((database) => database.drop()));
}

/** A prefix that no other test has. */
export async function createRedisPrefix(): Promise<{ url: string; prefix: string; drop(): Promise<void> }> {
  const { redis } = await findServers();
  if (redis === null) throw new Error((await whatIsMissing('PostgreSQL and Redis'))!);
  const prefix = `latchkey-test-${randomBytes(6).toString('hex')}:`;
  async function drop() {
    const connection = await connectToRedis(redis!);
    let cursor = '0';
    try {
      do {
        const command = ['SCAN', cursor, 'MATCH', `${prefix}*`, 'COUNT', '1000'];
        const [next, keys] = (await connection.send(command)) as [string, string[]];
        if (keys.length > 0) await connection.send(['DEL', ...keys]);
        cursor = next;
      } while (cursor !== '0');
    } finally {
      connection.close();
    }
  }
  return { url: redis, prefix, drop };
}

export interface TestStores {
  readonly kind: StoresKind;
  readonly database: Database;
  /** Null without Redis. */
  readonly redis: RedisConnection | null;
  /** The variables that make the server use these very stores; none for SQLite, which is in memory. */
  readonly variables: Readonly<Record<string, string>>;
  /** The records as the application gets them. */
  createRecords(now: () => number): ExpiringRecords;
  readonly createRateCounter: CreateRateCounter;
  /** Null for SQLite. */
  readonly poolUse: (() => PoolUse) | null;
  /** Every record of a kind, ended ones and tombstones included. */
  listRecords(kind: RecordKind): Promise<StoredRecord[]>;
  /** Closes and removes everything. */
  close(): Promise<void>;
}

export interface StoredRecord {
  readonly key: string;
  readonly owner: string;
  readonly value: string;
  readonly version: number;
  readonly expires_at: number;
}

function listSqlRecords(database: Database, kind: RecordKind): Promise<StoredRecord[]> {
  return database
    .selectFrom('expiring_records')
    .select(['key', 'owner', 'value', 'version', 'expires_at'])
    .where('kind', '=', kind)
    .orderBy('key')
    .execute();
}

async function listRedisRecords(
  connection: RedisConnection,
  prefix: string,
  kind: RecordKind,
): Promise<StoredRecord[]> {
  const start = `${prefix}record:${kind}:`;
  const records: StoredRecord[] = [];
  const keys = new Set<string>();
  let cursor = '0';
  do {
    const command = ['SCAN', cursor, 'MATCH', `${start}*`, 'COUNT', '1000'];
    const [next, found] = (await connection.send(command)) as [string, string[]];
    for (const key of found) keys.add(key);
    cursor = next;
  } while (cursor !== '0');
  for (const name of [...keys].toSorted()) {
    const fields = ['HMGET', name, 'owner', 'value', 'version', 'ends'];
    const [owner, value, version, ends] = (await connection.send(fields)) as string[];
    const key = name.slice(start.length);
    records.push({ key, owner: owner!, value: value!, version: Number(version), expires_at: Number(ends) });
  }
  return records;
}

/** Real servers on a machine that does more than it can: what an outage does is tried with processes of their own. */
const withPatience = (records: ExpiringRecords) => withDeadline(records, 5000);

/** Opens empty stores of a kind. */
export async function openTestStores(kind: StoresKind): Promise<TestStores> {
  if (kind === 'SQLite') {
    const database = await openDatabase(':memory:');
    const createRecords = (now: () => number) => withPatience(createSqlRecords(database, now));
    const close = () => database.destroy();
    const listRecords = (of: RecordKind) => listSqlRecords(database, of);
    const createRateCounter = createLocalRateCounter;
    return {
      kind,
      database,
      redis: null,
      poolUse: null,
      variables: {},
      createRecords,
      createRateCounter,
      listRecords,
      close,
    };
  }
  const postgres = await borrowPostgresDatabase();
  const { database, poolUse } = postgres;
  const closeDatabase = closeAtEnd(() => giveBack(postgres));
  if (kind === 'PostgreSQL') {
    const createRecords = (now: () => number) => withPatience(createSqlRecords(database, now));
    const variables = { DATABASE_URL: postgres.url };
    const listRecords = (of: RecordKind) => listSqlRecords(database, of);
    const createRateCounter = createLocalRateCounter;
    const common = { kind, database, poolUse, variables, createRecords, createRateCounter, listRecords };
    return { ...common, redis: null, close: closeDatabase };
  }
  const { url, prefix, drop } = await createRedisPrefix();
  const redis = await connectToRedis(url);
  return {
    kind,
    database,
    poolUse,
    redis,
    variables: { DATABASE_URL: postgres.url, SESSION_STORE_URL: url, SESSION_STORE_PREFIX: prefix },
    createRecords: (now) => withPatience(createRedisRecords(redis, prefix, now)),
    createRateCounter: (settings) => createSharedRateCounter(redis, prefix, settings),
    listRecords: (of) => listRedisRecords(redis, prefix, of),
    close: closeAtEnd(async () => {
      redis.close();
      await Promise.all([closeDatabase(), drop()]);
    }),
  };
}
