import { type Cluster, startCluster } from '../support/cluster.ts';
import { openTestStores, type StoresKind } from '../support/open-stores.ts';
import { stopProcess } from '../support/process.ts';
import { describeStores, describeWith } from '../support/stores.ts';
import { openTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { signIn, Visitor } from '../support/visitor.ts';
import {
  ask,
  asked,
  cardOf,
  hours,
  minutes,
  openGrants,
  tabBeside,
  whileWaiting,
  wipedTokens,
} from '../sessions/support.ts';
import { attack } from './attack.ts';
import { type Scene, useScenes } from './witness.ts';

const scenes = useScenes();

attack('REL-01', () => {
  describeStores('twenty requests at once with an ended token', (stores: StoresKind) => {
    // Resonite ends a refresh token when it is used; Twitch is told to do the same.
    test.each([
      ['Resonite', 1],
      ['Resonite', 2],
      ['Twitch', 1],
      ['Twitch', 2],
    ] as const)('%s, on %d nodes: one refresh, and all go on with what it brought', async (name, count) => {
      const scene = await scenes({ stores });
      const { latchkey } = scene;
      const id = name.toLowerCase() as 'resonite' | 'twitch';
      if (id === 'twitch') latchkey.sandbox.state.faults.set(id, 'refresh_token_rotated');
      const visitor = await scene.signedIn([name]);
      const [former] = await openGrants(latchkey);
      const nodes = [latchkey.baseUrl];
      const second = count === 2 ? await latchkey.startNode() : null;
      if (second) nodes.push(second.baseUrl);

      latchkey.advance(hours(5));
      const tabs = Array.from({ length: 20 }, (_, index) =>
        tabBeside(visitor).open(`${nodes[index % count]}/profile`),
      );
      for (const page of await Promise.all(tabs)) {
        expect([page.status, page.heading]).toEqual([200, 'Your accounts']);
        // Twenty at once on a busy machine: one that has waited for two seconds shows its old copy.
        expect(cardOf(page, name)).toMatch(/Working|Out of date/);
      }
      latchkey.advance(90_000);
      for (const node of nodes)
        expect(cardOf(await visitor.open(`${node}/profile`), name)).toContain('Working');
      const [refresh, ...more] = asked(latchkey, 'refresh');
      expect([refresh!.verdict, more]).toEqual(['ok', []]);
      const grants = await openGrants(latchkey);
      expect(grants).toHaveLength(1);
      expect(grants[0]!.tokens.refreshToken).not.toBe(former!.tokens.refreshToken);

      // And the next time, with the token that the first refresh has brought.
      latchkey.advance(hours(5));
      const page = await visitor.open(`${nodes.at(-1)}/profile`);
      expect(cardOf(page, name)).toContain('Working');
      expect(asked(latchkey, 'refresh').map(({ verdict }) => verdict)).toEqual(['ok', 'ok']);
      await second?.close();
    });
  });
});

attack('REL-02', () => {
  const card = async (scene: Scene, visitor: Visitor, name: string) =>
    cardOf(await visitor.open(`${scene.baseUrl}/profile`), name);

  test('a refresh that is refused ends the access of this identity, and is not tried again', async () => {
    const scene = await scenes();
    const visitor = await scene.signedIn(['Mixin', 'Resonite']);
    scene.latchkey.sandbox.state.faults.set('resonite', 'refresh_refused');
    scene.latchkey.advance(hours(2));
    for (let visits = 0; visits < 3; visits++) {
      expect(await card(scene, visitor, 'Resonite')).toContain('Needs attention');
      scene.latchkey.advance(minutes(6));
    }
    expect(asked(scene.latchkey, 'refresh')).toHaveLength(1);
    const ended = (await openGrants(scene.latchkey)).filter((grant) => grant.ended);
    expect(ended).toEqual([expect.objectContaining({ tokens: wipedTokens })]);
    expect(visitor.page.heading).toBe('Your accounts');
  });

  test('a refresh that Twitch refuses ends the session that signed in with it', async () => {
    const scene = await scenes();
    const visitor = await scene.signedIn(['Twitch']);
    scene.latchkey.sandbox.state.faults.set('twitch', 'refresh_refused');
    scene.latchkey.advance(hours(5));
    const page = await visitor.open(`${scene.baseUrl}/profile`);
    expect([page.status, page.heading]).toEqual([401, 'Twitch ended our access, so you are signed out']);
    // No loop: from here on this browser is signed out, and nobody asks Twitch any more.
    const sent = await scene.watch();
    expect((await visitor.open(`${scene.baseUrl}/profile`)).heading).toBe('Sign in');
    expect(sent.sent()).toEqual([]);
  });

  test('a token that Twitch calls invalid, and cannot be refreshed, ends the session too', async () => {
    const scene = await scenes();
    const visitor = await scene.signedIn(['Twitch']);
    const { faults } = scene.latchkey.sandbox.state;
    faults.set('twitch', 'validate_401');
    faults.set('twitch', 'refresh_refused');
    scene.latchkey.advance(minutes(61));
    const page = await visitor.open(`${scene.baseUrl}/profile`);
    expect([page.status, page.heading]).toEqual([401, 'Twitch ended our access, so you are signed out']);
  });

  test.each(['refresh_500', 'refresh_503', 'refresh_hang'] as const)(
    'trouble on the way (%s) keeps tokens and session, waits a minute, and works again afterwards',
    async (fault) => {
      const scene = await scenes({ httpLimits: { totalMilliseconds: 1500, maximumBytes: 256 * 1024 } });
      const { latchkey } = scene;
      const visitor = await scene.signedIn(['Resonite']);
      const before = await openGrants(latchkey);
      latchkey.sandbox.state.faults.set('resonite', fault);
      latchkey.advance(hours(2));
      for (let visits = 0; visits < 3; visits++) {
        expect(await card(scene, visitor, 'Resonite')).toContain('We could not reach Resonite.');
      }
      expect(asked(latchkey, 'refresh')).toHaveLength(1);
      expect((await openGrants(latchkey)).map(({ tokens }) => tokens)).toEqual(
        before.map(({ tokens }) => tokens),
      );
      latchkey.sandbox.state.faults.clear();
      latchkey.advance(minutes(1) + 1000);
      expect(await card(scene, visitor, 'Resonite')).toContain('Working');
      expect(asked(latchkey, 'refresh')).toHaveLength(2);
    },
  );

  test('an answer that is lost on its way costs the access, where a refresh token works once, and no more', async () => {
    const scene = await scenes();
    const visitor = await scene.signedIn(['Resonite']);
    scene.latchkey.sandbox.state.faults.set('resonite', 'refresh_cut', 'next');
    scene.latchkey.advance(hours(2));
    expect(await card(scene, visitor, 'Resonite')).toContain('We could not reach Resonite.');
    for (let visits = 0; visits < 3; visits++) {
      scene.latchkey.advance(minutes(6));
      expect(await card(scene, visitor, 'Resonite')).toContain('Needs attention');
    }
    expect(asked(scene.latchkey, 'refresh')).toHaveLength(2);
    expect(visitor.page.heading).toBe('Your accounts');
  });

  describeWith('PostgreSQL and Redis', 'a process that dies between the answer and keeping it', () => {
    let cluster: Cluster;
    let wire: TcpProxy;
    beforeAll(async () => {
      const stores = await openTestStores('PostgreSQL and Redis');
      wire = await openTcpProxy(stores.variables['SESSION_STORE_URL']!, 6379);
      cluster = await startCluster({ stores, size: 1, env: { SESSION_STORE_URL: wire.url } });
    });
    afterAll(async () => {
      await cluster.close();
      await wire.close();
    });

    test('leaves the person signed in, with access that has ended, and does not ask again and again', async () => {
      const visitor = new Visitor();
      await signIn(visitor, cluster.baseUrl, 'Resonite');
      const { state } = cluster.sandbox;
      state.expireAccessTokens('resonite');
      const refreshes = () => asked(cluster, 'refresh').length;

      // Resonite has answered, and its answer is lost with the process.
      await whileWaiting(
        cluster,
        'resonite',
        'refresh_hang',
        () => Promise.resolve(void readAgain(visitor).catch(() => null)),
        async () => {
          await wire.set('clogged');
          for (const token of state.refreshTokens.values()) token.used = true;
        },
        { access_token: 'lost', token_type: 'Bearer', expires_in: 3599, refresh_token: 'lost-too' },
      );
      await stopProcess(cluster.nodes[0]!.child, 'SIGKILL');
      await wire.set('open');
      await cluster.startNode(0);
      expect(refreshes()).toBe(1);

      // Its lease ends by itself; until then nobody else may refresh.
      const records = cluster.stores.createRecords(Date.now);
      for (const { key } of await cluster.stores.listRecords('lease')) await records.delete('lease', key);
      await readAgain(visitor);
      await until(() => refreshes() === 2);
      for (let visits = 0; visits < 5; visits++) {
        const page = await visitor.open(`${cluster.baseUrl}/profile`);
        expect([page.status, page.heading]).toEqual([200, 'Your accounts']);
        expect(cardOf(page, 'Resonite')).toContain('Needs attention');
      }
      expect(refreshes()).toBe(2);

      // And a sign-in mends it.
      const newcomer = new Visitor();
      await signIn(newcomer, cluster.baseUrl, 'Resonite');
      expect(cardOf(newcomer.page, 'Resonite')).toContain('Working');
    }, 60_000);

    async function readAgain(who: Visitor): Promise<void> {
      await ask(who, `${cluster.baseUrl}/profile/resonite/read`, {});
    }
  });
});
