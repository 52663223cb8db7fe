import { type Expression, type SqlBool, sql } from 'kysely';
import type { Database } from './database.ts';
import {
  type ExpiringRecord,
  type ExpiringRecords,
  type RecordKind,
  readTombstone,
  rememberedMilliseconds,
  type TakeResult,
  tombstonePrefix,
  toTombstoneValue,
} from './expiring-records.ts';

const table = 'expiring_records' as const;
const columns = ['key', 'owner', 'value', 'version', 'expires_at as expiresAt'] as const;
const purgeAt = (expiresAt: number) => expiresAt + rememberedMilliseconds;
const isRecord = sql<SqlBool>`expiring_records.value not like ${sql.lit(`${tombstonePrefix}%`)}`;
/** So few at once that SQLite, which stops the process while it deletes, is done in a moment. */
const sweepCount = 500;

/** The records in the database's own table. `now` is in milliseconds. */
export function createSqlRecords(database: Database, now: () => number): ExpiringRecords {
  // A tombstone is never live, even if a node whose clock is ahead of this one has just set it.
  const isLive = () => sql<SqlBool>`expiring_records.expires_at > ${now()} and ${isRecord}`;

  /** Of what was just deleted: the records, without tombstones and without what only a sweep had left. */
  const remembered = (rows: ExpiringRecord[]) =>
    rows
      .filter(({ value, expiresAt }) => !readTombstone(value) && purgeAt(expiresAt) > now())
      .toSorted((one, other) => other.expiresAt - one.expiresAt);

  /** Writes a record where there is none, or in the place of one for which `may` holds. */
  async function write(
    kind: RecordKind,
    { key, owner, value, expiresAt }: Omit<ExpiringRecord, 'version'>,
    may: Expression<SqlBool>,
  ): Promise<boolean> {
    const written = await database
      .insertInto(table)
      .values({ kind, key, owner, value, expires_at: expiresAt, purge_at: purgeAt(expiresAt) })
      .onConflict((conflict) =>
        conflict
          .columns(['kind', 'key'])
          .doUpdateSet((expression) => ({
            owner,
            value,
            version: expression('expiring_records.version', '+', 1),
            expires_at: expiresAt,
            purge_at: purgeAt(expiresAt),
          }))
          .where(may),
      )
      .returning('key')
      .executeTakeFirst();
    return written !== undefined;
  }

  async function takeOwn(
    connection: Database,
    kind: RecordKind,
    key: string,
    owner: string,
  ): Promise<TakeResult> {
    const removed = await connection
      .deleteFrom(table)
      .where('kind', '=', kind)
      .where('key', '=', key)
      .where('owner', '=', owner)
      .where('purge_at', '>', now())
      .where(isRecord)
      .returning(columns)
      .executeTakeFirst();
    if (!removed) return null;
    const outcome = removed.expiresAt > now() ? 'used' : 'expired';
    const stone = { kind, key, owner, value: toTombstoneValue(outcome) };
    await connection
      .insertInto(table)
      .values({ ...stone, expires_at: now(), purge_at: purgeAt(now()) })
      .execute();
    return outcome === 'used' ? { taken: removed } : { gone: { outcome } };
  }

  async function whyNotTaken(kind: RecordKind, key: string): Promise<TakeResult> {
    const row = await database
      .selectFrom(table)
      .select('value')
      .where('kind', '=', kind)
      .where('key', '=', key)
      .where('purge_at', '>', now())
      .executeTakeFirst();
    if (!row) return null;
    const gone = readTombstone(row.value);
    return gone ? { gone } : { notYours: true };
  }

  return {
    async put(kind, record) {
      await write(kind, record, sql<SqlBool>`1 = 1`);
    },

    create(kind, record) {
      return write(kind, record, sql<SqlBool>`not (${isLive()})`);
    },

    async get(kind, key) {
      const row = await database
        .selectFrom(table)
        .select(columns)
        .where('kind', '=', kind)
        .where('key', '=', key)
        .where(isLive())
        .executeTakeFirst();
      return row ?? null;
    },

    async update(kind, { key, owner, value, version, expiresAt }) {
      const { numUpdatedRows } = await database
        .updateTable(table)
        .set({ owner, value, version: version + 1, expires_at: expiresAt, purge_at: purgeAt(expiresAt) })
        .where('kind', '=', kind)
        .where('key', '=', key)
        .where('version', '=', version)
        .where(isLive())
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    async prolong(kind, key, expiresAt) {
      const later = (column: 'expires_at' | 'purge_at', instant: number) =>
        sql<number>`case when ${sql.ref(column)} < ${instant} then ${instant} else ${sql.ref(column)} end`;
      const { numUpdatedRows } = await database
        .updateTable(table)
        .set({ expires_at: later('expires_at', expiresAt), purge_at: later('purge_at', purgeAt(expiresAt)) })
        .where('kind', '=', kind)
        .where('key', '=', key)
        .where(isLive())
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    async take(kind, key, owner) {
      const taken = await database
        .transaction()
        .execute((transaction) => takeOwn(transaction, kind, key, owner));
      return taken ?? (await whyNotTaken(kind, key));
    },

    async rename(kind, oldKey, { key, owner, value, version, expiresAt }) {
      const { numUpdatedRows } = await database
        .updateTable(table)
        .set({
          key,
          owner,
          value,
          version: version + 1,
          expires_at: expiresAt,
          purge_at: purgeAt(expiresAt),
        })
        .where('kind', '=', kind)
        .where('key', '=', oldKey)
        .where('version', '=', version)
        .where(isLive())
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    async delete(kind, key) {
      const removed = await database
        .deleteFrom(table)
        .where('kind', '=', kind)
        .where('key', '=', key)
        .returning(columns)
        .execute();
      return remembered(removed)[0] ?? null;
    },

    async listByOwner(kind, owner) {
      return database
        .selectFrom(table)
        .select(columns)
        .where('kind', '=', kind)
        .where('owner', '=', owner)
        .where(isLive())
        .orderBy('expires_at', 'desc')
        .execute();
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
      const kept = database
        .selectFrom(table)
        .select('key')
        .where('kind', '=', kind)
        .where('owner', '=', owner)
        .where(isRecord)
        .orderBy('expires_at', 'desc')
        .limit(count);
      await database
        .deleteFrom(table)
        .where('kind', '=', kind)
        .where('owner', '=', owner)
        .where(isRecord)
        .where('key', 'not in', kept)
        .execute();
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
