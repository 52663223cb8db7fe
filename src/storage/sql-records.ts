import { type RawBuilder, sql, type SqlBool } from 'kysely';
import type { Database } from './database.ts';
import {
  type ExpiringRecord,
  type ExpiringRecords,
  type RecordKind,
  type RecordOfKind,
  readTombstone,
  rememberedMilliseconds,
  tombstonePrefix,
  toTombstoneValue,
} from './expiring-records.ts';
import { prepare } from './prepared.ts';

const table = 'expiring_records' as const;
const columns = ['key', 'owner', 'value', 'version', 'expires_at as expiresAt'] as const;
const purgeAt = (expiresAt: number) => expiresAt + rememberedMilliseconds;
const isRecord = sql<SqlBool>`expiring_records.value not like ${sql.lit(`${tombstonePrefix}%`)}`;
/** So few at once that SQLite, which stops the process while it deletes, is done in a moment. */
const sweepCount = 500;
/** More than any owner has. */
const largestCount = 1_000_000;

interface Place {
  readonly kind: RecordKind;
  readonly key: string;
}
interface Owned {
  readonly kind: RecordKind;
  readonly owner: string;
}
interface Moment {
  readonly now: number;
}
interface Written extends Place {
  readonly owner: string;
  readonly value: string;
  readonly expiresAt: number;
  readonly purgeAt: number;
}

/** A tombstone is never live, even if a node whose clock is ahead of this one has just set it. */
const isLiveAt = (now: unknown) => sql<SqlBool>`expiring_records.expires_at > ${now} and ${isRecord}`;

const fields = ['kind', 'key', 'owner', 'value', 'expiresAt', 'purgeAt'] as const;

/** Writes so many records, all or none, each where there is none or in the place of one for which `may` holds. */
const write = (count: number, may: (now: unknown) => RawBuilder<SqlBool>) =>
  prepare<Record<string, string | number>, { key: string }>((database, parameter) =>
    database
      .insertInto(table)
      .values(
        Array.from({ length: count }, (_, index) => ({
          kind: parameter(`kind${index}`) as RawBuilder<string>,
          key: parameter(`key${index}`) as RawBuilder<string>,
          owner: parameter(`owner${index}`) as RawBuilder<string>,
          value: parameter(`value${index}`) as RawBuilder<string>,
          expires_at: parameter(`expiresAt${index}`) as RawBuilder<number>,
          purge_at: parameter(`purgeAt${index}`) as RawBuilder<number>,
        })),
      )
      .onConflict((conflict) =>
        conflict
          .columns(['kind', 'key'])
          .doUpdateSet((expression) => ({
            owner: expression.ref('excluded.owner'),
            value: expression.ref('excluded.value'),
            version: expression('expiring_records.version', '+', 1),
            expires_at: expression.ref('excluded.expires_at'),
            purge_at: expression.ref('excluded.purge_at'),
          }))
          .where(may(parameter('now'))),
      )
      .returning('key'),
  );
const always = () => sql<SqlBool>`1 = 1`;
const putOne = write(1, always);
/** A session comes with its grant. */
const putTwo = write(2, always);
const create = write(1, (now) => sql<SqlBool>`not (${isLiveAt(now)})`);

const getLive = prepare<Place & Moment, ExpiringRecord>((database, parameter) =>
  database
    .selectFrom(table)
    .select(columns)
    .where('kind', '=', parameter('kind'))
    .where('key', '=', parameter('key'))
    .where(isLiveAt(parameter('now'))),
);

/** Tombstones too, and what has ended in the last hour. */
const getRemembered = prepare<Place & Moment, ExpiringRecord>((database, parameter) =>
  database
    .selectFrom(table)
    .select(columns)
    .where('kind', '=', parameter('kind'))
    .where('key', '=', parameter('key'))
    .where('purge_at', '>', parameter('now')),
);

