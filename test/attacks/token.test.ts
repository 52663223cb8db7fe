import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import tls from 'node:tls';
import { gzipSync } from 'node:zlib';
import supertest from 'supertest';
import { readConfig } from '../../src/config.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { resonite } from '../../src/providers/resonite.ts';
import { twitch } from '../../src/providers/twitch.ts';
import type { FaultName } from '../../src/sandbox/faults.ts';
import { openGrants } from '../sessions/support.ts';
import { listen } from '../support/close-at-end.ts';
import { until } from '../support/until.ts';
import { useBareClient } from '../providers/support.ts';
import { createCertificate } from '../support/certificates.ts';
import { collectGarbage } from '../support/garbage.ts';
import { type GoBetween, startGoBetween } from '../support/go-between.ts';
import { liveAt } from '../support/live.ts';
import { readRows } from '../support/rows.ts';
import { answerAtProvider, type Page, signIn, startSignIn, type Visitor } from '../support/visitor.ts';
import { attack } from './attack.ts';
import { type Scene, services, useScenes } from './witness.ts';

const scene = useScenes();

/** The service with its token endpoint behind a server of the test. */
const behindToken = (id: string, options = {}) =>
  scene.behind([`${id.toUpperCase()}_TOKEN_ENDPOINT`], options);

interface Failed {
  readonly page: Page;
  readonly visitor: Visitor;
}

/** Signs in as far as the page that says what went wrong; nothing may be left of it. */
async function failingLogin(place: Scene, name: string): Promise<Failed> {
  const visitor = place.visitor();
  const watch = await place.watch();
  await startSignIn(visitor, place.baseUrl, name);
  const page = await answerAtProvider(visitor, place.baseUrl);
  expect(page.status).toBeGreaterThanOrEqual(400);
  expect(page.heading).not.toBe('Your accounts');
  expect(visitor.cookies.get('localhost')!.get('latchkey')).toBeUndefined();
  // The note that the login was used stays for an hour.
  expect(await watch.written()).toEqual(['added login']);
  const logins = await place.latchkey.listRecords('login');
  expect(logins.filter(({ value }) => value !== 'gone:used')).toEqual([]);
  const failed = watch.logged().filter(({ msg }) => msg === 'login.fail');
  expect(failed).toHaveLength(1);
  return { page, visitor };
}

const json = (body: unknown, status = 200) => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** Answers with this, whatever is asked. */
function answering(status: number, headers: Record<string, string>, body: string | Buffer) {
  return (_request: unknown, response: ServerResponse) => response.writeHead(status, headers).end(body);
}

const looksGood = JSON.stringify({
  access_token: 'canary-access-token-1',
  token_type: 'bearer',
  expires_in: 3600,
  scope: [],
});

attack('TOK-01', () => {
  const errors: [string, unknown][] = [
    ['an error of OAuth', { error: 'invalid_grant', error_description: 'no' }],
    ['an error as Mixin writes it', { error: { status: 202, code: 401, description: 'Unauthorized' } }],
    ['an error that is a number', { error: 7 }],
    ['an error that is null', { error: null }],
    ['{}', {}],
    ['data that is null', { data: null }],
    ['data with nothing in it', { data: {} }],
  ];

  describe.each(services)('%s', (name, id) => {
    test.each(errors)('200 with %s signs nobody in', async (_what, body) => {
      const [place, between] = await behindToken(id);
      between.change = () => json(body);
      await failingLogin(place, name);
      expect(await place.accounts()).toEqual([]);
      expect(between.seen).toHaveLength(1);
    });

    test('200 with tokens and an error signs nobody in', async () => {
      const [place, between] = await behindToken(id);
      between.change = (answer) =>
        json({ ...JSON.parse(String(answer.body)), error: id === 'mixin' ? { code: 401 } : 'access_denied' });
      await failingLogin(place, name);
      expect(await place.accounts()).toEqual([]);
    });

    test('the same answers unchanged do sign in', async () => {
      const [place, between] = await behindToken(id);
      between.change = (answer) => answer;
      const page = await signIn(place.visitor(), place.baseUrl, name);
      expect(page.heading).toBe('Your accounts');
    });
  });
});

