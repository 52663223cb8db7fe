import { randomBytes } from 'node:crypto';
import type { Selectable } from 'kysely';
import { LoginError } from '../errors.ts';
import type { Mode } from '../oauth/client.ts';
import type { IdentityFacts } from '../providers/provider.ts';
import { type Database, durably, lockAccount, type Schema } from '../storage/database.ts';
import { type Parameter, prepare } from '../storage/prepared.ts';
import { StorageError } from '../storage/storage-error.ts';
import { withinDeadline } from '../storage/with-deadline.ts';

export type Identity = Selectable<Schema['identities']>;

/** An identity as a login has proven it, not stored yet. */
export interface ProvenIdentity {
  readonly provider: string;
  readonly mode: Mode;
  readonly facts: IdentityFacts;
  readonly userinfo: unknown;
  readonly grantedScope: readonly string[];
}

/** Why the stored copy of a profile is not today's. */
export type ProfileFailure = 'unreadable' | 'unreachable';

/** Another request stored the same identity first: look again and resolve anew. */
export class IdentityRace extends Error {}

/** Whether an identity is a way in here: its service is offered, in the mode it was made in. */
export type IsWayIn = (identity: Pick<Identity, 'provider' | 'mode'>) => boolean;

export interface AccountStore {
  /** Milliseconds since 1970 when the account was made; null when it is gone. */
  getAccountStart(accountId: string): Promise<number | null>;
  findIdentity(provider: string, mode: Mode, subject: string): Promise<Identity | null>;
  getIdentity(accountId: string, provider: string, mode: Mode): Promise<Identity | null>;
  listIdentities(accountId: string): Promise<Identity[]>;
  /** Creates an account with its first identity. Throws `IdentityRace`. */
  createAccount(proven: ProvenIdentity): Promise<Identity>;
  /** Links one more identity. Throws `IdentityRace`. */
  linkIdentity(accountId: string, proven: ProvenIdentity): Promise<Identity>;
  /** Puts one identity in another's place, in one step. Throws `IdentityRace`. */
  replaceIdentity(accountId: string, oldIdentityId: string, proven: ProvenIdentity): Promise<Identity>;
  /**
   * Stores what a login said about a linked identity. Throws `IdentityRace` when it is no longer
   * linked to this account.
   */
  renewIdentity(accountId: string, identityId: string, proven: ProvenIdentity): Promise<Identity>;
  /** Stores what a new reading of the profile said; null when the identity is gone. */
  storeProfile(identityId: string, facts: IdentityFacts, userinfo: unknown): Promise<Identity | null>;
  recordProfileFailure(identityId: string, failure: ProfileFailure): Promise<void>;
  /**
   * Unlinks an identity. Throws `last_identity` when no identity that `isWayIn` would be left;
   * of two unlinks at once the second one sees what the first has left.
   */
  unlinkIdentity(accountId: string, identityId: string, isWayIn: IsWayIn): Promise<void>;
  /**
   * Moves an identity to another account and stores what its login said. Throws `last_identity` when
   * the account that loses it would keep no way in, and `IdentityRace` when either has changed.
   */
  moveIdentity(move: Move, proven: ProvenIdentity, isWayIn: IsWayIn): Promise<Identity>;
  /**
   * Moves all identities of one account to another and deletes the emptied one; of the identity that
   * proved that account, what its login said is stored. Gives those that moved. Throws `IdentityRace`
   * when that identity is no longer there, when both hold one of the same provider, or either is gone.
   */
  joinAccounts(join: Move, proven: ProvenIdentity): Promise<Identity[]>;
  /** Deletes an account with all that belongs to it in the database. Gives the identities it had. */
  deleteAccount(accountId: string): Promise<Identity[]>;
}

/** An identity came to an account or left it. Told once the database has agreed, in the order of events. */
export interface LinkChange {
  readonly what: 'linked' | 'unlinked';
  readonly accountId: string;
  readonly identity: Identity;
  /** Where it came from, or where it went; null when it is new here, or gone. */
  readonly otherAccountId: string | null;
  /** The account ended with this: it was deleted, or joined into the other one. */
  readonly accountEnded: boolean;
}

