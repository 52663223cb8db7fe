import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import type { Database } from '../../src/storage/database.ts';
import { isStorageError } from '../../src/storage/storage-error.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { measureStandstill, probeVariables, standstillLimit } from '../support/probe.ts';
import type { RunningLatchkey } from '../support/latchkey.ts';
import { asked } from '../sessions/support.ts';
import type { Service } from '../../src/sandbox/services.ts';
import { timed } from '../support/timed.ts';
import { until } from '../support/until.ts';
import {
  answerAtProvider,
  captureCallback,
  linkProvider,
  signIn,
  startSignIn,
  Visitor,
} from '../support/visitor.ts';
import { attack } from './attack.ts';
import { type Scene, useScenes } from './witness.ts';

const sorry = [503, 'Sorry, we cannot reach our own storage'];
/** Patience with a lock ends after 800 milliseconds. A busy machine gets some more. */
const inTimeMilliseconds = 2000;

/** Does something in the time that a provider takes to give a profile, for which it was asked by some work. */
async function whileProfileIsRead<Result>(
  application: Pick<RunningLatchkey, 'sandbox'>,
  service: Service,
  work: () => Promise<Result>,
  meanwhile: () => unknown,
): Promise<Result> {
  const count = () => asked(application, 'userinfo').length;
  const before = count();
  application.sandbox.state.faults.set(service, 'userinfo_slow', 'next');
  const working = work();
  await until(() => count() > before);
  await meanwhile();
  return working;
}

attack('REL-03', () => {
  let cluster: Cluster;
  let visitor: Visitor;
  let lock: DatabaseSync;

  beforeAll(async () => {
    cluster = await startCluster({ stores: 'SQLite', size: 1, env: probeVariables });
    lock = new DatabaseSync(join(cluster.folder, 'latchkey.sqlite'));
  });
  afterAll(async () => {
    lock.close();
    await cluster.close();
  });
  beforeEach(async () => {
    visitor = new Visitor();
    await signIn(visitor, cluster.baseUrl, 'Twitch');
  });
  afterEach(() => {
    if (lock.isTransaction) lock.exec('rollback');
  });

  const hold = () => lock.exec('begin exclusive');
  const free = () => lock.exec('rollback');
  const open = (path: string, who = visitor) => who.open(cluster.baseUrl + path);
  const count = (table: 'accounts' | 'identities') =>
    lock.prepare(`select count(*) as count from ${table}`).get()!['count'];

  test('pages that only read are shown', async () => {
    hold();
    const [page, milliseconds] = await timed(() => open('/profile'));
    expect([page.status, page.heading]).toEqual([200, 'Your accounts']);
    expect(milliseconds).toBeLessThan(inTimeMilliseconds);
    expect((await open('/healthz')).status).toBe(200);
  });

  test('a login that would start is told so in time, and starts when the file is free', async () => {
    const newcomer = new Visitor();
    await open('/', newcomer);
    hold();
    const [page, milliseconds] = await timed(() => newcomer.press('Continue with Mixin'));
    expect([page.status, page.heading]).toEqual(sorry);
    expect(page.headers['retry-after']).toMatch(/^\d+$/);
    expect(milliseconds).toBeLessThan(inTimeMilliseconds);
    free();
    expect((await signIn(newcomer, cluster.baseUrl, 'Mixin')).heading).toBe('Your accounts');
  });

  test('a callback signs nobody in and writes nothing, and works once the file is free', async () => {
    const newcomer = new Visitor();
    const start = () => startSignIn(newcomer, cluster.baseUrl, 'Mixer');
    const callback = await captureCallback(newcomer, start, cluster.baseUrl);
    const before = [count('accounts'), count('identities')];
    hold();
    const [page, milliseconds] = await timed(() => newcomer.open(callback.href));
    expect([page.status, page.heading]).toEqual(sorry);
    expect(milliseconds).toBeLessThan(inTimeMilliseconds);
    free();
    expect([count('accounts'), count('identities')]).toEqual(before);
    expect((await open('/profile', newcomer)).heading).toBe('Sign in');
    expect((await newcomer.open(callback.href)).heading).toBe('Your accounts');
  });

  test('a lock that comes while the provider is asked leaves no account behind', async () => {
    const newcomer = new Visitor();
    const start = () => startSignIn(newcomer, cluster.baseUrl, 'Resonite');
    const callback = await captureCallback(newcomer, start, cluster.baseUrl, { person: 'Bo' });
    const before = [count('accounts'), count('identities')];
    const arriving = whileProfileIsRead(cluster, 'resonite', () => newcomer.open(callback.href), hold);
    const page = await arriving;
    expect([page.status, page.heading]).toEqual(sorry);
    free();
    expect([count('accounts'), count('identities')]).toEqual(before);
    expect((await signIn(newcomer, cluster.baseUrl, 'Resonite', { person: 'Bo' })).heading).toBe(
      'Your accounts',
    );
  });

  test('signing out is not pretended, and works once the file is free', async () => {
    await open('/profile');
    hold();
    const page = await visitor.press('Sign out');
    expect([page.status, page.heading]).toEqual(sorry);
    expect((await open('/profile')).heading).toBe('Your accounts');
    free();
    await visitor.press('Sign out');
    expect(visitor.page.text).toContain('You are signed out.');
  });

  test('life signs go on, and nothing in the process stands still', async () => {
    const newcomers = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const newcomer = new Visitor();
        await open('/', newcomer);
        return newcomer;
      }),
    );
    hold();
    const longest = await measureStandstill(cluster.nodes[0]!.child, async () => {
      const starts = newcomers.map(async (newcomer) => {
        await open('/', newcomer);
        return newcomer.press('Continue with Mixin');
      });
      const [health] = await Promise.all([open('/healthz', new Visitor()), ...starts]);
      expect(health!.status).toBe(200);
      for (const page of await Promise.all(starts)) expect([page.status, page.heading]).toEqual(sorry);
    });
    expect(longest).toBeLessThan(standstillLimit);
  }, 40_000);
});

