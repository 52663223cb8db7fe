import { type LatchkeyOptions, type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { describeStores } from '../support/stores.ts';
import { answerAtProvider, captureCallback, signIn, startSignIn, Visitor } from '../support/visitor.ts';

let latchkey: RunningLatchkey;
let visitor: Visitor;

const start = async (options: LatchkeyOptions = {}) => {
  latchkey = await startLatchkey(options);
  visitor = new Visitor();
};
afterEach(() => latchkey.close());

const minutes = (count: number) => count * 60 * 1000;
const accounts = () => latchkey.database.selectFrom('accounts').selectAll().execute();
const identities = () => latchkey.database.selectFrom('identities').selectAll().execute();
/** What the pretended providers were asked behind the browser's back. */
const tokenRequests = () => latchkey.sandbox.state.requests.filter(({ path }) => /token$/.test(path)).length;
const callbackOf = (who: Visitor, name: string, answer = {}) =>
  captureCallback(who, () => startSignIn(who, latchkey.baseUrl, name), latchkey.baseUrl, answer);
const linkCallback = (who: Visitor, name: string) =>
  captureCallback(
    who,
    async () => {
      await who.open(`${latchkey.baseUrl}/profile`);
      await who.press(`Link ${name}`);
    },
    latchkey.baseUrl,
  );

describeStores('logins', (stores) => {
  beforeEach(() => start({ stores }));

  describe('the callback', () => {
    test('works once; a reload says that the sign-in is finished and asks nobody anything', async () => {
      const callback = await callbackOf(visitor, 'Twitch');
      await visitor.open(callback.href);
      expect(visitor.page.heading).toBe('Your accounts');
      const before = tokenRequests();
      const page = await visitor.open(callback.href);
      expect([page.status, page.heading]).toEqual([400, 'This sign-in was already finished']);
      expect(page.text).toContain('Go to your accounts');
      expect(tokenRequests()).toBe(before);
    });

    test('sent twenty times at once exchanges the code once and signs in once', async () => {
      const callback = await callbackOf(visitor, 'Resonite');
      const twins = Array.from({ length: 20 }, () => {
        const twin = new Visitor();
        twin.cookies.set('localhost', new Map(visitor.cookies.get('localhost')));
        return twin;
      });
      const pages = await Promise.all(twins.map((twin) => twin.open(callback.href)));
      expect(pages.filter(({ heading }) => heading === 'Your accounts')).toHaveLength(1);
      expect(pages.filter(({ heading }) => heading === 'This sign-in was already finished')).toHaveLength(19);
      expect(tokenRequests()).toBe(1);
      expect(await accounts()).toHaveLength(1);
    });

    test.each(['Twitch', 'Mixin', 'Resonite', 'Mixer'])(
      'of %s in another browser signs nobody in and leaves the login as it is',
      async (name) => {
        const callback = await callbackOf(visitor, name);
        const stranger = new Visitor();
        await startSignIn(stranger, latchkey.baseUrl, name);
        const page = await stranger.open(callback.href);
        expect([page.status, page.heading]).toEqual([400, 'We do not know this sign-in']);
        expect(tokenRequests()).toBe(0);
        expect(await accounts()).toEqual([]);
        expect((await visitor.open(callback.href)).heading).toBe('Your accounts');
      },
    );

    test('after more than ten minutes says that it took too long', async () => {
      const callback = await callbackOf(visitor, 'Twitch');
      latchkey.advance(minutes(10) + 1000);
      const page = await visitor.open(callback.href);
      expect([page.status, page.heading]).toEqual([400, 'That took too long']);
      expect((await visitor.open(callback.href)).heading).toBe('That took too long');
      expect(tokenRequests()).toBe(0);
    });

    test('after an hour more does not even remember', async () => {
      const callback = await callbackOf(visitor, 'Twitch');
      latchkey.advance(minutes(75));
      expect((await visitor.open(callback.href)).heading).toBe('We do not know this sign-in');
    });

    test('answers a HEAD request without using up the login', async () => {
      const callback = await callbackOf(visitor, 'Twitch');
      const response = await fetch(callback, {
        method: 'HEAD',
        headers: { cookie: visitor.cookieHeader(callback) },
      });
      expect(response.status).toBe(400);
      expect((await visitor.open(callback.href)).heading).toBe('Your accounts');
    });
  });

  describe('several tabs', () => {
    test('three logins at once in one browser all finish, in any order', async () => {
      const callbacks = [];
      for (const name of ['Twitch', 'Twitch', 'Mixin']) callbacks.push(await callbackOf(visitor, name));
      for (const callback of callbacks.toReversed()) {
        expect((await visitor.open(callback.href)).heading).toBe('Your accounts');
      }
    });

    test('a sign-in that comes back to the account that is signed in meanwhile is done', async () => {
      const first = await callbackOf(visitor, 'Twitch');
      const second = await callbackOf(visitor, 'Twitch');
      await visitor.open(first.href);
      await visitor.open(second.href);
      expect(visitor.page.heading).toBe('Your accounts');
      expect(await accounts()).toHaveLength(1);
    });

    test('a sign-in that comes back while somebody else is signed in changes the session, says so, and links nothing', async () => {
      const twitch = await callbackOf(visitor, 'Twitch');
      const resonite = await callbackOf(visitor, 'Resonite');
      await visitor.open(twitch.href);
      const page = await visitor.open(resonite.href);
      const names = Object.fromEntries(
        (await identities()).map(({ provider, display_name }) => [provider, display_name]),
      );
      expect(page.text).toContain(
        `You were signed in as ${names['twitch']}. Now you are signed in with Resonite as ${names['resonite']}.`,
      );
      expect(await accounts()).toHaveLength(2);
      expect(
        (await identities())
          .map(({ account_id }) => account_id)
          .filter((id, index, all) => all.indexOf(id) === index),
      ).toHaveLength(2);
    });

    test('the eleventh login drops the oldest of the ten before', async () => {
      const callbacks = [];
      for (let count = 0; count < 11; count++) {
        callbacks.push(await callbackOf(visitor, 'Resonite'));
        latchkey.advance(1000);
      }
      expect((await visitor.open(callbacks[0]!.href)).heading).toBe('We do not know this sign-in');
      expect((await visitor.open(callbacks[1]!.href)).heading).toBe('Your accounts');
    });
  });

  describe('a link that was started', () => {
    test('and finished after signing out links nothing and signs nobody in', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      const callback = await linkCallback(visitor, 'Resonite');
      await visitor.open(`${latchkey.baseUrl}/profile`);
      await visitor.press('Sign out');
      const page = await visitor.open(callback.href);
      expect([page.status, page.heading]).toEqual([409, 'You are not signed in as before']);
      expect(await identities()).toHaveLength(1);
      expect(tokenRequests()).toBe(1);
    });

    test('as one account and finished as another links nothing', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      const callback = await linkCallback(visitor, 'Resonite');
      await visitor.open(`${latchkey.baseUrl}/profile`);
      const other = await signInElsewhere();
      await visitor.open(other.href);
      const page = await visitor.open(callback.href);
      expect([page.status, page.heading]).toEqual([409, 'You are not signed in as before']);
      expect((await identities()).map(({ provider }) => provider).toSorted()).toEqual(['mixer', 'twitch']);
    });

    test('by one person and finished in another’s browser gains nothing', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      const callback = await linkCallback(visitor, 'Resonite');
      const victim = new Visitor();
      await signIn(victim, latchkey.baseUrl, 'Mixer');
      const page = await victim.open(callback.href);
      expect(page.status).toBe(400);
      expect((await identities()).map(({ provider }) => provider).toSorted()).toEqual(['mixer', 'twitch']);
    });

    /** A sign-in with Mixer while signed in: the front page would lead to the profile. */
    const signInElsewhere = () =>
      captureCallback(
        visitor,
        () =>
          visitor.submit(
            'post',
            new URL(`${latchkey.baseUrl}/login/mixer`),
            new URLSearchParams({ intent: 'sign-in' }),
          ),
        latchkey.baseUrl,
      );
  });

  describe('one new identity at once', () => {
    test('fifty first sign-ins end with one identity and one account', async () => {
      const callbacks = [];
      for (let count = 0; count < 50; count++) {
        const browser = new Visitor();
        callbacks.push({ browser, callback: await callbackOf(browser, 'Resonite') });
      }
      const answers = await Promise.all(
        callbacks.map(({ browser, callback }) =>
          fetch(callback, { redirect: 'manual', headers: { cookie: browser.cookieHeader(callback) } }),
        ),
      );
      // On a busy machine fifty at once may clog a small pool of connections; nothing else may happen.
      const statuses = answers.map(({ status }) => status);
      expect(statuses.filter((status) => status !== 303 && status !== 503)).toEqual([]);
      expect(statuses).toContain(303);
      expect(await identities()).toHaveLength(1);
      expect((await accounts()).map(({ id }) => id)).toEqual([(await identities())[0]!.account_id]);
      // The next one, in peace, finds its place, and leaves no more than twenty sessions.
      expect((await signIn(visitor, latchkey.baseUrl, 'Resonite')).heading).toBe('Your accounts');
      expect((await latchkey.listRecords('session')).length).toBeLessThanOrEqual(20);
    });

    test('of thirty sessions, begun five at a time, it keeps twenty; no other has left its tokens', async () => {
      for (let round = 0; round < 6; round++) {
        const browsers = Array.from({ length: 5 }, () => new Visitor());
        const callbacks = await Promise.all(browsers.map((browser) => callbackOf(browser, 'Resonite')));
        const pages = await Promise.all(browsers.map((one, index) => one.open(callbacks[index]!.href)));
        expect(pages.map(({ heading }) => heading)).toEqual(Array(5).fill('Your accounts'));
      }
      expect(await identities()).toHaveLength(1);
      const sessions = await latchkey.listRecords('session');
      expect(sessions).toHaveLength(20);
      const refs = sessions.map(({ value }) => (JSON.parse(value) as { ref: string }).ref);
      const holders = (await latchkey.listRecords('grant')).map(({ key }) => key.split('.')[0]!);
      expect(holders.toSorted()).toEqual(refs.toSorted());
    });

    test('two accounts that link it: one gets it, the other is asked what to do', async () => {
      const other = new Visitor();
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      await signIn(other, latchkey.baseUrl, 'Mixer');
      const callbacks = [
        await linkCallback(visitor, 'Resonite'),
        await linkCallback(other, 'Resonite'),
      ] as const;
      const pages = await Promise.all([visitor.open(callbacks[0].href), other.open(callbacks[1].href)]);
      expect(pages.map(({ status, heading }) => [status, heading]).toSorted()).toEqual([
        [200, 'Your accounts'],
        [409, 'This Resonite account is linked to another account here'],
      ]);
      const owner = (await identities()).find(({ provider }) => provider === 'resonite')!;
      const winner = pages[0]!.status === 200 ? 'twitch' : 'mixer';
      expect((await identities()).map(({ provider }) => provider).toSorted()).toEqual([
        'mixer',
        'resonite',
        'twitch',
      ]);
      expect((await identities()).find(({ provider }) => provider === winner)!.account_id).toBe(
        owner.account_id,
      );
      expect(await accounts()).toHaveLength(2);
    });

    test('two tabs of one account that link it: it is linked once, and both see so', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      const callbacks = [
        await linkCallback(visitor, 'Resonite'),
        await linkCallback(visitor, 'Resonite'),
      ] as const;
      const tab = new Visitor();
      tab.cookies.set('localhost', new Map(visitor.cookies.get('localhost')));
      const pages = await Promise.all([visitor.open(callbacks[0].href), tab.open(callbacks[1].href)]);
      expect(pages.map(({ status }) => status)).toEqual([200, 200]);
      expect((await identities()).map(({ provider }) => provider).toSorted()).toEqual(['resonite', 'twitch']);
      expect(await latchkey.listRecords('session')).toHaveLength(1);
    });
  });
});

