import type { ProvenIdentity } from '../accounts/account-store.ts';
import type { Tokens } from '../oauth/token-response.ts';
import type { KeyRing } from '../sessions/seal.ts';
import type { ExpiringRecords } from '../storage/expiring-records.ts';
import { transactionMinutes } from './transaction.ts';

/** A switch came back as another identity: which one stays is the person's decision. */
export interface PendingReplacement {
  readonly oldIdentityId: string;
  readonly oldName: string;
  readonly proven: ProvenIdentity;
  readonly tokens: Tokens;
}

export interface PendingReplacements {
  /** One for each session (`ref`) at a time; a newer one takes its place. */
  put(ref: string, pending: PendingReplacement): Promise<void>;
  /** Reads it for the page, which may be reloaded. */
  get(ref: string): Promise<PendingReplacement | null>;
  /** Gets and removes it: a decision is made once. */
  take(ref: string): Promise<PendingReplacement | null>;
}

const place = (ref: string) => `replace.${ref}`;

export function createPendingReplacements(
  records: ExpiringRecords,
  keys: KeyRing,
  now: () => number,
): PendingReplacements {
  const open = (key: string, value: string) => {
    const text = keys.open('decision', key, value);
    return text === null ? null : (JSON.parse(text) as PendingReplacement);
  };
  return {
    async put(ref, pending) {
      const key = place(ref);
      const expiresAt = now() + transactionMinutes * 60 * 1000;
      await records.put('decision', {
        key,
        owner: ref,
        value: keys.seal('decision', key, JSON.stringify(pending)),
        expiresAt,
      });
    },
    async get(ref) {
      const record = await records.get('decision', place(ref));
      // A tombstone does not open.
      return record && open(record.key, record.value);
    },
    async take(ref) {
      const result = await records.take('decision', place(ref), ref);
      return result && 'taken' in result ? open(result.taken.key, result.taken.value) : null;
    },
  };
}
