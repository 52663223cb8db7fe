import { gzipSync } from 'node:zlib';
import { usualGateLimits, usualLimits } from '../../src/oauth/http.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { until } from '../support/until.ts';
import { type Page, signIn, Visitor } from '../support/visitor.ts';
import {
  type Craft,
  type CraftedServer,
  startCraftedServer,
  toAnswer,
  writeForEver,
} from './crafted-server.ts';
import { comeBackFrom, yesToAll } from './support.ts';

/** Mixer with a token endpoint that answers as no honest server would. */

const { clientId, clientSecret } = madeUpClients.mixer;
const kilobyte = 1024;
let latchkey: RunningLatchkey;
let servers: CraftedServer[];
beforeEach(() => {
  servers = [];
});
afterEach(async () => {
  await latchkey.close();
  await Promise.all(servers.map((server) => server.close()));
});

async function serve(...parameters: Parameters<typeof startCraftedServer>): Promise<CraftedServer> {
  const server = await startCraftedServer(...parameters);
  servers.push(server);
  return server;
}

async function start(tokenEndpoint: string, totalMilliseconds = 8000): Promise<void> {
  latchkey = await startLatchkey({
    env: (sandboxUrl) => ({
      ...yesToAll,
      MIXER: 'live',
      MIXER_CLIENT_ID: clientId,
      MIXER_CLIENT_SECRET: clientSecret,
      MIXER_AUTHORIZATION_ENDPOINT: `${sandboxUrl}/mixer.com/oauth/authorize`,
      MIXER_TOKEN_ENDPOINT: tokenEndpoint,
      MIXER_USERINFO_ENDPOINT: `${sandboxUrl}/mixer.com/api/v1/users/current`,
    }),
    httpLimits: { ...usualLimits, totalMilliseconds },
  });
}

/** One login that comes as far as the token endpoint. */
const logIn = async (): Promise<Page> => (await comeBackFrom(latchkey, 'mixer')).finish();

/** What became of the only request, and the reason in the log. */
function seen(): { outcome: string; reason: string } {
  const [request] = latchkey.finishedRequests;
  const line = latchkey.logLines.find((each) => each.includes('"login.fail"')) ?? '{}';
  return { outcome: request!.outcome, reason: (JSON.parse(line) as { reason?: string }).reason ?? '' };
}

const notUnderstood = [502, 'Mixer answered in a way we do not understand'];
const notAnswering = [503, 'Mixer is not answering'];

test('the limits are those of the documentation', () => {
  latchkey = { close: async () => {} } as RunningLatchkey;
  expect(usualLimits).toEqual({ totalMilliseconds: 8000, maximumBytes: 256 * kilobyte });
  expect(usualGateLimits).toEqual({
    inFlight: 20,
    waiting: 50,
    breaker: { failures: 5, windowMilliseconds: 10_000, openMilliseconds: 15_000 },
  });
});