/** Puts a tombstone in the place of just this record. */
const bury = prepare<Place & Moment & { value: string; stone: string; purgeAt: number }, unknown>(
  (database, parameter) =>
    database
      .updateTable(table)
      .set({ value: parameter('stone'), expires_at: parameter('now'), purge_at: parameter('purgeAt') })
      .where('kind', '=', parameter('kind'))
      .where('key', '=', parameter('key'))
      .where('value', '=', parameter('value')),
);

/** Another key, value, owner and end for the record in this version. */
const replace = prepare<Written & Moment & { oldKey: string; version: number }, unknown>(
  (database, parameter) =>
    database
      .updateTable(table)
      .set((expression) => ({
        key: parameter('key'),
        owner: parameter('owner'),
        value: parameter('value'),
        version: expression('version', '+', 1),
        expires_at: parameter('expiresAt'),
        purge_at: parameter('purgeAt'),
      }))
      .where('kind', '=', parameter('kind'))
      .where('key', '=', parameter('oldKey'))
      .where('version', '=', parameter('version'))
      .where(isLiveAt(parameter('now'))),
);

const prolong = prepare<Place & Moment & { expiresAt: number; purgeAt: number }, unknown>(
  (database, parameter) => {
    const later = (column: 'expires_at' | 'purge_at', instant: unknown) =>
      sql<number>`case when ${sql.ref(column)} < ${instant} then ${instant} else ${sql.ref(column)} end`;
    return database
      .updateTable(table)
      .set({
        expires_at: later('expires_at', parameter('expiresAt')),
        purge_at: later('purge_at', parameter('purgeAt')),
      })
      .where('kind', '=', parameter('kind'))
      .where('key', '=', parameter('key'))
      .where(isLiveAt(parameter('now')));
  },
);

const remove = prepare<Place, ExpiringRecord>((database, parameter) =>
  database
    .deleteFrom(table)
    .where('kind', '=', parameter('kind'))
    .where('key', '=', parameter('key'))
    .returning(columns),
);

const list = prepare<Owned & Moment & { skip: number }, ExpiringRecord>((database, parameter) =>
  database
    .selectFrom(table)
    .select(columns)
    .where('kind', '=', parameter('kind'))
    .where('owner', '=', parameter('owner'))
    .where(isLiveAt(parameter('now')))
    .orderBy('expires_at', 'desc')
    // Without a limit SQLite takes no offset.
    .limit(largestCount)
    .offset(parameter('skip')),
);
/** By the index of owners alone: a tombstone ends when it is set, so it does not count. */
const count = prepare<Owned & Moment, { count: number | string }>((database, parameter) =>
  database
    .selectFrom(table)
    .select((expression) => expression.fn.countAll().as('count'))
    .where('kind', '=', parameter('kind'))
    .where('owner', '=', parameter('owner'))
    .where('expires_at', '>', parameter('now')),
);

const keepNewest = prepare<Owned & { count: number }, unknown>((database, parameter) =>
  database
    .deleteFrom(table)
    .where('kind', '=', parameter('kind'))
    .where('owner', '=', parameter('owner'))
    .where(isRecord)
    .where('key', 'not in', (kept) =>
      kept
        .selectFrom(table)
        .select('key')
        .where('kind', '=', parameter('kind'))
        .where('owner', '=', parameter('owner'))
        .where(isRecord)
        .orderBy('expires_at', 'desc')
        .limit(parameter('count')),
    ),
);

