import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Database, openDatabase } from '../../src/storage/database.ts';
import { createSqlRecords } from '../../src/storage/sql-records.ts';
import { databaseFile } from '../../src/storage/stores.ts';
import { createPostgresDatabase } from '../support/open-stores.ts';
import { runScript } from '../support/run-command.ts';
import { describeWith } from '../support/stores.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-'));
  file = databaseFile(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

const runCommand = (script: string, env?: Record<string, string>, words?: string[]) =>
  runScript(folder, script, env, words);

const succeeded = (output: string) => ({ code: 0, output: `${output}\n`, errors: '' });
const failed = (errors: string) => ({ code: 1, output: '', errors: `${errors}\n` });

const minute = 60 * 1000;

/** An embedded database with accounts, identities and records, some of them over. */
async function fill(accounts: number): Promise<void> {
  const database = await openDatabase(file);
  const ids = Array.from({ length: accounts }, (_, index) => `account-${index}`);
  for (const id of ids) {
    await database.insertInto('accounts').values({ id, created_at: 1_700_000_000_000 }).execute();
    await database
      .insertInto('identities')
      .values({
        id: `identity-of-${id}`,
        account_id: id,
        provider: 'p',
        mode: 'sandbox',
        subject: id,
        display_name: 'Ada „die Erste“ 🔑',
        handle: 'ada',
        avatar_url: null,
        userinfo: '{"name":"Ada"}',
        granted_scope: 'openid',
        linked_at: 1_700_000_000_001,
        last_used_at: 1_700_000_000_002,
        profile_read_at: 1_700_000_000_003,
      })
      .execute();
  }
  const records = createSqlRecords(database, Date.now);
  const end = Date.now() + 10 * minute;
  await records.put('session', { key: 'live', owner: 'ref', value: '{}', expiresAt: end });
  await records.put('session', { key: 'live', owner: 'ref', value: '{"a":1}', expiresAt: end });
  await records.put('grant', { key: 'live', owner: 'identity', value: 'sealed', expiresAt: end });
  await records.put('session', { key: 'over', owner: 'ref', value: '{}', expiresAt: Date.now() - minute });
  await records.put('login', { key: 'used', owner: 'browser', value: 'sealed', expiresAt: end });
  await records.take('login', 'used', 'browser');
  await database.destroy();
}

async function rowsOf(database: Database) {
  const accounts = await database.selectFrom('accounts').selectAll().orderBy('id').execute();
  const identities = await database.selectFrom('identities').selectAll().orderBy('id').execute();
  const records = await database.selectFrom('expiring_records').selectAll().orderBy('kind').execute();
  // Rows of SQLite have no prototype.
  return JSON.parse(JSON.stringify({ accounts, identities, records })) as Record<string, unknown[]>;
}

async function contentOf(target: string | { url: string }) {
  const database = await openDatabase(target);
  const rows = await rowsOf(database);
  await database.destroy();
  return rows;
}

describe('npm run migrate', () => {
  test('makes the embedded database, and has nothing to do the second time', async () => {
    expect(await runCommand('migrate')).toEqual(
      succeeded(`The database ${file} was brought up to date: 001-accounts-and-records.`),
    );
    expect(await runCommand('migrate')).toEqual(succeeded(`The database ${file} was up to date already.`));
    expect(readdirSync(folder)).toEqual(['latchkey.sqlite']);
  });

  test('makes it in the folder of that name, also where SQLite would read it as an address', async () => {
    const dataDir = 'file:data';
    expect((await runCommand('migrate', { DATA_DIR: dataDir })).code).toBe(0);
    expect(readdirSync(join(folder, dataDir))).toEqual(['latchkey.sqlite']);
    expect(statSync(join(folder, dataDir, 'latchkey.sqlite')).size).toBeGreaterThan(0);
  });

  test('needs nothing that only the server needs', async () => {
    expect((await runCommand('migrate', { NODE_ENV: 'production', PORT: 'wrong' })).code).toBe(0);
  });

  test('reads .env as the server does; variables that are set already win', async () => {
    writeFileSync(join(folder, '.env'), 'DATABASE_URL=postgres://127.0.0.1:1/latchkey\nDATA_DIR=elsewhere\n');
    expect(await runCommand('migrate')).toEqual(failed('The database at 127.0.0.1:1 does not answer.'));
    expect((await runCommand('migrate', { DATABASE_URL: '' })).code).toBe(0);
    expect(readdirSync(folder).toSorted()).toEqual(['.env', 'latchkey.sqlite']);
  });

  test('says in a line what is wrong with the configuration', async () => {
    const { code, errors } = await runCommand('migrate', { DATABASE_URL: 'mysql://canary' });
    expect(code).toBe(1);
    expect(errors).toMatch(/DATABASE_URL: must be an address that begins with postgres:\/\//);
    expect(errors).not.toContain('canary');
  });

  test('says in a line that nobody answers', async () => {
    const url = 'postgres://name:canary@127.0.0.1:1/latchkey';
    expect(await runCommand('migrate', { DATABASE_URL: url })).toEqual(
      failed('The database at 127.0.0.1:1 does not answer.'),
    );
  });
});

describe('npm run backup', () => {
  test('copies the database to one new file, while it is in use', async () => {
    await fill(3);
    const inUse = await openDatabase(file);
    await inUse.insertInto('accounts').values({ id: 'latest', created_at: 1 }).execute();
    const backups = join(folder, 'backups');
    mkdirSync(backups);
    const target = join(backups, 'copy.sqlite');
    const { code, output, errors } = await runCommand('backup', {}, [target]);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toMatch(/copy\.sqlite is a backup of .*latchkey\.sqlite: \d+ pages, checked\.\n$/);
    expect(readdirSync(backups)).toEqual(['copy.sqlite']);
    // Complete without companions, so it can be read from a medium that nobody can write to.
    const copied = new DatabaseSync(target, { readOnly: true });
    expect(copied.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'delete' });
    copied.close();
    // It holds sealed tokens and people's names.
    expect(statSync(target).mode & 0o777).toBe(0o600);
    const rows = await rowsOf(inUse);
    await inUse.destroy();
    expect(rows['accounts']).toHaveLength(4);
    expect(await contentOf(target)).toEqual(rows);
  });

  test('leaves out what another process has not finished', async () => {
    await fill(1);
    const writer = new DatabaseSync(file);
    writer.exec("begin immediate; insert into accounts values ('unfinished', 1)");
    const target = join(folder, 'copy.sqlite');
    expect((await runCommand('backup', {}, [target])).code).toBe(0);
    writer.close();
    expect((await contentOf(target))['accounts']).toHaveLength(1);
  });

  test('overwrites nothing', async () => {
    await fill(1);
    const target = join(folder, 'precious');
    writeFileSync(target, 'precious');
    expect(await runCommand('backup', {}, [target])).toEqual(
      failed(`${target} is there already and was left as it is.`),
    );
    expect(readFileSync(target, 'utf8')).toBe('precious');
  });

  test('a name is a name, also where SQLite would read it as an address', async () => {
    await fill(1);
    await (await openDatabase(join(folder, 'precious'))).destroy();
    const { code, output } = await runCommand('backup', {}, ['file:precious']);
    expect((await contentOf(join(folder, 'precious')))['accounts']).toEqual([]);
    expect({ code, output }).toEqual({
      code: 0,
      output: expect.stringContaining(`${folder}/file:precious is`),
    });
    expect((await contentOf(join(folder, 'file:precious')))['accounts']).toHaveLength(1);
  });

  test('says in a sentence that the database cannot be opened, and leaves no file behind', async () => {
    mkdirSync(file);
    const { code, errors } = await runCommand('backup', {}, ['copy.sqlite']);
    expect(code).toBe(1);
    expect(errors).toMatch(
      /^\/.+\/latchkey\.sqlite could not be opened: .+\. It has to be a file, and this user has to be allowed to read it\.\n$/,
    );
    expect(readdirSync(folder)).toEqual(['latchkey.sqlite']);
  });

  test('wants to know where to, and something to copy', async () => {
    expect(await runCommand('backup')).toEqual({
      code: 2,
      output: '',
      errors: '<file> is missing: latchkey backup <file>\nSee latchkey backup --help\n',
    });
    const target = join(folder, 'copy.sqlite');
    expect(await runCommand('backup', {}, [target])).toEqual(failed(`There is no database at ${file}.`));
    expect(readdirSync(folder)).toEqual([]);
  });

  test('leaves no file behind when the database is damaged', async () => {
    await fill(50);
    const target = join(folder, 'copy.sqlite');
    // Rows that are not what their table says.
    const database = new DatabaseSync(file);
    const words = ['"profile_failure" text', '"profile_failure" text not null'];
    database.enableDefensive(false);
    database.exec('pragma writable_schema = on');
    database.prepare('update sqlite_schema set sql = replace(sql, ?, ?)').run(...words);
    database.close();
    expect(await runCommand('backup', {}, [target])).toEqual(
      failed(`${target} would be damaged, and was removed.`),
    );
    const bytes = readFileSync(file);
    // The second page is the first of some table.
    bytes.fill(0x5a, 4096, 8192);
    writeFileSync(file, bytes);
    const { code, errors } = await runCommand('backup', {}, [target]);
    expect(code).toBe(1);
    expect(errors.trim().split('\n')).toHaveLength(1);
    expect(readdirSync(folder)).not.toContain('copy.sqlite');
  });

  test('sends those with PostgreSQL to pg_dump', async () => {
    const env = { DATABASE_URL: 'postgres://127.0.0.1:1/latchkey' };
    expect(await runCommand('backup', env, ['copy'])).toEqual(
      failed('The data is in PostgreSQL: make a backup of it with pg_dump.'),
    );
  });
});

test('npm run db:copy wants a DATABASE_URL and a file', async () => {
  expect(await runCommand('db:copy')).toEqual(
    failed('Say where to: set DATABASE_URL to a PostgreSQL database.'),
  );
  expect(await runCommand('db:copy', { DATABASE_URL: 'postgres://127.0.0.1:1/latchkey' })).toEqual(
    failed(`There is no database at ${file}.`),
  );
});

describeWith('PostgreSQL', 'npm run db:copy', () => {
  let postgres: { url: string; drop(): Promise<void> };
  let place: string;
  beforeEach(async () => {
    postgres = await createPostgresDatabase();
    const { hostname, port } = new URL(postgres.url);
    place = `${hostname}:${port || 5432}`;
  });
  afterEach(() => postgres.drop());

  test('copies accounts, identities and what has not ended, in several batches', async () => {
    await fill(1203);
    const outcome = await runCommand('db:copy', { DATABASE_URL: postgres.url });
    expect(outcome).toEqual(
      succeeded(
        `Copied from ${file} to the database at ${place}: accounts: 1203, identities: 1203, sessions and other records that end by themselves: 2.`,
      ),
    );
    const [before, after] = [await contentOf(file), await contentOf({ url: postgres.url })];
    expect(before['records']).toHaveLength(4);
    const live = before['records']!.filter((record) => (record as { key: string }).key === 'live');
    expect(after).toEqual({ ...before, records: live });
    expect(live).toMatchObject([
      { kind: 'grant', version: 1 },
      { kind: 'session', version: 2, value: '{"a":1}' },
    ]);
  });

  test('copies nothing to a database that somebody uses already', async () => {
    await fill(2);
    const target = await openDatabase({ url: postgres.url });
    await target.insertInto('accounts').values({ id: 'first', created_at: 1 }).execute();
    await target.destroy();
    expect(await runCommand('db:copy', { DATABASE_URL: postgres.url })).toEqual(
      failed('The database in DATABASE_URL has accounts already; nothing was copied.'),
    );
    expect((await contentOf({ url: postgres.url }))['accounts']).toHaveLength(1);
  });

  test('copies all or nothing', async () => {
    await fill(2);
    const source = await openDatabase(file);
    // PostgreSQL stores no such character, so the last table fails.
    await source
      .insertInto('expiring_records')
      .values({
        kind: 'session',
        key: 'z',
        owner: '',
        value: 'a\0b',
        expires_at: Date.now() + minute,
        purge_at: Date.now() + minute,
      })
      .execute();
    await source.destroy();
    const { code, errors } = await runCommand('db:copy', { DATABASE_URL: postgres.url });
    expect(code).toBe(1);
    expect(errors).toMatch(/^Copying failed, and nothing was copied: .*22021.*\n$/);
    expect(await contentOf({ url: postgres.url })).toEqual({ accounts: [], identities: [], records: [] });
  });

  test('leaves sessions behind where Redis is to hold them, and says what that means', async () => {
    await fill(1);
    const env = { DATABASE_URL: postgres.url, SESSION_STORE_URL: 'redis://127.0.0.1:1' };
    expect(await runCommand('db:copy', env)).toEqual(
      succeeded(
        `Copied from ${file} to the database at ${place}: accounts: 1, identities: 1. Sessions are not copied to SESSION_STORE_URL: people must sign in again.`,
      ),
    );
    expect((await contentOf({ url: postgres.url }))['records']).toEqual([]);
  });
});