/** Lets the database file not grow, and fills what room there is in its tables. */
async function fill(database: Database): Promise<void> {
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(database);
  await database.insertInto('accounts').values({ id: 'filling', created_at: 0 }).execute();
  await sql`pragma max_page_count = ${sql.lit(rows[0]!.page_count)}`.execute(database);
  const end = Date.now() + 60_000;
  await insertUntilFull((key, value) => {
    const row = { kind: 'lease', key, owner: 'filling', value, expires_at: end, purge_at: end };
    return database.insertInto('expiring_records').values(row).execute();
  });
  await insertUntilFull((id, userinfo) => {
    const own = { id, account_id: 'filling', provider: id, mode: 'sandbox', subject: id, userinfo };
    const shown = { display_name: '', handle: '', avatar_url: null, public_profile_url: null };
    const times = { linked_at: 0, last_used_at: 0, profile_read_at: 0 };
    const row = {
      ...own,
      ...shown,
      ...times,
      granted_scope: '',
      profile_failed_at: null,
      profile_failure: null,
    };
    return database.insertInto('identities').values(row).execute();
  });
}

/** Inserts rows, smaller and smaller ones, until even the smallest does not fit any more. */
async function insertUntilFull(insert: (key: string, value: string) => Promise<unknown>): Promise<void> {
  for (let bytes = 100_000, number = 0; bytes > 1; number++) {
    // Nothing else has a turn in this loop, not even the limit of jest.
    if (number > 1000) throw new Error('It is never full.');
    const error: unknown = await insert(`filling-${number}`, 'x'.repeat(bytes)).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    if (error === null) continue;
    // 13: SQLITE_FULL.
    if (!isStorageError(error) || error.code !== 'SQLITE_13') throw error;
    bytes = Math.floor(bytes / 2);
  }
}

