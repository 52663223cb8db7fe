import { randomBytes } from 'node:crypto';
import type { ExpiringRecords } from '../storage/expiring-records.ts';
import { isStorageError } from '../storage/storage-error.ts';

/** The right to do something alone, on all nodes, for a while: it ends by itself if its holder dies. */
interface Lease {
  /** Never fails: what could not be given back ends by itself, and undoes nothing. */
  release(): Promise<void>;
}

export interface Leases {
  /** The lease, or null while somebody else holds it. */
  take(name: string, milliseconds: number): Promise<Lease | null>;
  isHeld(name: string): Promise<boolean>;
}

export function createLeases(records: ExpiringRecords, now: () => number): Leases {
  return {
    async take(name, milliseconds) {
      // An owner of its own, so that a holder who comes too late releases nobody else's lease.
      const owner = randomBytes(16).toString('base64url');
      const lease = { key: name, owner, value: '', expiresAt: now() + milliseconds };
      if (!(await records.create('lease', lease))) return null;
      const release = async () => {
        await records.deleteByOwner('lease', owner).catch(ignoreStorageError);
      };
      return { release };
    },
    async isHeld(name) {
      return (await records.get('lease', name)) !== null;
    },
  };
}

function ignoreStorageError(error: unknown): void {
  if (!isStorageError(error)) throw error;
}

/** How often somebody who waits for a lease looks again. */
export const leasePollMilliseconds = 40;
