import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as sendRequest } from 'node:http';
import { StatementSync } from 'node:sqlite';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { load } from 'cheerio';
import express, { type Response } from 'express';
import { readConfig } from '../../src/config.ts';
import type { ConfigError } from '../../src/errors.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { StorageError } from '../../src/storage/storage-error.ts';
import { liveAt } from '../support/live.ts';
import { signIn } from '../support/visitor.ts';
import { attack } from './attack.ts';
import { type PlainAnswer, type Scene, serviceNames, useScenes } from './witness.ts';

const scene = useScenes();

/** Makes the store answer nothing any more. */
function breakStore(place: Scene): void {
  const failing = () => Promise.reject(new StorageError('unavailable', 'TEST'));
  Object.assign(place.latchkey.records, { get: failing, put: failing, take: failing });
}

attack('WEB-01', () => {
  type Ask = (place: Scene) => Promise<PlainAnswer>;
  const form = { 'Sec-Fetch-Site': 'same-origin' };
  const kinds: [string, number, Ask][] = [
    ['a page', 200, (place) => place.request('/')],
    ['the hand-off page', 200, (place) => place.post('/login/twitch', null, {})],
    ['a redirect', 303, (place) => place.request('/profile')],
    ['a file', 200, (place) => place.request('/assets/latchkey.css')],
    ['a missing file', 404, (place) => place.request('/assets/nothing.css')],
    ['a life sign', 200, (place) => place.request('/healthz')],
    ['readiness', 200, (place) => place.request('/readyz')],
    ['a broken path', 400, (place) => place.request('/login/%E0%A4%A/callback')],
    ['a failed login', 400, (place) => place.request('/login/twitch/callback')],
    ['a callback asked by HEAD', 400, (place) => place.request('/login/twitch/callback', { method: 'head' })],
    ['a foreign form', 403, (place) => place.request('/logout', { body: {} })],
    ['a missing page', 404, (place) => place.request('/nothing')],
    ['another method', 404, (place) => place.request('/profile', { method: 'delete', headers: form })],
    ['a form too large', 413, (place) => place.post('/theme', null, { theme: 'x'.repeat(9000) })],
    ['an unknown host', 421, (place) => place.request('/', { headers: { Host: 'evil.example' } })],
    [
      'OPTIONS',
      404,
      (place) =>
        place.request('/profile', {
          method: 'options',
          headers: { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'POST' },
        }),
    ],
    [
      'a store that fails',
      503,
      async (place) => {
        const visitor = await place.signedIn(['Mixer']);
        breakStore(place);
        return place.request('/profile', { as: visitor });
      },
    ],
    [
      'an error of ours',
      500,
      async (place) => {
        const visitor = await place.signedIn(['Mixer']);
        Object.assign(place.latchkey.records, { get: () => Promise.reject(new Error('inside')) });
        return place.request('/profile', { as: visitor });
      },
    ],
    [
      'my data',
      200,
      async (place) => place.request('/account/data.json', { as: await place.signedIn(['Mixer']) }),
    ],
    [
      'a recorded login',
      200,
      async (place) => place.request('/inspector', { as: await place.signedIn(['Mixer']) }),
    ],
  ];

  function expectHeaders({ headers, status }: PlainAnswer, secure: boolean): void {
    const policy = Object.fromEntries(
      String(headers['content-security-policy'])
        .split(';')
        .map((one) => one.trim().split(' '))
        .map(([name, ...values]) => [name, values]),
    );
    expect(policy).toMatchObject({
      'default-src': ["'none'"],
      'script-src': ["'self'"],
      'style-src': ["'self'"],
      'object-src': ["'none'"],
      'base-uri': ["'none'"],
      'frame-ancestors': ["'none'"],
      'form-action': ["'self'"],
    });
    expect(JSON.stringify(policy)).not.toMatch(/unsafe|\*/);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'x-frame-options': 'DENY',
    });
    expect(headers['x-powered-by']).toBeUndefined();
    expect(headers['server']).toBeUndefined();
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(headers['access-control-allow-credentials']).toBeUndefined();
    if (headers['content-type'] !== undefined) expect(headers['content-type']).toMatch(/charset=utf-8/i);
    else expect([200, 204, 303, 304]).toContain(status);
    const strict = String(headers['strict-transport-security'] ?? '');
    if (secure) expect(Number(/max-age=(\d+)/.exec(strict)?.[1])).toBeGreaterThanOrEqual(31_536_000);
    else expect(strict).toBe('');
  }

  test.each(kinds)('%s', async (_kind, status, ask) => {
    const place = await scene();
    const answer = await ask(place);
    expect(answer.status).toBe(status);
    expectHeaders(answer, false);
    expect(answer.headers['x-request-id']).toMatch(/^[\dA-Z]{4}-[\dA-Z]{4}$/);
  });

  test('over https every kind says so for a year', async () => {
    const place = await scene({ env: { BASE_URL: 'https://login.example.org', SANDBOX: 'on' } });
    const at = place.latchkey.listensAt;
    const headers = { Host: 'login.example.org' };
    for (const path of [
      '/',
      '/profile',
      '/nothing',
      '/healthz',
      '/assets/latchkey.css',
      '/login/twitch/callback',
    ]) {
      expectHeaders(await place.request(path, { at, headers }), true);
    }
  });

  test('pages are kept by no cache, files may be', async () => {
    const place = await scene();
    const visitor = await place.signedIn(['Mixer']);
    for (const path of ['/profile', '/', '/sessions', '/account/data.json', '/nothing']) {
      expect((await place.request(path, { as: visitor })).headers['cache-control']).toBe('no-store');
    }
  });
});

