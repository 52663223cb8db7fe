import supertest from 'supertest';
import { readReturnPath } from '../../src/web/return-path.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import {
  answerAtProvider,
  captureCallback,
  linkProvider,
  signIn,
  startSignIn,
  Visitor,
} from '../support/visitor.ts';

let latchkey: RunningLatchkey;
beforeAll(async () => {
  latchkey = await startLatchkey();
});
afterAll(() => latchkey.close());

const transactions = () =>
  latchkey.database.selectFrom('expiring_records').selectAll().where('kind', '=', 'login').execute();

describe('a form', () => {
  const unsafe = [
    '/login/twitch',
    '/logout',
    '/theme',
    '/profile/twitch/read',
    '/profile/twitch/unlink',
    '/link/replace',
  ];
  const foreign: readonly [string, Record<string, string>][] = [
    ['another site', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }],
    ['a sibling site', { 'Sec-Fetch-Site': 'same-site', Origin: 'http://sibling.localhost' }],
    ['another site that hides', { Origin: 'null' }],
    ['nowhere', {}],
    ['a browser that says nonsense', { 'Sec-Fetch-Site': 'bogus' }],
    ['an old browser on another site', { Origin: 'https://evil.example' }],
  ];
  const cases = unsafe.flatMap((path) => foreign.map(([from, headers]) => [path, from, headers] as const));

  test.each(cases)(
    'for %s from %s is refused, with cookies too, and starts nothing',
    async (path, _from, headers) => {
      const visitor = new Visitor();
      await signIn(visitor, latchkey.baseUrl, 'Mixer');
      const before = await transactions();
      const response = await supertest(latchkey.baseUrl)
        .post(path)
        .set({ ...headers, Cookie: visitor.cookieHeader(new URL(latchkey.baseUrl)) });
      expect(response.status).toBe(403);
      expect(response.text).toContain('This request did not come from our own page');
      expect(response.headers['vary']).toContain('Sec-Fetch-Site');
      expect(response.headers['set-cookie']).toBeUndefined();
      expect(await transactions()).toEqual(before);
      expect((await visitor.open(`${latchkey.baseUrl}/profile`)).heading).toBe('Your accounts');
    },
  );

  test('of our own page passes by Sec-Fetch-Site, and by Origin where a browser sends no other', async () => {
    for (const headers of [
      { 'Sec-Fetch-Site': 'same-origin' },
      { Origin: latchkey.baseUrl },
      { 'Sec-Fetch-Site': 'same-origin', Origin: 'null' },
    ]) {
      expect((await supertest(latchkey.baseUrl).post('/login/twitch').set(headers)).status).toBe(200);
    }
  });
});