attack('TOK-02', () => {
  /** Content type and body; null leaves the answer's own body. */
  const answers: [string, string | null, string | Buffer | null][] = [
    ['JSON that is called HTML', 'text/html', null],
    ['JSON that is called plain text', 'text/plain', null],
    ['JSON that is called JavaScript', 'application/javascript', null],
    ['JSON that is called a picture', 'image/png', null],
    ['JSON without a type', null, null],
    ['JSON in UTF-16', 'application/json; charset=utf-16', Buffer.from(`\ufeff${looksGood}`, 'utf16le')],
    ['bytes that are no UTF-8', 'application/json', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
    ['a form', 'application/x-www-form-urlencoded', 'access_token=canary-access-token-1&token_type=bearer'],
    ['JSON cut off', 'application/json', looksGood.slice(0, 40)],
    ['JSON with something behind it', 'application/json', `${looksGood}<script>`],
    ['two answers', 'application/json', looksGood + looksGood],
    ['nothing', 'application/json', ''],
    ['a list', 'application/json', `[${looksGood}]`],
    ['an empty list', 'application/json', '[]'],
    ['a text', 'application/json', '"canary-access-token-1"'],
    ['a number', 'application/json', '1'],
    ['true', 'application/json', 'true'],
    ['null', 'application/json', 'null'],
    ['NaN', 'application/json', 'NaN'],
    ['100,000 nested lists', 'application/json', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['20,000 nested objects', 'application/json', `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`],
    [
      'members of every object',
      'application/json',
      '{"__proto__":{"access_token":"x","token_type":"bearer"}}',
    ],
    ['an HTML page', 'text/html', '<h1>canary-access-token-1</h1><script>alert(1)</script>'],
  ];

  describe.each(services)('%s', (name, id) => {
    test('is refused in time whatever it is, and neither shown nor logged', async () => {
      const [place, between] = await behindToken(id);
      for (const [what, type, body] of answers) {
        between.change = (answer) => ({
          status: 200,
          headers: type === null ? {} : { 'content-type': type },
          body: body ?? answer.body,
        });
        const before = performance.now();
        const { page } = await failingLogin(place, name);
        expect([what, page.status]).toEqual([what, 502]);
        expect(performance.now() - before).toBeLessThan(8000);
        expect(page.html).not.toMatch(/canary|<script>alert/);
        expect(page.text).toContain('token_response_invalid');
      }
      expect(place.latchkey.logLines.join()).not.toMatch(/canary|nested/);
      expect(({} as Record<string, unknown>)['access_token']).toBeUndefined();
      expect(await place.accounts()).toEqual([]);
      between.change = null;
      expect((await signIn(place.visitor(), place.baseUrl, name)).heading).toBe('Your accounts');
    }, 120_000);
  });
});

attack('TOK-05', () => {
  const megabyte = 1024 * 1024;
  const chunk = Buffer.alloc(16 * 1024, 'x');

  /** Sends for ever, as fast as it is read; counts what went out. */
  function endless(sent: { bytes: number }) {
    return (_request: unknown, response: ServerResponse) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const more = () => {
        while (!response.destroyed) {
          sent.bytes += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
      };
      more();
    };
  }

  // Made once: 200 MB of spaces are about 200 kB in gzip.
  const bomb = gzipSync(Buffer.alloc(200 * megabyte, ' '));
  const many = Array(50).fill('gzip').join(', ');

  test.each(services)(
    'of %s is cut off, and little memory goes with it',
    async (name, id) => {
      const [place, between] = await behindToken(id);
      const sent = { bytes: 0 };
      const answers: [string, GoBetween['instead'] & object][] = [
        ['10 MB', answering(200, { 'content-type': 'application/json' }, Buffer.alloc(10 * megabyte, ' '))],
        ['an endless body', endless(sent)],
        ['a bomb', answering(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }, bomb)],
        [
          '50 encodings',
          answering(200, { 'content-type': 'application/json', 'content-encoding': many }, bomb),
        ],
        [
          'another encoding',
          answering(200, { 'content-type': 'application/json', 'content-encoding': 'br' }, '{}'),
        ],
        [
          '1 MB of headers',
          answering(200, { 'content-type': 'application/json', 'x-large': 'x'.repeat(megabyte) }, '{}'),
        ],
        [
          '2,000 headers',
          (_request, response) => {
            for (let index = 0; index < 2000; index++) response.setHeader(`x-${index}`, 'x');
            response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
          },
        ],
      ];
      // The first round warms up.
      let [before, largest] = [0, 0];
      for (const round of [1, 2]) {
        collectGarbage();
        before = process.memoryUsage().external;
        for (const [what, instead] of answers) {
          between.instead = instead;
          const { page } = await failingLogin(place, name);
          expect([what, [502, 503].includes(page.status)]).toEqual([what, true]);
          if (round === 2) largest = Math.max(largest, process.memoryUsage().external - before);
        }
      }
      // 256 kB are read, and the sockets of both sides hold some more.
      expect(sent.bytes / 2).toBeLessThan(8 * megabyte);
      expect(largest).toBeLessThan(64 * megabyte);
      expect(await place.accounts()).toEqual([]);
    },
    120_000,
  );
});

attack('TOK-06', () => {
  // Whoever is not kept waiting needs far less.
  const limit = 3000;
  const httpLimits = { totalMilliseconds: limit, maximumBytes: 256 * 1024 };
  const timers: NodeJS.Timeout[] = [];
  afterEach(() => {
    for (const timer of timers.splice(0)) clearInterval(timer);
  });

  const slowWays: [string, GoBetween['instead'] & object][] = [
    ['never answers', () => {}],
    [
      'drips a byte at a time',
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        timers.push(setInterval(() => response.write(' '), 50));
      },
    ],
    [
      'drips its headers',
      (_request, response) => {
        response.socket!.write('HTTP/1.1 200 OK\r\n');
        timers.push(setInterval(() => response.socket?.write('x-a: b\r\n'), 50));
      },
    ],
    [
      'stops in the middle of its body',
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
        response.write(looksGood.slice(0, 20));
      },
    ],
    [
      'asks to go on, again and again',
      (_request, response) => {
        timers.push(setInterval(() => response.writeProcessing(), 50));
      },
    ],
  ];

  test.each(services)(
    'from %s: one deadline for all, and others go on meanwhile',
    async (name, id) => {
      const [place, between] = await behindToken(id, { httpLimits });
      const other = name === 'Mixer' ? 'Resonite' : 'Mixer';
      const bystander = place.visitor();
      const theirs = await place.callback(bystander, other);
      const logins = await Promise.all(
        slowWays.map(async ([what, instead]) => {
          const visitor = place.visitor();
          return { what, instead, visitor, callback: await place.callback(visitor, name) };
        }),
      );
      const ended: string[] = [];
      const slow = [];
      for (const { what, instead, visitor, callback } of logins) {
        between.instead = instead;
        const before = performance.now();
        const waiting = visitor.open(callback.href).then((page) => {
          ended.push(what);
          return { what, page, took: performance.now() - before };
        });
        slow.push(waiting);
        await until(() => between.seen.length === slow.length);
      }
      expect((await bystander.open(theirs.href)).heading).toBe('Your accounts');
      expect(ended).toEqual([]);
      for (const { what, page, took } of await Promise.all(slow)) {
        expect([what, page.status, page.heading]).toEqual([what, 503, `${name} is not answering`]);
        expect(page.text).toContain('Start again');
        expect(page.headers['retry-after']).toBeDefined();
        expect(took).toBeGreaterThanOrEqual(limit - 50);
        expect(took).toBeLessThan(limit + 6000);
      }
    },
    120_000,
  );

  test('of a server that takes the connection and says nothing in TLS', async () => {
    const silent = await listenTcp(() => {});
    const place = await scene({
      httpLimits,
      env: (sandboxUrl) => ({
        ...liveAt(sandboxUrl),
        RESONITE_TOKEN_ENDPOINT: `https://127.0.0.1:${silent.port}/token`,
      }),
    });
    const before = performance.now();
    const { page } = await failingLogin(place, 'Resonite');
    expect([page.status, page.heading]).toEqual([503, 'Resonite is not answering']);
    expect(performance.now() - before).toBeLessThan(limit + 6000);
    await silent.close();
  });
});

