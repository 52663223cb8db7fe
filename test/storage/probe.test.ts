import { sql } from 'kysely';
import { probeStores } from '../../src/storage/probe.ts';
import { isStorageError } from '../../src/storage/storage-error.ts';
import { openTestStores, type TestStores } from '../support/open-stores.ts';
import { describeStores, describeWith } from '../support/stores.ts';

let stores: TestStores;
afterEach(() => stores.close());

const outcome = () =>
  probeStores({ ...stores, records: stores.createRecords(Date.now), now: Date.now }).then(
    () => 'fine',
    (error: unknown) => (isStorageError(error) ? error.kind : 'another error'),
  );

describeStores('the probe of the stores', (kind) => {
  test('passes where they can be written and read, and leaves nothing behind', async () => {
    stores = await openTestStores(kind);
    expect(await outcome()).toBe('fine');
    expect(await stores.listRecords('probe')).toEqual([]);
    expect(await sql`select * from expiring_records`.execute(stores.database)).toMatchObject({ rows: [] });
  });
});

test('fails on a SQLite file that can only be read', async () => {
  stores = await openTestStores('SQLite');
  await sql`pragma query_only = on`.execute(stores.database);
  expect(await sql`select count(*) as count from accounts`.execute(stores.database)).toMatchObject({
    rows: [{ count: 0 }],
  });
  expect(await outcome()).toBe('unavailable');
});

describeWith('PostgreSQL and Redis', 'a store that can only be read', () => {
  test('fails on a PostgreSQL that is read-only', async () => {
    stores = await openTestStores('PostgreSQL and Redis');
    const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(stores.database);
    const name = sql.id(rows[0]!.name);
    await sql`alter database ${name} set default_transaction_read_only = on`.execute(stores.database);
    // Connections that are open already have to hear of it too.
    await sql`set default_transaction_read_only = on`.execute(stores.database);
    try {
      expect(await outcome()).toBe('unavailable');
    } finally {
      // The next test may get this database.
      await sql`set default_transaction_read_only = off`.execute(stores.database);
      await sql`alter database ${name} reset default_transaction_read_only`.execute(stores.database);
    }
  });
});