async function makeRoom(database: Database): Promise<void> {
  await sql`pragma max_page_count = 1000000`.execute(database);
  await database.deleteFrom('expiring_records').where('owner', '=', 'filling').execute();
  await database.deleteFrom('accounts').where('id', '=', 'filling').execute();
}

attack('REL-04', () => {
  const scenes = useScenes();
  let scene: Scene;
  let database: Database;
  beforeEach(async () => {
    scene = await scenes();
    database = scene.latchkey.database;
  });

  /** The accounts of people, as `provider subject`. */
  const accounts = async () =>
    (await scene.accounts()).filter((identities) => !identities.some((one) => one.startsWith('filling')));
  /** Delivers a callback; the disk is full from the moment when the provider is asked for the profile. */
  const arrive = (who: Visitor, callback: URL, service: Service) =>
    whileProfileIsRead(
      scene.latchkey,
      service,
      () => who.open(callback.href),
      () => fill(database),
    );

  test('in the middle of a login: no account, no session, and with room again the next one works', async () => {
    const visitor = scene.visitor();
    const callback = await scene.callback(visitor, 'Mixin');
    const page = await arrive(visitor, callback, 'mixin');
    expect([page.status, page.heading]).toEqual(sorry);
    expect(await accounts()).toEqual([]);
    expect(await scene.latchkey.listRecords('session')).toEqual([]);
    await makeRoom(database);
    expect((await signIn(visitor, scene.baseUrl, 'Mixin')).heading).toBe('Your accounts');
  }, 30_000);

  test('in the middle of a link: the account stays as it was, and who is signed in goes on', async () => {
    const visitor = await scene.signedIn(['Twitch']);
    const before = await accounts();
    const callback = await scene.linkCallback(visitor, 'Resonite');
    const page = await arrive(visitor, callback, 'resonite');
    expect([page.status, page.heading]).toEqual(sorry);
    expect(await accounts()).toEqual(before);
    expect((await visitor.open(`${scene.baseUrl}/profile`)).heading).toBe('Your accounts');
    await makeRoom(database);
    await linkProvider(visitor, scene.baseUrl, 'Resonite');
    expect(visitor.page.text).toContain('is linked.');
  }, 30_000);

  test('before a callback: whatever there was room for is whole, and the next login finds it', async () => {
    const visitor = scene.visitor();
    const callback = await scene.callback(visitor, 'Mixin');
    await fill(database);
    const page = await visitor.open(callback.href);
    expect([page.status, page.heading]).toEqual(sorry);
    expect(page.html).not.toContain(callback.searchParams.get('code'));
    expect(await scene.latchkey.listRecords('session')).toEqual([]);
    const before = await accounts();
    expect(before.filter((identities) => identities.length === 0)).toEqual([]);
    await makeRoom(database);
    expect((await signIn(visitor, scene.baseUrl, 'Mixin')).heading).toBe('Your accounts');
    expect(await accounts()).toHaveLength(1);
  });

  test('signing out works all the same', async () => {
    const visitor = await scene.signedIn(['Twitch']);
    await visitor.open(`${scene.baseUrl}/profile`);
    await fill(database);
    await visitor.press('Sign out');
    expect(visitor.page.text).toContain('You are signed out.');
    expect(await scene.latchkey.listRecords('session')).toEqual([]);
    expect(await scene.latchkey.listRecords('grant')).toEqual([]);
  });

  test('a start says so, and works by itself with room again', async () => {
    const visitor = scene.visitor();
    await visitor.open(`${scene.baseUrl}/`);
    await fill(database);
    const page = await visitor.press('Continue with Mixer');
    expect([page.status, page.heading]).toEqual(sorry);
    expect(page.headers['retry-after']).toMatch(/^\d+$/);
    await makeRoom(database);
    await startSignIn(visitor, scene.baseUrl, 'Mixer');
    await answerAtProvider(visitor, scene.baseUrl);
    expect(visitor.page.heading).toBe('Your accounts');
  });
});