describe('an answer', () => {
  const tokens = (size: number) => {
    const body = { access_token: 'a', token_type: 'bearer', filler: '' };
    const filler = 'x'.repeat(size - JSON.stringify(body).length);
    return JSON.stringify({ ...body, filler });
  };

  test('of 256 kB is read, one of a byte more is not', async () => {
    let size = 256 * kilobyte;
    const server = await serve((socket) =>
      socket.end(toAnswer('200 OK', { Connection: 'close' }, tokens(size))),
    );
    await start(server.url);
    // It was read: the next step refuses a token that nobody knows.
    expect((await logIn()).heading).toBe('We are in, but Mixer gave us no profile');
    size += 1;
    expect((await logIn()).heading).toBe('Mixer answered in a way we do not understand');
  });

  const bombs: readonly [string, Craft, string][] = [
    [
      'of ten megabytes',
      (socket) => socket.end(toAnswer('200 OK', {}, tokens(10 * kilobyte * kilobyte))),
      'answer too large',
    ],
    [
      'of 200 kB that unpack to 200 MB',
      (socket) =>
        socket.end(
          toAnswer(
            '200 OK',
            { 'Content-Encoding': 'gzip' },
            gzipSync(Buffer.alloc(200 * kilobyte * kilobyte)),
          ),
        ),
      'answer is compressed',
    ],
    [
      'that is packed fifty times over',
      (socket) =>
        socket.end(
          toAnswer('200 OK', { 'Content-Encoding': Array(50).fill('gzip').join(', ') }, tokens(100)),
        ),
      'answer is compressed',
    ],
    [
      'that is not UTF-8',
      (socket) => socket.end(toAnswer('200 OK', {}, Buffer.from('{"access_token":"a\xff"}', 'latin1'))),
      'answer is not UTF-8',
    ],
  ];
  test.each(bombs)('%s is refused', async (_title, craft, reason) => {
    await start((await serve(craft)).url);
    const page = await logIn();
    expect([page.status, page.heading]).toEqual(notUnderstood);
    expect(seen()).toEqual({ outcome: 'unreadable', reason });
  });

  test('without an end is cut off, and its sender is not listened to any more', async () => {
    let written = () => 0;
    let closed = false;
    const server = await serve((socket) => {
      socket.on('close', () => {
        closed = true;
      });
      written = writeForEver(socket).written;
    });
    await start(server.url);
    const before = process.memoryUsage().external;
    const page = await logIn();
    expect([page.status, page.heading]).toEqual(notUnderstood);
    expect(seen()).toEqual({ outcome: 'unreadable', reason: 'answer too large' });
    await until(() => closed);
    // What both sides buffer is on its way, too.
    expect(written()).toBeLessThan(16 * kilobyte * kilobyte);
    expect((process.memoryUsage().external - before) / (kilobyte * kilobyte)).toBeLessThan(60);
  });

  test('with a megabyte of headers is none', async () => {
    const server = await serve((socket) =>
      socket.end(toAnswer('200 OK', { 'X-Filler': 'x'.repeat(kilobyte * kilobyte) })),
    );
    await start(server.url);
    const page = await logIn();
    expect([page.status, page.heading]).toEqual(notAnswering);
    expect(seen()).toEqual({ outcome: 'connection-error', reason: 'UND_ERR_HEADERS_OVERFLOW' });
  });

  test.each(['301 Moved', '302 Found', '303 See Other', '307 Temporary Redirect', '308 Permanent Redirect'])(
    '%s is not followed: nobody else gets the code and the secret',
    async (status) => {
      const elsewhere = await serve((socket) => socket.end(toAnswer('200 OK', {}, tokens(100))));
      const server = await serve((socket) =>
        socket.end(toAnswer(status, { Location: `${elsewhere.url}/token` })),
      );
      await start(server.url);
      const page = await logIn();
      expect([page.status, page.heading]).toEqual(notUnderstood);
      expect(seen()).toEqual({ outcome: 'unreadable', reason: `status ${status.slice(0, 3)}` });
      expect([server.counts.requests, elsewhere.counts.connections]).toEqual([1, 0]);
    },
  );
});

