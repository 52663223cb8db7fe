import supertest from 'supertest';
import type { RecordKind } from '../../src/storage/expiring-records.ts';
import { type LatchkeyOptions, type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { describeStores } from '../support/stores.ts';
import { until } from '../support/until.ts';
import { captureCallback, linkProvider, signIn, startSignIn, Visitor } from '../support/visitor.ts';
import { anotherTab, ask, hours } from './support.ts';

let latchkey: RunningLatchkey;
let visitor: Visitor;

const start = async (options: LatchkeyOptions = {}) => {
  latchkey = await startLatchkey(options);
  visitor = new Visitor();
};
afterEach(() => latchkey.close());

const sessionCookie = (who: Visitor) => who.cookies.get('localhost')?.get('latchkey');
const profile = (who: Visitor) => who.open(`${latchkey.baseUrl}/profile`);

/** Somebody who holds a copy of the session cookie alone. */
function withCookie(value: string): Visitor {
  const thief = new Visitor();
  thief.cookies.set('localhost', new Map([['latchkey', value]]));
  return thief;
}

/** All that a copy of the stores holds. */
async function everythingStored() {
  const kinds: RecordKind[] = ['session', 'login', 'grant', 'decision', 'lease'];
  return [
    ...(await Promise.all(kinds.map((kind) => latchkey.listRecords(kind)))),
    await latchkey.database.selectFrom('identities').selectAll().execute(),
  ];
}

describeStores('sessions', (stores) => {
  beforeEach(() => start({ stores }));

  describe('the session id', () => {
    test('changes at sign-in, at a link and at sign-out, and the old one is dead each time', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      const first = sessionCookie(visitor)!;
      await linkProvider(visitor, latchkey.baseUrl, 'Resonite');
      const second = sessionCookie(visitor)!;
      expect(second).not.toBe(first);
      expect((await profile(withCookie(first))).heading).toBe('Sign in');
      await visitor.press('Sign out');
      expect(sessionCookie(visitor)).toBeUndefined();
      expect((await profile(withCookie(second))).heading).toBe('Sign in');
    });

    test('changes at a second sign-in to the same account', async () => {
      const begin = () => startSignIn(visitor, latchkey.baseUrl, 'Twitch');
      const [one, two] = [
        await captureCallback(visitor, begin, latchkey.baseUrl),
        await captureCallback(visitor, begin, latchkey.baseUrl),
      ];
      await visitor.open(one.href);
      const first = sessionCookie(visitor)!;
      await visitor.open(two.href);
      expect(sessionCookie(visitor)).not.toBe(first);
      expect((await profile(withCookie(first))).heading).toBe('Sign in');
    });

    test('is stored hashed: nothing that is stored is a working cookie', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      const id = decodeURIComponent(sessionCookie(visitor)!).slice(2).split('.')[0]!;
      expect(id.length).toBe(43);
      expect(JSON.stringify(await everythingStored())).not.toContain(id);
    });
  });

  describe('signing out', () => {
    test('deletes the session and its tokens, revokes them, and clears cookies by name', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      await linkProvider(visitor, latchkey.baseUrl, 'Mixin');
      expect(await latchkey.listRecords('grant')).toHaveLength(2);
      const page = await visitor.press('Sign out');
      expect(page.text).toContain('You are signed out.');
      expect(await latchkey.listRecords('grant')).toEqual([]);
      expect(await latchkey.listRecords('session')).toEqual([]);
      expect(latchkey.sandbox.state.accessTokens.size).toBe(0);
      expect([...visitor.cookies.get('localhost')!.keys()].toSorted()).toEqual([
        'latchkey-last',
        'sandbox-person',
      ]);
    });

    test('is not undone by a slow request of the same session that ends later', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      await linkProvider(visitor, latchkey.baseUrl, 'Resonite');
      const before = sessionCookie(visitor)!;
      // A request that reads the session now and ends once the provider has been told to answer.
      latchkey.sandbox.state.faults.set('resonite', 'userinfo_hang');
      const slow = anotherTab(visitor);
      await profile(slow);
      const pending = slow.press('Read profile again from Resonite').catch(() => null);
      await until(() => latchkey.sandbox.state.requests.some(({ verdict }) => verdict === 'waiting'));
      await profile(visitor);
      await visitor.press('Sign out');
      for (const response of latchkey.sandbox.state.hanging) response.status(500).end();
      await pending;
      expect((await profile(withCookie(before))).heading).toBe('Sign in');
      expect(await latchkey.listRecords('session')).toEqual([]);
      expect(await latchkey.listRecords('grant')).toEqual([]);
    });
  });

  describe('tokens', () => {
    test('and private keys are stored only as ciphertext', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      await linkProvider(visitor, latchkey.baseUrl, 'Mixin');
      await linkProvider(visitor, latchkey.baseUrl, 'Resonite');
      const { accessTokens, refreshTokens } = latchkey.sandbox.state;
      const secrets = [...accessTokens.keys(), ...refreshTokens.keys()];
      expect(secrets.length).toBeGreaterThan(3);
      const dump = JSON.stringify(await everythingStored());
      for (const secret of secrets) expect(dump).not.toContain(secret);
      expect(dump).not.toContain('"seed"');
      expect((await latchkey.listRecords('grant')).every(({ value }) => value.startsWith('v1.'))).toBe(true);
    });
  });

  describe('a second node on the same stores', () => {
    test('knows the session, and what was signed out elsewhere', async () => {
      const node = await latchkey.startNode();
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      expect((await visitor.open(`${node.baseUrl}/profile`)).heading).toBe('Your accounts');
      const copy = anotherTab(visitor);
      await profile(visitor);
      await visitor.press('Sign out');
      expect((await copy.open(`${node.baseUrl}/profile`)).heading).toBe('Sign in');
      await node.close();
    });

    test('signs out what was signed in here', async () => {
      const node = await latchkey.startNode();
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      const copy = anotherTab(visitor);
      await visitor.open(`${node.baseUrl}/profile`);
      await visitor.press('Sign out');
      expect((await profile(copy)).heading).toBe('Sign in');
      expect(await latchkey.listRecords('grant')).toEqual([]);
      await node.close();
    });
  });
});

