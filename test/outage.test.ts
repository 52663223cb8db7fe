import { type Cluster, startCluster } from './support/cluster.ts';
import { openTestStores } from './support/open-stores.ts';
import { describeWith } from './support/stores.ts';
import { openTcpProxy, type TcpProxy } from './support/tcp-proxy.ts';
import { captureCallback, type Page, signIn, startSignIn, Visitor } from './support/visitor.ts';

/*
 * A real process whose PostgreSQL and Redis go away, say nothing, and come back. Nobody is ever
 * taken for signed out because a store does not answer.
 */

const sorry = 'Sorry, we cannot reach our own storage';

describeWith('PostgreSQL and Redis', 'a store that fails', () => {
  let cluster: Cluster;
  let wires: Record<'PostgreSQL' | 'Redis', TcpProxy>;
  let visitor: Visitor;

  beforeAll(async () => {
    const stores = await openTestStores('PostgreSQL and Redis');
    const { DATABASE_URL: database, SESSION_STORE_URL: redis } = stores.variables;
    wires = {
      PostgreSQL: await openTcpProxy(database!, 5432),
      Redis: await openTcpProxy(redis!, 6379),
    };
    const env = { DATABASE_URL: wires.PostgreSQL.url, SESSION_STORE_URL: wires.Redis.url };
    cluster = await startCluster({ stores, size: 1, env });
  });
  afterAll(async () => {
    await cluster.close();
    await Promise.all(Object.values(wires).map((wire) => wire.close()));
  });
  beforeEach(async () => {
    visitor = new Visitor();
    await signInOnceItWorks(visitor, 'Twitch');
  });
  afterEach(() => Promise.all(Object.values(wires).map((wire) => wire.set('open'))));

  const open = (path: string) => visitor.open(cluster.baseUrl + path);

  /** Both stores are there again when a whole login works. */
  async function signInOnceItWorks(who: Visitor, provider: string): Promise<void> {
    const deadline = performance.now() + 10_000;
    for (;;) {
      const page = await signIn(who, cluster.baseUrl, provider).catch(() => null);
      if (page?.heading === 'Your accounts') return;
      if (performance.now() > deadline) throw new Error(page?.text ?? 'no login works');
    }
  }

  /** Asks again until the answer has this status, which comes by itself. */
  async function untilItIs(status: number, path: string): Promise<Page> {
    const deadline = performance.now() + 10_000;
    for (;;) {
      const page = await open(path);
      if (page.status === status || performance.now() > deadline) return page;
    }
  }

  describe.each(['cut', 'clogged'] as const)('when the wire to it is %s', (mode) => {
    test.each(['PostgreSQL', 'Redis'] as const)(
      '%s means 503 and never signed out, and works again by itself afterwards',
      async (store) => {
        const cookies = new Map(visitor.cookies.get('localhost'));
        await wires[store].set(mode);
        const page = await open('/profile');
        expect([page.status, page.heading]).toEqual([503, sorry]);
        expect(page.headers['retry-after']).toMatch(/^\d+$/);
        expect(page.headers['set-cookie']).toBeUndefined();
        expect(page.text).not.toContain('Continue with');
        expect((await untilItIs(503, '/readyz')).status).toBe(503);
        expect((await open('/healthz')).status).toBe(200);

        await wires[store].set('open');
        expect((await untilItIs(200, '/profile')).heading).toBe('Your accounts');
        expect((await untilItIs(200, '/readyz')).status).toBe(200);
        expect(visitor.cookies.get('localhost')).toEqual(cookies);
      },
      30_000,
    );

    test.each(['PostgreSQL', 'Redis'] as const)(
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
        await signInOnceItWorks(newcomer, 'Resonite');
      },
      30_000,
    );
  });

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
    expect((await untilItIs(200, '/profile')).heading).toBe('Your accounts');
  });
});
