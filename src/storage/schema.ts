import type { Generated, Kysely } from 'kysely';

/** Instants are milliseconds since 1970. Ids are random text, never a number from outside. */
export interface Schema {
  accounts: { id: string; created_at: number };
  identities: {
    id: string;
    account_id: string;
    provider: string;
    mode: string;
    subject: string;
    display_name: string;
    handle: string;
    avatar_url: string | null;
    public_profile_url: string | null;
    /** The provider's userinfo as JSON text, shown on the profile page. */
    userinfo: string;
    granted_scope: string;
    linked_at: number;
    last_used_at: number;
    profile_read_at: number;
    /** When reading the profile failed last; null since it worked. */
    profile_failed_at: number | null;
    /** Why it failed, as `accounts/account-store.ts` names it. */
    profile_failure: string | null;
  };
  expiring_records: {
    kind: string;
    key: string;
    owner: string;
    value: string;
    version: Generated<number>;
    expires_at: number;
    purge_at: number;
  };
}

/** SQLite or PostgreSQL; what differs between them stays in this folder. */
export type Database = Kysely<Schema>;