export type TellLinkChanges = (changes: readonly LinkChange[]) => Promise<void>;

export interface Move {
  readonly identityId: string;
  readonly fromAccountId: string;
  readonly toAccountId: string;
}

/** Larger profiles are not kept: the page shows what matters of them anyway. */
const largestUserinfo = 32 * 1024;

const newId = () => randomBytes(16).toString('base64url');

const findBySubject = prepare<Pick<Identity, 'provider' | 'mode' | 'subject'>, Identity>(
  (database, parameter) =>
    database
      .selectFrom('identities')
      .selectAll()
      .where('provider', '=', parameter('provider'))
      .where('mode', '=', parameter('mode'))
      .where('subject', '=', parameter('subject')),
);

const listOfAccount = prepare<{ accountId: string }, Identity>((database, parameter) =>
  database
    .selectFrom('identities')
    .selectAll()
    .where('account_id', '=', parameter('accountId'))
    .orderBy('linked_at')
    .orderBy('id'),
);

const insertAccount = prepare<{ id: string; now: number }, unknown>((database, parameter) =>
  database.insertInto('accounts').values({ id: parameter('id'), created_at: parameter('now') }),
);

const insertIdentity = prepare<Identity, Identity>((database, parameter) =>
  database
    .insertInto('identities')
    .values({
      id: parameter('id'),
      account_id: parameter('account_id'),
      provider: parameter('provider'),
      mode: parameter('mode'),
      subject: parameter('subject'),
      linked_at: parameter('linked_at'),
      last_used_at: parameter('last_used_at'),
      ...toColumnParameters(parameter),
    })
    .returningAll(),
);

const renewIdentity = prepare<Omit<Identity, 'provider' | 'mode' | 'subject' | 'linked_at'>, Identity>(
  (database, parameter) =>
    database
      .updateTable('identities')
      .set({ last_used_at: parameter('last_used_at'), ...toColumnParameters(parameter) })
      .where('id', '=', parameter('id'))
      .where('account_id', '=', parameter('account_id'))
      .returningAll(),
);

/** What a login says of an identity. */
type SaidColumns = Omit<
  Identity,
  'id' | 'account_id' | 'provider' | 'mode' | 'subject' | 'linked_at' | 'last_used_at'
>;

function toColumnParameters(parameter: Parameter<SaidColumns>) {
  return {
    display_name: parameter('display_name'),
    handle: parameter('handle'),
    avatar_url: parameter('avatar_url'),
    public_profile_url: parameter('public_profile_url'),
    userinfo: parameter('userinfo'),
    profile_read_at: parameter('profile_read_at'),
    profile_failed_at: parameter('profile_failed_at'),
    profile_failure: parameter('profile_failure'),
    granted_scope: parameter('granted_scope'),
  };
}

