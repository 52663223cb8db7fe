import { createHash, createHmac } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import type { Grant } from '../src/sessions/grants.ts';
import { createKeyRing } from '../src/sessions/seal.ts';
import { rememberedMilliseconds } from '../src/storage/expiring-records.ts';
import { openDatabase } from '../src/storage/database.ts';
import { personOf, profileOf, scopes } from './provider.ts';

/*
 * Accounts as people leave them, each with one identity, one session and its grant, written past the
 * application: letter for letter what a login stores, so that it knows these people and lets them in
 * with their cookies.
 */

export const secret = 'not-a-secret-but-long-enough-for-a-benchmark-0123456789';
const keys = createKeyRing([secret]);
const day = 24 * 60 * 60 * 1000;

/** What is random in a login, made from the person's number instead: the same in each run. */
function secretsOf(number: number) {
  const bytes = createHash('sha512').update(`person ${number}`).digest();
  const text = (from: number, length: number) => bytes.toString('base64url', from, from + length);
  return {
    accountId: text(0, 16),
    identityId: text(16, 16),
    ref: text(32, 16),
    // 32 and 24 bytes, as the application and the stub make them.
    sessionId: text(16, 32),
    accessToken: `${number}.${text(8, 24)}`,
    refreshToken: text(40, 24),
  };
}
type Secrets = ReturnType<typeof secretsOf>;

/** The `Cookie` header that somebody of these sends. */
export function cookieOf(number: number): string {
  const [key] = keys.cookieKeys;
  const { sessionId } = secretsOf(number);
  const signature = createHmac('sha256', key!).update(sessionId).digest('base64').replace(/=+$/, '');
  return `latchkey=${encodeURIComponent(`s:${sessionId}.${signature}`)}`;
}

type Row = readonly (string | number | null)[];

interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly types: readonly ('text' | 'bigint' | 'integer')[];
}

const accounts: Table = {
  name: 'accounts',
  columns: ['id', 'created_at'],
  types: ['text', 'bigint'],
};
const identityColumns = {
  id: 'text',
  account_id: 'text',
  provider: 'text',
  mode: 'text',
  subject: 'text',
  display_name: 'text',
  handle: 'text',
  avatar_url: 'text',
  public_profile_url: 'text',
  userinfo: 'text',
  granted_scope: 'text',
  linked_at: 'bigint',
  last_used_at: 'bigint',
  profile_read_at: 'bigint',
} as const;
const identities: Table = {
  name: 'identities',
  columns: Object.keys(identityColumns),
  types: Object.values(identityColumns),
};
const records: Table = {
  name: 'expiring_records',
  columns: ['kind', 'key', 'owner', 'value', 'version', 'expires_at', 'purge_at'],
  types: ['text', 'text', 'text', 'text', 'integer', 'bigint', 'bigint'],
};

function identityRow(number: number, { identityId, accountId }: Secrets, now: number): Row {
  const person = personOf(number);
  return [
    identityId,
    accountId,
    'resonite',
    'live',
    person.id,
    person.name,
    person.id,
    'https://assets.resonite.com/b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9',
    null,
    JSON.stringify(profileOf(person)),
    scopes.join(' '),
    now,
    now,
    now,
  ];
}

function sessionRow({ accountId, identityId, ref, sessionId }: Secrets, now: number): Row {
  const cookie = {
    originalMaxAge: 14 * day,
    expires: new Date(now + 14 * day).toISOString(),
    secure: false,
    httpOnly: true,
    path: '/',
    sameSite: 'lax',
  };
  const times = { signedInAt: now, createdAt: now };
  const facts = { ref, accountId, identityId, ...times, device: 'Firefox on Linux', address: '127.0.0.x' };
  const key = createHash('sha256').update(sessionId).digest('base64url');
  const value = JSON.stringify({ cookie, ...facts, check: null });
  return ['session', key, accountId, value, 1, now + day, now + day + rememberedMilliseconds];
}

function grantRow({ identityId, ref, accessToken, refreshToken }: Secrets, now: number): Row {
  const key = `${ref}.${identityId}`;
  // So long that no measurement meets a renewal.
  const expiresAt = now + day;
  const tokens = { accessToken, refreshToken, expiresAt, grantedScope: scopes, signing: null };
  const grant: Grant = { tokens, renewedAt: null, check: null, ended: null };
  const value = keys.seal('grant', key, JSON.stringify(grant));
  return ['grant', key, identityId, value, 1, now + 14 * day, now + 14 * day + rememberedMilliseconds];
}

/** All rows of one person, in the order of `tables`. */
function rowsOf(number: number, now: number): readonly Row[] {
  const secrets = secretsOf(number);
  return [
    [secrets.accountId, now],
    identityRow(number, secrets, now),
    sessionRow(secrets, now),
    grantRow(secrets, now),
  ];
}
const tables = [accounts, identities, records, records] as const;

const chunk = 2000;

function* chunks(count: number): Generator<number[]> {
  for (let from = 0; from < count; from += chunk)
    yield Array.from({ length: Math.min(chunk, count - from) }, (_, index) => from + index);
}

/** Makes the file with people 0 to `count` - 1. */
export async function fillSqlite(file: string, count: number): Promise<void> {
  await (await openDatabase(file)).destroy();
  const database = new DatabaseSync(file);
  // Nothing is written twice meanwhile. The application turns the write-ahead log on again.
  for (const setting of [
    'journal_mode = delete',
    'journal_mode = off',
    'synchronous = off',
    'cache_size = -4000000',
  ])
    database.exec(`pragma ${setting}`);
  database.exec('pragma foreign_keys = off; begin');
  const inserts = tables.map(({ name, columns }) =>
    database.prepare(
      `insert into ${name} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`,
    ),
  );
  const now = Date.now();
  for (let number = 0; number < count; number++)
    for (const [index, row] of rowsOf(number, now).entries()) inserts[index]!.run(...row);
  database.exec('commit');
  database.close();
}

/** The same in an empty PostgreSQL database, with the statistics that it would have made by itself. */
export async function fillPostgresql(url: string, count: number): Promise<void> {
  await (await openDatabase({ url, poolSize: 1 })).destroy();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('begin');
  await client.query('set local synchronous_commit = off');
  const now = Date.now();
  for (const numbers of chunks(count)) {
    const rows = numbers.map((number) => rowsOf(number, now));
    for (const [place, { name, columns, types }] of tables.entries()) {
      const arrays = types.map((type, index) => `$${index + 1}::${type}[]`).join(', ');
      const text = `insert into ${name} (${columns.join(', ')}) select * from unnest(${arrays})`;
      await client.query(
        text,
        columns.map((_, index) => rows.map((row) => row[place]![index])),
      );
    }
  }
  await client.query('commit');
  await client.query('vacuum analyze');
  await client.query('checkpoint').catch(() => {});
  await client.end();
}
