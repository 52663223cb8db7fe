import { CompiledQuery, sql } from 'kysely';
import { pressAndAnswer } from '../accounts/support.ts';
import { hours, minutes } from '../sessions/support.ts';
import type { Database } from '../../src/storage/database.ts';
import type { ExpiringRecords } from '../../src/storage/expiring-records.ts';
import { isSqlite } from '../../src/storage/sqlite.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { recordStatements, type Statement } from '../support/statements.ts';
import { describeWith } from '../support/stores.ts';
import { linkProvider, signIn, Visitor } from '../support/visitor.ts';

/*
 * Everything that the application asks its database in people's days, as it really asks it, and the
 * way in which a database that is filled would find it. What reads a whole table would become slower
 * with each account.
 */

const accountCount = 5_000;

/** What grows with the number of people. The others hold a few rows, about the schema. */
const growing: Readonly<Record<string, readonly string[]>> = {
  accounts: ['id'],
  identities: ['id', 'account_id', 'subject'],
  // The kind alone would be half of all records.
  expiring_records: ['key', 'owner', 'purge_at'],
};

/** Sorted without an index, because there never is much of it. */
const sortedInMemory = [
  { columns: 'linked_at, id', why: 'An account has one identity of each provider and mode.' },
];

/** Rows as people leave them, of the sizes that true ones have. Nobody of them signs in here. */
async function fill(database: Database, now: number): Promise<void> {
  const chunk = 500;
  for (let from = 0; from < accountCount; from += chunk) {
    const numbers = Array.from({ length: chunk }, (_, index) => from + index);
    const insert = async (table: 'accounts' | 'identities' | 'expiring_records', rows: object[]) =>
      void (await database
        .insertInto(table)
        .values(rows as never)
        .execute());
    await insert(
      'accounts',
      numbers.map((number) => ({ id: `account-${number}`, created_at: now })),
    );
    await insert(
      'identities',
      numbers.map((number) => ({
        id: `identity-${number}`,
        account_id: `account-${number}`,
        provider: 'twitch',
        mode: 'sandbox',
        subject: String(number),
        display_name: `Somebody ${number}`,
        handle: `somebody_${number}`,
        avatar_url: null,
        public_profile_url: null,
        userinfo: JSON.stringify({ filler: 'x'.repeat(300) }),
        granted_scope: 'openid',
        linked_at: now,
        last_used_at: now,
        profile_read_at: now,
      })),
    );
    for (const [kind, owner] of [
      ['session', 'account'],
      ['grant', 'identity'],
    ] as const)
      await insert(
        'expiring_records',
        numbers.map((number) => ({
          kind,
          key: `key-${number}`,
          owner: `${owner}-${number}`,
          value: 'x'.repeat(400),
          expires_at: now + hours(48) + number,
          purge_at: now + hours(49) + number,
        })),
      );
  }
  if (!isSqlite(database)) await sql`analyze`.execute(database);
}

/** What people do here, each thing once. */
async function liveThroughEverything(latchkey: RunningLatchkey): Promise<void> {
  const { baseUrl } = latchkey;
  const people = Array.from({ length: 4 }, () => new Visitor());
  const [ada, elsewhere, bo, cy] = people as [Visitor, Visitor, Visitor, Visitor];
  const open = (who: Visitor, path: string) => who.open(baseUrl + path);
  const expectWords = ({ page }: Visitor, words: string) => expect(page.text).toContain(words);

  // Newcomers, links, people who come back, other devices.
  await signIn(ada, baseUrl, 'Twitch', { person: 'Ada' });
  for (const name of ['Mixer', 'Mixin', 'Resonite'])
    await linkProvider(ada, baseUrl, name, { person: 'Ada' });
  await signIn(elsewhere, baseUrl, 'Twitch', { person: 'Ada' });
  await signIn(new Visitor(), baseUrl, 'Mixin', { person: 'Ada' });
  for (const path of ['/', '/profile', '/sessions', '/account/data.json']) await open(ada, path);
  await open(ada, '/sessions');
  await ada.press('Sign out this device');
  await ada.press('Sign out everywhere else');
  await open(ada, '/profile');
  await ada.press('Read profile again from Twitch');
  expectWords(ada, 'We read your Twitch');

  // Another Twitch account in the place of this one.
  await pressAndAnswer(latchkey, ada, 'Switch Twitch account', { person: 'Cy' });
  await ada.press('Replace with');
  expectWords(ada, 'Cy');

  // Identities that belong to another account: moved, and joined.
  await signIn(bo, baseUrl, 'Mixer', { person: 'Bo' });
  await linkProvider(bo, baseUrl, 'Resonite', { person: 'Bo' });
  await signIn(cy, baseUrl, 'Mixin', { person: 'Cy' });
  for (const choice of ['keep', 'move'] as const) {
    await linkProvider(cy, baseUrl, 'Resonite', { person: 'Bo' });
    await cy.press('Continue', { choice });
  }
  await cy.press('Move Bo');
  expectWords(cy, 'Resonite');
  await linkProvider(cy, baseUrl, 'Mixer', { person: 'Bo' });
  await cy.press('Continue', { choice: 'join' });
  await cy.press('Join both accounts');
  await open(cy, '/profile');
  await cy.press('Unlink Mixer');
  await cy.press('Unlink Mixer');
  expectWords(cy, 'Mixer is unlinked');

  // The next day's visit validates and refreshes tokens and reads profiles.
  latchkey.advance(minutes(70));
  await open(ada, '/profile');
  await open(cy, '/sessions');
  latchkey.advance(hours(5));
  await open(ada, '/profile');

  await ada.press('Sign out');
  const again = new Visitor();
  await signIn(again, baseUrl, 'Mixin', { person: 'Cy' });
  await open(again, '/account/delete');
  await again.press('Delete my account');
  expectWords(again, 'deleted');
  await open(ada, '/readyz');
  latchkey.advance(hours(20));
  await latchkey.records.sweep();
}