function listenTcp(onConnection: (socket: Socket) => void): ReturnType<typeof listen> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    onConnection(socket);
  });
  return listen(server);
}

attack('TOK-07', () => {
  const statuses = [301, 302, 303, 307, 308];
  const startBare = useBareClient();
  let canary: GoBetween;
  beforeEach(async () => {
    canary = await startGoBetween();
    canary.instead = answering(200, { 'content-type': 'application/json' }, looksGood);
  });
  afterEach(() => canary.close());

  /** The same server by another name, by its number, and beside the place that redirects. */
  const targets = () => [canary.url, canary.url.replace('127.0.0.1', 'localhost')];

  test.each(services)('from the token endpoint of %s', async (name, id) => {
    const [place, between] = await behindToken(id);
    for (const status of statuses) {
      for (const target of targets()) {
        between.instead = answering(
          status,
          { location: `${target}/token`, 'content-type': 'application/json' },
          looksGood,
        );
        const { page } = await failingLogin(place, name);
        expect(page.status).toBe(502);
      }
    }
    expect(canary.seen).toEqual([]);
    expect(between.seen).toHaveLength(statuses.length * 2);
    expect(await place.accounts()).toEqual([]);
  });

  test.each(services)('from the profile of %s', async (name, id) => {
    const [place, between] = await scene.behind([`${id.toUpperCase()}_USERINFO_ENDPOINT`]);
    for (const status of statuses) {
      for (const target of targets()) {
        between.instead = answering(status, { location: `${target}/me` }, '');
        await failingLogin(place, name);
      }
    }
    expect(canary.seen).toEqual([]);
    expect(await place.accounts()).toEqual([]);
  });

  test('from where Twitch validates tokens', async () => {
    const env = { TWITCH_SCOPES: 'user:read:email' };
    const [place, between] = await scene.behind(['TWITCH_VALIDATION_ENDPOINT'], { env });
    for (const status of statuses) {
      between.instead = answering(status, { location: `${canary.url}/validate` }, '');
      await failingLogin(place, 'Twitch');
    }
    expect(between.seen.length).toBe(statuses.length);
    expect(canary.seen).toEqual([]);
  });

  test('from where Twitch revokes tokens', async () => {
    const [place, between] = await scene.behind(['TWITCH_REVOCATION_ENDPOINT']);
    for (const status of statuses) {
      between.instead = answering(status, { location: `${canary.url}/revoke` }, '');
      const visitor = await place.signedIn(['Twitch']);
      await visitor.open(`${place.baseUrl}/profile`);
      await visitor.press('Sign out');
      expect(visitor.page.text).toContain('You are signed out.');
    }
    expect(between.seen.length).toBeGreaterThanOrEqual(statuses.length);
    expect(canary.seen).toEqual([]);
    expect(await place.latchkey.listRecords('session')).toEqual([]);
  });

  test.each([
    ['Twitch', twitch],
    ['Resonite', { ...resonite, defaultScope: [...resonite.defaultScope, 'openid'] }],
  ])('from the keys of %s', async (_name, provider) => {
    const keys = await startGoBetween();
    for (const status of statuses) {
      keys.instead = answering(status, { location: `${canary.url}/keys` }, '');
      const bare = await startBare(provider, {
        change: (played) => ({ ...played, endpoints: { ...played.endpoints, jwks: `${keys.url}/keys` } }),
      });
      await expect(bare.login()).rejects.toMatchObject({ code: 'id_token_invalid' });
    }
    expect(keys.seen).toHaveLength(statuses.length);
    expect(canary.seen).toEqual([]);
    await keys.close();
  });
});

