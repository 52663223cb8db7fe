import type { Database } from './database.ts';

export type RecordKind = 'session' | 'login' | 'grant' | 'decision' | 'lease';

/** A record that ends by itself: a session, a login transaction, a grant, a pending decision, a lease. */
export interface ExpiringRecord {
  readonly key: string;
  /** What it is deleted and counted by: a browser, an account, an identity. */
  readonly owner: string;
  readonly value: string;
  /** Counts updates; an update names the version it has read. */
  readonly version: number;
  /** Milliseconds since 1970. From then on `get` does not give it. */
  readonly expiresAt: number;
}

/** What stands in a taken record's place for an hour: what became of it. No secret. */
export interface Tombstone {
  readonly outcome: 'used' | 'expired' | 'ended';
}

export type TakeResult =
  | { readonly taken: ExpiringRecord }
  | { readonly gone: Tombstone }
  | { readonly notYours: true }
  | null;

export interface ExpiringRecords {
  put(kind: RecordKind, record: Omit<ExpiringRecord, 'version'>): Promise<void>;
  /** Puts a record where no live one is, and answers true: of two callers at once, one does. */
  create(kind: RecordKind, record: Omit<ExpiringRecord, 'version'>): Promise<boolean>;
  get(kind: RecordKind, key: string): Promise<ExpiringRecord | null>;
  /** Replaces value and end, and answers true, if the record is still there in the version named. */
  update(kind: RecordKind, record: ExpiringRecord): Promise<boolean>;
  /**
   * Moves a live record's end to a later instant and leaves everything else, its version too, as it
   * is. Answers false when there is no such record.
   */
  prolong(kind: RecordKind, key: string, expiresAt: number): Promise<boolean>;
  /**
   * Gets the record and removes it, atomically: of many callers one gets `taken`. Only its owner
   * can take it. The others learn whether it is gone or still belongs to somebody else.
   */
  take(kind: RecordKind, key: string, owner: string): Promise<TakeResult>;
  /**
   * Gives a live record another key, and another value and end with it. Answers false when there is
   * no such record: of two callers at once, and after a deletion, nothing is brought back.
   */
  rename(kind: RecordKind, oldKey: string, record: Omit<ExpiringRecord, 'version'>): Promise<boolean>;
  /** Deletes a record and gives what it was. */
  delete(kind: RecordKind, key: string): Promise<ExpiringRecord | null>;
  listByOwner(kind: RecordKind, owner: string): Promise<ExpiringRecord[]>;
  /** Deletes all of an owner's records and gives what they were. */
  deleteByOwner(kind: RecordKind, owner: string): Promise<ExpiringRecord[]>;
  /** Deletes all but the owner's newest records, newest by their end. Tombstones stay. */
  keepNewest(kind: RecordKind, owner: string, count: number): Promise<void>;
  /** Ends all of an owner's records, leaving tombstones. */
  endByOwner(kind: RecordKind, owner: string): Promise<void>;
  /** Deletes what ended long ago. */
  sweep(): Promise<void>;
}

const tombstoneMilliseconds = 60 * 60 * 1000;
const tombstone = (outcome: Tombstone['outcome']) => `gone:${outcome}`;

/** The records in the database's own table. `now` is in milliseconds. */
export function createSqlRecords(database: Database, now: () => number): ExpiringRecords {
  const table = 'expiring_records' as const;
  const columns = ['key', 'owner', 'value', 'version', 'expires_at as expiresAt'] as const;
  // An ended record is kept for an hour, so that `take` can say `expired`.
  const purgeAt = (expiresAt: number) => expiresAt + tombstoneMilliseconds;

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
      .where('value', 'not like', 'gone:%')
      .returning(columns)
      .executeTakeFirst();
    if (!removed) return null;
    const outcome = removed.expiresAt > now() ? 'used' : 'expired';
    const stone = {
      kind,
      key,
      owner,
      value: tombstone(outcome),
      expires_at: now(),
      purge_at: purgeAt(now()),
    };
    await connection.insertInto(table).values(stone).execute();
    return outcome === 'used' ? { taken: removed } : { gone: { outcome } };
  }

  async function whyNotTaken(kind: RecordKind, key: string): Promise<TakeResult> {
    const row = await database
      .selectFrom(table)
      .select(columns)
      .where('kind', '=', kind)
      .where('key', '=', key)
      .executeTakeFirst();
    if (!row) return null;
    if (!row.value.startsWith('gone:')) return { notYours: true };
    return { gone: { outcome: row.value.slice('gone:'.length) as Tombstone['outcome'] } };
  }

  return {
    async put(kind, { key, owner, value, expiresAt }) {
      await database
        .insertInto(table)
        .values({ kind, key, owner, value, expires_at: expiresAt, purge_at: purgeAt(expiresAt) })
        .onConflict((conflict) =>
          conflict.columns(['kind', 'key']).doUpdateSet((expression) => ({
            owner,
            value,
            version: expression('expiring_records.version', '+', 1),
            expires_at: expiresAt,
            purge_at: purgeAt(expiresAt),
          })),
        )
        .execute();
    },

    async get(kind, key) {
      const row = await database
        .selectFrom(table)
        .select(columns)
        .where('kind', '=', kind)
        .where('key', '=', key)
        .where('expires_at', '>', now())
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
        .where('expires_at', '>', now())
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    async take(kind, key, owner) {
      const taken = await database
        .transaction()
        .execute((transaction) => takeOwn(transaction, kind, key, owner));
      return taken ?? (await whyNotTaken(kind, key));
    },

    async rename(kind, oldKey, { key, owner, value, expiresAt }) {
      const { numUpdatedRows } = await database
        .updateTable(table)
        .set({ key, owner, value, expires_at: expiresAt, purge_at: purgeAt(expiresAt) })
        .where('kind', '=', kind)
        .where('key', '=', oldKey)
        .where('expires_at', '>', now())
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    async delete(kind, key) {
      const removed = await database
        .deleteFrom(table)
        .where('kind', '=', kind)
        .where('key', '=', key)
        .returning(columns)
        .executeTakeFirst();
      return removed ?? null;
    },

    async listByOwner(kind, owner) {
      return database
        .selectFrom(table)
        .select(columns)
        .where('kind', '=', kind)
        .where('owner', '=', owner)
        .where('expires_at', '>', now())
        .execute();
    },

    async deleteByOwner(kind, owner) {
      return database
        .deleteFrom(table)
        .where('kind', '=', kind)
        .where('owner', '=', owner)
        .returning(columns)
        .execute();
    },

    async keepNewest(kind, owner, count) {
      const kept = database
        .selectFrom(table)
        .select('key')
        .where('kind', '=', kind)
        .where('owner', '=', owner)
        .where('value', 'not like', 'gone:%')
        .orderBy('expires_at', 'desc')
        .limit(count);
      await database
        .deleteFrom(table)
        .where('kind', '=', kind)
        .where('owner', '=', owner)
        .where('value', 'not like', 'gone:%')
        .where('key', 'not in', kept)
        .execute();
    },

    async endByOwner(kind, owner) {
      await database
        .updateTable(table)
        .set({ value: tombstone('ended'), expires_at: now(), purge_at: purgeAt(now()) })
        .where('kind', '=', kind)
        .where('owner', '=', owner)
        .where('value', 'not like', 'gone:%')
        .execute();
    },

    async sweep() {
      await database.deleteFrom(table).where('purge_at', '<=', now()).execute();
    },
  };
}
