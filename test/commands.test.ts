import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Database, openDatabase } from '../src/storage/database.ts';
import { createSqlRecords } from '../src/storage/sql-records.ts';
import { databaseFile } from '../src/storage/stores.ts';
import { createPostgresDatabase } from './support/open-stores.ts';
import { describeWith } from './support/stores.ts';

const root = join(import.meta.dirname, '..');
let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-'));
  file = databaseFile(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Outcome {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

/** Runs what the npm script runs, in a folder without `.env`. */
function runCommand(script: string, env: Record<string, string> = {}, words: string[] = []): Promise<Outcome> {
  const [node, command] = scripts[script]!.split(' ');
  expect(node).toBe('node');
  const options = { cwd: folder, env: { PATH: process.env['PATH'] ?? '', DATA_DIR: folder, ...env } };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, command!), ...words], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout, errors: stderr });
    });
  });
}

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

  test('needs nothing that only the server needs, and reads .env as the server does', async () => {
    writeFileSync(join(folder, '.env'), `NODE_ENV=production\nDATA_DIR=${join(folder, 'elsewhere')}\n`);
    expect((await runCommand('migrate', { PORT: 'wrong' })).code).toBe(0);
    // DATA_DIR was set already, and wins.
    expect(readdirSync(folder)).toContain('latchkey.sqlite');
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
    const target = join(folder, 'copy.sqlite');
    const outcome = await runCommand('backup', {}, [target]);
    expect(outcome).toEqual(
    );
  });
});
