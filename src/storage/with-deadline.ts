import type { ExpiringRecords } from './expiring-records.ts';
import { StorageError } from './storage-error.ts';

/** Shorter than the second within which a page has to say that the store does not answer. */
const deadlineMilliseconds = 800;

/**
 * The work's result, or `StorageError` when it takes too long. The work goes on; what becomes of it
 * is nobody's business any more.
 */
export function withinDeadline<Result>(
  work: Promise<Result>,
  milliseconds = deadlineMilliseconds,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new StorageError('unavailable', 'DEADLINE'));
    // After a pause of this process itself the answer may be there already: it is read first.
    const timer = setTimeout(() => setImmediate(late), milliseconds);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** The same records, but a store that is down or slow fails in time. A sweep may take as long as it needs. */
export function withDeadline(records: ExpiringRecords, milliseconds = deadlineMilliseconds): ExpiringRecords {
  const limit = <Result>(work: Promise<Result>) => withinDeadline(work, milliseconds);
  return {
    put: (kind, record) => limit(records.put(kind, record)),
    putBoth: (one, other) => limit(records.putBoth(one, other)),
    create: (kind, record) => limit(records.create(kind, record)),
    get: (kind, key) => limit(records.get(kind, key)),
    update: (kind, record) => limit(records.update(kind, record)),
    prolong: (kind, key, expiresAt) => limit(records.prolong(kind, key, expiresAt)),
    take: (kind, key, owner) => limit(records.take(kind, key, owner)),
    rename: (kind, oldKey, record) => limit(records.rename(kind, oldKey, record)),
    delete: (kind, key) => limit(records.delete(kind, key)),
    listByOwner: (kind, owner, skip) => limit(records.listByOwner(kind, owner, skip)),
    countByOwner: (kind, owner) => limit(records.countByOwner(kind, owner)),
    deleteByOwner: (kind, owner) => limit(records.deleteByOwner(kind, owner)),
    keepNewest: (kind, owner, count) => limit(records.keepNewest(kind, owner, count)),
    endByOwner: (kind, owner) => limit(records.endByOwner(kind, owner)),
    sweep: () => records.sweep(),
  };
}