describe('the time for everything together', () => {
  const half = toAnswer('200 OK', { 'Content-Length': '1000' }, '{"access_token":').subarray(0, -1);
  const slow: readonly [string, Craft][] = [
    ['nothing', () => {}],
    ['half of its headers', (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Type: appl')],
    ['half of its body', (socket) => socket.write(half)],
    [
      'one byte after the other',
      (socket) => {
        socket.write(half);
        const drip = setInterval(() => socket.write('x'), 50);
        socket.on('close', () => clearInterval(drip));
      },
    ],
  ];
  test.each(slow)('is over when there comes %s', async (_title, craft) => {
    await start((await serve(craft)).url, 600);
    const page = await logIn();
    expect([page.status, page.heading]).toEqual(notAnswering);
    expect(Number(page.headers['retry-after'])).toBeGreaterThan(0);
    expect(seen()).toEqual({ outcome: 'timeout', reason: 'TimeoutError' });
    const [request] = latchkey.finishedRequests;
    expect(request!.milliseconds).toBeGreaterThanOrEqual(590);
    expect(request!.milliseconds).toBeLessThan(3000);
  });

  test('has two seconds for the connection, TLS included', async () => {
    const server = await serve(() => {});
    await start(server.url.replace('http:', 'https:'));
    expect((await logIn()).heading).toBe('Mixer is not answering');
    expect(seen()).toEqual({ outcome: 'connection-error', reason: 'UND_ERR_CONNECT_TIMEOUT' });
    const [request] = latchkey.finishedRequests;
    expect(request!.milliseconds).toBeGreaterThanOrEqual(1900);
    expect(request!.milliseconds).toBeLessThan(4000);
  });

  test('is eight seconds', async () => {
    await start((await serve(() => {})).url);
    const startedAt = performance.now();
    const page = await logIn();
    expect([page.status, page.heading]).toEqual(notAnswering);
    const seconds = (performance.now() - startedAt) / 1000;
    expect(seconds).toBeGreaterThanOrEqual(8);
    expect(seconds).toBeLessThan(10);
  }, 20_000);
});

describe('a connection that', () => {
  const cannotBe: readonly [string, () => Promise<string>, RegExp][] = [
    [
      'nobody takes',
      async () => {
        const server = await startCraftedServer(() => {});
        await server.close();
        return server.url;
      },
      /^ECONNREFUSED$/,
    ],
    // Names have 63 letters between two dots at most: no server is asked for this one.
    ['leads to a name that is not there', async () => `https://${'a'.repeat(64)}.invalid`, /^ENOTFOUND$/],
    [
      'is reset in the middle of the body',
      async () =>
        (
          await serve((socket) => {
            socket.write(toAnswer('200 OK', { 'Content-Length': '1000' }, '{'), () =>
              socket.resetAndDestroy(),
            );
          })
        ).url,
      /^(?:ECONNRESET|UND_ERR_SOCKET)$/,
    ],
    [
      'has a certificate that nobody has signed',
      async () => (await serve(() => {}, { selfSigned: true })).url,
      /^DEPTH_ZERO_SELF_SIGNED_CERT$/,
    ],
    [
      'is without TLS where it should have it',
      async () =>
        (
          await serve(() => {}, { onConnection: (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n') })
        ).url.replace('http:', 'https:'),
      /^(?:ERR_SSL_|EPROTO|ECONNRESET)/,
    ],
  ];
  test.each(cannotBe)(
    '%s is its own reason in the log and one page for people',
    async (_title, endpoint, reason) => {
      await start(await endpoint());
      const page = await logIn();
      expect([page.status, page.heading]).toEqual(notAnswering);
      expect(seen()).toEqual({ outcome: 'connection-error', reason: expect.stringMatching(reason) });
      // And nobody else is touched by it.
      expect((await signIn(new Visitor(), latchkey.baseUrl, 'Resonite')).heading).toBe('Your accounts');
    },
  );
});

test('a server that cannot prove who it is gets no request, however often', async () => {
  const server = await serve(() => {}, { selfSigned: true });
  await start(server.url);
  for (let times = 0; times < 3; times++) await logIn();
  expect(server.counts.requests).toBe(0);
});

test('a Retry-After of a day is kept for ten minutes', async () => {
  const server = await serve((socket) =>
    socket.end(toAnswer('429 Too Many Requests', { 'Retry-After': '86400' })),
  );
  await start(server.url);
  const first = await logIn();
  expect([first.heading, first.headers['retry-after']]).toEqual(['Mixer asks us to wait', '600']);
  latchkey.advance(599_000);
  await logIn();
  expect(server.counts.requests).toBe(1);
  latchkey.advance(1000);
  await logIn();
  expect(server.counts.requests).toBe(2);
});
