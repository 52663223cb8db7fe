import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createKeyRing } from '../../src/sessions/seal.ts';
import { createSqlRecords } from '../../src/storage/sql-records.ts';
import { createStoreClock } from '../../src/storage/store-clock.ts';
import { linkedByAccount, pressAndAnswer, profile } from '../accounts/support.ts';
import { anotherTab, cardOf, hours, minutes, openGrants, slowDown } from '../sessions/support.ts';
import { useAnswers } from '../support/answers.ts';
import { testSecret } from '../support/latchkey.ts';
import { freePort, startProcess, stopProcess } from '../support/process.ts';
import { startSandboxBeside } from '../support/sandbox-beside.ts';
import { collectSecrets, findIn } from '../support/secrets.ts';
import { until } from '../support/until.ts';
import { captureCallback, linkProvider, signIn, Visitor } from '../support/visitor.ts';
import { attack } from './attack.ts';
import { type Scene, serviceNames, useScenes } from './witness.ts';

const answers = useAnswers();
const scene = useScenes();

const sessionOf = (visitor: Visitor) => visitor.cookies.get('localhost')?.get('latchkey');

/** A browser that has this cookie as its session and nothing else. */
function withSession(place: Scene, cookie: string): Visitor {
  const visitor = place.visitor();
  visitor.cookies.set('localhost', new Map([['latchkey', cookie]]));
  return visitor;
}

async function expectDead(place: Scene, cookie: string, nodes: (string | undefined)[]): Promise<void> {
  for (const at of nodes) {
    const answer = await place.request('/profile', { as: withSession(place, cookie), ...(at ? { at } : {}) });
    expect([answer.status, answer.headers['location']]).toEqual([303, '/?return_to=%2Fprofile']);
  }
}

attack('SES-01', () => {
  test.each(serviceNames)(
    'with %s: a new id at each step, and the old one is dead on both processes',
    async (name) => {
      const place = await scene();
      const nodes = [undefined, await place.startNode()];
      const visitor = place.visitor();
      // What an attacker has put into the browser before.
      const planted = `s%3A${'A'.repeat(43)}.${'B'.repeat(43)}`;
      visitor.cookies.set('localhost', new Map([['latchkey', planted]]));
      await signIn(visitor, place.baseUrl, name);
      const seen = [planted, sessionOf(visitor)!];
      const next = async (step: () => Promise<unknown>) => {
        await step();
        const now = sessionOf(visitor);
        expect(seen).not.toContain(now);
        await expectDead(place, seen.at(-1)!, nodes);
        if (now !== undefined) seen.push(now);
      };
      await expectDead(place, planted, nodes);
      const other = name === 'Mixer' ? 'Twitch' : 'Mixer';
      await next(() => linkProvider(visitor, place.baseUrl, other));
      place.latchkey.advance(minutes(31));
      await next(async () => {
        await visitor.open(`${place.baseUrl}/account/delete`);
        await pressAndAnswer(place.latchkey, visitor, `Sign in with ${name} as`, { person: 'Ada' });
      });
      await next(async () => {
        await profile(place.latchkey, visitor);
        await visitor.press('Sign out');
      });
      for (const cookie of seen) await expectDead(place, cookie, nodes);
      // The last one is not taken up either when somebody signs in on top of it.
      visitor.cookies.get('localhost')!.set('latchkey', seen.at(-1)!);
      await signIn(visitor, place.baseUrl, name);
      expect(seen).not.toContain(sessionOf(visitor));
    },
  );

  test.each(serviceNames)(
    'a live session of the attacker, planted, is not what the victim’s sign-in with %s goes to',
    async (name) => {
      const place = await scene();
      const nodes = [undefined, await place.startNode()];
      const attacker = await place.signedIn([name === 'Mixer' ? 'Twitch' : 'Mixer'], { person: 'Cy' });
      const planted = sessionOf(attacker)!;
      const victim = withSession(place, planted);
      await victim.open(`${place.baseUrl}/help`);
      const callback = await captureCallback(
        victim,
        () =>
          victim.submit(
            'post',
            new URL(`${place.baseUrl}/login/${name.toLowerCase()}`),
            new URLSearchParams({ intent: 'sign-in' }),
          ),
        place.baseUrl,
        { person: 'Ada' },
      );
      await victim.open(callback.href);
      expect(victim.page.text).toContain(`Signed in with ${name}`);
      expect(sessionOf(victim)).not.toBe(planted);
      await expectDead(place, planted, nodes);
      // Nor does it get a value that the attacker could know.
      expect((await place.latchkey.listRecords('session')).map(({ key }) => key)).not.toContain(
        createHash('sha256')
          .update(/^s:([\w-]+)\./.exec(decodeURIComponent(planted))![1]!)
          .digest('base64url'),
      );
    },
  );

  test('an id that is signed well but belongs to nobody is not taken up', async () => {
    const place = await scene();
    const visitor = await place.signedIn(['Mixer']);
    const old = sessionOf(visitor)!;
    await profile(place.latchkey, visitor);
    await visitor.press('Sign out');
    const planted = withSession(place, old);
    await signIn(planted, place.baseUrl, 'Mixer');
    expect(sessionOf(planted)).not.toBe(old);
    await expectDead(place, old, [undefined]);
  });
});