/** Notes which operations of the application's records were asked for. */
function noteOperations(records: ExpiringRecords): ReadonlySet<string> {
  const asked = new Set<string>();
  for (const [name, operation] of Object.entries(records)) {
    const noted = (...parameters: unknown[]) => {
      asked.add(name);
      return (operation as (...all: unknown[]) => unknown)(...parameters);
    };
    Object.assign(records, { [name]: noted });
  }
  return asked;
}

/** One statement of each text, those left out that look at nothing of what grows. */
function distinct(statements: readonly Statement[]): Statement[] {
  const byText = new Map(statements.map((statement) => [statement.sql, statement]));
  return [...byText.values()].filter(({ sql: text }) => /^(?:select|insert|update|delete)/i.test(text));
}

const explain = (database: Database, prefix: string, { sql: text, parameters }: Statement) =>
  database.executeQuery<Record<string, unknown>>(CompiledQuery.raw(`${prefix} ${text}`, [...parameters]));

const isSelective = (table: string, condition: string) =>
  growing[table]!.some((column) => new RegExp(`\\b${column}\\b`).test(condition));

const isSmall = (sorted: string) => sortedInMemory.some(({ columns }) => columns === sorted);

/** What is slow about a statement on SQLite, a line for each thing. https://sqlite.org/eqp.html */
async function slowOnSqlite(database: Database, statement: Statement): Promise<string[]> {
  const { rows } = await explain(database, 'explain query plan', statement);
  return rows
    .map(({ detail }) => String(detail))
    .filter((detail) => {
      const [, how, table = ''] = /^(SCAN|SEARCH) (\w+)/.exec(detail) ?? [];
      if (detail.startsWith('USE TEMP B-TREE')) {
        const sorted = /order by ([^()]*?)(?: limit .*)?$/.exec(statement.sql.replaceAll('"', ''))?.[1];
        return !isSmall(sorted ?? detail);
      }
      if (!(table in growing)) return false;
      return how === 'SCAN' || !isSelective(table, /\((.*)\)$/.exec(detail)?.[1] ?? '');
    });
}

interface PostgresPlan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Cond'?: string;
  readonly 'Sort Key'?: readonly string[];
  readonly Plans?: readonly PostgresPlan[];
}

/** The same on PostgreSQL. https://www.postgresql.org/docs/current/using-explain.html */
async function slowOnPostgresql(database: Database, statement: Statement): Promise<string[]> {
  const { rows } = await explain(database, 'explain (format json)', statement);
  const [{ Plan }] = rows[0]!['QUERY PLAN'] as [{ Plan: PostgresPlan }];
  return slowParts(Plan, '');
}

function slowParts(plan: PostgresPlan, above: string): string[] {
  const node = plan['Node Type'];
  const table = plan['Relation Name'] ?? above;
  const condition = plan['Index Cond'] ?? '';
  const sorted = plan['Sort Key']?.map((key) => key.replace(/ COLLATE .*$/, '')).join(', ');
  const reads = table in growing && (node === 'Seq Scan' || /Index.* Scan$/.test(node));
  const slow = [
    ...(reads && !isSelective(table, condition) ? [`${node} of ${table} ${condition}`] : []),
    ...(sorted !== undefined && !isSmall(sorted) ? [`${node} by ${sorted}`] : []),
  ];
  return [...slow, ...(plan.Plans ?? []).flatMap((part) => slowParts(part, table))];
}

describe.each(['SQLite', 'PostgreSQL'] as const)('%s', (kind) => {
  describeWith(kind, `finds everything on ${kind}`, () => {
    let latchkey: RunningLatchkey;
    let statements: Statement[];
    let asked: ReadonlySet<string>;
    beforeAll(async () => {
      latchkey = await startLatchkey({ stores: kind });
      await fill(latchkey.database, Date.now());
      asked = noteOperations(latchkey.records);
      const recorded = recordStatements();
      try {
        await liveThroughEverything(latchkey);
      } finally {
        recorded.stop();
      }
      statements = distinct(recorded.statements);
    }, 180_000);
    afterAll(() => latchkey.close());

    const slowParts = (statement: Statement) =>
      kind === 'SQLite'
        ? slowOnSqlite(latchkey.database, statement)
        : slowOnPostgresql(latchkey.database, statement);

    test('in a day in which every operation of the records was asked for', () => {
      expect([...asked].toSorted()).toEqual(Object.keys(latchkey.records).toSorted());
    });

    test('through an index that leads to few rows, and never sorts what may be many', async () => {
      const slow: Record<string, string[]> = {};
      for (const statement of statements) {
        const parts = await slowParts(statement);
        if (parts.length > 0) slow[statement.sql] = parts;
      }
      expect(slow).toEqual({});
      expect(statements.length).toBeGreaterThanOrEqual(25);
    });
  });
});