test.each(['/login/twitch', '/login/mixin', '/logout'])('a link to %s starts nothing', async (path) => {
  const before = (await transactions()).length;
  const response = await supertest(latchkey.baseUrl)
    .get(path)
    .set({ 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' });
  expect(response.status).toBe(404);
  expect(response.headers['set-cookie']).toBeUndefined();
  expect((await transactions()).length).toBe(before);
});

test('a browser-binding cookie that is there twice is not believed', async () => {
  const start = (cookie: string) =>
    supertest(latchkey.baseUrl)
      .post('/login/twitch')
      .set({ 'Sec-Fetch-Site': 'same-origin', Cookie: cookie });
  const own = 'A'.repeat(43);
  const once = await start(`latchkey-login=${own}`);
  expect(once.headers['set-cookie']![0]).toContain(own);
  const twice = await start(`latchkey-login=${own}; latchkey-login=${own}`);
  expect(twice.headers['set-cookie']![0]).not.toContain(own);
});

describe('the request’s own headers', () => {
  test('never decide an address of ours', async () => {
    const response = await supertest(latchkey.baseUrl).post('/login/twitch').set({
      'Sec-Fetch-Site': 'same-origin',
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Proto': 'https',
      Forwarded: 'host=evil.example;proto=https',
      'X-Original-URL': '/evil',
    });
    expect(response.text).toContain(encodeURIComponent(`${latchkey.baseUrl}/login/twitch/callback`));
    expect(response.text).not.toContain('evil');
    expect(response.headers['set-cookie']![0]).not.toContain('Secure');
  });

  test('with another Host get a page that links to the right one', async () => {
    const response = await supertest(latchkey.baseUrl).get('/').set('Host', 'evil.example');
    expect(response.status).toBe(421);
    expect(response.text).toContain(`href="${latchkey.baseUrl}"`);
    // A developer is told which two names there are; nothing leads to the other one.
    expect(response.text).not.toMatch(/(?:href|src|action|content)="[^"]*evil/);
  });

  test('with another Host in production are not told which one it was', async () => {
    const production = await startLatchkey({ env: { NODE_ENV: 'production' } });
    const response = await supertest(production.baseUrl).get('/').set('Host', 'evil.example');
    await production.close();
    expect(response.status).toBe(421);
    expect(response.text).not.toContain('evil.example');
  });
});

describe('every kind of answer has the security headers', () => {
  const kinds: readonly [string, string, string][] = [
    ['page', 'get', '/'],
    ['redirect', 'get', '/profile'],
    ['error of a login', 'get', '/login/twitch/callback'],
    ['missing page', 'get', '/nothing'],
    ['refused form', 'post', '/logout'],
    ['file', 'get', '/assets/latchkey.css'],
    ['life sign', 'get', '/healthz'],
  ];
  test.each(kinds)('%s', async (_kind, method, path) => {
    const response = await (method === 'get'
      ? supertest(latchkey.baseUrl).get(path)
      : supertest(latchkey.baseUrl).post(path));
    const policy = response.headers['content-security-policy']!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("base-uri 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("form-action 'self'");
    expect(policy).not.toMatch(/unsafe|form-action[^;]*http/);
    expect(response.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'content-type': expect.stringMatching(/charset=utf-8/i),
    });
    expect(response.headers['x-powered-by']).toBeUndefined();
    expect(response.headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('where to return to', () => {
  const hostile = [
    'https://evil.example',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/.//evil.example',
    '/x/..//evil.example',
    '/./\\evil.example',
    'https:evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    '/\tevil',
    '/\n/evil.example',
    '/\r\nSet-Cookie: a=b',
    '/ /evil.example',
    '/\u2028/evil',
    'evil.example',
    '',
    ' /profile',
    '@evil.example',
    '/%5cevil.example\\',
    `/${'a'.repeat(2000)}`,
    '/..//evil.example',
    '/;@evil.example\\',
    '/.\\evil.example',
    '/\u0000',
    '/é',
  ];
  test.each(hostile)('%j is not followed off this site', (value) => {
    const path = readReturnPath(value);
    if (path !== null) expect(new URL(path, 'https://own.example').origin).toBe('https://own.example');
    // These are refused outright; what is let through is a plain path.
    if (!/^\/(?![/\\.])[\w%@;=./-]*$/.test(value)) expect(path).toBeNull();
  });

  test.each(['/profile', '/help?a=b', '/?x=%2F%2Fevil.example', '/a/../profile'])('%j is', (value) => {
    const path = readReturnPath(value);
    expect(path).not.toBeNull();
    expect(new URL(path!, 'https://own.example').pathname).toBe(
      new URL(value, 'https://own.example').pathname,
    );
  });

  test.each([[['/profile', '/help']], [{ a: '/profile' }], [null], [undefined], [7]])(
    '%j is no path',
    (value) => {
      expect(readReturnPath(value)).toBeNull();
    },
  );
});

describe('the theme', () => {
  test('is chosen by a form, kept in a cookie and printed on the page', async () => {
    const visitor = new Visitor();
    await visitor.open(`${latchkey.baseUrl}/help`);
    await visitor.press('Dark');
    expect(visitor.page.url.pathname).toBe('/help');
    expect(visitor.page.$('html').attr('data-theme')).toBe('dark');
    await visitor.press('System');
    expect(visitor.page.$('html').attr('data-theme')).toBeUndefined();
  });

  test('loses no destination of a sign-in', async () => {
    const visitor = new Visitor();
    await visitor.open(`${latchkey.baseUrl}/?return_to=${encodeURIComponent('/sessions?a=b')}`);
    await visitor.press('Dark');
    await visitor.press('Continue with Twitch');
    await answerAtProvider(visitor, latchkey.baseUrl);
    expect(visitor.page.url.pathname + visitor.page.url.search).toBe('/sessions?a=b');
  });

  test('leads back to the very page, with what its address says', async () => {
    const visitor = new Visitor();
    const { baseUrl } = latchkey;
    await signIn(visitor, baseUrl, 'Twitch');
    await linkProvider(visitor, baseUrl, 'Mixer');
    await visitor.open(`${baseUrl}/inspector`);
    const flows = visitor.page.$('main table a').toArray();
    const [a, b] = flows.map((row) => visitor.page.$(row).attr('href')!.split('/').at(-1));
    const pages = [
      ['/login/resonite?intent=link', 'Link Resonite'],
      ['/login/twitch?intent=switch', 'Switch Twitch account'],
      ['/profile/twitch/unlink?mode=sandbox', 'Unlink Twitch?'],
      [`/inspector/compare?a=${a}&b=${b}`, 'Two flows compared'],
      ['/inspector?service=twitch&result=&purpose=', 'Sign-in flows'],
    ] as const;
    for (const [address, title] of pages) {
      await visitor.open(baseUrl + address);
      await visitor.press('Dark');
      expect(visitor.page.url.href).toBe(baseUrl + address);
      expect(visitor.page.$('title').text()).toBe(`${title} – Latchkey`);
    }
  });

  test('shows the identity that was to be unlinked, also when another mode is in use by now', async () => {
    const visitor = new Visitor();
    await signIn(visitor, latchkey.baseUrl, 'Mixer', { person: 'Bo' });
    await linkProvider(visitor, latchkey.baseUrl, 'Twitch', { person: 'Bo' });
    const credentials = { TWITCH_CLIENT_ID: 'x'.repeat(30), TWITCH_CLIENT_SECRET: 'y'.repeat(30) };
    const node = await latchkey.startNode({ TWITCH: 'live', ...credentials });
    await visitor.open(`${node.baseUrl}/profile`);
    await visitor.press('Unlink Twitch');
    expect(visitor.page.heading).toBe('Unlink Twitch?');
    await visitor.press('Dark');
    expect(visitor.page.heading).toBe('Unlink Twitch?');
    await node.close();
  });

  test('leads from the page of a failed callback to the front page, or to the profile, without its query', async () => {
    const visitor = new Visitor();
    const { baseUrl } = latchkey;
    const url = await captureCallback(visitor, () => startSignIn(visitor, baseUrl, 'Twitch'), baseUrl);
    const [code, state] = [url.searchParams.get('code')!, url.searchParams.get('state')!];
    const fail = async (address: string) => {
      const { html, status } = await visitor.open(baseUrl + address);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(html).not.toContain(code);
      expect(html).not.toContain(state);
      return visitor.press('Dark');
    };
    expect((await fail(`/login/mixer/callback${url.search}`)).heading).toContain('Sign in');
    expect((await fail(`/LOGIN/mixer/callback/${url.search}`)).url.pathname).toBe('/');
    // What a provider sends where it should not stays out of the page as well.
    await fail(`/elsewhere${url.search}`);
    await fail(`/?error=redirect_mismatch&state=${state}&code=${code}`);
    await signIn(visitor, baseUrl, 'Mixer');
    expect((await fail(`/login/twitch/callback${url.search}`)).heading).toBe('Your accounts');
  });

  test('that nobody offered is refused', async () => {
    const response = await supertest(latchkey.baseUrl)
      .post('/theme')
      .set('Sec-Fetch-Site', 'same-origin')
      .type('form')
      .send({ theme: '"><script>' });
    expect(response.status).toBe(400);
  });
});

describe('health', () => {
  test('answers any Host, without a session', async () => {
    for (const path of ['/healthz', '/readyz']) {
      const response = await supertest(latchkey.baseUrl).get(path).set('Host', '10.0.0.7:3000');
      expect([response.status, response.body.status]).toEqual([200, 'ok']);
      expect(response.headers['set-cookie']).toBeUndefined();
      expect(response.headers['cache-control']).toBe('no-store');
    }
  });

  test('is not ready without its storage, but alive', async () => {
    const broken = await startLatchkey();
    await broken.database.destroy();
    expect((await supertest(broken.baseUrl).get('/readyz')).status).toBe(503);
    expect((await supertest(broken.baseUrl).get('/readyz')).body.checks.store).toBe('failed');
    expect((await supertest(broken.baseUrl).get('/healthz')).status).toBe(200);
    await broken.close();
  });
});

describe('the front page', () => {
  test('names what is off and why, and offers the rest', async () => {
    const partly = await startLatchkey({
      env: { RESONITE_CLIENT_ID: '', SANDBOX: 'off', TWITCH_CLIENT_ID: 'id', TWITCH_CLIENT_SECRET: 'secret' },
    });
    const visitor = new Visitor();
    const page = await visitor.open(`${partly.baseUrl}/`);
    expect(
      page
        .$('.go button')
        .toArray()
        .map((button) => page.$(button).text().trim()),
    ).toEqual(['Continue with Twitch']);
    expect(page.text).toContain('Resonite is not set up on this server.');
    expect(page.text).toContain('Mixer closed on 22 July 2020.');
    expect(page.text).not.toContain('sandbox');
    await partly.close();
  });

  test('without any service says what to do', async () => {
    const empty = await startLatchkey({ env: { SANDBOX: 'off' } });
    const page = await new Visitor().open(`${empty.baseUrl}/`);
    expect(page.text).toContain('No sign-in service is set up yet.');
    await empty.close();
  });

  test('puts the service used last first', async () => {
    const visitor = new Visitor();
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    await visitor.press('Sign out');
    const first = visitor.page.$('.go button').first().text();
    expect(first).toContain('Continue with Resonite');
    expect(first).toContain('Last used');
  });

  test.each([
    ['/sessions', 'Sign in to see where you are signed in.'],
    ['/account/delete', 'Sign in to delete your account.'],
    ['/profile/twitch/unlink', 'Sign in to go on to the page you wanted.'],
  ])('says what signing in is for when somebody wanted %s', async (path, words) => {
    const visitor = new Visitor();
    expect((await visitor.open(latchkey.baseUrl + path)).text).toContain(words);
  });

  test('leads to the profile when signed in, and from a protected page back to it', async () => {
    const visitor = new Visitor();
    await visitor.open(`${latchkey.baseUrl}/profile`);
    expect(visitor.page.text).toContain('Sign in to see your profile.');
    await signIn(visitor, latchkey.baseUrl, 'Mixer');
    expect((await visitor.open(`${latchkey.baseUrl}/`)).url.pathname).toBe('/profile');
  });
});

test('templates are given no request: gadget parameters change nothing', async () => {
  const plain = await supertest(latchkey.baseUrl).get('/');
  const tricky = await supertest(latchkey.baseUrl).get(
    '/?settings[view options][client]=1&cache=1&layout=x&__proto__[x]=1&constructor[prototype][x]=1',
  );
  const withoutReference = (text: string) => text.replace(/[?&][^"]*/g, '');
  expect(withoutReference(tricky.text)).toBe(withoutReference(plain.text));
  expect(({} as { x?: string }).x).toBeUndefined();
});

test('mounted below a path, every address has it', async () => {
  const mounted = await startLatchkey({ basePath: '/app' });
  const visitor = new Visitor();
  const page = await signIn(visitor, mounted.baseUrl, 'Twitch');
  expect(page.url.pathname).toBe('/app/profile');
  const addresses = page
    .$('[href], [action], [src]')
    .toArray()
    .flatMap((element) => [
      page.$(element).attr('href'),
      page.$(element).attr('action'),
      page.$(element).attr('src'),
    ]);
  const own = addresses.filter((address) => address?.startsWith('/'));
  expect(own.length).toBeGreaterThan(5);
  expect(own.filter((address) => !address!.startsWith('/app/'))).toEqual([]);
  await visitor.press('Sign out');
  expect(visitor.page.url.pathname).toBe('/app/');
  await mounted.close();
});

test('below a path it leaves alone what belongs to the whole site', async () => {
  const mounted = await startLatchkey({
    basePath: '/app',
    env: { BASE_URL: 'https://shop.example.org/app', SANDBOX: 'on' },
  });
  const ask = { headers: { Host: 'shop.example.org', 'Sec-Fetch-Site': 'same-origin' } };
  const front = await supertest(mounted.listensAt).get('/app/').set(ask.headers);
  expect([front.status, front.headers['strict-transport-security']]).toEqual([200, undefined]);
  const out = await supertest(mounted.listensAt).post('/app/logout').set(ask.headers);
  expect([out.status, out.headers['clear-site-data']]).toEqual([303, undefined]);
  await mounted.close();
});
