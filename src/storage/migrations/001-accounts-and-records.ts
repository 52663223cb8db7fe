import { type Kysely, sql } from 'kysely';
import { isSqlite } from '../sqlite.ts';

export async function up(database: Kysely<unknown>): Promise<void> {
  const sqlite = isSqlite(database);
  // Compared and ordered byte for byte on both, whatever language the server speaks.
  const text = sqlite ? 'text' : sql`text collate "C"`;
  const instant = sqlite ? 'integer' : 'bigint';
  await database.schema
    .createTable('accounts')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('created_at', instant, (column) => column.notNull())
    .modifyEnd(sqlite ? sql`strict` : sql``)
    .execute();
  await database.schema
    .createTable('identities')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('account_id', text, (column) => column.notNull().references('accounts.id').onDelete('cascade'))
    .addColumn('provider', text, (column) => column.notNull())
    .addColumn('mode', text, (column) => column.notNull())
    .addColumn('subject', text, (column) => column.notNull())
    .addColumn('display_name', text, (column) => column.notNull())
    .addColumn('handle', text, (column) => column.notNull())
    .addColumn('avatar_url', text)
    .addColumn('public_profile_url', text)
    .addColumn('userinfo', text, (column) => column.notNull())
    .addColumn('granted_scope', text, (column) => column.notNull())
    .addColumn('linked_at', instant, (column) => column.notNull())
    .addColumn('last_used_at', instant, (column) => column.notNull())
    .addColumn('profile_read_at', instant, (column) => column.notNull())
    .addColumn('profile_failed_at', instant)
    .addColumn('profile_failure', text)
    // Who it is at the provider, byte for byte; sandbox people can never match real ones. In all keys
    // here what leads to few rows comes first: what comes first may be all that a search goes by, as
    // PostgreSQL does where its statistics know few rows of a provider or kind that is new.
    .addUniqueConstraint('identity_is_one', ['subject', 'provider', 'mode'])
    .addUniqueConstraint('one_identity_per_provider', ['account_id', 'provider', 'mode'])
    .modifyEnd(sqlite ? sql`strict` : sql``)
    .execute();
  await database.schema
    .createTable('expiring_records')
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('key', text, (column) => column.notNull())
    .addColumn('owner', text, (column) => column.notNull())
    .addColumn('value', text, (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull().defaultTo(1))
    .addColumn('expires_at', instant, (column) => column.notNull())
    .addColumn('purge_at', instant, (column) => column.notNull())
    .addPrimaryKeyConstraint('expiring_records_key', ['key', 'kind'])
    .modifyEnd(sqlite ? sql`strict, without rowid` : sql``)
    .execute();
  await database.schema
    .createIndex('expiring_records_owner')
    .on('expiring_records')
    .columns(['owner', 'kind', 'expires_at'])
    .execute();
  await database.schema
    .createIndex('expiring_records_purge')
    .on('expiring_records')
    .column('purge_at')
    .execute();
}
