import { RecordStore } from '../../src/sessions/session-store.ts';
import type { ExpiringRecords } from '../../src/storage/expiring-records.ts';
import { StorageError } from '../../src/storage/storage-error.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { describeStores } from '../support/stores.ts';
import {
  answerAtProvider,
  captureCallback,
  linkProvider,
  signIn,
  startSignIn,
  Visitor,
} from '../support/visitor.ts';
import { anotherTab, failOnce, slowDown } from './support.ts';
import { until } from '../support/until.ts';

/* What is done half, because a store failed or another request was faster, leaves no way in behind. */

const signInAgain = [401, 'Sign in again'];
const signInFields = new URLSearchParams({ intent: 'sign-in' });
const sorry = [503, 'Sorry, we cannot reach our own storage'];

describeStores('half-way', (stores) => {
  let latchkey: RunningLatchkey;
  let visitor: Visitor;

  beforeEach(async () => {
    latchkey = await startLatchkey({ stores });
    visitor = new Visitor();
  });
  afterEach(() => latchkey.close());

  const open = async (who: Visitor, path = '/profile') => {
    const page = await who.open(latchkey.baseUrl + path);
    return [page.status, page.heading];
  };
  const live = async (kind: 'session' | 'grant') => (await latchkey.listRecords(kind)).length;
  const standing = () => [...latchkey.sandbox.state.accessTokens.values()].map(({ service }) => service);

  describe('a session whose way in is no longer linked to its account', () => {
    test.each([
      '/profile',
      '/sessions',
      '/account/delete',
      '/profile/mixin/unlink',
      '/login/mixer?intent=link',
    ])('ends at its next request: %s', async (path) => {
      await signIn(visitor, latchkey.baseUrl, 'Resonite');
      await linkProvider(visitor, latchkey.baseUrl, 'Mixin');
      await latchkey.database.deleteFrom('identities').where('provider', '=', 'resonite').execute();
      expect(await open(visitor, path)).toEqual(signInAgain);
      expect(await live('session')).toBe(0);
      expect(await open(visitor)).toEqual([200, 'Sign in']);
    });

    test('goes on while its account is being changed', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Resonite');
      await linkProvider(visitor, latchkey.baseUrl, 'Mixin');
      const [account] = await latchkey.database.selectFrom('accounts').selectAll().execute();
      await latchkey.database.deleteFrom('identities').where('provider', '=', 'resonite').execute();
      const expiresAt = Date.now() + 60_000;
      const lease = { key: `account.${account!.id}`, owner: 'somebody', value: '', expiresAt };
      await latchkey.records.create('lease', lease);
      expect(await open(visitor)).toEqual([200, 'Your accounts']);
      await latchkey.records.deleteByOwner('lease', 'somebody');
      expect(await open(visitor)).toEqual(signInAgain);
    });
  });

  test('a sign-in that ends after its identity was unlinked signs nobody in and leaves no token', async () => {
    const owner = new Visitor();
    await signIn(owner, latchkey.baseUrl, 'Mixin');
    await linkProvider(owner, latchkey.baseUrl, 'Twitch');
    const start = () => startSignIn(visitor, latchkey.baseUrl, 'Twitch');
    const callback = await captureCallback(visitor, start, latchkey.baseUrl);
    const storing = slowDown(latchkey, 'putBoth', 'session');
    const arriving = visitor.open(callback.href);
    await until(storing.hasBegun);
    await owner.open(`${latchkey.baseUrl}/profile`);
    await owner.press('Unlink Twitch');
    await owner.press('Unlink Twitch');
    storing.goOn();
    const page = await arriving;
    expect([page.status, page.heading]).toEqual([409, 'You are not signed in as before']);
    expect(await open(visitor)).toEqual([200, 'Sign in']);
    expect(await live('session')).toBe(1);
    expect(standing()).not.toContain('twitch');
  });

  describe('a renewal of the session that fails', () => {
    test.each(['at once', 'late'] as const)('%s, leaves no second session behind', async (when) => {
      await signIn(visitor, latchkey.baseUrl, 'Mixin');
      const before = anotherTab(visitor);
      await visitor.open(`${latchkey.baseUrl}/profile`);
      await visitor.press('Link Resonite');
      const rename = failOnce(latchkey, 'rename', 'session', when);
      const page = await answerAtProvider(visitor, latchkey.baseUrl);
      expect([page.status, page.heading]).toEqual(sorry);
      expect(rename.hasFailed()).toBe(true);
      expect(await live('session')).toBe(1);
      // At once: the cookie is still good, and signing out ends it. Late: it has gone with its old id.
      const still = await before.open(`${latchkey.baseUrl}/profile`);
      expect(still.heading).toBe(when === 'at once' ? 'Your accounts' : 'Sign in');
      if (when === 'late') return;
      await before.press('Sign out');
      expect(await live('session')).toBe(0);
      expect(await open(visitor)).toEqual([200, 'Sign in']);
    });

    test('does not take the cookie away when the store could not be read', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Mixin');
      await visitor.open(`${latchkey.baseUrl}/profile`);
      await visitor.press('Link Resonite');
      const renaming = failOnce(latchkey, 'rename', 'session');
      const page = await answerAtProvider(visitor, latchkey.baseUrl);
      expect(renaming.hasFailed()).toBe(true);
      expect(page.headers['set-cookie'] ?? '').not.toContain('latchkey=');
      expect(await open(visitor)).toEqual([200, 'Your accounts']);
    });
  });

  // Session and tokens are stored in one step, of which the answer may get lost.
  test.each(['at once', 'late'] as const)(
    'a sign-in that cannot be kept (%s) signs nobody in, and gives its tokens back',
    async (when) => {
      const put = failOnce(latchkey, 'putBoth', 'session', when);
      const page = await signIn(visitor, latchkey.baseUrl, 'Twitch');
      expect([page.status, page.heading]).toEqual(sorry);
      expect(put.hasFailed()).toBe(true);
      expect([await live('session'), await live('grant')]).toEqual([0, 0]);
      expect(standing()).toEqual([]);
      expect(latchkey.logLines.join('')).toContain('"code":"store_unavailable"');
      expect(latchkey.logLines.join('')).not.toContain('"login.ok"');
      expect(await open(visitor)).toEqual([200, 'Sign in']);
    },
  );

  test('a sign-in as somebody else that cannot be kept leaves signed in who was', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    const put = failOnce(latchkey, 'putBoth', 'session');
    await visitor.submit('post', new URL(`${latchkey.baseUrl}/login/twitch`), signInFields);
    const page = await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Bo' });
    expect([page.status, page.heading]).toEqual(sorry);
    expect(put.hasFailed()).toBe(true);
    expect(standing()).toEqual(['resonite']);
    expect(await open(visitor)).toEqual([200, 'Your accounts']);
  });

  test('a question that cannot be kept gives the tokens of its login back', async () => {
    await signIn(new Visitor(), latchkey.baseUrl, 'Twitch');
    await signIn(visitor, latchkey.baseUrl, 'Mixin');
    await visitor.open(`${latchkey.baseUrl}/profile`);
    await visitor.press('Link Twitch');
    const before = standing().length;
    const put = failOnce(latchkey, 'create', 'decision');
    const page = await answerAtProvider(visitor, latchkey.baseUrl);
    expect([page.status, page.heading]).toEqual(sorry);
    expect(put.hasFailed()).toBe(true);
    expect(standing()).toHaveLength(before);
  });

  test('renewed tokens are stored at the second try, when the first one failed', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Mixer');
    latchkey.advance(24 * 60 * 60 * 1000 - 60_000);
    const storing = failOnce(latchkey, 'update', 'grant');
    expect(await open(visitor)).toEqual([200, 'Your accounts']);
    expect(storing.hasFailed()).toBe(true);
    expect(visitor.page.text).toContain('Working');
  });

  test('a link whose tokens cannot be kept is there, and its tokens are given back', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Mixin');
    await visitor.open(`${latchkey.baseUrl}/profile`);
    await visitor.press('Link Twitch');
    const put = failOnce(latchkey, 'create', 'grant');
    const page = await answerAtProvider(visitor, latchkey.baseUrl);
    expect([page.status, page.heading]).toEqual(sorry);
    expect(put.hasFailed()).toBe(true);
    expect(standing()).not.toContain('twitch');
    expect((await visitor.open(`${latchkey.baseUrl}/profile`)).text).toContain('Unlink Twitch');
  });

  test('asking again, when the new tokens cannot be kept, leaves the old ones where they are', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Mixin');
    await linkProvider(visitor, latchkey.baseUrl, 'Twitch');
    const before = await latchkey.listRecords('grant');
    const callback = await captureCallback(
      visitor,
      async () => {
        const form = new URLSearchParams({ intent: 'ask' });
        await visitor.submit('post', new URL(`${latchkey.baseUrl}/login/twitch`), form);
      },
      latchkey.baseUrl,
    );
    const put = failOnce(latchkey, 'update', 'grant');
    const page = await visitor.open(callback.href);
    expect([page.status, page.heading]).toEqual(sorry);
    expect(put.hasFailed()).toBe(true);
    expect(await latchkey.listRecords('grant')).toEqual(before);
    expect(standing().filter((service) => service === 'twitch')).toHaveLength(1);
    await visitor.open(`${latchkey.baseUrl}/profile`);
    expect((await visitor.press('Read profile again from Twitch')).text).toContain(
      'We read your Twitch profile',
    );
  });

  test('an unlink whose lease cannot be given back is done all the same', async () => {
    const elsewhere = new Visitor();
    await signIn(visitor, latchkey.baseUrl, 'Mixin');
    await linkProvider(visitor, latchkey.baseUrl, 'Twitch');
    await signIn(elsewhere, latchkey.baseUrl, 'Twitch');
    await visitor.open(`${latchkey.baseUrl}/profile`);
    await visitor.press('Unlink Twitch');
    const release = failOnce(latchkey, 'deleteByOwner', 'lease');
    expect((await visitor.press('Unlink Twitch')).text).toContain('Twitch is unlinked.');
    expect(release.hasFailed()).toBe(true);
    expect(await open(elsewhere)).toEqual([200, 'Sign in']);
  });

  test('a sign-out that cannot look after its tokens is a sign-out', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    const taking = failOnce(latchkey, 'delete', 'grant');
    const page = await visitor.press('Sign out');
    expect(page.text).toContain('You are signed out.');
    expect(taking.hasFailed()).toBe(true);
    expect(await live('session')).toBe(0);
  });

  test('confirming again and again leaves no tokens at the provider after signing out', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    for (let times = 0; times < 3; times++) {
      const fields = new URLSearchParams({ intent: 'reauthenticate' });
      await visitor.submit('post', new URL(`${latchkey.baseUrl}/login/twitch`), fields);
      await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Ada' });
    }
    expect(standing()).toHaveLength(1);
    await visitor.press('Sign out');
    expect(standing()).toEqual([]);
    expect(latchkey.sandbox.state.refreshTokens.size).toBe(0);
  });
});

test('a store that cannot be reached through its socket is no missing session', async () => {
  const failing = {
    get: () => Promise.reject(new StorageError('unavailable', 'ENOENT')),
  } as unknown as ExpiringRecords;
  const limits = { idleMilliseconds: 1000, absoluteMilliseconds: 1000 };
  const store = new RecordStore(failing, limits, Date.now);
  const error = await new Promise<unknown>((resolve) => store.get('an id', resolve));
  expect(error).toBeInstanceOf(StorageError);
  // The code by which express-session knows a session that is not there.
  expect((error as StorageError).code).not.toBe('ENOENT');
});