attack('WEB-02', () => {
  const root = join(import.meta.dirname, '../..');

  /** No path of this machine, no stack, no version, nothing of the error. */
  function expectPlain(answer: PlainAnswer): void {
    const html = answer.text;
    expect(html).not.toContain(root);
    expect(html).not.toContain(homedir());
    expect(html).not.toMatch(
      /\/(?:tmp|home|usr|root)\/|node_modules|\.ts:\d+|at \w+ \(|Express|ejs|undici|sqlite/i,
    );
    expect(html).not.toContain('inside-the-error');
    const reference = String(answer.headers['x-request-id']);
    if (answer.status >= 400) expect(html).toContain(reference);
  }

  const inside = () => Object.assign(new Error('inside-the-error /etc/passwd'), { status: undefined });

  /** Does the work while pages cannot be rendered, where `fails` says so. */
  async function whileRendering<Result>(fails: () => boolean, work: () => Promise<Result>): Promise<Result> {
    const { render } = express.response;
    function renderOrFail(this: Response, ...parameters: Parameters<typeof render>) {
      if (!fails()) return Reflect.apply(render, this, parameters);
      this.req.next!(inside());
    }
    Object.assign(express.response, { render: renderOrFail });
    return work().finally(() => Object.assign(express.response, { render }));
  }

  test.each([
    ['development', {}],
    ['production', { NODE_ENV: 'production', SANDBOX: 'on' }],
  ])('thrown in a handler, in the session, in a template: a plain page (%s)', async (_title, env) => {
    const place = await scene({ env });
    const visitor = await place.signedIn(['Mixer']);
    const { records } = place.latchkey;
    const usual = { ...records };
    Object.assign(records, { get: () => Promise.reject(inside()) });
    const session = await place.request('/profile', { as: visitor });
    Object.assign(records, usual);
    expect(session.status).toBe(500);
    expectPlain(session);

    const { all } = StatementSync.prototype;
    StatementSync.prototype.all = function (this: StatementSync, ...parameters) {
      if (this.sourceSQL.includes('identities')) throw inside();
      return Reflect.apply(all, this, parameters);
    };
    const handler = await place.request('/profile', { as: visitor }).finally(() => {
      // Other test files have the same one.
      StatementSync.prototype.all = all;
    });
    expect(handler.status).toBe(500);
    expectPlain(handler);
    expect((await place.request('/profile', { as: visitor })).status).toBe(200);

    let times = 0;
    const template = await whileRendering(
      () => times++ === 0,
      () => place.request('/help'),
    );
    expect(times).toBe(2);
    expect(template.status).toBe(500);
    expectPlain(template);
    expect(place.latchkey.logLines.join()).not.toContain('inside-the-error');
    expect(
      place.latchkey.logLines.filter((line) => line.includes('"failure"')).length,
    ).toBeGreaterThanOrEqual(3);
  });

  test('a page that cannot be made even for the error is still an answer without anything inside', async () => {
    const place = await scene();
    const answer = await whileRendering(
      () => true,
      () => place.request('/help').catch(() => null),
    );
    expect(answer!.status).toBe(500);
    expect(answer!.text).toMatch(/^Sorry, there is a problem/);
    expectPlain(answer!);
    expect(place.latchkey.logLines.join()).not.toContain('inside-the-error');
    expect((await place.request('/help')).status).toBe(200);
  });

  test.each([
    '/%',
    '/%E0%A4%A',
    '/login/%',
    '/learn/source/%2e%2e%2f%2e%2e%2fpackage.json',
    '/assets/%2e%2e/%2e%2e/package.json',
    '/assets/..%5c..%5cpackage.json',
    '/assets/%00',
    '/inspector/%',
  ])('the path %s is an error of the caller', async (path) => {
    const place = await scene();
    const { hostname, port } = new URL(place.latchkey.listensAt);
    const answer = await new Promise<PlainAnswer>((resolve, reject) => {
      const headers = { host: new URL(place.baseUrl).host };
      sendRequest({ hostname, port, path, headers, agent: false }, async (response) => {
        let text = '';
        for await (const chunk of response) text += chunk;
        resolve({ status: response.statusCode!, headers: response.headers, text });
      })
        .on('error', reject)
        .end();
    });
    expect([400, 403, 404]).toContain(answer.status);
    expectPlain(answer);
    expect(answer.text).not.toContain('"devDependencies"');
  });

  test('odd headers are no errors of ours', async () => {
    const place = await scene();
    const odd: Record<string, string>[] = [
      { Authorization: 'Bearer %' },
      { Authorization: 'Basic ====' },
      { Cookie: 'latchkey=%' },
      { Cookie: 'latchkey=s%3A.x; latchkey-login=%' },
      { Cookie: `latchkey=${'a'.repeat(6000)}` },
      { Cookie: '=; ;;; a' },
      { 'Content-Type': 'multipart/form-data' },
      { 'Accept-Language': '*;q=broken' },
      { Accept: 'a/b/c' },
      { 'X-Forwarded-For': '<script>' },
    ];
    for (const headers of odd) {
      for (const path of ['/', '/profile', `/login/twitch/callback?code=x&state=${'A'.repeat(43)}`]) {
        const answer = await place.request(path, { headers });
        expect([JSON.stringify(headers), answer.status < 500]).toEqual([JSON.stringify(headers), true]);
        expectPlain(answer);
      }
    }
  });

  test('what cannot be checked is denied', async () => {
    const place = await scene();
    const visitor = await place.signedIn(['Mixer', 'Twitch']);
    const before = await place.accounts();
    breakStore(place);
    for (const path of [
      '/profile',
      '/sessions',
      '/account/data.json',
      '/account/delete',
      '/profile/twitch/unlink',
      '/link/conflict',
    ]) {
      const answer = await place.request(path, { as: visitor });
      expect([path, answer.status, answer.headers['retry-after']]).toEqual([path, 503, expect.any(String)]);
      expect(answer.text).not.toMatch(/ninja_dev|AdaPlays|Continue with/);
    }
    for (const path of [
      '/profile/twitch/unlink',
      '/account/delete',
      '/login/mixer',
      '/sessions/end-others',
    ]) {
      expect((await place.post(path, visitor, { confirmed: 'yes', mode: 'sandbox' })).status).toBe(503);
    }
    expect(await place.accounts()).toEqual(before);
  });

  test('without NODE_ENV, and with a provider set up wrong, the same plain pages', async () => {
    const env = (sandboxUrl: string) => ({
      ...liveAt(sandboxUrl),
      TWITCH_CLIENT_SECRET: 'wrong',
      NODE_ENV: '',
    });
    const place = await scene({ env });
    const page = await signIn(place.visitor(), place.baseUrl, 'Twitch');
    expect(page.heading).toBe('This site is not set up correctly for Twitch');
    expect(page.html).not.toMatch(/node_modules|\.ts:\d+|at \w+ \(/);
  });
});

attack('WEB-04', () => {
  const queries = [
    'settings[view options][client]=1&settings[view options][escapeFunction]=1;return global.process.mainModule',
    'cache=1&layout=/etc/passwd&_locals=x&root=/&debug=1&compileDebug=1&delimiter=x',
    'settings[view%20options][outputFunctionName]=x;throw new Error("in");//',
    '__proto__[x]=1&__proto__.x=1&constructor[prototype][x]=1',
    '__proto__=1&toString=1&hasOwnProperty=1&constructor=1',
    `a[]=1&a[999999999]=1&${'b[c]'.repeat(50)}=1`,
    Array.from({ length: 2000 }, (_, index) => `p${index}=1`).join('&'),
    'return_to[__proto__]=x&return_to[]=/help',
  ];

  const clean = () =>
    expect([Object.keys(Object.prototype), ({} as { x?: unknown }).x, Object.keys(Array.prototype)]).toEqual([
      [],
      undefined,
      [],
    ]);

  test('a query changes no template and no object', async () => {
    const place = await scene();
    for (const path of ['/', '/help', '/nothing', '/login/twitch/callback']) {
      const usual = load((await place.request(path)).text);
      for (const query of queries) {
        const answer = await place.request(`${path}?${query}`);
        expect([400, 404, 200]).toContain(answer.status);
        expect(load(answer.text)('h1').text()).toBe(usual('h1').text());
        expect(load(answer.text)('main form').length).toBe(usual('main form').length);
        expect(answer.text).not.toMatch(/root:x:0|in"\)/);
        clean();
      }
    }
  });

  test('a body changes no object, and what is no form is no form', async () => {
    const place = await scene();
    const visitor = await place.signedIn(['Mixer']);
    const watch = await place.watch();
    const form = 'application/x-www-form-urlencoded';
    const bodies: [string, string, number[]][] = [
      [form, '__proto__[x]=1&__proto__[theme]=dark', [400]],
      [form, 'constructor[prototype][x]=1&constructor.prototype.x=1', [400]],
      [form, 'theme[__proto__][x]=1&theme[]=dark', [400]],
      [form, 'theme=dark&theme=light', [400]],
      [form, `theme=dark&a=${'x'.repeat(9 * 1024)}`, [413]],
      [form, `theme=dark&${Array.from({ length: 30 }, (_, index) => `f${index}=1`).join('&')}`, [413, 400]],
      [form, 'theme=%', [303, 400]],
      [`${form}; charset=utf-7`, 'theme=dark', [400, 415]],
      ['application/json', '{"theme":"dark","__proto__":{"x":1}}', [400, 415]],
      ['application/json', '{"theme":', [400, 415]],
      ['text/plain', 'theme=dark', [400, 415]],
      [
        'multipart/form-data; boundary=x',
        '--x\r\nContent-Disposition: form-data; name="theme"\r\n\r\ndark\r\n--x--',
        [400, 415],
      ],
      ['application/xml', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', [400, 415]],
    ];
    for (const [type, body, statuses] of bodies) {
      const answer = await place.request('/theme', {
        as: visitor,
        headers: { 'Sec-Fetch-Site': 'same-origin', 'Content-Type': type },
        body,
      });
      expect([type, body.slice(0, 40), statuses.includes(answer.status)]).toEqual([
        type,
        body.slice(0, 40),
        true,
      ]);
      clean();
    }
    // The same bodies at the forms that change something.
    for (const [type, body] of bodies) {
      for (const path of ['/login/twitch', '/profile/mixer/unlink', '/link/replace', '/account/delete']) {
        const answer = await place.request(path, {
          as: visitor,
          headers: { 'Sec-Fetch-Site': 'same-origin', 'Content-Type': type },
          body: body.replaceAll('theme', 'intent'),
        });
        expect([path, answer.status < 500]).toEqual([path, true]);
        clean();
      }
    }
    expect((await watch.written()).filter((what) => !/added login/.test(what))).toEqual([]);
  });

  test('a body that is compressed is refused, whatever is in it', async () => {
    const place = await scene();
    const headers = { 'Sec-Fetch-Site': 'same-origin', 'Content-Type': 'application/x-www-form-urlencoded' };
    for (const encoding of ['compress', 'gzip', 'br']) {
      const answer = await place.request('/theme', {
        headers: { ...headers, 'Content-Encoding': encoding },
        body: 'theme=dark',
      });
      expect([encoding, answer.status]).toEqual([encoding, 415]);
    }
  });
});

attack('WEB-06', () => {
  const good = {
    NODE_ENV: 'production',
    BASE_URL: 'https://login.example.org',
    SESSION_SECRET: 'v3ry-s3cret-value-of-more-than-32-bytes-here',
  };
  const problemsOf = (environment: Record<string, string>): { variables: string[]; message: string } => {
    try {
      readConfig(environment, madeUpClients);
    } catch (error) {
      const { problems, message } = error as ConfigError;
      return { variables: problems.map(({ variable }) => variable), message };
    }
    return { variables: [], message: '' };
  };

  const wrong: [string, Record<string, string>, string, string][] = [
    ['the sandbox on', { SANDBOX: 'on' }, 'SANDBOX', 'never-printed'],
    ['a service in the sandbox', { TWITCH: 'sandbox' }, 'TWITCH', 'never-printed'],
    ['a short secret', { SESSION_SECRET: 'short-canary' }, 'SESSION_SECRET', 'short-canary'],
    [
      'one short secret of two',
      { SESSION_SECRET: `${good.SESSION_SECRET},short-canary` },
      'SESSION_SECRET',
      'short-canary',
    ],
    ['no secret', { SESSION_SECRET: '' }, 'SESSION_SECRET', 'never-printed'],
    ['no address', { BASE_URL: '' }, 'BASE_URL', 'never-printed'],
    ['a plain address', { BASE_URL: 'http://canary.example.org' }, 'BASE_URL', 'canary.example.org'],
    ['an address with a user', { BASE_URL: 'https://canary:pw@login.example.org' }, 'BASE_URL', 'canary:pw'],
    [
      'a plain endpoint',
      { TWITCH_TOKEN_ENDPOINT: 'http://canary.example.org/token' },
      'TWITCH_TOKEN_ENDPOINT',
      'canary.example.org',
    ],
    ['a database of no kind', { DATABASE_URL: 'mysql://canary:pw@db/x' }, 'DATABASE_URL', 'canary:pw'],
    [
      'a store of no kind',
      { SESSION_STORE_URL: 'memcached://canary:pw@db' },
      'SESSION_STORE_URL',
      'canary:pw',
    ],
  ];

  test('what is right starts', () => {
    expect(problemsOf(good).variables).toEqual([]);
  });

  test.each(wrong)(
    'production with %s does not start, and names the variable alone',
    (_what, changes, variable, value) => {
      const { variables, message } = problemsOf({ ...good, ...changes });
      expect(variables).toContain(variable);
      expect(message).toContain(variable);
      expect(message).not.toContain(value);
      expect(message).not.toContain(good.SESSION_SECRET);
    },
  );

  test('the server itself ends with 1 and a line for each, without any value', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-attack-'));
    const script = join(import.meta.dirname, '../../src/server.ts');
    const env = {
      ...good,
      PATH: process.env['PATH']!,
      DATA_DIR: folder,
      SANDBOX: 'on',
      SESSION_SECRET: 'short-canary',
    };
    const failed = await promisify(execFile)(process.execPath, [script], {
      cwd: folder,
      env,
      timeout: 15_000,
    }).catch((error: { code: number; stdout: string; stderr: string }) => error);
    rmSync(folder, { recursive: true });
    expect(failed).toMatchObject({ code: 1 });
    const said = failed.stdout + failed.stderr;
    expect(said).toMatch(/SANDBOX:[\s\S]*SESSION_SECRET:|SESSION_SECRET:[\s\S]*SANDBOX:/);
    expect(said).not.toMatch(/short-canary|\.ts:\d+|node_modules/);
  });

  test('the doors of developers and of the sandbox are shut', async () => {
    const place = await scene({
      env: (sandboxUrl) => ({ ...liveAt(sandboxUrl), NODE_ENV: 'production', SANDBOX: 'off' }),
    });
    const doors = [
      ...['/setup', '/learn', '/learn/source/src/config.ts', '/inspector', '/inspector/compare', '/sandbox'],
      ...[
        '/api/requests',
        '/id.twitch.tv/oauth2/authorize',
        '/step',
        '/people',
        '/metrics',
        '/debug',
        '/debug/pprof',
      ],
      ...[
        '/.git/config',
        '/.git/HEAD',
        '/.env',
        '/package.json',
        '/src/config.ts',
        '/server.ts',
        '/latchkey.sqlite',
      ],
      ...[
        '/data/latchkey.sqlite',
        '/node_modules/express/package.json',
        '/assets/../package.json',
        '/views/pages/home.ejs',
      ],
      ...['/.well-known/openid-configuration', '/admin', '/status', '/actuator', '/console', '/graphql'],
    ];
    for (const path of doors) expect([path, (await place.request(path)).status]).toEqual([path, 404]);
    expect((await place.post('/setup/twitch/check', null, {})).status).toBe(404);
    const front = (await place.request('/')).text;
    expect(front).not.toMatch(/sandbox|Setup|Learn|Inspector/i);
    const failed = await place.request('/login/twitch/callback?code=x&state=x');
    expect(failed.text).not.toContain('For the developer');
  });

  test.each(serviceNames)('somebody from the sandbox of %s is nobody in earnest', async (name) => {
    const place = await scene({ env: { MIXIN_TOKEN: 'bearer' } });
    await place.signedIn([name], { person: 'Ada' });
    const played = await place.latchkey.database.selectFrom('identities').selectAll().execute();
    expect(played.map(({ mode }) => mode)).toEqual(['sandbox']);
    // The same installation, live: the same subject at the true service.
    const live = await place.startNode({
      ...liveAt(place.latchkey.sandboxUrl),
      TWITCH_SCOPES: 'user:read:email',
      SANDBOX: 'off',
    });
    const host = new URL(place.baseUrl).host;
    const visitor = place.visitor();
    const start = await place.request(`/login/${name.toLowerCase()}`, {
      at: live,
      headers: { 'Sec-Fetch-Site': 'same-origin' },
      body: { intent: 'sign-in' },
    });
    expect(start.status).toBe(200);
    const jar = new Map([
      [
        start.headers['set-cookie']![0]!.split('=')[0]!,
        start.headers['set-cookie']![0]!.split(';')[0]!.split('=').slice(1).join('='),
      ],
    ]);
    visitor.cookies.set('localhost', jar);
    place.latchkey.sandbox.state.settings = {
      ...place.latchkey.sandbox.state.settings,
      autoApprove: true,
      autoApproveAs: 'ada',
    };
    visitor.stopBefore = /\/callback\?/;
    const address = load(start.text)('meta[http-equiv=refresh]').attr('content')!.replace('0;url=', '');
    await visitor.open(address).catch(() => {});
    const { pathname, search } = visitor.stoppedAt!;
    const finished = await place.request(pathname + search, {
      as: visitor,
      at: live,
      headers: { Host: host },
    });
    expect([finished.status, finished.headers['location']]).toEqual([303, '/profile']);
    const all = await place.latchkey.database.selectFrom('identities').selectAll().execute();
    expect(all.map(({ mode }) => mode).toSorted()).toEqual(['live', 'sandbox']);
    expect(new Set(all.map(({ subject }) => subject)).size).toBe(1);
    expect(new Set(all.map(({ account_id }) => account_id)).size).toBe(2);
  });
});