attack('TOK-08', () => {
  const cases: [string, number, unknown, Record<string, string>, number, RegExp][] = [
    ['500', 500, { message: 'x' }, {}, 503, /is not answering/],
    ['502', 502, '<h1>Bad gateway</h1>', {}, 503, /is not answering/],
    ['503', 503, {}, { 'retry-after': '3600' }, 503, /is not answering/],
    ['504', 504, '', {}, 503, /is not answering/],
    ['429 for an hour', 429, {}, { 'retry-after': '3600' }, 503, /asks us to wait/],
    ['429 with nonsense', 429, {}, { 'retry-after': 'soon' }, 503, /asks us to wait/],
    ['429 for less than nothing', 429, {}, { 'retry-after': '-5' }, 503, /asks us to wait/],
    ['401 invalid_client', 401, { error: 'invalid_client' }, {}, 502, /not set up correctly/],
    ['400 invalid_grant', 400, { error: 'invalid_grant' }, {}, 400, /was too old/],
    ['400 invalid_request', 400, { error: 'invalid_request' }, {}, 502, /refused our request/],
  ];
  /** Twitch and Mixin have errors of their own shape; there only the statuses say something. */
  const casesOf = (id: string) =>
    cases.filter(([, status]) => (id !== 'mixin' && id !== 'twitch') || status >= 429);

  describe.each(services)('%s', (name, id) => {
    test.each(casesOf(id))(
      '%s: sent once, spent, and told whose fault it is',
      async (_what, status, body, headers, shown, heading) => {
        const [place, between] = await behindToken(id);
        const text = typeof body === 'string' ? body : JSON.stringify(body);
        between.instead = answering(status, { 'content-type': 'application/json', ...headers }, text);
        const visitor = place.visitor();
        const callback = await place.callback(visitor, name);
        const page = await visitor.open(callback.href);
        expect([page.status, page.heading]).toEqual([shown, expect.stringMatching(heading)]);
        expect(between.seen).toHaveLength(1);
        if (shown === 503) {
          const seconds = Number(page.headers['retry-after']);
          expect(seconds).toBeGreaterThan(0);
          expect(seconds).toBeLessThanOrEqual(600);
        }
        between.instead = null;
        // Spent: the same code is not sent again, even now that it would work.
        expect((await visitor.open(callback.href)).heading).toBe('This sign-in was already finished');
        expect(between.seen).toHaveLength(1);
        expect(await place.accounts()).toEqual([]);
      },
    );
  });

  test.each(services)(
    'a wrong secret at %s is told to who runs the site, as an error in the log',
    async (name, id) => {
      const place = await scene({ env: id === 'mixin' ? { MIXIN_CLIENT_AUTH: 'secret' } : {} });
      place.latchkey.sandbox.state.faults.set(id, 'token_wrong_secret');
      const watch = await place.watch();
      const { page } = await failingLogin(place, name);
      expect(page.heading).toBe(`This site is not set up correctly for ${name}`);
      expect(page.text).toContain('our own password, not yours');
      const [line] = watch.logged().filter(({ msg }) => msg === 'login.fail');
      // 50 is pino's error; what a person did wrong is a warning.
      expect(line).toMatchObject({ level: 50, provider: id, code: 'token_request_refused' });
      expect(line!['reason']).toContain('registration');
    },
  );
});

