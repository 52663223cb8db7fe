import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, sql } from 'kysely';
import {
  type Database,
  durably,
  openAndMigrate,
  openDatabase,
  type Schema,
} from '../../src/storage/database.ts';
import { createPostgresqlDialect } from '../../src/storage/postgresql.ts';
import { connectToRedis } from '../../src/storage/redis-connection.ts';
import { StorageError } from '../../src/storage/storage-error.ts';
import { openStores } from '../../src/storage/stores.ts';
import {
  createPostgresDatabase,
  migrateAsNewer,
  openTestStores,
  type TestStores,
} from '../support/open-stores.ts';
import { describeStores, describeWith } from '../support/stores.ts';
import { timed } from '../support/timed.ts';
import { until } from '../support/until.ts';

/** The limits are a second or less. A busy machine gets some more; what has no limit takes far longer. */
const inTime = 2500;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function failureOf(work: Promise<unknown>): Promise<StorageError> {
  const error = await work.then(
    () => null,
    (thrown: StorageError) => thrown,
  );
  if (error === null) throw new Error('it did not fail');
  return error;
}

const newAccount = (id: string) => ({ id, created_at: 1 });
const insertAccount = (database: Database, id: string) =>
  database.insertInto('accounts').values(newAccount(id)).execute();
const accountIds = async (database: Database) =>
  (await database.selectFrom('accounts').select('id').orderBy('id').execute()).map(({ id }) => id);

describeStores('a database', (kind) => {
  let stores: TestStores;
  let database: Database;
  beforeAll(async () => {
    stores = await openTestStores(kind);
    database = stores.database;
  });
  afterAll(() => stores.close());
  afterEach(() => database.deleteFrom('accounts').execute());

  test('says that a row is there twice, and not which', async () => {
    await insertAccount(database, 'a-secret-id');
    const error = await failureOf(insertAccount(database, 'a-secret-id'));
    expect(error).toMatchObject({ name: 'StorageError', kind: 'unique' });
    expect(error).toBeInstanceOf(StorageError);
    expect(error.kind).toBe('unique');
    expect(`${error.message} ${JSON.stringify(error)}`).not.toContain('a-secret-id');
    expect(error.cause).toBeUndefined();
  });

  test('says that a row names another one that is not there', async () => {
    const identity = {
      id: 'i',
      account_id: 'nobody',
      provider: 'p',
      mode: 'live',
      subject: 's',
      display_name: '',
      handle: '',
      userinfo: '{}',
      granted_scope: '',
      linked_at: 1,
      last_used_at: 1,
      profile_read_at: 1,
    };
    const inserting = database.insertInto('identities').values(identity).execute();
    expect(await failureOf(inserting)).toMatchObject({ kind: 'missing-reference' });
  });

  test('gives instants and counts as numbers', async () => {
    await database.insertInto('accounts').values({ id: 'n', created_at: Date.now() }).execute();
    const row = await database
      .selectFrom('accounts')
      .select(({ fn }) => ['created_at', fn.countAll<number>().over().as('count')])
      .executeTakeFirstOrThrow();
    expect(typeof row.created_at).toBe('number');
    expect(row.count).toBe(1);
  });

  test('undoes all of a transaction that fails, and tells what its work threw', async () => {
    const failing = durably(database, async (transaction) => {
      await insertAccount(transaction, 'undone');
      throw new RangeError('changed our mind');
    });
    expect(await failureOf(failing)).toBeInstanceOf(RangeError);
    expect(await accountIds(database)).toEqual([]);
  });

  test('undoes all of a transaction whose statement fails', async () => {
    const failing = durably(database, async (transaction) => {
      await insertAccount(transaction, 'one');
      await insertAccount(transaction, 'one');
    });
    expect(await failureOf(failing)).toMatchObject({ kind: 'unique' });
    expect(await accountIds(database)).toEqual([]);
    await durably(database, (transaction) => insertAccount(transaction, 'after'));
    expect(await accountIds(database)).toEqual(['after']);
  });

  test('orders text byte for byte', async () => {
    for (const id of ['b', 'a', 'B', 'é', '_']) await insertAccount(database, id);
    expect(await accountIds(database)).toEqual(['B', '_', 'a', 'b', 'é']);
  });
});

