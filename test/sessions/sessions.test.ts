import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { until } from '../support/until.ts';
import { captureCallback, linkProvider, signIn, startSignIn, Visitor } from '../support/visitor.ts';

let latchkey: RunningLatchkey;
let visitor: Visitor;

beforeEach(async () => {
  latchkey = await startLatchkey();
  visitor = new Visitor();
});
afterEach(() => latchkey.close());

const hours = (count: number) => count * 60 * 60 * 1000;
const sessionCookie = (who: Visitor) => who.cookies.get('localhost')?.get('latchkey');
const profile = (who: Visitor) => who.open(`${latchkey.baseUrl}/profile`);
const records = (kind: string) =>
  latchkey.database.selectFrom('expiring_records').selectAll().where('kind', '=', kind).execute();

/** Somebody who holds a copy of the cookie. */
function withCookie(value: string): Visitor {
  const thief = new Visitor();
  thief.cookies.set('localhost', new Map([['latchkey', value]]));
  return thief;
}

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
    const start = () => startSignIn(visitor, latchkey.baseUrl, 'Twitch');
    const [one, two] = [
      await captureCallback(visitor, start, latchkey.baseUrl),
      await captureCallback(visitor, start, latchkey.baseUrl),
    ];
    await visitor.open(one.href);
    const first = sessionCookie(visitor)!;
    await visitor.open(two.href);
    expect(sessionCookie(visitor)).not.toBe(first);
    expect((await profile(withCookie(first))).heading).toBe('Sign in');
  });

  test('that somebody made up is never adopted', async () => {
    visitor.cookies.set('localhost', new Map([['latchkey', 's:chosen-by-an-attacker.signature']]));
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    expect(sessionCookie(visitor)).not.toContain('chosen');
  });

  test('is stored hashed: nothing in the database is a working cookie', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    const id = decodeURIComponent(sessionCookie(visitor)!).slice(2).split('.')[0]!;
    expect(id.length).toBe(43);
    const dump = JSON.stringify(await latchkey.database.selectFrom('expiring_records').selectAll().execute());
    expect(dump).not.toContain(id);
  });
});

describe('signing out', () => {
  test('deletes the session and its tokens, revokes them, and clears cookies by name', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    await linkProvider(visitor, latchkey.baseUrl, 'Mixin');
    expect(await records('grant')).toHaveLength(2);
    const page = await visitor.press('Sign out');
    expect(page.text).toContain('You are signed out.');
    expect(await records('grant')).toEqual([]);
    expect(await records('session')).toEqual([]);
    expect(latchkey.sandbox.state.accessTokens.size).toBe(0);
    expect([...visitor.cookies.get('localhost')!.keys()].toSorted()).toEqual([
      'latchkey-last',
      'sandbox-person',
    ]);
  });

  test('asks the browser to forget pages, but not the cookies of other ports', async () => {
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

  test('is not undone by a slow request of the same session that ends later', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    await linkProvider(visitor, latchkey.baseUrl, 'Resonite');
    const before = sessionCookie(visitor)!;
    // A request that reads the session now and ends once the provider has been told to answer.
    latchkey.sandbox.state.faults.set('resonite', 'userinfo_hang');
    const slow = withCookie(before);
    slow.cookies.set('localhost', new Map(visitor.cookies.get('localhost')));
    await profile(slow);
    const pending = slow.press('Read profile again from Resonite').catch(() => null);
    await until(() => latchkey.sandbox.state.requests.some(({ verdict }) => verdict === 'waiting'));
    await profile(visitor);
    await visitor.press('Sign out');
    for (const response of latchkey.sandbox.state.hanging) response.status(500).end();
    await pending;
    expect((await profile(withCookie(before))).heading).toBe('Sign in');
    expect(await records('session')).toEqual([]);
    expect(await records('grant')).toEqual([]);
  });

  test('without being signed in is no error', async () => {
    await visitor.open(`${latchkey.baseUrl}/`);
    const page = await visitor.submit('post', new URL(`${latchkey.baseUrl}/logout`), new URLSearchParams());
    expect(page.status).toBe(200);
    expect(page.text).toContain('You are signed out.');
  });
});