/** What only reads gives up when the database is slow; what writes waits a little longer for its word. */
export function createAccountStore(
  database: Database,
  now: () => number,
  tell: TellLinkChanges = async () => {},
): AccountStore {
  async function findIdentity(provider: string, mode: Mode, subject: string): Promise<Identity | null> {
    const { rows } = await withinDeadline(findBySubject(database, { provider, mode, subject }));
    return rows[0] ?? null;
  }

  async function getIdentity(accountId: string, provider: string, mode: Mode): Promise<Identity | null> {
    const query = database
      .selectFrom('identities')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('provider', '=', provider)
      .where('mode', '=', mode);
    return (await withinDeadline(query.executeTakeFirst())) ?? null;
  }

  async function insert(transaction: Database, accountId: string, proven: ProvenIdentity): Promise<Identity> {
    const row = {
      id: newId(),
      account_id: accountId,
      provider: proven.provider,
      mode: proven.mode,
      subject: proven.facts.subject,
      linked_at: now(),
      last_used_at: now(),
      ...toColumns(proven, now()),
    };
    return (await insertIdentity(transaction, row)).rows[0]!;
  }

  /** Runs work that gives an account an identity; the keys of the tables decide every race. */
  async function inserting<Result>(work: (transaction: Database) => Promise<Result>): Promise<Result> {
    try {
      return await durably(database, work);
    } catch (error) {
      const lost = error instanceof StorageError && ['unique', 'missing-reference'].includes(error.kind);
      throw lost ? new IdentityRace() : error;
    }
  }

  /**
   * Makes other transactions that change these accounts wait, on databases that have several writers.
   * Before any row of an identity, and always in the same order, so that two never wait for each
   * other. Answers whether all are there.
   */
  async function lockAccounts(transaction: Database, ...accountIds: string[]): Promise<boolean> {
    for (const id of accountIds.toSorted()) await lockAccount(transaction, id);
    const found = await transaction
      .selectFrom('accounts')
      .select('id')
      .where('id', 'in', accountIds)
      .execute();
    return found.length === accountIds.length;
  }

  async function renew(
    connection: Database,
    accountId: string,
    identityId: string,
    proven: ProvenIdentity,
  ): Promise<Identity> {
    const row = { id: identityId, account_id: accountId, last_used_at: now(), ...toColumns(proven, now()) };
    const renewed = (await renewIdentity(connection, row)).rows[0];
    if (!renewed) throw new IdentityRace();
    return renewed;
  }

  const list = async (connection: Database, accountId: string) =>
    (await listOfAccount(connection, { accountId })).rows;

  return {
    findIdentity,
    getIdentity,

    listIdentities: (accountId) => withinDeadline(list(database, accountId)),

    async getAccountStart(accountId) {
      const query = database.selectFrom('accounts').select('created_at').where('id', '=', accountId);
      return (await withinDeadline(query.executeTakeFirst()))?.created_at ?? null;
    },

    async createAccount(proven) {
      const identity = await inserting(async (transaction) => {
        const id = newId();
        await insertAccount(transaction, { id, now: now() });
        return insert(transaction, id, proven);
      });
      await tell([toChange('linked', identity)]);
      return identity;
    },

    async linkIdentity(accountId, proven) {
      const identity = await inserting(async (transaction) => {
        if (!(await lockAccounts(transaction, accountId))) throw new IdentityRace();
        return insert(transaction, accountId, proven);
      });
      await tell([toChange('linked', identity)]);
      return identity;
    },

    async replaceIdentity(accountId, oldIdentityId, proven) {
      const [former, identity] = await inserting(async (transaction) => {
        if (!(await lockAccounts(transaction, accountId))) throw new IdentityRace();
        const removed = await transaction
          .deleteFrom('identities')
          .where('id', '=', oldIdentityId)
          .where('account_id', '=', accountId)
          .returningAll()
          .executeTakeFirst();
        if (!removed) throw new IdentityRace();
        return [removed, await insert(transaction, accountId, proven)] as const;
      });
      await tell([toChange('unlinked', former), toChange('linked', identity)]);
      return identity;
    },

    renewIdentity: (accountId, identityId, proven) => renew(database, accountId, identityId, proven),

    async storeProfile(identityId, facts, userinfo) {
      const stored = await database
        .updateTable('identities')
        .set(toProfileColumns(facts, userinfo, now()))
        .where('id', '=', identityId)
        .returningAll()
        .executeTakeFirst();
      return stored ?? null;
    },

    async recordProfileFailure(identityId, failure) {
      const columns = { profile_failed_at: now(), profile_failure: failure };
      await database.updateTable('identities').set(columns).where('id', '=', identityId).execute();
    },

    async unlinkIdentity(accountId, identityId, isWayIn) {
      const removed = await durably(database, async (transaction) => {
        if (!(await lockAccounts(transaction, accountId))) return null;
        const linked = await list(transaction, accountId);
        const identity = linked.find(({ id }) => id === identityId);
        if (!identity) return null;
        requireWayIn(linked, identity, isWayIn);
        await transaction.deleteFrom('identities').where('id', '=', identityId).execute();
        return identity;
      });
      if (removed) await tell([toChange('unlinked', removed)]);
    },

    async moveIdentity({ identityId, fromAccountId, toAccountId }, proven, isWayIn) {
      const moved = await inserting(async (transaction) => {
        if (!(await lockAccounts(transaction, fromAccountId, toAccountId))) throw new IdentityRace();
        const linked = await list(transaction, fromAccountId);
        const identity = linked.find(({ id }) => id === identityId);
        if (!identity) throw new IdentityRace();
        requireWayIn(linked, identity, isWayIn);
        return transaction
          .updateTable('identities')
          .set({
            ...toColumns(proven, now()),
            account_id: toAccountId,
            linked_at: now(),
            last_used_at: now(),
          })
          .where('id', '=', identityId)
          .returningAll()
          .executeTakeFirstOrThrow();
      });
      await tell(toMoveChanges(moved, fromAccountId, false));
      return moved;
    },

    async joinAccounts({ identityId, fromAccountId, toAccountId }, proven) {
      const all = await inserting(async (transaction) => {
        // A link that is under way waits, and then finds one account less.
        if (!(await lockAccounts(transaction, fromAccountId, toAccountId))) throw new IdentityRace();
        await renew(transaction, fromAccountId, identityId, proven);
        const moved = await transaction
          .updateTable('identities')
          .set({ account_id: toAccountId })
          .where('account_id', '=', fromAccountId)
          .returningAll()
          .execute();
        await transaction.deleteFrom('accounts').where('id', '=', fromAccountId).execute();
        return moved.toSorted((one, other) => one.linked_at - other.linked_at);
      });
      await tell(all.flatMap((identity) => toMoveChanges(identity, fromAccountId, true)));
      return all;
    },

    async deleteAccount(accountId) {
      const all = await durably(database, async (transaction) => {
        await lockAccount(transaction, accountId);
        const identities = await list(transaction, accountId);
        // They go with it: the table says so.
        await transaction.deleteFrom('accounts').where('id', '=', accountId).execute();
        return identities;
      });
      await tell(all.map((identity) => ({ ...toChange('unlinked', identity), accountEnded: true })));
      return all;
    },
  };
}

