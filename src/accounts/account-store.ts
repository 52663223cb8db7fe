import { randomBytes } from 'node:crypto';
import type { Selectable } from 'kysely';
import { LoginError } from '../errors.ts';
import type { Mode } from '../oauth/client.ts';
import type { IdentityFacts } from '../providers/provider.ts';
import { type Database, durably, isUniqueViolation, type Schema } from '../storage/database.ts';

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
export type ProfileFailure = 'refused' | 'changed' | 'unreadable' | 'unreachable';

/** Another request stored the same identity first: look again and resolve anew. */
export class IdentityRace extends Error {}

export interface AccountStore {
  findIdentity(provider: string, mode: Mode, subject: string): Promise<Identity | null>;
  getIdentity(accountId: string, provider: string, mode: Mode): Promise<Identity | null>;
  listIdentities(accountId: string): Promise<Identity[]>;
  /** Creates an account with its first identity. Throws `IdentityRace`. */
  createAccount(proven: ProvenIdentity): Promise<Identity>;
  /** Links one more identity. Throws `IdentityRace`. */
  linkIdentity(accountId: string, proven: ProvenIdentity): Promise<Identity>;
  /** Puts one identity in another's place, in one step. Throws `IdentityRace`. */
  replaceIdentity(accountId: string, oldIdentityId: string, proven: ProvenIdentity): Promise<Identity>;
  /** Stores what a login said about a linked identity. Throws `IdentityRace` when it is gone. */
  renewIdentity(identityId: string, proven: ProvenIdentity): Promise<Identity>;
  /** Stores what a new reading of the profile said; null when the identity is gone. */
  storeProfile(identityId: string, facts: IdentityFacts, userinfo: unknown): Promise<Identity | null>;
  recordProfileFailure(identityId: string, failure: ProfileFailure): Promise<void>;
  /**
   * Unlinks an identity. Throws `last_identity` when no identity that `canSignIn` would be left;
   * of two unlinks at once the second one sees what the first has left.
   */
  unlinkIdentity(
    accountId: string,
    identityId: string,
    canSignIn: (identity: Identity) => boolean,
  ): Promise<void>;
}

/** Larger profiles are not kept: the page shows what matters of them anyway. */
const largestUserinfo = 32 * 1024;

const newId = () => randomBytes(16).toString('base64url');

export function createAccountStore(database: Database, now: () => number): AccountStore {
  async function findIdentity(provider: string, mode: Mode, subject: string): Promise<Identity | null> {
    const found = await database
      .selectFrom('identities')
      .selectAll()
      .where('provider', '=', provider)
      .where('mode', '=', mode)
      .where('subject', '=', subject)
      .executeTakeFirst();
    return found ?? null;
  }

  async function getIdentity(accountId: string, provider: string, mode: Mode): Promise<Identity | null> {
    const found = await database
      .selectFrom('identities')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('provider', '=', provider)
      .where('mode', '=', mode)
      .executeTakeFirst();
    return found ?? null;
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
    return transaction.insertInto('identities').values(row).returningAll().executeTakeFirstOrThrow();
  }

  /** Runs work that inserts an identity; the unique keys decide every race. */
  async function inserting(work: (transaction: Database) => Promise<Identity>): Promise<Identity> {
    try {
      return await durably(database, work);
    } catch (error) {
      throw isUniqueViolation(error) ? new IdentityRace() : error;
    }
  }

  return {
    findIdentity,
    getIdentity,

    listIdentities: (accountId) =>
      database
        .selectFrom('identities')
        .selectAll()
        .where('account_id', '=', accountId)
        .orderBy('linked_at')
        .execute(),

    createAccount: (proven) =>
      inserting(async (transaction) => {
        const account = { id: newId(), created_at: now() };
        await transaction.insertInto('accounts').values(account).execute();
        return insert(transaction, account.id, proven);
      }),

    linkIdentity: (accountId, proven) => inserting((transaction) => insert(transaction, accountId, proven)),

    replaceIdentity: (accountId, oldIdentityId, proven) =>
      inserting(async (transaction) => {
        await transaction
          .deleteFrom('identities')
          .where('id', '=', oldIdentityId)
          .where('account_id', '=', accountId)
          .execute();
        return insert(transaction, accountId, proven);
      }),

    async renewIdentity(identityId, proven) {
      const renewed = await database
        .updateTable('identities')
        .set({ ...toColumns(proven, now()), last_used_at: now() })
        .where('id', '=', identityId)
        .returningAll()
        .executeTakeFirst();
      if (!renewed) throw new IdentityRace();
      return renewed;
    },

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

    unlinkIdentity: (accountId, identityId, canSignIn) =>
      durably(database, async (transaction) => {
        const linked = await transaction
          .selectFrom('identities')
          .selectAll()
          .where('account_id', '=', accountId)
          .execute();
        const left = linked.filter((identity) => identity.id !== identityId);
        if (left.length === linked.length) return;
        const provider = linked.find(({ id }) => id === identityId)?.provider ?? '';
        if (!left.some(canSignIn)) throw new LoginError('last_identity', { provider });
        await transaction.deleteFrom('identities').where('id', '=', identityId).execute();
      }),
  };
}

function toColumns({ facts, userinfo, grantedScope }: ProvenIdentity, now: number) {
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
