import pg from 'pg';

export const providers = ['Twitch', 'Mixin', 'Resonite', 'Mixer'] as const;
export type ProviderName = (typeof providers)[number];

/**
 * What somebody has been told about an identity. `unsure` while something is under way, and when it
 * ended with a page that says that it did not work, or with none.
 */
export interface Entry {
  readonly provider: ProviderName;
  /** The made-up person's name, which no other entry has. */
  readonly person: string;
  state: 'linked' | 'unlinked' | 'unsure';
}

/** All that one person has linked, or tried to. */
export interface LedgerAccount {
  readonly entries: Entry[];
}

export interface Verdict {
  readonly acknowledged: number;
  readonly found: number;
  readonly unlinked: number;
  readonly unlinkedGone: number;
  readonly unsure: number;
  readonly unsureFound: number;
  readonly problems: string[];
}

interface Row {
  readonly account_id: string;
  readonly provider: string;
  readonly display_name: string;
}

/** Compares what people were told with what is in the database. */
export async function compareWithDatabase(
  accounts: readonly LedgerAccount[],
  databaseUrl: string,
): Promise<Verdict> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const identities = await client.query<Row>('select account_id, provider, display_name from identities');
  const orphans = await client.query(
    'select id from accounts where id not in (select account_id from identities)',
  );
  await client.end();
  const problems: string[] = [];
  if (orphans.rowCount) problems.push(`${orphans.rowCount} accounts without an identity`);

  const rows = new Map<string, Row[]>();
  for (const row of identities.rows) {
    const key = keyOf(row.provider, row.display_name);
    rows.set(key, [...(rows.get(key) ?? []), row]);
  }
  const count = { acknowledged: 0, found: 0, unlinked: 0, unlinkedGone: 0, unsure: 0, unsureFound: 0 };
  const owners = new Map<string, LedgerAccount>();
  for (const account of accounts) {
    const ids = new Set<string>();
    for (const { provider, person, state } of account.entries) {
      const key = keyOf(provider, person);
      const own = rows.get(key) ?? [];
      rows.delete(key);
      if (own.length > 1) problems.push(`${provider} ${person} is there ${own.length} times`);
      if (state === 'linked') {
        count.acknowledged += 1;
        if (own.length === 1) count.found += 1;
        else problems.push(`${provider} ${person} was acknowledged and is not there`);
        for (const { account_id } of own) ids.add(account_id);
      }
      if (state === 'unlinked') {
        count.unlinked += 1;
        if (own.length === 0) count.unlinkedGone += 1;
        else problems.push(`${provider} ${person} was unlinked and is still there`);
      }
      if (state === 'unsure') {
        count.unsure += 1;
        if (own.length > 0) count.unsureFound += 1;
      }
    }
    if (ids.size > 1) problems.push(`one person's identities are on ${ids.size} accounts`);
    for (const id of ids) {
      if (owners.has(id)) problems.push('two persons share an account');
      owners.set(id, account);
    }
  }
  for (const [key] of rows) problems.push(`${key} is there, and nobody ever was that`);
  return { ...count, problems };
}

/** One name for an identity, however it is shown: at Mixer names are small, and one of a kind. */
export function keyOf(provider: string, displayName: string): string {
  return `${provider} ${displayName.replace(/_[0-9a-f]{6}$/, '')}`.toLowerCase();
}