describe('the limits', () => {
  test('without use a session ends after the idle limit, and the page says so', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    latchkey.advance(hours(24) - 60_000);
    expect((await profile(visitor)).heading).toBe('Your accounts');
    latchkey.advance(hours(24) + 60_000);
    const page = await profile(visitor);
    expect(page.heading).toBe('Sign in');
    expect(page.text).toContain(
      'You were signed out. That happens after 24 hours without use, and 14 days after signing in.',
    );
  });

  test('with use it ends at the absolute limit', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    for (let half = 1; half < 28; half++) {
      latchkey.advance(hours(12));
      expect((await profile(visitor)).heading).toBe('Your accounts');
    }
    latchkey.advance(hours(13));
    expect((await profile(visitor)).heading).toBe('Sign in');
  });

  test('a link does not prolong the absolute limit', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    for (let half = 1; half < 28; half++) {
      latchkey.advance(hours(12));
      await profile(visitor);
    }
    await linkProvider(visitor, latchkey.baseUrl, 'Mixer');
    latchkey.advance(hours(13));
    expect((await profile(visitor)).heading).toBe('Sign in');
  });

  test('a clock that jumps back does not revive an ended session that was swept', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    await latchkey.database.deleteFrom('expiring_records').execute();
    latchkey.advance(-hours(1));
    expect((await profile(visitor)).heading).toBe('Sign in');
  });
});

describe('tokens', () => {
  test('and private keys are in the database only as ciphertext', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    await linkProvider(visitor, latchkey.baseUrl, 'Mixin');
    await linkProvider(visitor, latchkey.baseUrl, 'Resonite');
    const { accessTokens, refreshTokens } = latchkey.sandbox.state;
    const secrets = [...accessTokens.keys(), ...refreshTokens.keys()];
    expect(secrets.length).toBeGreaterThan(3);
    const dump = JSON.stringify([
      await latchkey.database.selectFrom('expiring_records').selectAll().execute(),
      await latchkey.database.selectFrom('identities').selectAll().execute(),
    ]);
    for (const secret of secrets) expect(dump).not.toContain(secret);
    expect(dump).not.toContain('"seed"');
    expect((await records('grant')).every(({ value }) => value.startsWith('v1.'))).toBe(true);
  });

  test('never reach a page, a cookie or the log', async () => {
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

  test('are refreshed once however many pages ask at the same time, and the new ones are kept', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    latchkey.advance(hours(2));
    const tabs = Array.from({ length: 10 }, () => withCookie(sessionCookie(visitor)!));
    const pages = await Promise.all(tabs.map((tab) => profile(tab)));
    expect(pages.map(({ heading }) => heading)).toEqual(Array(10).fill('Your accounts'));
    const refreshes = latchkey.sandbox.state.requests.filter(
      ({ body }) => (body as Record<string, string> | undefined)?.['grant_type'] === 'refresh_token',
    );
    expect(refreshes).toHaveLength(1);
    expect((await profile(visitor)).text).toContain('Renews by itself');
    latchkey.advance(hours(2));
    expect((await profile(visitor)).text).toContain('Working');
  });
});

describe('a second node on the same database', () => {
  test('knows the session, and what was signed out elsewhere', async () => {
    // Cookies do not tell ports apart, so the same browser reaches both.
    const node = await latchkey.startNode({ BASE_URL: latchkey.baseUrl });
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    const cookie = {
      cookie: visitor.cookieHeader(new URL(latchkey.baseUrl)),
      host: new URL(latchkey.baseUrl).host,
    };
    const ask = async () =>
      (await import('supertest'))
        .default(node.baseUrl)
        .get('/profile')
        .set('Host', cookie.host)
        .set('Cookie', cookie.cookie);
    expect((await ask()).status).toBe(200);
    await visitor.press('Sign out');
    expect((await ask()).status).toBe(303);
    await node.close();
  });
});

test('over https cookies have the __Host- prefix and are Secure', async () => {
  const secure = await startLatchkey({ env: { BASE_URL: 'https://login.example.org', SANDBOX: 'on' } });
  const url = new URL(secure.listensAt);
  const supertest = (await import('supertest')).default;
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