function toChange(what: LinkChange['what'], identity: Identity): LinkChange {
  return { what, accountId: identity.account_id, identity, otherAccountId: null, accountEnded: false };
}

/** What an identity that is now with its new account means for both. */
function toMoveChanges(moved: Identity, from: string, accountEnded: boolean): LinkChange[] {
  const to = moved.account_id;
  return [
    { what: 'unlinked', accountId: from, identity: moved, otherAccountId: to, accountEnded },
    { what: 'linked', accountId: to, identity: moved, otherAccountId: from, accountEnded: false },
  ];
}

/** Throws `last_identity` when nothing but this identity lets the person in. */
function requireWayIn(linked: readonly Identity[], leaving: Identity, isWayIn: IsWayIn): void {
  if (linked.some((identity) => identity.id !== leaving.id && isWayIn(identity))) return;
  throw new LoginError('last_identity', { provider: leaving.provider });
}

function toColumns({ facts, userinfo, grantedScope }: ProvenIdentity, now: number): SaidColumns {
  return { ...toProfileColumns(facts, userinfo, now), granted_scope: grantedScope.join(' ') };
}

function toProfileColumns(facts: IdentityFacts, userinfo: unknown, now: number) {
  const text = JSON.stringify(userinfo);
  return {
    display_name: facts.displayName,
    handle: facts.handle,
    avatar_url: facts.avatarUrl,
    public_profile_url: facts.publicProfileUrl,
    userinfo: text.length > largestUserinfo ? '{}' : text,
    profile_read_at: now,
    profile_failed_at: null,
    profile_failure: null,
  };
}
