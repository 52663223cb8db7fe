import { type Cluster, startCluster } from './support/cluster.ts';
import { describeWith } from './support/stores.ts';
import { captureCallback, linkProvider, signIn, startSignIn, Visitor } from './support/visitor.ts';

/** Two real processes on one PostgreSQL and one Redis, behind one address. */
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
});
