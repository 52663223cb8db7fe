import type { FaultName } from '../../src/sandbox/faults.ts';
import type { Service } from '../../src/sandbox/services.ts';
import type { Grant } from '../../src/sessions/grants.ts';
import { createKeyRing } from '../../src/sessions/seal.ts';
import type { RecordKind } from '../../src/storage/expiring-records.ts';
import { StorageError } from '../../src/storage/storage-error.ts';
import { type RunningLatchkey, testSecret } from '../support/latchkey.ts';
import { until } from '../support/until.ts';
import { type Page, Visitor } from '../support/visitor.ts';

export const minutes = (count: number) => count * 60 * 1000;
export const hours = (count: number) => minutes(count * 60);

/** Another tab of the same browser: whatever one of them gets as a cookie, both send. */
export function tabBeside(of: Visitor): Visitor {
  const tab = new Visitor();
  for (const [host, jar] of of.cookies) tab.cookies.set(host, jar);
  return tab;
}

/** A copy of the browser with the cookies as they are now: a tab whose request left before. */
export function anotherTab(of: Visitor): Visitor {
  const tab = new Visitor();
  for (const [host, jar] of of.cookies) tab.cookies.set(host, new Map(jar));
  return tab;
}

/** Presses nothing and follows nothing: one request with somebody's cookies. */
export function ask(who: Visitor, address: string, form?: Record<string, string>): Promise<Response> {
  const url = new URL(address);
  return fetch(url, {
    redirect: 'manual',
    headers: { cookie: who.cookieHeader(url), 'sec-fetch-site': 'same-origin' },
    ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
  });
}

/** The card of a linked provider, as text. */
export function cardOf({ $ }: Page, name: string): string {
  const card = $('article')
    .toArray()
    .find((element) => $(element).find('h3').text() === name);
  return card ? $(card).text().replace(/\s+/g, ' ') : '';
}

/** Begins something, holds it where the provider is asked, does something else, and lets it go on. */
export async function whileWaiting<Result>(
  { sandbox: { state } }: Pick<RunningLatchkey, 'sandbox'>,
  service: Service,
  fault: FaultName,
  begin: () => Promise<Result>,
  meanwhile: () => Promise<unknown>,
  answer: object,
): Promise<Result> {
  state.faults.set(service, fault);
  const begun = begin();
  await until(() => state.hanging.size > 0);
  state.faults.clear(service);
  await meanwhile();
  for (const response of state.hanging) response.json(answer);
  state.hanging.clear();
  return begun;
}

/** Whether an operation on records is about this kind; `putBoth` is given two records. */
const isAbout = (kind: RecordKind, parameters: unknown[]) =>
  parameters[0] === kind || parameters.some((one) => (one as { kind?: RecordKind })?.kind === kind);

/** Makes one operation of the application's store take its time: it begins once told to go on. */
export function slowDown(
  { records }: RunningLatchkey,
  operation: 'get' | 'put' | 'putBoth' | 'update' | 'rename' | 'delete',
  kind: RecordKind,
): { hasBegun: () => boolean; goOn: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const usual = records[operation] as (...parameters: unknown[]) => Promise<unknown>;
  let begun = false;
  const slow = async (...parameters: unknown[]) => {
    if (isAbout(kind, parameters) && !begun) {
      begun = true;
      await promise;
    }
    return usual(...parameters);
  };
  Object.assign(records, { [operation]: slow });
  return { hasBegun: () => begun, goOn: resolve };
}

/** Makes one operation of the application's store fail once; `late`: after it was done. */
export function failOnce(
  { records }: RunningLatchkey,
  operation:
    | 'create'
    | 'put'
    | 'putBoth'
    | 'get'
    | 'update'
    | 'rename'
    | 'delete'
    | 'deleteByOwner'
    | 'endByOwner',
  kind: RecordKind,
  when: 'at once' | 'late' = 'at once',
): { hasFailed: () => boolean } {
  const usual = records[operation] as (...parameters: unknown[]) => Promise<unknown>;
  let failed = false;
  const failing = async (...parameters: unknown[]) => {
    if (!isAbout(kind, parameters) || failed) return usual(...parameters);
    failed = true;
    if (when === 'late') await usual(...parameters);
    throw new StorageError('unavailable', 'TEST');
  };
  Object.assign(records, { [operation]: failing });
  return { hasFailed: () => failed };
}

/** Counts how often the application's store is asked for something from now on. */
export function watch(
  { records }: RunningLatchkey,
  operation: 'create' | 'get',
  kind: RecordKind,
): () => number {
  const usual = records[operation] as (...parameters: unknown[]) => Promise<unknown>;
  let count = 0;
  const watched = (...parameters: unknown[]) => {
    if (parameters[0] === kind) count += 1;
    return usual(...parameters);
  };
  Object.assign(records, { [operation]: watched });
  return () => count;
}

/** Requests to the pretended providers so far, by what they were for. */
export function asked(
  { sandbox: { state } }: Pick<RunningLatchkey, 'sandbox'>,
  what: 'refresh' | 'validation' | 'userinfo',
) {
  const endpoints = {
    refresh: ({ grantType }: (typeof state.requests)[number]) => grantType === 'refresh_token',
    // The second one is Kraken's.
    validation: ({ method, path }: (typeof state.requests)[number]) =>
      method === 'GET' && (path === '/oauth2/validate' || path === '/kraken'),
    userinfo: ({ path }: (typeof state.requests)[number]) =>
      ['/helix/users', '/kraken/user', '/api/user/profile', '/api/v1/users/current', '/me'].includes(path),
  };
  return state.requests.filter(endpoints[what]);
}

/** Everything that sessions hold at the moment, opened as the application would. */
export async function openGrants(
  latchkey: RunningLatchkey,
  secrets: readonly string[] = [testSecret],
): Promise<Grant[]> {
  const keys = createKeyRing(secrets);
  const records = await latchkey.listRecords('grant');
  return records.map(({ key, value }) => JSON.parse(keys.open('grant', key, value)!) as Grant);
}

/** What an ended grant still holds: nothing. */
export const wipedTokens = {
  accessToken: null,
  refreshToken: null,
  expiresAt: null,
  grantedScope: null,
  signing: null,
};
