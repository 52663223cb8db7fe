import { sql } from 'kysely';
import type { ExpiringRecord } from '../../src/storage/expiring-records.ts';
import type { StoredRecord } from '../support/open-stores.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { testSecret } from '../support/latchkey.ts';
import { stopProcess } from '../support/process.ts';
import { describeWith } from '../support/stores.ts';
import { captureCallback, linkProvider, signIn, startSignIn, Visitor } from '../support/visitor.ts';
import { attack } from './attack.ts';

/* Two real processes on one PostgreSQL and one Redis, behind one address. */

/** A record as it is stored, as the application has it. */
function toRecord({ expires_at: expiresAt, ...record }: StoredRecord): ExpiringRecord {
  return { ...record, expiresAt };
}

attack('REL-07', () => {
  describeWith('PostgreSQL and Redis', 'two nodes', () => {
    let cluster: Cluster;
    let visitor: Visitor;

    beforeAll(async () => {
      cluster = await startCluster({ stores: 'PostgreSQL and Redis', size: 2 });
    });
    afterAll(() => cluster.close());
    beforeEach(() => {
      visitor = new Visitor();
      cluster.sendTo(0);
    });

    const profile = (who: Visitor) => who.open(`${cluster.baseUrl}/profile`);

    /** Somebody who holds a copy of the cookies. */
    function copyOf(who: Visitor): Visitor {
      const copy = new Visitor();
      copy.cookies.set('localhost', new Map(who.cookies.get('localhost')));
      return copy;
    }

    test('a login started on one is finished on the other', async () => {
      const start = () => startSignIn(visitor, cluster.baseUrl, 'Twitch');
      const callback = await captureCallback(visitor, start, cluster.baseUrl);
      cluster.sendTo(1);
      expect((await visitor.open(callback.href)).heading).toBe('Your accounts');
      cluster.sendTo(0);
      expect((await profile(visitor)).heading).toBe('Your accounts');
    });

    test('a callback that comes to both at once is taken by one', async () => {
      const start = () => startSignIn(visitor, cluster.baseUrl, 'Mixin');
      const callback = await captureCallback(visitor, start, cluster.baseUrl);
      cluster.sendTo(null);
      const copies = Array.from({ length: 10 }, () => copyOf(visitor));
      const pages = await Promise.all(copies.map((copy) => copy.open(callback.href)));
      expect(pages.filter(({ heading }) => heading === 'Your accounts')).toHaveLength(1);
      const others = pages.filter(({ heading }) => heading === 'This sign-in was already finished');
      expect(others).toHaveLength(9);
    });

    test('who signs out on one is signed out on the other, with every copy of the cookie', async () => {
      await signIn(visitor, cluster.baseUrl, 'Twitch');
      const copy = copyOf(visitor);
      cluster.sendTo(1);
      expect((await profile(copy)).heading).toBe('Your accounts');
      cluster.sendTo(0);
      await profile(visitor);
      await visitor.press('Sign out');
      cluster.sendTo(1);
      expect((await profile(copy)).heading).toBe('Sign in');
    });

    test('a session ended on the page of sessions is ended on the other node at once', async () => {
      const phone = new Visitor();
      await signIn(visitor, cluster.baseUrl, 'Twitch');
      cluster.sendTo(1);
      await signIn(phone, cluster.baseUrl, 'Twitch');
      cluster.sendTo(0);
      await visitor.open(`${cluster.baseUrl}/sessions`);
      await visitor.press('Sign out everywhere else');
      cluster.sendTo(1);
      expect((await profile(phone)).heading).toBe('Sign in');
      expect((await profile(visitor)).heading).toBe('Your accounts');
    });

    test('twenty requests to both with a token that has ended make one refresh call', async () => {
      await signIn(visitor, cluster.baseUrl, 'Twitch', { person: 'Cy' });
      await linkProvider(visitor, cluster.baseUrl, 'Resonite', { person: 'Cy' });
      const before = cluster.sandbox.state.requests.length;
      cluster.sandbox.state.expireAccessTokens('resonite');
      cluster.sendTo(null);
      await profile(visitor);
      const tabs = Array.from({ length: 20 }, () => copyOf(visitor));
      await Promise.all(
        tabs.map(async (tab) => {
          await profile(tab);
          await tab.press('Read profile again from Resonite');
        }),
      );
      const sent = cluster.sandbox.state.requests.slice(before);
      expect(sent.filter(({ grantType }) => grantType === 'refresh_token')).toHaveLength(1);
      const card = (await profile(visitor)).$('article:has(h3:contains("Resonite"))').text();
      expect(card).toContain('Working');
      expect(card).not.toContain('never');
    });

    test('a node that dies leaves its people to the other', async () => {
      await signIn(visitor, cluster.baseUrl, 'Twitch');
      cluster.nodes[0]!.child.kill('SIGKILL');
      await new Promise((resolve) => cluster.nodes[0]!.child.once('exit', resolve));
      expect((await profile(visitor)).heading).toBe('Your accounts');
      await cluster.startNode(0);
      expect((await profile(visitor)).heading).toBe('Your accounts');
    });

    describe('while the secret is changed, one node after the other', () => {
      const newSecret = 'a-newer-secret-of-the-tests-with-32-bytes-and-more';
      const steps = [`${testSecret},${newSecret}`, `${newSecret},${testSecret}`];
      const restart = async (node: number, secret: string) => {
        expect(await stopProcess(cluster.nodes[node]!.child, 'SIGTERM')).toBe(0);
        await cluster.startNode(node, { SESSION_SECRET: secret });
      };
      afterEach(async () => {
        for (const node of [0, 1]) await restart(node, testSecret);
      });

      test('nobody is signed out, and what one sealed the other opens', async () => {
        await signIn(visitor, cluster.baseUrl, 'Resonite');
        for (const secret of steps) {
          for (const node of [0, 1]) {
            await restart(node, secret);
            for (const asked of [0, 1]) {
              cluster.sendTo(asked);
              expect((await profile(visitor)).heading).toBe('Your accounts');
            }
          }
          // A login that begins with one and ends with the other, its code verifier sealed in between.
          const newcomer = new Visitor();
          const start = () => startSignIn(newcomer, cluster.baseUrl, 'Mixin');
          cluster.sendTo(0);
          const callback = await captureCallback(newcomer, start, cluster.baseUrl);
          cluster.sendTo(1);
          expect((await newcomer.open(callback.href)).heading).toBe('Your accounts');
        }
        cluster.sandbox.state.expireAccessTokens('resonite');
        const page = await visitor.press('Read profile again from Resonite');
        expect(page.text).toContain('Working');
      }, 60_000);
    });

    test('a newer version that has added to the tables and the records harms no older node', async () => {
      await signIn(visitor, cluster.baseUrl, 'Resonite');
      const { database, redis } = cluster.stores;
      await sql`alter table accounts add column note text`.execute(database);
      await sql`alter table identities add column seen_at bigint not null default 0`.execute(database);
      const [session] = (await cluster.stores.listRecords('session')).slice(-1);
      const records = cluster.stores.createRecords(Date.now);
      const value = JSON.stringify({ ...JSON.parse(session!.value), addedLater: { some: 'fact' } });
      expect(await records.update('session', { ...toRecord(session!), value })).toBe(true);
      expect(redis).not.toBeNull();
      for (const node of [0, 1]) {
        cluster.sendTo(node);
        expect((await profile(visitor)).heading).toBe('Your accounts');
      }
      await linkProvider(visitor, cluster.baseUrl, 'Mixer');
      expect(visitor.page.text).toContain('is linked.');
      await signIn(new Visitor(), cluster.baseUrl, 'Twitch', { person: 'Bo' });
      // What the older node does not know, it leaves in the record.
      const values = (await cluster.stores.listRecords('session')).map((one) => one.value);
      expect(values.filter((text) => text.includes('addedLater'))).toHaveLength(1);
      await sql`alter table accounts drop column note`.execute(database);
      await sql`alter table identities drop column seen_at`.execute(database);
    });

    describe('whose clocks are ten minutes apart', () => {
      /** As if the machine's clock were that much ahead. */
      const ahead = (minutes: number) => ({
        NODE_OPTIONS: `--import "data:text/javascript,const now = Date.now; Date.now = () => now() + ${minutes * 60_000}"`,
      });
      const setClocks = async (first: number, second: number) => {
        for (const [node, minutes] of [first, second].entries()) {
          await stopProcess(cluster.nodes[node]!.child, 'SIGKILL');
          await cluster.startNode(node, ahead(minutes));
        }
      };
      beforeAll(() => setClocks(-5, 5));
      afterAll(() => setClocks(0, 0));

      test.each(['Twitch', 'Resonite', 'Mixin', 'Mixer'])(
        'a login with %s that starts on the later one is still in time on the other, and the other way round',
        async (name) => {
          for (const [from, to] of [
            [0, 1],
            [1, 0],
          ] as const) {
            const newcomer = new Visitor();
            const start = () => startSignIn(newcomer, cluster.baseUrl, name);
            cluster.sendTo(from);
            const callback = await captureCallback(newcomer, start, cluster.baseUrl);
            cluster.sendTo(to);
            expect((await newcomer.open(callback.href)).heading).toBe('Your accounts');
            cluster.sendTo(from);
            expect((await profile(newcomer)).heading).toBe('Your accounts');
          }
        },
        40_000,
      );

      test('a record ends at the same moment for both', async () => {
        const before = (await cluster.stores.listRecords('session')).map(({ key }) => key);
        await signIn(visitor, cluster.baseUrl, 'Twitch');
        cluster.sendTo(1);
        await signIn(new Visitor(), cluster.baseUrl, 'Twitch');
        const sessions = await cluster.stores.listRecords('session');
        const now = await cluster.stores.redis!.readTime();
        const day = 24 * 60 * 60 * 1000;
        const ends = sessions.filter(({ key }) => !before.includes(key)).map((one) => one.expires_at);
        expect(ends).toHaveLength(2);
        for (const end of ends) expect(Math.abs(end - now - day)).toBeLessThan(2 * 60_000);
      }, 40_000);
    });
  });
});