attack('TOK-09', () => {
  /** Live, with the token endpoint of Resonite at this address. */
  const liveWith = (address: string) =>
    scene({ env: (sandboxUrl) => ({ ...liveAt(sandboxUrl), RESONITE_TOKEN_ENDPOINT: address }) });

  /** The reason in the log for a login that ends with the one friendly page. */
  async function reasonOf(place: Scene): Promise<string> {
    const watch = await place.watch();
    const { page } = await failingLogin(place, 'Resonite');
    expect([page.status, page.heading]).toEqual([503, 'Resonite is not answering']);
    expect(page.text).toContain('Start again');
    expect(page.html).not.toMatch(/ECONN|ENOTFOUND|CERT_|127\.0\.0\.1:\d+\/token/);
    const [line] = watch.logged().filter(({ msg }) => msg === 'login.fail');
    return String(line!['reason']);
  }

  test('a name that nobody has', async () => {
    expect(await reasonOf(await liveWith('https://nobody.invalid/token'))).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/);
  });

  test('a port where nobody listens', async () => {
    const server = await listenTcp(() => {});
    const { port } = server;
    await server.close();
    expect(await reasonOf(await liveWith(`http://127.0.0.1:${port}/token`))).toBe('ECONNREFUSED');
  });

  test('a connection that breaks before and in the middle of the answer', async () => {
    const [place, between] = await behindToken('resonite');
    between.instead = (_request, response) => response.socket!.resetAndDestroy();
    expect(await reasonOf(place)).toMatch(/^(ECONNRESET|UND_ERR_SOCKET)$/);
    between.instead = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
      response.write(looksGood.slice(0, 20), () => response.socket!.resetAndDestroy());
    };
    expect(await reasonOf(place)).toMatch(/^(ECONNRESET|UND_ERR_SOCKET)$/);
  });

  test('something that is not HTTP', async () => {
    const server = await listenTcp((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
    const place = await liveWith(`http://127.0.0.1:${server.port}/token`);
    expect(await reasonOf(place)).toMatch(/^HPE_|^UND_ERR|^HTTPParserError$/);
    await server.close();
  });

  describe('a certificate', () => {
    const hour = 60 * 60 * 1000;
    const good = createCertificate({ name: 'localhost' });
    const expired = createCertificate({
      name: 'localhost',
      from: Date.now() - 2 * hour,
      until: Date.now() - hour,
    });
    const early = createCertificate({
      name: 'localhost',
      from: Date.now() + hour,
      until: Date.now() + 2 * hour,
    });
    const foreign = createCertificate({ name: 'evil.example' });
    const unknown = createCertificate({ name: 'localhost' });
    // The clients of these tests trust all of them but one: what is wrong is then what is refused.
    const usual = tls.getCACertificates('default');
    beforeAll(() => {
      tls.setDefaultCACertificates([...usual, good.cert, expired.cert, early.cert, foreign.cert]);
    });
    afterAll(() => tls.setDefaultCACertificates(usual));

    async function overTls(options: tls.SecureContextOptions): Promise<[Scene, GoBetween]> {
      const between = await startGoBetween(options);
      const place = await scene({
        env: (sandboxUrl) => {
          between.target = sandboxUrl;
          const origin = between.url.replace('127.0.0.1', 'localhost');
          const address = resonite.endpoints.token.replace('https:/', origin);
          return { ...liveAt(sandboxUrl), RESONITE_TOKEN_ENDPOINT: address };
        },
      });
      return [place, between];
    }

    test('that is good is accepted: the others are refused for what is wrong with them', async () => {
      const [place, between] = await overTls(good);
      const watch = await place.watch();
      await signIn(place.visitor(), place.baseUrl, 'Resonite');
      // The ID token names the sandbox’s issuer, which live mode does not know: the token request came through.
      expect(between.seen).toHaveLength(1);
      expect(JSON.stringify(watch.logged())).not.toMatch(/provider_unreachable/);
      await between.close();
    });

    test.each([
      ['that has ended', expired, /^CERT_HAS_EXPIRED$/],
      ['that is not good yet', early, /^CERT_NOT_YET_VALID$/],
      ['for another name', foreign, /^ERR_TLS_CERT_ALTNAME_INVALID$/],
      ['that it made itself', unknown, /^DEPTH_ZERO_SELF_SIGNED_CERT$/],
    ])('%s is refused, and nothing is sent in the clear', async (_what, certified, reason) => {
      const [place, between] = await overTls(certified);
      expect(await reasonOf(place)).toMatch(reason);
      expect(between.seen).toEqual([]);
      await between.close();
    });

    test('of a server that speaks TLS 1.1 at most is not even looked at', async () => {
      const old = {
        ...good,
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1.1',
        ciphers: 'ALL:@SECLEVEL=0',
      } as const;
      const [place, between] = await overTls(old);
      expect(await reasonOf(place)).toMatch(/^ERR_SSL_|^EPROTO$|^ECONNRESET$/);
      expect(between.seen).toEqual([]);
      await between.close();
    });

    test('is not asked for where http is configured, and http is configured nowhere but on this machine', async () => {
      const environment = { RESONITE_TOKEN_ENDPOINT: 'http://login.example.org/token' };
      expect(() => readConfig(environment, madeUpClients)).toThrow(/RESONITE_TOKEN_ENDPOINT/);
    });
  });
});