describe('whatever the stores', () => {
  beforeEach(() => start());

  test('a session id that somebody made up is never adopted', async () => {
    visitor.cookies.set('localhost', new Map([['latchkey', 's:chosen-by-an-attacker.signature']]));
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    expect(sessionCookie(visitor)).not.toContain('chosen');
  });

  test('signing out asks the browser to forget pages, but not the cookies of other ports', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    const headers = {
      cookie: visitor.cookieHeader(new URL(latchkey.baseUrl)),
      'sec-fetch-site': 'same-origin',
    };
    const response = await fetch(`${latchkey.baseUrl}/logout`, {
      method: 'POST',
      redirect: 'manual',
      headers,
    });
    expect(response.headers.get('clear-site-data')).toBe('"cache", "storage"');
  });

  test('signing out without being signed in is no error', async () => {
    await visitor.open(`${latchkey.baseUrl}/`);
    const page = await visitor.submit('post', new URL(`${latchkey.baseUrl}/logout`), new URLSearchParams());
    expect(page.status).toBe(200);
    expect(page.text).toContain('You are signed out.');
  });

  test('tokens never reach a page, a cookie or the log', async () => {
    const pages: string[] = [];
    for (const name of ['Twitch', 'Mixin', 'Resonite', 'Mixer']) {
      const page =
        name === 'Twitch'
          ? await signIn(visitor, latchkey.baseUrl, name)
          : await linkProvider(visitor, latchkey.baseUrl, name);
      pages.push(page.html);
    }
    const { accessTokens, refreshTokens, requests } = latchkey.sandbox.state;
    const codes = requests
      .map(({ body }) => (body as Record<string, string> | undefined)?.['code'])
      .filter((code) => code !== undefined);
    expect(codes).toHaveLength(4);
    const secrets = [
      ...accessTokens.keys(),
      ...refreshTokens.keys(),
      ...codes,
      'sandboxtwitchsecret00000000000',
    ];
    const everything = [
      ...pages,
      ...latchkey.logLines,
      JSON.stringify([...visitor.cookies].map(([, jar]) => [...jar])),
    ].join('\n');
    for (const secret of secrets) expect(everything).not.toContain(secret);
    expect(latchkey.logLines.join('')).not.toMatch(/code=|state=/);
  });

  test('the cookie of a session that gets a new id ends when the session does', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    for (let half = 0; half < 20; half++) {
      latchkey.advance(hours(12));
      await profile(visitor);
    }
    const callback = await captureCallback(
      visitor,
      () =>
        visitor.submit(
          'post',
          new URL(`${latchkey.baseUrl}/login/twitch`),
          new URLSearchParams({ intent: 'reauthenticate' }),
        ),
      latchkey.baseUrl,
    );
    const cookies = (await ask(visitor, callback.href)).headers.getSetCookie();
    const session = cookies.find((cookie) => cookie.startsWith('latchkey='))!;
    const left = Date.parse(/Expires=([^;]+)/.exec(session)![1]!) - Date.now();
    expect(Math.round(left / hours(1))).toBe(4 * 24);
  });

  test('over https cookies have the __Host- prefix and are Secure', async () => {
    const secure = await startLatchkey({ env: { BASE_URL: 'https://login.example.org', SANDBOX: 'on' } });
    const url = new URL(secure.listensAt);
    const response = await supertest(url.origin)
      .post('/login/twitch')
      .set('Host', 'login.example.org')
      .set('Sec-Fetch-Site', 'same-origin');
    expect(response.status).toBe(200);
    const cookies = response.headers['set-cookie'] as unknown as string[];
    expect(cookies).toHaveLength(1);
    expect(cookies[0]).toMatch(
      /^__Host-latchkey-login=[\w-]{43}; Max-Age=86400; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(response.headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains');
    await secure.close();
  });
});