attack('SES-03', () => {
  /** Each Set-Cookie of a journey, by its name. */
  async function journey(place: Scene): Promise<string[]> {
    const visitor = place.visitor();
    await visitor.open(`${place.baseUrl}/help`);
    await visitor.press('Dark');
    await signIn(visitor, place.baseUrl, 'Twitch');
    await linkProvider(visitor, place.baseUrl, 'Mixin');
    await profile(place.latchkey, visitor);
    await visitor.press('Sign out');
    return place.ownAnswers().flatMap(({ headers }) => [headers['set-cookie'] ?? []].flat());
  }

  test('over plain http on this machine', async () => {
    const place = await scene();
    const lines = await journey(place);
    expect(new Set(lines.map((line) => line.split('=')[0]))).toEqual(
      new Set(['latchkey', 'latchkey-login', 'latchkey-last', 'latchkey-theme']),
    );
    for (const line of lines) {
      expect(line).toMatch(/; HttpOnly/);
      expect(line).toMatch(/; SameSite=Lax/);
      expect(line).toMatch(/; Path=\/(?:;|$)/);
      expect(line).not.toMatch(/domain|secure/i);
      expect(line.length).toBeLessThan(4096);
    }
  });

  test('over https: __Host-, Secure, and all else as before', async () => {
    // TLS ends at a proxy: the visitor of the tests speaks plainly, with the host of the origin.
    const place = await scene({ env: { BASE_URL: 'https://login.example.org', SANDBOX: 'on' } });
    const at = place.latchkey.listensAt;
    const headers = { Host: 'login.example.org', 'Sec-Fetch-Site': 'same-origin' };
    const own = { at, headers };
    const start = await place.request('/login/mixin', { ...own, body: { intent: 'sign-in' } });
    const theme = await place.request('/theme', { ...own, body: { theme: 'dark' } });
    const [binding] = [start.headers['set-cookie']!].flat();
    const state = /state=([\w-]+)/.exec(start.text)![1];
    const code = await codeFor(place, start.text);
    const finished = await place.request(`/login/mixin/callback?code=${code}&state=${state}`, {
      at,
      headers: { Host: 'login.example.org', Cookie: binding!.split(';')[0]! },
    });
    expect(finished.status).toBe(303);
    const cookie = [finished.headers['set-cookie']!]
      .flat()
      .map((line) => line.split(';')[0])
      .join('; ');
    const out = await place.request('/logout', { at, headers: { ...headers, Cookie: cookie }, body: {} });
    const lines = [start, theme, finished, out].flatMap((answer) =>
      [answer.headers['set-cookie'] ?? []].flat(),
    );
    expect(lines.length).toBeGreaterThanOrEqual(6);
    for (const line of lines) {
      expect(line).toMatch(/^__Host-latchkey/);
      for (const attribute of ['HttpOnly', 'Secure', 'SameSite=Lax', 'Path=/'])
        expect(line).toContain(`; ${attribute}`);
      expect(line).not.toMatch(/domain/i);
    }
  });

  /** A code for an authorization request, from the sandbox by hand: no browser gets back to https. */
  async function codeFor(place: Scene, html: string): Promise<string> {
    const address = /url=([^"]+)"/.exec(html)![1]!.replaceAll('&amp;', '&').replaceAll('&#38;', '&');
    place.latchkey.sandbox.state.settings = { ...place.latchkey.sandbox.state.settings, autoApprove: true };
    const url = new URL(address);
    url.searchParams.set('redirect_uri', `${place.latchkey.baseUrl}/login/mixin/callback`);
    const { headers } = await fetch(url, { redirect: 'manual' });
    return new URL(headers.get('location')!).searchParams.get('code')!;
  }

  test('none is sent before it is needed', async () => {
    const place = await scene();
    for (const path of [
      '/',
      '/help',
      '/profile',
      '/nothing',
      '/assets/latchkey.css',
      '/healthz',
      '/setup',
      '/learn',
    ]) {
      const answer = await place.request(path);
      expect([path, answer.headers['set-cookie']]).toEqual([path, undefined]);
    }
    const callback = await place.request(`/login/twitch/callback?code=x&state=${'A'.repeat(43)}`);
    expect(callback.headers['set-cookie']).toBeUndefined();
  });
});

attack('SES-04', () => {
  test('a slow request that ends after the sign-out brings nothing back', async () => {
    const place = await scene();
    const visitor = await place.signedIn(['Mixer', 'Resonite']);
    const cookie = sessionOf(visitor)!;
    const tab = anotherTab(visitor);
    const state = place.latchkey.sandbox.state;
    state.faults.set('resonite', 'userinfo_hang');
    const slow = place.request('/profile/resonite/read', {
      as: tab,
      headers: { 'Sec-Fetch-Site': 'same-origin' },
      body: {},
    });
    await until(() => state.hanging.size > 0);
    await profile(place.latchkey, visitor).catch(() => {});
    const out = await place.post('/logout', visitor);
    expect([out.status, out.headers['location']]).toEqual([303, '/?signed_out']);
    expect(out.headers['clear-site-data']).toContain('"cache"');
    state.faults.clear();
    for (const response of state.hanging) response.json({ id: 'U-1NaAdaSandbox', username: 'Ada' });
    state.hanging.clear();
    await slow;
    await expectDead(place, cookie, [undefined, await place.startNode()]);
    expect(await place.latchkey.listRecords('session')).toEqual([]);
    expect(await place.latchkey.listRecords('grant')).toEqual([]);
    const late = [sessionOf(tab), cookie].filter((one) => one !== undefined);
    for (const one of late) await expectDead(place, one, [undefined]);
  });

  test('signing out in one tab while another gets a new id ends it for both', async () => {
    const place = await scene();
    const visitor = await place.signedIn(['Mixer']);
    const callback = await place.linkCallback(visitor, 'Resonite');
    const [linking, leaving] = [anotherTab(visitor), anotherTab(visitor)];
    place.visitors.push(linking, leaving);
    // The sign-out has read the session, and is held while the link gives it another id.
    const { records } = place.latchkey;
    const usual = records.get;
    const { promise, resolve } = Promise.withResolvers<void>();
    let held = false;
    Object.assign(records, {
      get: async (...parameters: Parameters<typeof usual>) => {
        const found = await Reflect.apply(usual, records, parameters);
        if (parameters[0] === 'session' && !held) {
          held = true;
          await promise;
        }
        return found;
      },
    });
    const out = place.post('/logout', leaving);
    await until(() => held);
    await linking.open(callback.href);
    expect(linking.page.heading).toBe('Your accounts');
    resolve();
    expect((await out).status).toBe(303);
    Object.assign(records, { get: usual });
    expect((await profile(place.latchkey, linking)).heading).toBe('Sign in');
    expect(await place.latchkey.listRecords('session')).toEqual([]);
  });

  test('GET does not sign out, and with a slow store signing out still does', async () => {
    const place = await scene();
    const visitor = await place.signedIn(['Mixer']);
    const cookie = sessionOf(visitor)!;
    expect((await place.request('/logout', { as: visitor })).status).toBe(404);
    expect((await profile(place.latchkey, visitor)).heading).toBe('Your accounts');
    const slow = slowDown(place.latchkey, 'delete', 'session');
    let answered = false;
    const leaving = place.post('/logout', visitor).finally(() => (answered = true));
    await until(slow.hasBegun);
    // Another request goes all the way meanwhile, and the session still stands.
    expect((await place.request('/profile', { as: anotherTab(visitor) })).status).toBe(200);
    expect(answered).toBe(false);
    slow.goOn();
    expect((await leaving).status).toBe(303);
    await expectDead(place, cookie, [undefined]);
  });

  test.each(serviceNames)(
    'a login with %s under way when signing out does not sign in again',
    async (name) => {
      const place = await scene();
      const visitor = await place.signedIn(['Mixer']);
      const link = await place.linkCallback(visitor, name === 'Mixer' ? 'Twitch' : name);
      await profile(place.latchkey, visitor);
      await visitor.press('Sign out');
      const page = await visitor.open(link.href);
      expect(page.status).toBe(409);
      expect(sessionOf(visitor)).toBeUndefined();
    },
  );
});

attack('SES-05', () => {
  const second = 1000;
  const heading = async (place: Scene, visitor: Visitor) => (await profile(place.latchkey, visitor)).heading;

  test('without use it ends at the idle limit, whatever the cookie says', async () => {
    const place = await scene({ env: { SESSION_IDLE_HOURS: '2' } });
    const [early, late] = [await place.signedIn(['Mixer']), await place.signedIn(['Mixer'])];
    place.latchkey.advance(hours(2) - 5 * second);
    expect(await heading(place, early)).toBe('Your accounts');
    place.latchkey.advance(10 * second);
    expect(await heading(place, late)).toBe('Sign in');
    // It was used five seconds before its end.
    expect(await heading(place, early)).toBe('Your accounts');
  });

  test('with use it ends at the absolute limit', async () => {
    const place = await scene({ env: { SESSION_IDLE_HOURS: '12', SESSION_ABSOLUTE_DAYS: '1' } });
    const visitor = await place.signedIn(['Mixer']);
    for (let count = 0; count < 3; count++) {
      place.latchkey.advance(hours(7));
      expect(await heading(place, visitor)).toBe('Your accounts');
    }
    place.latchkey.advance(hours(3) - 10 * second);
    expect(await heading(place, visitor)).toBe('Your accounts');
    place.latchkey.advance(20 * second);
    expect(await heading(place, visitor)).toBe('Sign in');
  });

  test('a clock that jumps back brings back nothing that was swept, and lets nobody in for longer', async () => {
    const place = await scene({ env: { SESSION_IDLE_HOURS: '1' } });
    const visitor = await place.signedIn(['Mixer']);
    const cookie = sessionOf(visitor)!;
    place.latchkey.advance(hours(3));
    expect(await heading(place, visitor)).toBe('Sign in');
    await place.latchkey.records.sweep();
    place.latchkey.advance(hours(-3));
    await expectDead(place, cookie, [undefined]);
    expect(await place.latchkey.listRecords('session')).toEqual([]);
  });

  test('a session in use survives a clock that jumps back, and still ends at its limit', async () => {
    const place = await scene({ env: { SESSION_IDLE_HOURS: '2', SESSION_ABSOLUTE_DAYS: '1' } });
    const visitor = await place.signedIn(['Mixer']);
    place.latchkey.advance(hours(-1));
    expect(await heading(place, visitor)).toBe('Your accounts');
    for (let count = 0; count < 20; count++) {
      place.latchkey.advance(minutes(76));
      await heading(place, visitor);
    }
    expect(await heading(place, visitor)).toBe('Sign in');
  });

  test('what has ended is decided by the stored end: the cookie can be kept for ever', async () => {
    const place = await scene();
    const visitor = await place.signedIn(['Mixer']);
    const [session] = await place.latchkey.listRecords('session');
    const ends = session!.expires_at;
    expect(ends - Date.now()).toBeLessThanOrEqual(hours(24) + second);
    place.latchkey.advance(ends - Date.now() + second);
    await expectDead(place, sessionOf(visitor)!, [undefined, await place.startNode()]);
  });
});

attack('SES-05', () => {
  test('two processes whose clocks are ten minutes apart agree on the end, by the clock of the store', async () => {
    const place = await scene();
    let time = Date.now();
    const clocks = await Promise.all(
      [-5, 5].map((off) =>
        createStoreClock(
          () => time + minutes(off),
          async () => time,
        ),
      ),
    );
    const nodes = clocks.map((clock) => createSqlRecords(place.latchkey.database, clock.now));
    const expiresAt = clocks[1]!.now() + minutes(1);
    await nodes[0]!.put('session', { key: 'key', owner: 'owner', value: '{}', expiresAt });
    const found = () => Promise.all(nodes.map(async (node) => (await node.get('session', 'key')) !== null));
    time += minutes(1) - 1000;
    expect(await found()).toEqual([true, true]);
    time += 2000;
    expect(await found()).toEqual([false, false]);
    for (const clock of clocks) clock.close();
  });
});

attack('SES-07', () => {
  const newer = 'a-newer-secret-that-is-long-enough-for-this!';
  const older = 'an-older-secret-that-is-long-enough-for-this';

  /** Lays other values into all records of a kind. */
  async function rewrite(
    { latchkey: { database } }: Scene,
    kind: 'login' | 'grant' | 'decision',
    change: (value: string, key: string) => string,
  ): Promise<void> {
    const rows = await database.selectFrom('expiring_records').selectAll().where('kind', '=', kind).execute();
    expect(rows.length).toBeGreaterThan(0);
    for (const { key, value } of rows) {
      await database
        .updateTable('expiring_records')
        .set({ value: change(value, key) })
        .where('kind', '=', kind)
        .where('key', '=', key)
        .execute();
    }
  }

  const part = (index: number, change: (bytes: Buffer) => Buffer) => (value: string) =>
    value
      .split('.')
      .map((text, at) => (at === index ? change(Buffer.from(text, 'base64url')).toString('base64url') : text))
      .join('.');
  const flip = (at: number) => (bytes: Buffer) => {
    const copy = Buffer.from(bytes);
    copy[at % copy.length]! ^= 1;
    return copy;
  };
  const spoilt: [string, (value: string) => string][] = [
    ['a bit of the first byte turned', part(3, flip(0))],
    ['a bit of the last byte turned', part(3, (bytes) => flip(bytes.length - 1)(bytes))],
    ['a bit of the IV turned', part(2, flip(5))],
    ['a bit of the tag turned', part(4, flip(15))],
    ['the tag cut to four bytes', part(4, (bytes) => bytes.subarray(0, 4))],
    ['the tag cut to twelve bytes', part(4, (bytes) => bytes.subarray(0, 12))],
    ['no tag', part(4, () => Buffer.alloc(0))],
    ['no content', part(3, () => Buffer.alloc(0))],
    ['an unknown key', (value) => value.replace(/^v1\.[^.]+/, 'v1.AAAAAAAA')],
    ['another version', (value) => value.replace(/^v1/, 'v2')],
    ['nothing', () => ''],
    ['what is no seal', () => '{"accessToken":"evil"}'],
    ['plain JSON that fits', () => JSON.stringify({ provider: 'mixer', mode: 'sandbox', intent: 'sign-in' })],
  ];

  test('every byte counts', () => {
    const keys = createKeyRing([newer]);
    const sealed = keys.seal('grant', 'place', 'secret');
    for (const index of [2, 3, 4]) {
      const { length } = Buffer.from(sealed.split('.')[index]!, 'base64url');
      for (let at = 0; at < length; at++) {
        for (const bit of [1, 128]) {
          const changed = part(index, (bytes) => {
            const copy = Buffer.from(bytes);
            copy[at]! ^= bit;
            return copy;
          })(sealed);
          expect(keys.open('grant', 'place', changed)).toBeNull();
        }
      }
    }
  });

  test.each(spoilt)('a login with %s is as if it had never begun', async (_what, change) => {
    const place = await scene();
    const visitor = place.visitor();
    const callback = await place.callback(visitor, 'Resonite');
    await rewrite(place, 'login', change);
    const watch = await place.watch();
    const page = await visitor.open(callback.href);
    expect([page.status, page.heading]).toEqual([400, 'We do not know this sign-in']);
    expect(watch.sent()).toEqual([]);
  });

  test.each(spoilt)('tokens with %s are not there: the page says so and goes on', async (_what, change) => {
    const place = await scene();
    const visitor = await place.signedIn(['Mixer', 'Twitch']);
    await rewrite(place, 'grant', change);
    place.latchkey.advance(hours(1));
    const watch = await place.watch();
    for (let count = 0; count < 2; count++) {
      const page = await profile(place.latchkey, visitor);
      expect([page.status, page.heading]).toEqual([200, 'Your accounts']);
      for (const card of ['Mixer', 'Twitch']) {
        expect(cardOf(page, card)).toContain('Not held in this session');
      }
    }
    expect(
      watch.requests().filter(({ headers }) => String(headers['authorization']).includes('evil')),
    ).toEqual([]);
    expect(watch.sent().filter((sent) => sent.includes('users/current'))).toEqual([]);
  });

  test('a question with a changed seal is no question', async () => {
    const place = await scene();
    const visitor = await place.signedIn(['Mixer', 'Twitch']);
    await profile(place.latchkey, visitor);
    await pressAndAnswer(place.latchkey, visitor, 'Switch Twitch account', { person: 'Bo' });
    await rewrite(place, 'decision', part(3, flip(0)));
    const page = await visitor.open(`${place.baseUrl}/link/replace`);
    expect(page.status).toBe(410);
    expect((await linkedByAccount(place.latchkey)).flat()).toContain('twitch 10000001');
  });

  test('rows that change places between accounts, services and kinds do not open', async () => {
    const place = await scene();
    const one = await place.signedIn(['Mixer', 'Resonite'], { person: 'Ada' });
    const other = await place.signedIn(['Mixer', 'Resonite'], { person: 'Cy' });
    const grants = await place.latchkey.listRecords('grant');
    expect(grants).toHaveLength(4);
    // Each gets the value of the next.
    const values = new Map(grants.map(({ key }, index) => [key, grants[(index + 1) % 4]!.value]));
    await rewrite(place, 'grant', (_value, key) => values.get(key)!);
    place.latchkey.advance(hours(1));
    const watch = await place.watch();
    for (const visitor of [one, other]) {
      expect((await profile(place.latchkey, visitor)).text).toContain('Not held in this session');
    }
    expect(watch.sent().filter((sent) => /profile|current|token/.test(sent))).toEqual([]);
    const newcomer = place.visitor();
    const callback = await place.callback(newcomer, 'Resonite');
    await rewrite(place, 'login', () => grants[0]!.value);
    const answer = await place.request(callback.pathname + callback.search, { as: newcomer });
    expect(answer.status).toBe(400);
  });

  test('an old key reads, the new one writes, and without the old one it is absent', async () => {
    const place = await scene({ env: { SESSION_SECRET: older } });
    const visitor = await place.signedIn(['Mixer']);
    const both = await place.startNode({ SESSION_SECRET: `${newer},${older}` });
    const renewed = await place.startNode({ SESSION_SECRET: newer });
    expect(await openGrants(place.latchkey, [older])).toHaveLength(1);
    expect((await place.request('/profile', { as: visitor, at: both })).text).toContain(
      'Signed in with Mixer',
    );
    const read = await place.request('/profile/mixer/read', {
      as: visitor,
      at: both,
      headers: { 'Sec-Fetch-Site': 'same-origin' },
      body: {},
    });
    expect(read.status).toBe(303);
    const gone = await place.request('/profile', { as: visitor, at: renewed });
    expect([gone.status, gone.headers['location']]).toEqual([303, '/?return_to=%2Fprofile']);
    // What is new is sealed by the newer one alone.
    const start = await place.request('/login/resonite', {
      at: both,
      headers: { 'Sec-Fetch-Site': 'same-origin' },
      body: {},
    });
    expect(start.status).toBe(200);
    const [login] = (await place.latchkey.listRecords('login')).filter(({ value }) =>
      value.startsWith('v1.'),
    );
    expect(createKeyRing([newer]).open('login', login!.key, login!.value)).toContain('"provider":"resonite"');
    expect(createKeyRing([older]).open('login', login!.key, login!.value)).toBeNull();
  });
});

attack('SES-08', () => {
  test('database, journal, backup and log of a whole journey hold no secret', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-stolen-'));
    const port = await freePort();
    const baseUrl = `http://localhost:${port}`;
    const beside = await startSandboxBeside(baseUrl, { autoApprove: false });
    const env = {
      PORT: String(port),
      BASE_URL: baseUrl,
      SANDBOX_URL: beside.url,
      SESSION_SECRET: testSecret,
      LOG_LEVEL: 'debug',
    };
    const server = await startProcess(folder, env);
    const visitors = [new Visitor(), new Visitor(), new Visitor()];
    const cookies = new Set<string>();
    const keep = () => {
      for (const { cookies: jars } of visitors)
        for (const [name, value] of jars.get('localhost') ?? [])
          if (/^latchkey(?:-login)?$/.test(name)) cookies.add(decodeURIComponent(value));
    };
    const [visitor, other, begun] = visitors as [Visitor, Visitor, Visitor];
    await signIn(visitor, baseUrl, 'Twitch');
    keep();
    for (const name of ['Mixin', 'Resonite', 'Mixer']) {
      await linkProvider(visitor, baseUrl, name);
      keep();
    }
    await signIn(other, baseUrl, 'Twitch', { person: 'Bo' });
    await visitor.open(`${baseUrl}/profile`);
    await visitor.press('Switch Twitch account');
    keep();
    // A login that is still open: its verifier lies there, sealed.
    await begun.open(`${baseUrl}/`);
    await begun.press('Continue with Resonite');
    keep();
    const environment = { ...process.env, DATA_DIR: folder } as Record<string, string>;
    const script = join(import.meta.dirname, '../../src/commands/backup.ts');
    await promisify(execFile)(process.execPath, [script, join(folder, 'backup.sqlite')], {
      cwd: folder,
      env: environment,
      timeout: 15_000,
    });
    const files = readdirSync(folder).map((name) => join(folder, name));
    expect(files.map((name) => name.split('/').at(-1))).toEqual(
      expect.arrayContaining(['backup.sqlite', 'latchkey.sqlite', 'latchkey.sqlite-wal']),
    );
    const texts = files.map((name) => readFileSync(name, 'latin1'));
    const secrets = collectSecrets({
      answers,
      ownAnswers: [],
      requests: beside.sandbox.state.requests,
      visitors,
    });
    // What the providers gave out is among them: it is read from their answers, which must have been heard.
    for (const kind of ['accessTokens', 'refreshTokens'] as const) {
      const given = [...beside.sandbox.state[kind].keys()];
      expect(given.length).toBeGreaterThan(2);
      expect([...secrets.ofProtocol]).toEqual(expect.arrayContaining(given));
    }
    const ids = [...cookies].flatMap((value) => [value, /^s:([\w-]+)\./.exec(value)?.[1] ?? value]);
    const all = {
      ...secrets,
      ofProtocol: new Set([...secrets.ofProtocol, ...ids]),
      ofPeople: new Set<string>(),
    };
    const output = server.output();
    const exit = await stopProcess(server.child, 'SIGTERM');
    await beside.close();
    const after = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'));
    rmSync(folder, { recursive: true });
    expect(exit).toBe(0);
    expect(all.ofProtocol.size).toBeGreaterThan(25);
    expect(all.ofHandOff.size).toBeGreaterThan(5);
    expect(findIn(texts, all)).toEqual([]);
    expect(findIn(after, all)).toEqual([]);
    expect(findIn([output], all)).toEqual([]);
    expect(output).toContain('sign-in');
    // The search would find it: what may be there is.
    expect(texts.join()).toContain('ninja_dev');
    const [id] = [...cookies].flatMap((value) => /^s:([\w-]+)\./.exec(value)?.[1] ?? []);
    expect(texts.join()).toContain(createHash('sha256').update(id!).digest('base64url').slice(0, 10));
  }, 120_000);

  test('no row can be used as a cookie', async () => {
    const place = await scene();
    await place.signedIn(['Mixer']);
    const before = await place.accounts();
    const rows = [
      ...(await place.latchkey.listRecords('session')),
      ...(await place.latchkey.listRecords('grant')),
      ...(await place.latchkey.listRecords('login')),
    ];
    const signatures = createKeyRing(['another-secret-that-nobody-has-set-here']).cookieKeys;
    for (const { key, owner } of rows) {
      for (const value of [key, owner, `s:${key}`, `s:${key}.${signatures[0]}`, `s:${key}.`]) {
        const answer = await place.request('/profile', { as: withSession(place, encodeURIComponent(value)) });
        expect([answer.status, answer.headers['location']]).toEqual([303, '/?return_to=%2Fprofile']);
      }
    }
    expect(await place.accounts()).toEqual(before);
  });
});
