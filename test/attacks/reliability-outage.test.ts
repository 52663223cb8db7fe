import { sql } from 'kysely';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { openTestStores } from '../support/open-stores.ts';
import { measureStandstill, probeVariables, standstillLimit } from '../support/probe.ts';
import { stopProcess } from '../support/process.ts';
import { type OwnRedis, startOwnRedis } from '../support/redis-server.ts';
import { describeWith, describeWithRedisServer } from '../support/stores.ts';
import { openTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { timed } from '../support/timed.ts';
import { captureCallback, type Page, signIn, startSignIn, Visitor } from '../support/visitor.ts';
import { attack } from './attack.ts';

/*
 * A real process whose PostgreSQL and Redis go away, say nothing, answer late, and come back. Nobody is
 * ever taken for signed out because a store does not answer.
 */

const sorry = 'Sorry, we cannot reach our own storage';
const storeNames = ['PostgreSQL', 'Redis'] as const;
const modes = ['cut', 'clogged', 'slow'] as const;
/** A statement is given up after two and a half seconds. A busy machine gets some more. */
const inTimeMilliseconds = 4000;
const recoveryMilliseconds = 10_000;

/** Asks again until the answer has this status, which comes by itself. */
async function untilItIs(who: Visitor, status: number, url: string): Promise<Page> {
  const deadline = performance.now() + recoveryMilliseconds;
  for (;;) {
    const page = await who.open(url);
    if (page.status === status || performance.now() > deadline) return page;
  }
}

/** All is there again when a whole login works. */
async function signInOnceItWorks(who: Visitor, baseUrl: string, provider: string): Promise<void> {
  const deadline = performance.now() + recoveryMilliseconds;
  for (;;) {
    const page = await signIn(who, baseUrl, provider).catch(() => null);
    if (page?.heading === 'Your accounts') return;
    if (performance.now() > deadline) throw new Error(page?.text ?? 'no login works');
  }
}

attack('REL-06', () => {
  describeWith('PostgreSQL and Redis', 'a store that fails', () => {
    let cluster: Cluster;
    let wires: Record<(typeof storeNames)[number], TcpProxy>;
    let visitor: Visitor;

    beforeAll(async () => {
      const stores = await openTestStores('PostgreSQL and Redis');
      const { DATABASE_URL: database, SESSION_STORE_URL: redis } = stores.variables;
      wires = {
        PostgreSQL: await openTcpProxy(database!, 5432),
        Redis: await openTcpProxy(redis!, 6379),
      };
      const urls = { DATABASE_URL: wires.PostgreSQL.url, SESSION_STORE_URL: wires.Redis.url };
      cluster = await startCluster({ stores, size: 1, env: { ...urls, ...probeVariables } });
    });
    afterAll(async () => {
      await cluster.close();
      await Promise.all(Object.values(wires).map((wire) => wire.close()));
    });
    beforeEach(async () => {
      visitor = new Visitor();
      await signInOnceItWorks(visitor, cluster.baseUrl, 'Twitch');
    });
    afterEach(() => Promise.all(Object.values(wires).map((wire) => wire.set('open'))));

    const open = (path: string) => visitor.open(cluster.baseUrl + path);
    const until = (status: number, path: string) => untilItIs(visitor, status, cluster.baseUrl + path);
    /** The same browser so many times at once. */
    const openAtOnce = (path: string, count: number) =>
      Promise.all(
        Array.from({ length: count }, () => {
          const tab = new Visitor();
          tab.cookies.set('localhost', new Map(visitor.cookies.get('localhost')));
          return tab.open(cluster.baseUrl + path);
        }),
      );

    describe.each(modes)('when the wire to it is %s', (mode) => {
      test.each(storeNames)(
        '%s means 503 and never signed out, and works again by itself afterwards',
        async (store) => {
          const cookies = new Map(visitor.cookies.get('localhost'));
          await wires[store].set(mode);
          const [page, milliseconds] = await timed(() => open('/profile'));
          expect([page.status, page.heading]).toEqual([503, sorry]);
          expect(milliseconds).toBeLessThan(inTimeMilliseconds);
          expect(page.headers['retry-after']).toMatch(/^\d+$/);
          expect(page.headers['set-cookie']).toBeUndefined();
          expect(page.text).not.toContain('Continue with');
          expect((await until(503, '/readyz')).status).toBe(503);
          expect((await open('/healthz')).status).toBe(200);

          await wires[store].set('open');
          const [back, backMilliseconds] = await timed(() => until(200, '/profile'));
          expect(back.heading).toBe('Your accounts');
          expect(backMilliseconds).toBeLessThan(recoveryMilliseconds);
          expect((await until(200, '/readyz')).status).toBe(200);
          expect(visitor.cookies.get('localhost')).toEqual(cookies);
        },
        40_000,
      );

      test.each(storeNames)(
        'a callback without %s signs nobody in by half, and the next login works',
        async (store) => {
          const newcomer = new Visitor();
          const start = () => startSignIn(newcomer, cluster.baseUrl, 'Resonite');
          const callback = await captureCallback(newcomer, start, cluster.baseUrl, { person: 'Bo' });
          await wires[store].set(mode);
          const page = await newcomer.open(callback.href);
          expect([page.status, page.heading]).toEqual([503, sorry]);
          expect(newcomer.cookies.get('localhost')!.has('latchkey')).toBe(false);
          await wires[store].set('open');
          await signInOnceItWorks(newcomer, cluster.baseUrl, 'Resonite');
        },
        40_000,
      );

      test.each(storeNames)(
        'forty pages at once without %s are all told in time, and use nothing up',
        async (store) => {
          await wires[store].set(mode);
          const [pages, milliseconds] = await timed(() => openAtOnce('/profile', 40));
          expect(new Set(pages.map(({ heading }) => heading))).toEqual(new Set([sorry]));
          expect(milliseconds).toBeLessThan(2 * inTimeMilliseconds);
          await wires[store].set('open');
          // What was under way when it came back has to end first.
          const deadline = performance.now() + recoveryMilliseconds;
          let statuses: number[];
          do {
            statuses = (await openAtOnce('/profile', 40)).map(({ status }) => status);
          } while (statuses.some((status) => status !== 200) && performance.now() < deadline);
          expect(statuses).toEqual(Array(40).fill(200));
          // DATABASE_POOL_SIZE, and one connection to Redis.
          expect(wires[store].count()).toBeLessThanOrEqual(10);
        },
        40_000,
      );

      test.each(storeNames)(
        'the process goes on with everything else without %s',
        async (store) => {
          await wires[store].set(mode);
          const longest = await measureStandstill(cluster.nodes[0]!.child, () => openAtOnce('/profile', 10));
          expect(longest).toBeLessThan(standstillLimit);
        },
        40_000,
      );
    });

    test.each(storeNames)('connections to %s that are reset are made anew', async (store) => {
      wires[store].reset();
      expect((await until(200, '/profile')).heading).toBe('Your accounts');
    });

    test('tables that somebody else has locked are waited for shortly, and then used again', async () => {
      const newcomer = new Visitor();
      const start = () => startSignIn(newcomer, cluster.baseUrl, 'Mixin');
      const callback = await captureCallback(newcomer, start, cluster.baseUrl);
      await cluster.stores.database.transaction().execute(async (transaction) => {
        await sql`lock table accounts, identities in access exclusive mode`.execute(transaction);
        const [pages, milliseconds] = await timed(() =>
          Promise.all([open('/profile'), newcomer.open(callback.href)]),
        );
        for (const page of pages) expect([page.status, page.heading]).toEqual([503, sorry]);
        expect(milliseconds).toBeLessThan(inTimeMilliseconds);
      });
      expect((await until(200, '/profile')).heading).toBe('Your accounts');
      await signInOnceItWorks(newcomer, cluster.baseUrl, 'Mixin');
    }, 30_000);

    test('without Redis a visitor still sees the front page', async () => {
      await wires.Redis.set('cut');
      const page = await new Visitor().open(`${cluster.baseUrl}/`);
      expect([page.status, page.heading]).toEqual([200, 'Sign in']);
    });

    test('without Redis nobody is told that they are signed out when they are not', async () => {
      await open('/profile');
      await wires.Redis.set('cut');
      const page = await visitor.press('Sign out');
      expect([page.status, page.heading]).toEqual([503, sorry]);
      await wires.Redis.set('open');
      expect((await until(200, '/profile')).heading).toBe('Your accounts');
    });

    test('a node that starts without Redis is not ready, and works by itself once it is there', async () => {
      await stopProcess(cluster.nodes[0]!.child, 'SIGKILL');
      await wires.Redis.set('cut');
      await cluster.startNode(0);
      expect((await open('/readyz')).status).toBe(503);
      const page = await open('/profile');
      expect([page.status, page.heading]).toEqual([503, sorry]);
      await wires.Redis.set('open');
      expect((await until(200, '/readyz')).status).toBe(200);
      expect((await open('/profile')).heading).toBe('Your accounts');
    }, 40_000);

    test('a node that starts without PostgreSQL says so and ends', async () => {
      await stopProcess(cluster.nodes[0]!.child, 'SIGKILL');
      await wires.PostgreSQL.set('cut');
      await expect(cluster.startNode(0)).rejects.toThrow('does not answer');
      await wires.PostgreSQL.set('open');
      await cluster.startNode(0);
      expect((await open('/profile')).heading).toBe('Your accounts');
    }, 40_000);
  });

  describeWithRedisServer('a Redis that is killed', () => {
    let redis: OwnRedis;
    let cluster: Cluster;
    beforeAll(async () => {
      redis = await startOwnRedis();
      const env = { SESSION_STORE_URL: redis.url };
      cluster = await startCluster({ stores: 'PostgreSQL and Redis', size: 2, env });
    });
    afterAll(async () => {
      await cluster.close();
      await redis.close();
    });

    test('and started again is used by both nodes by itself, with every session in it', async () => {
      cluster.sendTo(null);
      const visitor = new Visitor();
      await signIn(visitor, cluster.baseUrl, 'Twitch');
      for (let rounds = 0; rounds < 3; rounds++) {
        await redis.kill();
        for (const node of [0, 1]) {
          cluster.sendTo(node);
          const page = await visitor.open(`${cluster.baseUrl}/profile`);
          expect([page.status, page.heading]).toEqual([503, sorry]);
        }
        await redis.start();
        for (const node of [0, 1]) {
          cluster.sendTo(node);
          const back = () => untilItIs(visitor, 200, `${cluster.baseUrl}/profile`);
          const [page, milliseconds] = await timed(back);
          expect(page.heading).toBe('Your accounts');
          expect(milliseconds).toBeLessThan(recoveryMilliseconds);
        }
      }
    }, 60_000);

    test('between start and callback lets nobody in, and the next login works', async () => {
      cluster.sendTo(null);
      const visitor = new Visitor();
      const start = () => startSignIn(visitor, cluster.baseUrl, 'Mixin');
      const callback = await captureCallback(visitor, start, cluster.baseUrl);
      await redis.kill();
      const page = await visitor.open(callback.href);
      expect([page.status, page.heading]).toEqual([503, sorry]);
      await redis.start();
      // The login under way was kept: the same address, opened once more, finishes it.
      expect((await untilItIs(visitor, 200, callback.href)).heading).toBe('Your accounts');
    }, 30_000);
  });
});