describe('SQLite', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-'));
    file = join(folder, 'latchkey.sqlite');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function open(): Promise<Database> {
    const database = await openDatabase(file);
    closers.push(() => database.destroy());
    return database;
  }
  /** Another process would do the same: it holds the only lock for writing. */
  function holdLock(): DatabaseSync {
    const other = new DatabaseSync(file);
    closers.push(() => other.isOpen && other.close());
    other.exec('begin immediate');
    return other;
  }
  /** Counts how often a timer fires while work goes on, and its longest delay. */
  async function watchLoop<Result>(work: () => Promise<Result>) {
    let fired = 0;
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      fired += 1;
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 5);
    const result = await work();
    clearInterval(timer);
    return { result, fired, longest };
  }

  test('migrations run once, however often it is opened', async () => {
    const first = await openAndMigrate(file);
    expect(first.applied).toEqual(['001-accounts-and-records']);
    await insertAccount(first.database, 'kept');
    await first.database.destroy();
    const second = await openAndMigrate(file);
    closers.push(() => second.database.destroy());
    expect(second.applied).toEqual([]);
    expect(await accountIds(second.database)).toEqual(['kept']);
  });

  test('of two that open it at once one migrates', async () => {
    const opened = await Promise.all([openAndMigrate(file), openAndMigrate(file)]);
    for (const { database } of opened) closers.push(() => database.destroy());
    expect(opened.flatMap(({ applied }) => applied)).toEqual(['001-accounts-and-records']);
  });

  test('a lock that another process keeps is an error within a second, and nothing stands still', async () => {
    const database = await open();
    const ids = Array.from({ length: 60 }, (_, index) => `a${index}`);
    holdLock();
    const standstills: number[] = [];
    // The whole machine may stand still, but not each time.
    while (standstills.length < 3 && !standstills.some((longest) => longest < 600)) {
      const { result, fired, longest } = await watchLoop(() =>
        timed(() => Promise.all(ids.map((id) => failureOf(insertAccount(database, id))))),
      );
      const [errors, milliseconds] = result;
      expect(errors.map(({ kind }) => kind)).toEqual(ids.map(() => 'busy'));
      // All at once: they do not wait for each other's patience.
      expect(milliseconds).toBeLessThan(inTime);
      expect(fired).toBeGreaterThan(5);
      standstills.push(longest);
    }
    expect(Math.min(...standstills)).toBeLessThan(600);
  });

  test('who does not stand in line gets a try, even if the machine stood still', async () => {
    const database = await open();
    let seconds = 0;
    // From one look at the clock to the next.
    Object.assign(performance, { now: () => 1000 * seconds++ });
    try {
      await insertAccount(database, 'a');
    } finally {
      Reflect.deleteProperty(performance, 'now');
    }
    expect(await accountIds(database)).toEqual(['a']);
  });

  test('who stands in line behind slow work in this process is told within a second, too', async () => {
    const database = await open();
    const slow = database.connection().execute(() => sleep(1200));
    const [error, milliseconds] = await timed(() => failureOf(insertAccount(database, 'a')));
    expect(error).toMatchObject({ kind: 'busy' });
    expect(milliseconds).toBeLessThan(inTime);
    await slow;
    await insertAccount(database, 'a');
  });

  test('a transaction waits for the lock in the same way', async () => {
    const database = await open();
    holdLock();
    const [error, milliseconds] = await timed(() =>
      failureOf(durably(database, (transaction) => insertAccount(transaction, 'a'))),
    );
    expect(error).toMatchObject({ kind: 'busy' });
    expect(milliseconds).toBeLessThan(inTime);
  });

  test('what waited for a lock goes on when it is free', async () => {
    const database = await open();
    const other = holdLock();
    const waiting = Promise.all([
      insertAccount(database, 'plain'),
      durably(database, (transaction) => insertAccount(transaction, 'durable')),
    ]);
    await sleep(50);
    other.exec('commit');
    await waiting;
    expect(await accountIds(database)).toEqual(['durable', 'plain']);
  });

  test('readers are not kept waiting by a writer', async () => {
    const database = await open();
    await insertAccount(database, 'there');
    holdLock();
    expect(await accountIds(database)).toEqual(['there']);
  });

  test('a full disk undoes the transaction and no more: with room again all goes on', async () => {
    const database = await open();
    await insertAccount(database, 'before');
    const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(database);
    await sql`pragma max_page_count = ${sql.lit(rows[0]!.page_count)}`.execute(database);
    const filling = durably(database, async (transaction) => {
      await insertAccount(transaction, 'lost');
      await insertAccount(transaction, 'x'.repeat(100_000));
    });
    // 13: SQLITE_FULL.
    expect(await failureOf(filling)).toMatchObject({ kind: 'unavailable', code: 'SQLITE_13' });
    expect(await accountIds(database)).toEqual(['before']);
    await sql`pragma max_page_count = 1000000`.execute(database);
    await durably(database, (transaction) => insertAccount(transaction, 'x'.repeat(100_000)));
    expect(await accountIds(database)).toEqual(['before', 'x'.repeat(100_000)]);
  });

  test('after a full disk nothing more is written on behalf of that transaction', async () => {
    const database = await open();
    const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(database);
    await sql`pragma max_page_count = ${sql.lit(rows[0]!.page_count)}`.execute(database);
    const careless = durably(database, async (transaction) => {
      await insertAccount(transaction, 'x'.repeat(100_000)).catch(() => {});
      await insertAccount(transaction, 'stray');
    });
    expect(await failureOf(careless)).toMatchObject({ kind: 'unavailable' });
    expect(await accountIds(database)).toEqual([]);
  });

  test('a file that is no database is refused with a sentence', async () => {
    writeFileSync(file, 'these are notes about something else, and many of them'.repeat(100));
    // 26: SQLITE_NOTADB.
    expect((await failureOf(openDatabase(file))).message).toBe(
      `The database file ${file} cannot be used (SQLITE_26).`,
    );
  });

  test('a new file, and what SQLite puts beside it, is for its owner alone', async () => {
    await insertAccount(await open(), 'one');
    const names = readdirSync(folder).toSorted();
    expect(names).toEqual(['latchkey.sqlite', 'latchkey.sqlite-shm', 'latchkey.sqlite-wal']);
    for (const name of names) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  });

  test('a folder that cannot be made is refused with a sentence', async () => {
    writeFileSync(file, '');
    const below = join(file, 'folder', 'latchkey.sqlite');
    expect((await failureOf(openDatabase(below))).message).toBe(
      `The database file ${below} cannot be used (ENOTDIR).`,
    );
  });

  test('a file that a newer version has changed is refused, with what to do', async () => {
    await migrateAsNewer(await openDatabase(file));
    expect((await failureOf(openDatabase(file))).message).toBe(
      `A newer version of Latchkey has changed the database at ${file} (999-from-the-future). Start that version, or restore the backup made before it.`,
    );
  });
});

