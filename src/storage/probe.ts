import { randomBytes } from 'node:crypto';
import type { Database } from './database.ts';
import type { ExpiringRecords } from './expiring-records.ts';
import { createSqlRecords } from './sql-records.ts';
import { StorageError } from './storage-error.ts';
import { withinDeadline } from './with-deadline.ts';

/** Should the probe not come to the end of it, nobody finds what it wrote for longer than this. */
const keptMilliseconds = 10_000;

export interface ProbedStores {
  readonly database: Database;
  /** In the database, or in Redis. */
  readonly records: ExpiringRecords;
  readonly now: () => number;
}

/**
 * Writes something to every store, reads it and removes it. A store that can only be read, as with a
 * full disk or as a replica, is of no use to anybody who wants to sign in. Throws `StorageError`.
 */
export async function probeStores({ database, records, now }: ProbedStores): Promise<void> {
  const places = [createSqlRecords(database, now), records];
  await withinDeadline(Promise.all(places.map((place) => probe(place, now))));
}

async function probe(records: ExpiringRecords, now: () => number): Promise<void> {
  const key = randomBytes(16).toString('base64url');
  await records.put('probe', { key, owner: key, value: key, expiresAt: now() + keptMilliseconds });
  const found = await records.delete('probe', key);
  if (found?.value !== key) throw new StorageError('unavailable', 'PROBE');
}
