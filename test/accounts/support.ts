import { sql } from 'kysely';
import type { Service } from '../../src/sandbox/services.ts';
import type { Database } from '../../src/storage/database.ts';
import { isSqlite } from '../../src/storage/sqlite.ts';
import type { RunningLatchkey } from '../support/latchkey.ts';
import { type AtProvider, answerAtProvider, type Page, type Visitor } from '../support/visitor.ts';

export { anotherTab, cardOf, minutes, watch, whileWaiting } from '../sessions/support.ts';

/** Every identity, with what tells them apart, in an order of its own. */
export async function listIdentities({ database }: RunningLatchkey) {
  return database.selectFrom('identities').selectAll().orderBy('provider').orderBy('subject').execute();
}

/** Who is linked to what: for each account its identities as `provider subject`, the accounts in order. */
export async function linkedByAccount(latchkey: RunningLatchkey): Promise<string[][]> {
  const accounts = await latchkey.database.selectFrom('accounts').select('id').execute();
  const identities = await listIdentities(latchkey);
  return accounts
    .map(({ id }) =>
      identities
        .filter(({ account_id }) => account_id === id)
        .map(({ provider, subject }) => `${provider} ${subject}`),
    )
    .toSorted((one, other) => (one.join() < other.join() ? -1 : 1));
}

/** Everything about accounts and identities, to see that nothing has changed. */
export async function everythingLinked(latchkey: RunningLatchkey): Promise<string> {
  const accounts = await latchkey.database.selectFrom('accounts').selectAll().orderBy('id').execute();
  return JSON.stringify([accounts, await listIdentities(latchkey)]);
}

/** Access tokens that stand at the provider, as `service person`. */
export function accessTokens({ sandbox: { state } }: RunningLatchkey, service?: Service): string[] {
  return [...state.accessTokens.values()]
    .filter((token) => service === undefined || token.service === service)
    .map((token) => `${token.service} ${token.personId}`)
    .toSorted();
}

/** How many records of a kind there are, tombstones left out. */
export async function countRecords(
  latchkey: RunningLatchkey,
  kind: 'session' | 'grant' | 'decision',
): Promise<number> {
  const records = await latchkey.listRecords(kind);
  return records.filter(({ value }) => !value.startsWith('gone:')).length;
}

/** The account that somebody is signed in to, by an identity of it. */
export async function accountOf(latchkey: RunningLatchkey, subject: string): Promise<string> {
  const found = (await listIdentities(latchkey)).find((identity) => identity.subject === subject);
  if (!found) throw new Error(`nobody has ${subject}`);
  return found.account_id;
}

/** Posts a form of a page of ours, with nothing but these fields. */
export function post(
  latchkey: RunningLatchkey,
  who: Visitor,
  path: string,
  fields: Record<string, string> = {},
): Promise<Page> {
  return who.submit('post', new URL(latchkey.baseUrl + path), new URLSearchParams(fields));
}

export function profile(latchkey: RunningLatchkey, who: Visitor): Promise<Page> {
  return who.open(`${latchkey.baseUrl}/profile`);
}

/** Presses a button that leads to a provider, and comes back. */
export async function pressAndAnswer(
  latchkey: RunningLatchkey,
  who: Visitor,
  words: string,
  answer: AtProvider = {},
): Promise<Page> {
  await who.press(words);
  return answerAtProvider(who, latchkey.baseUrl, answer);
}

/** The words of all links and buttons in the page's main part. */
export function buttonsOf({ $ }: Page): string[] {
  return $('main a, main button')
    .toArray()
    .map((element) => $(element).text().replace(/\s+/g, ' ').trim());
}

/** Runs another node on the same stores for as long as `work` takes, which is given its address. */
export async function withNode<Result>(
  latchkey: RunningLatchkey,
  env: Record<string, string>,
  work: (nodeUrl: string) => Promise<Result>,
): Promise<Result> {
  const node = await latchkey.startNode(env);
  try {
    return await work(node.baseUrl);
  } finally {
    await node.close();
  }
}

/** Requests to the pretended providers so far. */
export function requestCount({ sandbox: { state } }: RunningLatchkey): number {
  return state.requests.length;
}

/** The made-up people, by what the providers call them. */
export const subjects = {
  ada: { twitch: '10000001', mixer: '101000001', resonite: 'U-1NaAdaSandbox' },
  bo: { twitch: '10000002', mixer: '101000002', resonite: 'U-1NaBoSandbox' },
  cy: { twitch: '10000003', mixer: '101000003', resonite: 'U-1NaCySandbox' },
} as const;

/**
 * Waits until a statement stands in line behind a lock that the test holds. PostgreSQL says so; SQLite
 * has one line for everything, and no need to wait.
 */
export async function untilSomebodyWaits(database: Database): Promise<void> {
  if (isSqlite(database)) return;
  const waiting = sql<{ count: number }>`select count(*)::int as count from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`;
  const deadline = performance.now() + 1500;
  while ((await waiting.execute(database)).rows[0]!.count === 0)
    if (performance.now() > deadline) throw new Error('nobody waits');
}