describe('whatever the stores', () => {
  beforeEach(() => start());

  describe('the callback', () => {
    test('without any cookie says that the cookie is missing', async () => {
      const callback = await callbackOf(visitor, 'Twitch');
      const page = await new Visitor().open(callback.href);
      expect([page.status, page.heading]).toEqual([400, 'Your browser did not keep our cookie']);
      expect(tokenRequests()).toBe(0);
      expect(page.headers['set-cookie']).toBeUndefined();
    });

    test.each([
      ['no state', 'code=x'],
      ['an empty state', 'code=x&state='],
      ['the word undefined', 'code=x&state=undefined'],
      ['a state that was never given out', `code=x&state=${'A'.repeat(43)}`],
      ['nothing at all', ''],
    ])('with %s is not known', async (_title, query) => {
      await startSignIn(visitor, latchkey.baseUrl, 'Twitch');
      const page = await visitor.open(`${latchkey.baseUrl}/login/twitch/callback?${query}`);
      expect([page.status, page.heading]).toEqual([400, 'We do not know this sign-in']);
      expect(tokenRequests()).toBe(0);
    });

    test.each([
      ['one character changed', (state: string) => (state[0] === 'A' ? 'B' : 'A') + state.slice(1)],
      ['the case changed', (state: string) => state.toLowerCase()],
      ['its end cut off', (state: string) => state.slice(0, -1)],
      ['something appended', (state: string) => `${state}A`],
      ['a second encoding', (state: string) => encodeURIComponent(encodeURIComponent(`${state}=`))],
    ])('whose state has %s is not known', async (_title, change) => {
      const callback = await callbackOf(visitor, 'Twitch');
      callback.searchParams.set('state', change(callback.searchParams.get('state')!));
      expect((await visitor.open(callback.href)).status).toBe(400);
      expect(tokenRequests()).toBe(0);
    });

    test.each(['code', 'state', 'iss', 'error'])(
      'with %s twice is refused and nobody is asked anything',
      async (name) => {
        const callback = await callbackOf(visitor, 'Resonite');
        const page = await visitor.open(`${callback.href}&${name}=a&${name}=b`);
        expect([page.status, page.heading]).toEqual([400, 'The answer from Resonite does not fit']);
        expect(tokenRequests()).toBe(0);
      },
    );

    const pairs = ['twitch', 'mixin', 'resonite', 'mixer'].flatMap((from, _, all) =>
      all.filter((to) => to !== from).map((to) => [from, to] as const),
    );
    test.each(pairs)(
      'of %s at the address of %s reaches neither token endpoint and spends the login',
      async (from, to) => {
        const name = from[0]!.toUpperCase() + from.slice(1);
        const callback = await callbackOf(visitor, name);
        const page = await visitor.open(callback.href.replace(`/login/${from}/`, `/login/${to}/`));
        expect(page.status).toBe(400);
        expect(page.heading).toContain('does not fit');
        expect((await visitor.open(callback.href)).heading).toBe('This sign-in was already finished');
        expect(tokenRequests()).toBe(0);
      },
    );

    test.each(['scope=a?b', 'response=x', 'id_token=x', 'token=x', 'access_token=x', 'session_state=x'])(
      'is not disturbed by what else the provider sends: %s',
      async (parameter) => {
        const callback = await callbackOf(visitor, 'Twitch');
        const page = await visitor.open(callback.href.replace('?', `?${parameter}&`));
        expect(page.heading).toBe('Your accounts');
      },
    );

    test('leads on to a clean address and is kept by no cache', async () => {
      const callback = await callbackOf(visitor, 'Twitch');
      const response = await fetch(callback, {
        redirect: 'manual',
        headers: { cookie: visitor.cookieHeader(callback) },
      });
      expect(response.status).toBe(303);
      expect(response.headers.get('location')).toBe('/profile');
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.get('referrer-policy')).toBe('same-origin');
    });
  });

  describe('an authorization code', () => {
    test.each([
      ['Twitch', 'id_token_invalid'],
      ['Resonite', 'token_request_refused'],
      ['Mixin', 'token_request_refused'],
    ])('of a victim in the attacker’s own %s login is useless', async (name, code) => {
      const victim = await callbackOf(new Visitor(), name);
      const own = await callbackOf(visitor, name);
      own.searchParams.set('code', victim.searchParams.get('code')!);
      const page = await visitor.open(own.href);
      expect(page.status).toBeGreaterThanOrEqual(400);
      expect(page.text).toContain(code);
      expect(await accounts()).toEqual([]);
    });
  });

  test('each login has fresh secrets, and the authorization request holds nothing of ours but them', async () => {
    const requests = [];
    for (const name of ['Twitch', 'Twitch', 'Mixin', 'Mixin', 'Resonite', 'Resonite', 'Mixer']) {
      visitor.stopBefore = /authorize/;
      await startSignIn(visitor, latchkey.baseUrl, name);
      requests.push(visitor.stoppedAt!);
    }
    visitor.stopBefore = null;
    const values = requests.flatMap(({ searchParams }) =>
      ['state', 'nonce', 'code_challenge']
        .map((name) => searchParams.get(name))
        .filter((value) => value !== null),
    );
    expect(new Set(values).size).toBe(values.length);
    expect(values.every((value) => /^[\w-]{43}$/.test(value))).toBe(true);
    const names = requests.map(({ searchParams }) => [...searchParams.keys()].toSorted().join(' '));
    expect(names).toEqual([
      ...Array(2).fill('claims client_id nonce redirect_uri response_type scope state'),
      ...Array(4).fill(
        'client_id code_challenge code_challenge_method redirect_uri response_type scope state',
      ),
      'client_id redirect_uri response_type scope state',
    ]);
    expect(requests.map(({ searchParams }) => searchParams.get('redirect_uri'))).toEqual(
      ['twitch', 'twitch', 'mixin', 'mixin', 'resonite', 'resonite', 'mixer'].map(
        (id) => `${latchkey.baseUrl}/login/${id}/callback`,
      ),
    );
  });

  test('parameters that a form brings along never reach the authorization request', async () => {
    await visitor.open(`${latchkey.baseUrl}/`);
    visitor.stopBefore = /authorize/;
    const fields = {
      redirect_uri: 'https://evil.example/',
      client_id: 'evil',
      scope: 'evil',
      state: 'evil',
      nonce: 'evil',
      response_type: 'token',
    };
    await visitor.submit(
      'post',
      new URL(`${latchkey.baseUrl}/login/twitch?redirect_uri=https://evil.example/`),
      new URLSearchParams(fields),
    );
    expect(visitor.stoppedAt!.href).not.toContain('evil');
  });

  test('where the person wanted to go is kept through a login, and only a path of ours', async () => {
    await visitor.open(`${latchkey.baseUrl}/?return_to=%2Fhelp%3Fa%3Db`);
    await visitor.press('Continue with Twitch');
    await answerAtProvider(visitor, latchkey.baseUrl);
    expect(visitor.page.url.href).toBe(`${latchkey.baseUrl}/help?a=b`);
  });
});
