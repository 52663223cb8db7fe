import type { Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import supertest from 'supertest';
import { listen, usualLimits } from '../../src/listener.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';

let server: Server;
let latchkey: RunningLatchkey;
beforeAll(async () => {
  latchkey = await startLatchkey();
});
afterAll(() => latchkey.close());
afterEach(async () => {
  if (!server?.listening) return;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** The server as it is started, with times that a test can wait for. */
async function listenQuickly(changes: Partial<typeof usualLimits>): Promise<void> {
  const limits = { ...usualLimits, checkMilliseconds: 20, ...changes };
  const handler: Parameters<typeof listen>[0] = (request, response) => {
    request.resume().on('end', () => response.end('answered'));
    request.on('error', () => {});
  };
  server = await listen(handler, '127.0.0.1', 0, 'PORT', 'npm start', limits);
}

interface Conversation {
  readonly socket: Socket;
  /** All that came back, when the server has closed the connection. */
  readonly closed: Promise<string>;
}

function talk(): Conversation {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  socket.on('error', () => {});
  const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(text)));
  return { socket, closed };
}

test('a client that sends its headers slowly is cut off with 408', async () => {
  await listenQuickly({ headersMilliseconds: 150 });
  const { socket, closed } = talk();
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n');
  const dripping = setInterval(() => socket.write('X-Slow: 1\r\n'), 30).unref();
  expect(await closed).toMatch(/^HTTP\/1\.1 408 /);
  clearInterval(dripping);
});

test('a client that sends its body slowly is cut off with 408', async () => {
  await listenQuickly({ headersMilliseconds: 150, requestMilliseconds: 300 });
  const { socket, closed } = talk();
  socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000\r\n\r\n');
  const dripping = setInterval(() => socket.write('x'), 30).unref();
  expect(await closed).toMatch(/^HTTP\/1\.1 408 /);
  clearInterval(dripping);
});

test('a connection may idle longer than headers may take, and is closed when its time is over', async () => {
  await listenQuickly({ headersMilliseconds: 100, keepAliveMilliseconds: 2000 });
  const { socket, closed } = talk();
  const ask = () => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  ask();
  await pause(350);
  ask();
  expect((await closed).match(/answered/g)).toHaveLength(2);
});

test('headers beyond 16 kB get 431', async () => {
  await listenQuickly({});
  const { socket, closed } = talk();
  socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nCookie: ${'x'.repeat(17_000)}\r\n\r\n`);
  expect(await closed).toMatch(/^HTTP\/1\.1 431 /);
});

test('the limits are those that the documents name', async () => {
  server = await listen(() => {}, '127.0.0.1', 0, 'PORT');
  expect(server).toMatchObject({ headersTimeout: 15_000, requestTimeout: 30_000, keepAliveTimeout: 130_000 });
});

const post = (path = '/login/twitch') =>
  supertest(latchkey.baseUrl).post(path).set('Sec-Fetch-Site', 'same-origin');
const openLogins = async () => (await latchkey.listRecords('login')).length;

describe('a body', () => {
  const unreadable: readonly [string, number, string, string | Buffer][] = [
    ['as JSON', 415, 'application/json', '{"intent":"sign-in"}'],
    ['as JSON that says it is text', 415, 'text/plain', '{"intent":"sign-in"}'],
    [
      'in parts',
      415,
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="intent"\r\n\r\nlink\r\n--x--\r\n',
    ],
    ['in another alphabet', 415, 'application/x-www-form-urlencoded; charset=koi8-r', 'intent=sign-in'],
    ['of 9 kB', 413, 'application/x-www-form-urlencoded', `intent=${'x'.repeat(9000)}`],
    [
      'with 30 fields',
      413,
      'application/x-www-form-urlencoded',
      Array.from({ length: 30 }, (_, index) => `f${index}=x`).join('&'),
    ],
  ];
  test.each(unreadable)('%s gets a page with %i and starts nothing', async (_what, status, type, body) => {
    const before = await openLogins();
    const response = await post().set('Content-Type', type).send(body);
    expect(response.status).toBe(status);
    expect(response.text).toContain(
      status === 413 ? 'This request is too large' : 'We cannot read this request',
    );
    expect(response.text).toContain('Nothing was changed.');
    expect(response.text).toContain(response.headers['x-request-id']);
    expect(await openLogins()).toBe(before);
  });

  test('that is compressed is refused unread, for it may be a thousand times as large', async () => {
    const response = await post()
      .set('Content-Type', 'application/x-www-form-urlencoded')
      .set('Content-Encoding', 'gzip')
      .send('intent=sign-in');
    expect(response.status).toBe(415);
  });

  test('is limited at every address that takes one', async () => {
    const paths = [
      '/logout',
      '/theme',
      '/profile/twitch/unlink',
      '/account/delete',
      '/sessions/x/end',
      '/no',
    ];
    const statuses = await Promise.all(
      paths.map(
        async (path) =>
          (
            await post(path)
              .type('form')
              .send({ x: 'x'.repeat(9000) })
          ).status,
      ),
    );
    expect(new Set(statuses)).toEqual(new Set([413]));
  });

  test('that is not there is an empty form', async () => {
    expect((await post()).status).toBe(200);
  });

  test('cannot reach the prototype of anything', async () => {
    const response = await post()
      .type('form')
      .send('__proto__[x]=1&constructor[prototype][x]=1&__proto__=1&intent=sign-in');
    expect(response.status).toBe(200);
    expect(({} as { x?: string }).x).toBeUndefined();
  });
});

test('more headers than any browser sends get a page with 431', async () => {
  const headers = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`X-Header-${index}`, '1']));
  const refused = await supertest(latchkey.baseUrl).get('/').set(headers(120));
  expect(refused.status).toBe(431);
  expect(refused.text).toContain('This request is too large');
  expect((await supertest(latchkey.baseUrl).get('/').set(headers(60))).status).toBe(200);
});