/** The records in the database's own table. `now` is in milliseconds. */
export function createSqlRecords(database: Database, now: () => number): ExpiringRecords {
  /** Of what was just deleted: the records, without tombstones and without what only a sweep had left. */
  const remembered = (rows: ExpiringRecord[]) =>
    rows
      .filter(({ value, expiresAt }) => !readTombstone(value) && purgeAt(expiresAt) > now())
      .toSorted((one, other) => other.expiresAt - one.expiresAt);

  const toWritten = (kind: RecordKind, record: Omit<ExpiringRecord, 'version'>) => ({
    kind,
    ...record,
    purgeAt: purgeAt(record.expiresAt),
    now: now(),
  });

  /** The parameters of `write`: `kind0`, `key0`, … and the moment. */
  const toRows = (...records: readonly RecordOfKind[]) => {
    const rows = records.flatMap(({ kind, ...record }, index) => {
      const written = toWritten(kind, record);
      return fields.map((field) => [`${field}${index}`, written[field]] as const);
    });
    return Object.fromEntries([...rows, ['now', now()] as const]);
  };

  return {
    async put(kind, record) {
      await putOne(database, toRows({ kind, ...record }));
    },

    async putBoth(one, other) {
      await putTwo(database, toRows(one, other));
    },

    async create(kind, record) {
      return (await create(database, toRows({ kind, ...record }))).rows.length > 0;
    },

    async get(kind, key) {
      return (await getLive(database, { kind, key, now: now() })).rows[0] ?? null;
    },

    async update(kind, record) {
      const { key, version } = record;
      return hasChanged(await replace(database, { ...toWritten(kind, record), oldKey: key, version }));
    },

    async prolong(kind, key, expiresAt) {
      const ends = { expiresAt, purgeAt: purgeAt(expiresAt) };
      return hasChanged(await prolong(database, { kind, key, ...ends, now: now() }));
    },

    async take(kind, key, owner) {
      for (;;) {
        const row = (await getRemembered(database, { kind, key, now: now() })).rows[0];
        if (!row) return null;
        const gone = readTombstone(row.value);
        if (gone) return { gone };
        if (row.owner !== owner) return { notYours: true };
        const outcome = row.expiresAt > now() ? 'used' : 'expired';
        const stone = { stone: toTombstoneValue(outcome), purgeAt: purgeAt(now()) };
        const buried = await bury(database, { kind, key, value: row.value, ...stone, now: now() });
        if (hasChanged(buried)) return outcome === 'used' ? { taken: row } : { gone: { outcome } };
        // Somebody has taken or replaced it since: what is there now counts.
      }
    },

    async rename(kind, oldKey, record) {
      const { version } = record;
      return hasChanged(await replace(database, { ...toWritten(kind, record), oldKey, version }));
    },

    async delete(kind, key) {
      return remembered((await remove(database, { kind, key })).rows)[0] ?? null;
    },

    async listByOwner(kind, owner, skip = 0) {
      return (await list(database, { kind, owner, skip, now: now() })).rows;
    },

    async countByOwner(kind, owner) {
      // PostgreSQL's count is a bigint, which comes as text.
      return Number((await count(database, { kind, owner, now: now() })).rows[0]!.count);
    },

    async deleteByOwner(kind, owner) {
      const removed = await database
        .deleteFrom(table)
        .where('kind', '=', kind)
        .where('owner', '=', owner)
        .returning(columns)
        .execute();
      return remembered(removed);
    },

    async keepNewest(kind, owner, count) {
      await keepNewest(database, { kind, owner, count });
    },

    async endByOwner(kind, owner) {
      await database
        .updateTable(table)
        .set({ value: toTombstoneValue('ended'), expires_at: now(), purge_at: purgeAt(now()) })
        .where('kind', '=', kind)
        .where('owner', '=', owner)
        .where('purge_at', '>', now())
        .where(isRecord)
        .execute();
    },

    async sweep() {
      for (;;) {
        const removed = await database
          .deleteFrom(table)
          .where((expression) =>
            expression(
              expression.refTuple('kind', 'key'),
              'in',
              expression
                .selectFrom(table)
                .select(['kind', 'key'])
                .where('purge_at', '<=', now())
                .limit(sweepCount)
                .$asTuple('kind', 'key'),
            ),
          )
          .executeTakeFirst();
        if (removed.numDeletedRows < sweepCount) return;
      }
    },
  };
}

function hasChanged({ numAffectedRows }: { readonly numAffectedRows?: bigint | undefined }): boolean {
  return (numAffectedRows ?? 0n) > 0n;
}
