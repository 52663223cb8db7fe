import { randomBytes } from 'node:crypto';
import type { ProvenIdentity } from '../accounts/account-store.ts';
import type { Intent } from '../accounts/resolve-account.ts';
import type { Tokens } from '../oauth/token-response.ts';
import type { KeyRing } from '../sessions/seal.ts';
import type { ExpiringRecords } from '../storage/expiring-records.ts';
import { transactionMinutes } from './transaction.ts';

/** A login has proven an identity; what becomes of it is the person's decision. */
interface Decision {
  /** Stands in the forms of its page: what is decided is what the page showed, not a newer question. */
  readonly id: string;
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
type Kind = PendingDecision['kind'];
type OfKind<K extends Kind> = Extract<PendingDecision, { kind: K }>;

const kinds = ['replace', 'conflict'] as const satisfies readonly Kind[];

export const newDecisionId = () => randomBytes(12).toString('base64url');

export interface PendingDecisions {
  /** One of a kind for each session (`ref`) at a time. Gives those whose place it takes. */
  put(ref: string, decision: PendingDecision): Promise<PendingDecision[]>;
  /** Reads it for the page, which may be reloaded. */
  get<K extends Kind>(ref: string, kind: K): Promise<OfKind<K> | null>;
  /** Gets and removes the one with this id, atomically: a decision is made once. */
  take<K extends Kind>(ref: string, kind: K, id: string): Promise<OfKind<K> | null>;
  /** Gets and removes all of a session's. */
  takeAll(ref: string): Promise<PendingDecision[]>;
}

/** Kept for ten minutes, sealed: it holds tokens. Its record belongs to its id. */
export function createPendingDecisions(
  records: ExpiringRecords,
  keys: KeyRing,
  now: () => number,
): PendingDecisions {
  const toKey = (kind: Kind, ref: string) => `${kind}.${ref}`;

  // A tombstone does not open.
  const open = (record: { key: string; value: string } | null) => {
    const text = record && keys.open('decision', record.key, record.value);
    return text ? (JSON.parse(text) as PendingDecision) : null;
  };

  const remove = async (kind: Kind, ref: string) => open(await records.delete('decision', toKey(kind, ref)));

  return {
    async put(ref, decision) {
      const key = toKey(decision.kind, ref);
      const expiresAt = now() + transactionMinutes * 60 * 1000;
      const value = keys.seal('decision', key, JSON.stringify(decision));
      const former: PendingDecision[] = [];
      // Two tabs may come here at once: each makes room for itself, and gives what it found.
      while (!(await records.create('decision', { key, owner: decision.id, value, expiresAt }))) {
        const found = await remove(decision.kind, ref);
        if (found) former.push(found);
      }
      return former;
    },
    async get<K extends Kind>(ref: string, kind: K) {
      return open(await records.get('decision', toKey(kind, ref))) as OfKind<K> | null;
    },
    async take<K extends Kind>(ref: string, kind: K, id: string) {
      const result = await records.take('decision', toKey(kind, ref), id);
      return (result && 'taken' in result ? open(result.taken) : null) as OfKind<K> | null;
    },
    async takeAll(ref) {
      const held = await Promise.all(kinds.map((kind) => remove(kind, ref)));
      return held.filter((decision) => decision !== null);
    },
  };
}