/** A server that takes connections and never says a word. */
async function startSilentServer(): Promise<{ server: Server; port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => {})));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { server, port: (server.address() as { port: number }).port };
}

/** A port where nobody listens. */
async function freePort(): Promise<number> {
  const { server, port } = await startSilentServer();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe.each([
  ['that nobody listens at', freePort],
  ['that is silent', async () => (await startSilentServer()).port],
])('an address %s', (_, getPort) => {
  test('is no PostgreSQL: one sentence within a second, without the password', async () => {
    const url = `postgres://somebody:canary@127.0.0.1:${await getPort()}/db`;
    const [error, milliseconds] = await timed(() => failureOf(openDatabase({ url })));
    expect(error).toMatchObject({ name: 'StorageError', kind: 'unavailable' });
    expect(error.message).toBe(`The database at ${new URL(url).host} does not answer.`);
    expect(milliseconds).toBeLessThan(inTime);
  });

  test('is no Redis: commands fail within a second, and the process goes on', async () => {
    const connection = await connectToRedis(`redis://:canary@127.0.0.1:${await getPort()}`);
    closers.push(() => connection.close());
    const [error, milliseconds] = await timed(() => failureOf(connection.send(['PING'])));
    expect(error).toMatchObject({ name: 'StorageError', kind: 'unavailable' });
    expect(String(error)).not.toContain('canary');
    expect(milliseconds).toBeLessThan(inTime);
  });

  test('leaves stores open whose check and records fail within a second', async () => {
    const stores = await openStores(
      {
        file: ':memory:',
        databaseUrl: null,
        databasePoolSize: 1,
        sessionStoreUrl: `redis://127.0.0.1:${await getPort()}`,
        sessionStorePrefix: 'test:',
      },
      Date.now,
    );
    closers.push(() => stores.close());
    const [errors, milliseconds] = await timed(() =>
      Promise.all([failureOf(stores.checkStores()), failureOf(stores.records.get('session', 'a'))]),
    );
    expect(errors.map(({ kind }) => kind)).toEqual(['unavailable', 'unavailable']);
    expect(milliseconds).toBeLessThan(inTime);
    expect(Math.abs(stores.now() - Date.now())).toBeLessThan(1000);
  });
});

/** The same server as if its lc_messages were German: of an error it translates the severity, and not its code. */
async function translated(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const [english, german] = ['SERROR\0V', 'SFEHLER\0V'];
  const server = createServer((near) => {
    const far = connect(Number(port || 5432), hostname);
    near.pipe(far).on('error', () => near.destroy());
    near.on('error', () => {}).on('close', () => far.destroy());
    far.on('end', () => near.end());
    far.on('data', (data) => {
      const at = data.indexOf(english);
      if (at < 0) return near.write(data);
      // Before it stands the length of the message.
      data.writeInt32BE(data.readInt32BE(at - 4) + german.length - english.length, at - 4);
      near.write(data.subarray(0, at));
      near.write(german);
      near.write(data.subarray(at + english.length));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  const through = new URL(url);
  through.port = String((server.address() as AddressInfo).port);
  return through.href;
}

describeWith('PostgreSQL', 'PostgreSQL', () => {
  let postgres: { url: string; drop(): Promise<void> };
  beforeEach(async () => {
    postgres = await createPostgresDatabase();
  });
  afterEach(() => postgres.drop());

  async function open(poolSize = 2): Promise<Database> {
    const database = await openDatabase({ url: postgres.url, poolSize });
    closers.push(() => database.destroy());
    return database;
  }
  const pidOf = async (database: Database) =>
    (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(database)).rows[0]!.pid;

  test('of three nodes that start at once one migrates, and all can work', async () => {
    const target = { url: postgres.url };
    const opened = await Promise.all([
      openAndMigrate(target),
      openAndMigrate(target),
      openAndMigrate(target),
    ]);
    for (const { database } of opened) closers.push(() => database.destroy());
    expect(opened.flatMap(({ applied }) => applied)).toEqual(['001-accounts-and-records']);
    await Promise.all(opened.map(({ database }, index) => insertAccount(database, `a${index}`)));
    expect(await accountIds(opened[0]!.database)).toEqual(['a0', 'a1', 'a2']);
  });

  test('all text is compared and ordered byte for byte, whatever the language of the server', async () => {
    const { rows } = await sql<{ table_name: string; column_name: string }>`
      select table_name, column_name from information_schema.columns
      where table_schema = 'public' and table_name not like 'kysely%'
        and data_type = 'text' and collation_name is distinct from 'C'
    `.execute(await open());
    expect(rows).toEqual([]);
  });

  test('a connection that was idle when it ended is replaced', async () => {
    const { database, poolUse } = await openAndMigrate({ url: postgres.url, poolSize: 1 });
    closers.push(() => database.destroy());
    const other = await open(1);
    const pid = await pidOf(database);
    await sql`select pg_terminate_backend(${pid})`.execute(other);
    await until(() => poolUse!().open === 0);
    expect(await pidOf(database)).not.toBe(pid);
  });

  test('a connection that ends under a query is an error for this one, and replaced for the next', async () => {
    const database = await open(1);
    const other = await open(1);
    const pid = await pidOf(database);
    const failing = failureOf(sql`select pg_sleep(1)`.execute(database));
    const isAsleep = sql`select 1 from pg_stat_activity where pid = ${pid} and wait_event = 'PgSleep'`;
    await until(async () => (await isAsleep.execute(other)).rows.length === 1);
    await sql`select pg_terminate_backend(${pid})`.execute(other);
    expect(await failing).toMatchObject({ name: 'StorageError', kind: 'unavailable', code: '57P01' });
    expect(await pidOf(database)).not.toBe(pid);
  });

  test('a connection that ends in the middle of a transaction undoes it and harms nobody', async () => {
    const database = await open(1);
    const other = await open(1);
    const failing = durably(database, async (transaction) => {
      await insertAccount(transaction, 'undone');
      const pid = await pidOf(transaction);
      await sql`select pg_terminate_backend(${pid})`.execute(other);
      const there = sql`select 1 from pg_stat_activity where pid = ${pid}`;
      await until(async () => (await there.execute(other)).rows.length === 0);
      await insertAccount(transaction, 'never');
    });
    expect(await failureOf(failing)).toMatchObject({ name: 'StorageError', kind: 'unavailable' });
    expect(await accountIds(database)).toEqual([]);
  });

  test('a statement may not run for more than two seconds, and its connection goes on', async () => {
    const database = await open(1);
    const pid = await pidOf(database);
    const [error, milliseconds] = await timed(() => failureOf(sql`select pg_sleep(10)`.execute(database)));
    // 57014: cancelled by the server.
    expect(error).toMatchObject({ kind: 'unavailable', code: '57014' });
    expect(milliseconds).toBeLessThan(4000);
    expect(await pidOf(database)).toBe(pid);
  });

  test('a connection goes on after a refusal, whatever the language of the server', async () => {
    const { database } = await openAndMigrate({ url: await translated(postgres.url), poolSize: 1 });
    closers.push(() => database.destroy());
    await insertAccount(database, 'one');
    const pid = await pidOf(database);
    expect(await failureOf(insertAccount(database, 'one'))).toMatchObject({ kind: 'unique', code: '23505' });
    expect(await pidOf(database)).toBe(pid);
  });

  test('a server that falls silent in the middle of a query is given up, and its connection, too', async () => {
    const dialect = createPostgresqlDialect(postgres.url, 1, { server: 5000, client: 300 });
    const database: Database = new Kysely<Schema>({ dialect });
    closers.push(() => database.destroy());
    const pid = await pidOf(database);
    const [error, milliseconds] = await timed(() => failureOf(sql`select pg_sleep(2)`.execute(database)));
    expect(error).toMatchObject({ name: 'StorageError', kind: 'unavailable' });
    expect(milliseconds).toBeLessThan(1900);
    // On another connection, or it would wait behind the first query.
    expect(await pidOf(database)).not.toBe(pid);
  });

  test('who finds all connections in use is told so while they still are', async () => {
    const database = await open(1);
    let inUse = true;
    const using = sql`select pg_sleep(1.5)`.execute(database).finally(() => {
      inUse = false;
    });
    expect(await failureOf(pidOf(database))).toMatchObject({ kind: 'unavailable' });
    expect(inUse).toBe(true);
    await using;
  });

  test('two transactions that lock each other out are busy, not broken', async () => {
    const database = await open(2);
    await insertAccount(database, 'one');
    await insertAccount(database, 'two');
    const touch = (transaction: Database, id: string) =>
      transaction.updateTable('accounts').set({ created_at: 2 }).where('id', '=', id).execute();
    const both = Promise.withResolvers<void>();
    let holding = 0;
    const crossing = (first: string, second: string) =>
      durably(database, async (transaction) => {
        await touch(transaction, first);
        holding += 1;
        if (holding === 2) both.resolve();
        await both.promise;
        await touch(transaction, second);
      });
    const outcomes = await Promise.allSettled([crossing('one', 'two'), crossing('two', 'one')]);
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused.map(({ reason }) => (reason as StorageError).kind)).toEqual(['busy']);
  });

  test('a missing database has a sentence of its own', async () => {
    const missing = new URL(postgres.url);
    missing.pathname = 'latchkey_test_nowhere';
    expect((await failureOf(openDatabase({ url: missing.href }))).message).toBe(
      `There is no such database at ${missing.hostname}:${missing.port || 5432} (3D000).`,
    );
  });
});