attack('TOK-10', () => {
  const canary = (index: number) => `canary-${index}-${'s3cr3t'.repeat(4)}`;
  const headers = {
    'content-type': 'application/json',
    location: `https://evil.example/?access_token=${canary(1)}`,
    'set-cookie': `sid=${canary(2)}`,
    'www-authenticate': `Bearer error="x", error_description="${canary(3)}"`,
    'x-trace': canary(4),
  };
  const body = JSON.stringify({
    access_token: canary(5),
    refresh_token: canary(6),
    id_token: `${canary(7)}.${canary(7)}.${canary(7)}`,
    token: canary(8),
    nested: [[{ token: canary(9) }], { deep: { deeper: [canary(10)] } }],
    cause: { message: canary(11), access_token: canary(12) },
    message: canary(13),
    data: { access_token: canary(14), ed25519: canary(15), authorization_id: canary(16) },
  });
  const answers: [string, GoBetween['instead'] & object][] = [
    ['200', answering(200, headers, body)],
    ['200 cut off', answering(200, headers, body.slice(0, -3))],
    ['200 in HTML', answering(200, { ...headers, 'content-type': 'text/html' }, body)],
    ['307', answering(307, headers, body)],
    ['400', answering(400, headers, body)],
    ['401', answering(401, headers, body)],
    ['403', answering(403, headers, body)],
    ['429', answering(429, headers, body)],
    ['500', answering(500, headers, body)],
    ['a megabyte', answering(200, headers, JSON.stringify({ a: canary(17).repeat(30_000) }))],
    [
      'a broken connection',
      (_request, response) => {
        response.writeHead(200, { ...headers, 'content-length': '9000' });
        response.write(body, () => response.socket!.resetAndDestroy());
      },
    ],
  ];
  const printed: string[] = [];
  const [outWrite, errorWrite] = [process.stdout.write, process.stderr.write];
  beforeEach(() => {
    printed.length = 0;
    const keep = (write: typeof outWrite) =>
      function kept(this: NodeJS.WriteStream, ...parts: unknown[]) {
        printed.push(String(parts[0]));
        return Reflect.apply(write, this, parts);
      } as typeof outWrite;
    process.stdout.write = keep(outWrite);
    process.stderr.write = keep(errorWrite);
  });
  afterEach(() => {
    process.stdout.write = outWrite;
    process.stderr.write = errorWrite;
  });

  describe.each(services)('%s', (name, id) => {
    test.each(['TOKEN', 'USERINFO'])(
      'from its %s endpoint: no secret is said anywhere',
      async (endpoint) => {
        const [place, between] = await scene.behind([`${id.toUpperCase()}_${endpoint}_ENDPOINT`], {
          // Without openid: the keys of the true Twitch are not here.
          env: (sandboxUrl) => ({ ...liveAt(sandboxUrl), TWITCH_SCOPES: 'user:read:email' }),
        });
        for (const [, instead] of answers) {
          between.instead = instead;
          const visitor = place.visitor();
          await startSignIn(visitor, place.baseUrl, name);
          await answerAtProvider(visitor, place.baseUrl);
          expect(visitor.page.heading).not.toBe('Your accounts');
          // The recorded login too.
          const trace = visitor.page
            .$('main a')
            .toArray()
            .map((a) => visitor.page.$(a).attr('href')!);
          const flow = trace.find((href) => href.startsWith('/inspector/'));
          if (flow) await visitor.open(place.baseUrl + flow);
        }
        // A profile is asked for once more when the connection broke; a code never is.
        expect(between.seen).toHaveLength(answers.length + (endpoint === 'USERINFO' ? 1 : 0));
        const said = place.ownAnswers().map((answer) => JSON.stringify([answer.headers, answer.body]));
        expect(said.length).toBeGreaterThan(answers.length);
        const shown = said.flatMap((text) =>
          [...text.matchAll(/.{0,200}canary-\d+-s3cr3t.{0,40}/g)].map(String),
        );
        expect([...new Set(shown)]).toEqual([]);
        expect(place.latchkey.logLines.filter((line) => line.includes('s3cr3t'))).toEqual([]);
        expect(place.latchkey.logLines.join()).toContain('login.fail');
        expect(printed.filter((text) => text.includes('s3cr3t'))).toEqual([]);
        const rows = [...(await readRows(place.latchkey)).values()].join();
        expect(rows).not.toContain('s3cr3t');
      },
      120_000,
    );
  });

  test('an error that carries them in message and cause leaves only its class and places', async () => {
    const place = await scene();
    const visitor = await place.signedIn(['Mixer']);
    const usual = place.latchkey.records.get.bind(place.latchkey.records);
    Object.assign(place.latchkey.records, {
      get: () => {
        const cause = Object.assign(new Error(canary(2)), {
          response: { body: { access_token: canary(3) } },
        });
        throw Object.assign(new TypeError(canary(1), { cause }), { headers: [canary(4)], token: canary(5) });
      },
    });
    const page = await visitor.open(`${place.baseUrl}/profile`);
    Object.assign(place.latchkey.records, { get: usual });
    expect(page.status).toBe(500);
    expect(page.html).not.toContain('s3cr3t');
    const line = place.latchkey.logLines.find((one) => one.includes('"failure"'))!;
    expect(line).toContain('TypeError');
    expect(place.latchkey.logLines.join()).not.toContain('s3cr3t');
    expect(printed.join()).not.toContain('s3cr3t');
  });
});

