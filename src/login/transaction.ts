import { hash as oneHash, randomBytes } from 'node:crypto';
import type { Intent } from '../accounts/resolve-account.ts';
import { LoginError, type LoginErrorCode } from '../errors.ts';
import type { Mode } from '../oauth/client.ts';
import type { KeyRing } from '../sessions/seal.ts';
import type { ExpiringRecords, TakeResult } from '../storage/expiring-records.ts';

/** One login under way: what must still hold when the browser comes back. */
export interface LoginTransaction {
  readonly provider: string;
  readonly mode: Mode;
  readonly issuer: string;
  readonly intent: Intent;
  readonly force: boolean;
  /** The account signed in at the start. */
  readonly accountId: string | null;
  readonly returnTo: string | null;
  readonly requestedScope: readonly string[];
  readonly codeVerifier: string | null;
  readonly nonce: string | null;
}

/** What ties a login to the browser that started it. */
export interface BrowserBinding {
  /** The value of its cookie. */
  readonly value: string;
  /** Made for this very login: the browser has no other one open. */
  readonly isNew: boolean;
}

/** For how long a login may take. Said on pages, so it is a fact of the product. */
export const transactionMinutes = 10;
const openPerBrowser = 10;

const hash = (text: string) => oneHash('sha256', text, 'base64url');

/** 32 random bytes, base64url: `state`, `nonce` and the browser-binding cookie are made so. */
export const newSecret = () => randomBytes(32).toString('base64url');

export interface Transactions {
  /** Stores a login and returns its `state`. The browser's oldest open ones make room for it. */
  create(transaction: LoginTransaction, binding: BrowserBinding): Promise<string>;
  /**
   * Gets the transaction that `state` belongs to and removes it, so the same callback works
   * once, on any node. The check of `state` is this lookup (stops login CSRF, RFC 6749 10.12).
   *
   * Throws `state_unknown` (never given out, or to another browser), `no_cookie` (this browser
   * keeps none of ours), `state_expired` (older than ten minutes), `state_used`, or
   * `session_changed` (ended by a sign-out): taking leaves a tombstone for an hour that tells
   * the last three apart. Another browser's attempt leaves the transaction as it is.
   */
  take(state: string, binding: string | null): Promise<LoginTransaction>;
  /** Ends every open login of a browser: it has just signed out. */
  endAll(binding: string): Promise<void>;
}

export function createTransactions(records: ExpiringRecords, keys: KeyRing, now: () => number): Transactions {
  return {
    async create(transaction, binding) {
      const state = newSecret();
      const key = hash(state);
      const owner = hash(binding.value);
      const value = keys.seal('login', key, JSON.stringify(transaction));
      await records.put('login', { key, owner, value, expiresAt: now() + transactionMinutes * 60 * 1000 });
      if (!binding.isNew) await records.keepNewest('login', owner, openPerBrowser);
      return state;
    },

    async take(state, binding) {
      const key = hash(state);
      const result = await records.take('login', key, binding === null ? '' : hash(binding));
      if (result === null || !('taken' in result)) throw toLoginError(result, binding);
      const text = keys.open('login', key, result.taken.value);
      // Sealed by a secret that is no longer known, or tampered with: as if never given out.
      if (text === null)
        throw new LoginError('state_unknown', { reason: 'the transaction cannot be opened' });
      return JSON.parse(text) as LoginTransaction;
    },

    async endAll(binding) {
      await records.endByOwner('login', hash(binding));
    },
  };
}

const codeOfOutcome = {
  used: 'state_used',
  expired: 'state_expired',
  ended: 'session_changed',
} as const satisfies Record<string, LoginErrorCode>;

function toLoginError(result: Exclude<TakeResult, { taken: unknown }>, binding: string | null): LoginError {
  if (result === null) return new LoginError('state_unknown', { reason: 'no such transaction' });
  if ('gone' in result)
    return new LoginError(codeOfOutcome[result.gone.outcome], {
      reason: `the transaction is ${result.gone.outcome}`,
    });
  if (binding === null) return new LoginError('no_cookie', { reason: 'the browser sent no binding cookie' });
  return new LoginError('state_unknown', { reason: 'the transaction belongs to another browser' });
}
