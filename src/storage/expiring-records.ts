export type RecordKind = 'session' | 'login' | 'grant' | 'decision' | 'lease' | 'probe';

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

/** A record to be put. */
export interface RecordOfKind extends Omit<ExpiringRecord, 'version'> {
  readonly kind: RecordKind;
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

/**
 * The records of one installation, in the database (`sql-records.ts`) or in Redis
 * (`redis-records.ts`). Every operation is atomic; all of them throw `StorageError`.
 */
export interface ExpiringRecords {
  put(kind: RecordKind, record: Omit<ExpiringRecord, 'version'>): Promise<void>;
  /** Puts two records, both or neither. */
  putBoth(one: RecordOfKind, other: RecordOfKind): Promise<void>;
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
   * Gives a live record in the version named another key, and another value, owner and end with it.
   * Answers false when there is no such record: of two callers at once, after an update, and after a
   * deletion, nothing is overwritten and nothing brought back.
   */
  rename(kind: RecordKind, oldKey: string, record: ExpiringRecord): Promise<boolean>;
  /** Deletes a record and gives what it was, also when it has ended within the last hour. */
  delete(kind: RecordKind, key: string): Promise<ExpiringRecord | null>;
  /** All of an owner's live records, those that end last first; or what is left when so many are skipped. */
  listByOwner(kind: RecordKind, owner: string, skip?: number): Promise<ExpiringRecord[]>;
  /** How many live records an owner has. */
  countByOwner(kind: RecordKind, owner: string): Promise<number>;
  /** Deletes all of an owner's records and gives what they were, those that end last first. */
  deleteByOwner(kind: RecordKind, owner: string): Promise<ExpiringRecord[]>;
  /** Deletes all but the owner's newest records, newest by their end. Tombstones stay. */
  keepNewest(kind: RecordKind, owner: string, count: number): Promise<void>;
  /** Ends all of an owner's records, leaving tombstones. */
  endByOwner(kind: RecordKind, owner: string): Promise<void>;
  /** Deletes what ended long ago. */
  sweep(): Promise<void>;
}

/** How long an ended record or a tombstone is remembered, so that `take` can say what became of it. */
export const rememberedMilliseconds = 60 * 60 * 1000;

/** A tombstone is a record with such a value. Values of records are JSON or sealed, so never begin so. */
export const tombstonePrefix = 'gone:';

export function toTombstoneValue(outcome: Tombstone['outcome']): string {
  return tombstonePrefix + outcome;
}

/** What a record's value says when it is a tombstone's; null for the value of a true record. */
export function readTombstone(value: string): Tombstone | null {
  if (!value.startsWith(tombstonePrefix)) return null;
  return { outcome: value.slice(tombstonePrefix.length) as Tombstone['outcome'] };
}
