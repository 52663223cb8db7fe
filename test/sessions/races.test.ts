import { type LatchkeyOptions, type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { describeStores } from '../support/stores.ts';
import { answerAtProvider, captureCallback, linkProvider, signIn, Visitor } from '../support/visitor.ts';
import { until } from '../support/until.ts';
import { anotherTab, asked, slowDown, whileWaiting } from './support.ts';

let latchkey: RunningLatchkey;
let visitor: Visitor;

const start = async (options: LatchkeyOptions = {}) => {
  latchkey = await startLatchkey(options);
  visitor = new Visitor();
};
afterEach(() => latchkey.close());

const profile = (who: Visitor) => who.open(`${latchkey.baseUrl}/profile`);
const providersLinked = async () =>
  (await latchkey.database.selectFrom('identities').select('provider').orderBy('provider').execute()).map(
    ({ provider }) => provider,
  );

const adaAtResonite = { id: 'U-1NaAdaSandbox', username: 'Ada' };
const linkCallback = (name: string) =>
  captureCallback(
    visitor,
    async () => {
      await profile(visitor);
      await visitor.press(`Link ${name}`);
    },
    latchkey.baseUrl,
  );

describeStores('races', (stores) => {
  beforeEach(() => start({ stores }));

  describe('signing out while a login is on its way', () => {
    test('links nothing and brings no session back', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      const callback = await linkCallback('Resonite');
      const late = anotherTab(visitor);
      const page = await whileWaiting(
        latchkey,
        'resonite',
        'userinfo_hang',
        () => late.open(callback.href),
        async () => {
          await profile(visitor);
          await visitor.press('Sign out');
        },
        adaAtResonite,
      );
      expect([page.status, page.heading]).toEqual([409, 'You are not signed in as before']);
      expect(await providersLinked()).toEqual(['twitch']);
      expect((await profile(late)).heading).toBe('Sign in');
      expect(await latchkey.listRecords('session')).toEqual([]);
      expect(await latchkey.listRecords('grant')).toEqual([]);
    });

    test('does not let the old account back into a browser that has changed hands', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Resonite');
      await visitor.open(`${latchkey.baseUrl}/profile`);
      const callback = await captureCallback(
        visitor,
        () =>
          visitor.submit(
            'post',
            new URL(`${latchkey.baseUrl}/login/resonite`),
            new URLSearchParams({ intent: 'sign-in' }),
          ),
        latchkey.baseUrl,
      );
      const late = anotherTab(visitor);
      const page = await whileWaiting(
        latchkey,
        'resonite',
        'userinfo_hang',
        () => late.open(callback.href),
        async () => {
          await profile(visitor);
          await visitor.press('Sign out');
          await signIn(visitor, latchkey.baseUrl, 'Mixin', { person: 'Bo' });
        },
        adaAtResonite,
      );
      expect(page.heading).toBe('You are not signed in as before');
      expect((await profile(visitor)).text).toContain('Signed in with Mixin as Bo');
      expect(await latchkey.listRecords('session')).toHaveLength(1);
    });
  });

  test('two links that finish at once leave one session, which signing out ends for both tabs', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    const [one, two] = [await linkCallback('Resonite'), await linkCallback('Mixin')];
    const [first, second] = [anotherTab(visitor), anotherTab(visitor)];
    const pages = await Promise.all([first.open(one.href), second.open(two.href)]);
    expect(pages.map(({ status }) => status)).toEqual([200, 200]);
    expect(await providersLinked()).toEqual(['mixin', 'resonite', 'twitch']);
    expect(await latchkey.listRecords('session')).toHaveLength(1);
    const signedIn = [first, second].find((tab) => tab.page.heading === 'Your accounts')!;
    await signedIn.press('Sign out');
    for (const tab of [first, second, visitor]) expect((await profile(tab)).heading).toBe('Sign in');
    expect(await latchkey.listRecords('session')).toEqual([]);
    expect(await latchkey.listRecords('grant')).toEqual([]);
  });

  describe('a login for what is linked already, whose tokens are stored a moment after', () => {
    const askAgain = () =>
      captureCallback(
        visitor,
        async () => {
          await profile(visitor);
          const form = new URLSearchParams({ intent: 'ask' });
          await visitor.submit('post', new URL(`${latchkey.baseUrl}/login/twitch`), form);
        },
        latchkey.baseUrl,
      );
    const tokensThere = () => latchkey.sandbox.state.accessTokens.size;

    test('those of another login gives these back', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      const [one, two] = [await askAgain(), await askAgain()];
      const [first, second] = [anotherTab(visitor), anotherTab(visitor)];
      const slow = slowDown(latchkey, 'update', 'grant');
      const late = first.open(one.href);
      await until(slow.hasBegun);
      await second.open(two.href);
      slow.goOn();
      await late;
      expect(tokensThere()).toBe(1);
      await second.press('Sign out');
      expect(tokensThere()).toBe(0);
    });

    test('those of a refresh gives these back', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      const callback = await askAgain();
      // Twitch takes the access token no longer, and gives another one for the refresh token.
      latchkey.sandbox.state.accessTokens.clear();
      const tab = anotherTab(visitor);
      const slow = slowDown(latchkey, 'update', 'grant');
      const late = tab.open(callback.href);
      await until(slow.hasBegun);
      const refreshes = asked(latchkey, 'refresh').length;
      await profile(visitor);
      await visitor.press('Read profile again from Twitch');
      expect(asked(latchkey, 'refresh').length).toBe(refreshes + 1);
      slow.goOn();
      await late;
      await tab.press('Sign out');
      expect(tokensThere()).toBe(0);
    });
  });

  describe('access is given back only once the database has agreed', () => {
    test('a replacement that is refused leaves the old identity its tokens', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Resonite');
      await linkProvider(visitor, latchkey.baseUrl, 'Twitch');
      await visitor.press('Switch Twitch account');
      await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Bo' });
      const other = new Visitor();
      await signIn(other, latchkey.baseUrl, 'Twitch', { person: 'Bo' });
      expect((await visitor.press('Replace with')).status).toBe(409);
      await profile(visitor);
      expect((await visitor.press('Read profile again from Twitch')).text).toContain(
        'We read your Twitch profile again.',
      );
    });

    test('an unlink that loses a race leaves its identity the tokens', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      await linkProvider(visitor, latchkey.baseUrl, 'Resonite');
      const unlink = async (provider: string) => {
        const tab = anotherTab(visitor);
        await profile(tab);
        return tab.submit(
          'post',
          new URL(`${latchkey.baseUrl}/profile/${provider}/unlink`),
          new URLSearchParams({ mode: 'sandbox' }),
        );
      };
      const pages = await Promise.all([unlink('twitch'), unlink('resonite')]);
      const lost = pages.find(({ status }) => status === 409)!;
      expect(lost.heading).toMatch(/^(Twitch|Resonite) is your only way in$/);
      expect(await latchkey.listRecords('grant')).toHaveLength(1);
    });

    test('signing out gives back the tokens of an open decision too', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Resonite');
      await linkProvider(visitor, latchkey.baseUrl, 'Twitch');
      await visitor.press('Switch Twitch account');
      await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Bo' });
      await visitor.press('Sign out');
      expect(
        [...latchkey.sandbox.state.accessTokens.values()].filter(({ service }) => service === 'twitch'),
      ).toEqual([]);
      const open = (await latchkey.listRecords('decision')).filter(({ value }) => value.startsWith('v1.'));
      expect(open).toEqual([]);
    });
  });

  test('unlinking while the profile is being read is no mistake of ours', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    await linkProvider(visitor, latchkey.baseUrl, 'Resonite');
    const reader = anotherTab(visitor);
    await profile(reader);
    const page = await whileWaiting(
      latchkey,
      'resonite',
      'userinfo_hang',
      () => reader.press('Read profile again from Resonite'),
      async () => {
        await profile(visitor);
        await visitor.press('Unlink Resonite');
        await visitor.press('Unlink Resonite');
      },
      adaAtResonite,
    );
    expect(page.status).toBe(200);
    expect(page.heading).toBe('Your accounts');
    expect(page.text).not.toContain('We read your Resonite profile again.');
    expect(await providersLinked()).toEqual(['twitch']);
  });

  test('a session without tokens says nothing about the link itself', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    await linkProvider(visitor, latchkey.baseUrl, 'Resonite');
    const other = new Visitor();
    await signIn(other, latchkey.baseUrl, 'Resonite');
    await other.submit('post', new URL(`${latchkey.baseUrl}/profile/twitch/read`), new URLSearchParams());
    expect((await profile(visitor)).text).not.toContain('no longer valid');
  });
});

describe('whatever the stores', () => {
  beforeEach(() => start());

  test('two session cookies at once are both disbelieved', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    const url = new URL(`${latchkey.baseUrl}/profile`);
    const cookie = visitor.cookies.get('localhost')!.get('latchkey')!;
    const send = (header: string) => fetch(url, { redirect: 'manual', headers: { cookie: header } });
    expect((await send(`latchkey=${cookie}`)).status).toBe(200);
    expect((await send(`latchkey=${cookie}; latchkey=${cookie}`)).status).toBe(303);
  });

  test('names from providers are fit to show wherever they stand', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    await linkProvider(visitor, latchkey.baseUrl, 'Twitch');
    await visitor.press('Switch Twitch account');
    const page = await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Zo' });
    expect(page.heading).toMatch(/^Replace Ada with Zo/);
    expect(page.html).not.toMatch(/[\u202A-\u202E]/);
    expect(page.$('title').text().length).toBeLessThan(160);
  });
});
