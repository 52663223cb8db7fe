import type { AccountStore } from '../accounts/account-store.ts';
import type { Config } from '../config.ts';
import type { PendingDecisions } from '../login/pending-decision.ts';
import type { Inspector } from '../inspector/scope.ts';
import type { Transactions } from '../login/transaction.ts';
import type { Client } from '../oauth/client.ts';
import type { Paths } from '../paths.ts';
import type { Provider } from '../providers/provider.ts';
import type { Grants } from '../sessions/grants.ts';
import type { Leases } from '../sessions/leases.ts';
import type { RecordStore } from '../sessions/session-store.ts';
import type { Assets } from './assets.ts';
import type { HookCalls } from './hooks.ts';
import type { Log } from './log.ts';

/** One service as pages and routes see it. `client` is null when it is off. */
export interface ServiceInUse {
  readonly provider: Provider;
  readonly client: Client | null;
  readonly off: 'closed' | 'not-configured' | 'switched-off' | null;
}

/** What the routes work with. Created once, in `app.ts`. */
export interface Context {
  readonly config: Config;
  readonly paths: Paths;
  /** In the order in which pages list them. */
  readonly services: readonly ServiceInUse[];
  /** `Twitch and Mixin`, those that the sandbox plays; null when it plays none. */
  readonly sandboxNames: string | null;
  readonly sessions: RecordStore;
  readonly accounts: AccountStore;
  readonly grants: Grants;
  readonly leases: Leases;
  readonly transactions: Transactions;
  readonly decisions: PendingDecisions;
  /** Null when it is off. */
  readonly inspector: Inspector | null;
  readonly assets: Assets;
  /** Tells an application around this one. */
  readonly hooks: HookCalls;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}
