import type { ProvenIdentity } from '../accounts/account-store.ts';
import type { Intent } from '../accounts/resolve-account.ts';
import type { Tokens } from '../oauth/token-response.ts';
import type { KeyRing } from '../sessions/seal.ts';
import type { ExpiringRecords } from '../storage/expiring-records.ts';
import { transactionMinutes } from './transaction.ts';

/** A login has proven an identity; what becomes of it is the person's decision. */
interface Decision {
  readonly proven: ProvenIdentity;
  readonly tokens: Tokens;
}

/** A switch came back as another identity: which one stays? */
export interface PendingReplacement extends Decision {
  readonly kind: 'replace';
  readonly oldIdentityId: string;
  readonly oldName: string;
}

/** The identity belongs to another account here. */
export interface PendingConflict extends Decision {
  readonly kind: 'conflict';
  /** Whose it was when the login proved it: the person decides about this account and no other. */
  readonly otherAccountId: string;
  /** What the login was for, to start it once more. */
  readonly intent: Intent;
}

export type PendingDecision = PendingReplacement | PendingConflict;
type OfKind<Kind extends PendingDecision['kind']> = Extract<PendingDecision, { kind: Kind }>;

export interface PendingDecisions {
  /** One of a kind for each session (`ref`) at a time. Gives the one whose place it takes. */
  put(ref: string, decision: PendingDecision): Promise<PendingDecision | null>;
  /** Reads it for the page, which may be reloaded. */
  get<Kind extends PendingDecision['kind']>(ref: string, kind: Kind): Promise<OfKind<Kind> | null>;
  /** Gets and removes it: a decision is made once. */
  take<Kind extends PendingDecision['kind']>(ref: string, kind: Kind): Promise<OfKind<Kind> | null>;
  /** Gets and removes all of a session's. */
  takeAll(ref: string): Promise<PendingDecision[]>;
}

/** Kept for ten minutes, sealed: it holds tokens. */
export function createPendingDecisions(
  records: ExpiringRecords,
  keys: KeyRing,
  now: () => number,
): PendingDecisions {
  // A tombstone does not open.
  const open = (record: { key: string; value: string } | null) => {
    const text = record && keys.open('decision', record.key, record.value);
    return text ? (JSON.parse(text) as PendingDecision) : null;
  };

  async function take(ref: string, kind: PendingDecision['kind']): Promise<PendingDecision | null> {
    const result = await records.take('decision', `${kind}.${ref}`, ref);
    return result && 'taken' in result ? open(result.taken) : null;
  }

  return {
    async put(ref, decision) {
      const former = await take(ref, decision.kind);
      const key = `${decision.kind}.${ref}`;
      const expiresAt = now() + transactionMinutes * 60 * 1000;
      const value = keys.seal('decision', key, JSON.stringify(decision));
      await records.put('decision', { key, owner: ref, value, expiresAt });
      return former;
    },
    async get<Kind extends PendingDecision['kind']>(ref: string, kind: Kind) {
      return open(await records.get('decision', `${kind}.${ref}`)) as OfKind<Kind> | null;
    },
    async take<Kind extends PendingDecision['kind']>(ref: string, kind: Kind) {
      return (await take(ref, kind)) as OfKind<Kind> | null;
    },
    async takeAll(ref) {
      const held = await records.deleteByOwner('decision', ref);
      return held.map(open).filter((decision) => decision !== null);
    },
  };
}