attack('TOK-12', () => {
  interface RequestToken {
    readonly text: string;
    readonly header: Record<string, unknown>;
    readonly claims: Record<string, string & number>;
  }
  const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());

  /** Every signed request that went to the sandbox. */
  function signedRequests(place: Scene): { path: string; requestId: string; token: RequestToken }[] {
    return place.latchkey.sandbox.state.requests
      .filter(({ service, headers }) => service === 'mixin' && headers['authorization'])
      .map(({ path, headers }) => {
        const text = String(headers['authorization']).replace('Bearer ', '');
        const [header = '', claims = ''] = text.split('.');
        return {
          path,
          requestId: String(headers['x-request-id']),
          token: { text, header: decode(header), claims: decode(claims) },
        };
      });
  }

  test('are EdDSA, fresh, a minute long at most, and over the exact request', async () => {
    const place = await scene();
    const visitor = await place.signedIn(['Mixin']);
    place.latchkey.advance(60_000 * 2);
    await visitor.open(`${place.baseUrl}/profile`);
    await visitor.press('Read profile again');
    const sent = signedRequests(place);
    expect(sent.length).toBeGreaterThanOrEqual(2);
    for (const { path, requestId, token } of sent) {
      expect(token.header).toEqual({ alg: 'EdDSA', typ: 'JWT' });
      expect(token.claims['exp']! - token.claims['iat']!).toBeLessThanOrEqual(60);
      expect(token.claims['sig']).toBe(createHash('sha256').update(`GET${path}`).digest('hex'));
      expect(token.claims['jti']).toBe(requestId);
      expect(token.claims['scp']).toBe('PROFILE:READ PHONE:READ');
    }
    expect(new Set(sent.map(({ requestId }) => requestId)).size).toBe(sent.length);
  });

  test('come from a key of each login’s own, which nothing but a sealed row holds', async () => {
    const place = await scene();
    await place.signedIn(['Mixin'], { person: 'Ada' });
    await place.signedIn(['Mixin'], { person: 'Ada' });
    await place.signedIn(['Mixin'], { person: 'Cy' });
    const keys = place.latchkey.sandbox.state.requests.flatMap(({ body }) => body['ed25519'] ?? []);
    expect(new Set(keys).size).toBe(3);
    const seeds = (await openGrants(place.latchkey)).map(({ tokens }) => tokens.signing!.seed);
    expect(new Set(seeds).size).toBe(3);
    const rows = [...(await readRows(place.latchkey)).values()].join();
    const said = place
      .ownAnswers()
      .map(({ body }) => body)
      .join();
    const sent = JSON.stringify(place.latchkey.sandbox.state.requests);
    for (const seed of seeds) {
      for (const text of [rows, said, sent, place.latchkey.logLines.join()]) {
        expect(text).not.toContain(seed);
        expect(text).not.toContain(Buffer.from(seed, 'base64url').toString('hex'));
      }
    }
  });

  test('altered in method, path or body are refused by the sandbox, and so is one that is too old', async () => {
    const place = await scene();
    await place.signedIn(['Mixin']);
    const [{ token, requestId, path }] = signedRequests(place) as [ReturnType<typeof signedRequests>[0]];
    const call = (method: 'get' | 'post', to: string, text = token.text) =>
      supertest(place.latchkey.sandboxUrl)
        [method](`/api.mixin.one${to}`)
        .set({ Authorization: `Bearer ${text}`, 'X-Request-Id': requestId });
    const codeOf = (answer: { body: { error?: { code?: number } } }) => answer.body.error?.code ?? null;
    const [head, claims, signature] = token.text.split('.') as [string, string, string];
    const forged = Buffer.from(JSON.stringify({ ...decode(claims), exp: token.claims['exp']! + 3600 }));
    expect(codeOf(await call('post', path).send({ a: 1 }))).not.toBeNull();
    expect(codeOf(await call('get', `${path}?a=b`))).toBe(401);
    expect(codeOf(await call('get', '/users/x'))).not.toBeNull();
    expect(codeOf(await call('get', path, `${head}.${forged.toString('base64url')}.${signature}`))).toBe(401);
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url');
    expect(codeOf(await call('get', path, `${none}.${claims}.`))).toBe(401);
    place.latchkey.advance(10 * 120_000);
    expect(codeOf(await call('get', path))).toBe(401);
  });

  test.each(['clock_ahead', 'clock_behind'] as FaultName[])(
    'with a clock that is off (%s) the login fails with its page',
    async (fault) => {
      const place = await scene();
      place.latchkey.sandbox.state.faults.set('mixin', fault);
      const visitor = place.visitor();
      await startSignIn(visitor, place.baseUrl, 'Mixin');
      const page = await answerAtProvider(visitor, place.baseUrl);
      // One that is ahead finds the token ended; one that is behind may not look at its beginning.
      if (page.heading !== 'Your accounts') expect(await place.accounts()).toEqual([]);
      expect(page.html).not.toMatch(/eyJ[\w-]{20}/);
    },
  );

  test('go to the configured origin and nowhere else', async () => {
    const [place, between] = await scene.behind(['MIXIN_USERINFO_ENDPOINT']);
    between.instead = answering(200, { 'content-type': 'application/json' }, '{}');
    await failingLogin(place, 'Mixin');
    expect(between.seen).toHaveLength(1);
    expect(between.seen[0]!.headers['authorization']).toMatch(/^Bearer eyJ/);
    expect(signedRequests(place)).toEqual([]);
  });

  test.each(['integrity_wrong', 'request_id_wrong'] as FaultName[])(
    'an answer to another request (%s) is refused',
    async (fault) => {
      const place = await scene();
      place.latchkey.sandbox.state.faults.set('mixin', fault);
      await failingLogin(place, 'Mixin');
      expect(await place.accounts()).toEqual([]);
    },
  );
});
