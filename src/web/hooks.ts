import type { LinkChange } from '../accounts/account-store.ts';
import { type Account, type LinkedIdentity, toLinkedIdentity } from '../accounts/linked-account.ts';
import { type Log, toErrorFields } from './log.ts';

/** Somebody has signed in: a session begins. */
export interface SignedIn {
  readonly account: Account;
}

/** An identity came to an account: its first one, one more, or one that another account had. */
export interface Linked {
  readonly accountId: string;
  readonly identity: LinkedIdentity;
  /** The account that had it until now; null when it was nobody's. */
  readonly fromAccountId: string | null;
}

/** An identity left an account. */
export interface Unlinked {
  readonly accountId: string;
  readonly identity: LinkedIdentity;
  /** The account that has it now; null when it is nobody's. */
  readonly toAccountId: string | null;
  /** The account is no more: the person deleted it, or joined it into `toAccountId`. */
  readonly accountEnded: boolean;
}

/**
 * What an application around Latchkey wants to hear of. Each is told once it is done, and cannot stop
 * it; the page waits for what it returns. One that throws is logged, and everything goes on.
 */
export interface Hooks {
  readonly signedIn?: (event: SignedIn) => unknown;
  readonly linked?: (event: Linked) => unknown;
  readonly unlinked?: (event: Unlinked) => unknown;
}

export interface HookCalls {
  /** `readAccount` is asked only where somebody listens. */
  signedIn(readAccount: () => Promise<Account | null>): Promise<void>;
  linksChanged(changes: readonly LinkChange[]): Promise<void>;
}

export function createHookCalls(hooks: Hooks, log: Log): HookCalls {
  /** A hook is not ours: whatever it throws must not undo what is done. */
  async function call(name: keyof Hooks, work: () => unknown): Promise<void> {
    try {
      await work();
    } catch (error) {
      log.error('hook failed', { reason: name, ...toErrorFields(error) });
    }
  }

  async function tellOf({
    what,
    accountId,
    identity: row,
    otherAccountId,
    accountEnded,
  }: LinkChange): Promise<void> {
    const identity = toLinkedIdentity(row);
    await (what === 'linked'
      ? call('linked', () => hooks.linked?.({ accountId, identity, fromAccountId: otherAccountId }))
      : call('unlinked', () =>
          hooks.unlinked?.({ accountId, identity, toAccountId: otherAccountId, accountEnded }),
        ));
  }

  return {
    async signedIn(readAccount) {
      const { signedIn } = hooks;
      if (!signedIn) return;
      await call('signedIn', async () => {
        const account = await readAccount();
        if (account) await signedIn({ account });
      });
    },
    async linksChanged(changes) {
      for (const change of changes) await tellOf(change);
    },
  };
}
