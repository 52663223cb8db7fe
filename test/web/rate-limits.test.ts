import supertest from 'supertest';
import { createLocalRateCounter } from '../../src/storage/rate-counters.ts';
import { connectToRedis } from '../../src/storage/redis-connection.ts';
import { createSharedRateCounter } from '../../src/storage/shared-rate-counters.ts';
import { type RunningLatchkey, startLatchkey, usualRateLimits } from '../support/latchkey.ts';
import { createRedisPrefix, type StoresKind } from '../support/open-stores.ts';
import { describeStores, describeWith } from '../support/stores.ts';
import { closeAtEnd } from '../support/close-at-end.ts';
import { openTcpProxy } from '../support/tcp-proxy.ts';
import {
  answerAtProvider,
  captureCallback,
  linkProvider,
  signIn,
  startSignIn,
  Visitor,
} from '../support/visitor.ts';

let latchkey: RunningLatchkey;
afterEach(() => latchkey.close());

async function open(env: Record<string, string>, stores: StoresKind = 'SQLite'): Promise<void> {
  latchkey = await startLatchkey({ stores, env });
  // Half a minute before the next window, so that no test runs into it by chance.
  const minute = 60_000;
  latchkey.advance(minute + minute / 2 - (Date.now() % minute));
}

const behindProxy = { TRUSTED_PROXIES: 'loopback' };
const newBinding = (number: number) => `latchkey-login=${String(number).padStart(43, 'b')}`;

interface Client {
  readonly from?: string;
  readonly cookie?: string;
}

/** One start of a login, without following it. */
function start({ from, cookie }: Client = {}, at = latchkey.baseUrl) {
  const request = supertest(at).post('/login/twitch').set('Sec-Fetch-Site', 'same-origin');
  if (from) request.set('X-Forwarded-For', from);
  if (cookie) request.set('Cookie', cookie);
  return request;
}

/** The statuses of many starts, one after the other, counted. */
async function startMany(count: number, client: (number: number) => Client): Promise<Record<string, number>> {
  const statuses: Record<string, number> = {};
  for (let number = 0; number < count; number++) {
    const { status } = await start(client(number));
    statuses[status] = (statuses[status] ?? 0) + 1;
  }
  return statuses;
}

describeStores('starting a login', (stores) => {
  test('a browser that is stuck is stopped, and neither its network nor its other logins are', async () => {
    await open(
      { ...behindProxy, RATE_LIMIT_START_PER_BROWSER: '12', RATE_LIMIT_START_PER_ADDRESS: '30' },
      stores,
    );
    const stuck = () => ({ from: '203.0.113.7', cookie: newBinding(1) });
    expect(await startMany(100, stuck)).toEqual({ 200: 12, 429: 88 });
    // What is open in one browser is limited as well, to ten.
    expect((await latchkey.listRecords('login')).length).toBeLessThanOrEqual(10);
    // The refused ones have not used up what the network may.
    const others = (number: number) => ({ from: '203.0.113.7', cookie: newBinding(100 + number) });
    expect(await startMany(20, others)).toEqual({ 200: 18, 429: 2 });
  });

  test('cookies that a client drops or invents lift no limit', async () => {
    await open({ ...behindProxy, RATE_LIMIT_START_PER_ADDRESS: '30' }, stores);
    const inventing = (number: number) => ({
      from: '203.0.113.7',
      ...(number % 2 ? { cookie: newBinding(number) } : {}),
    });
    expect(await startMany(50, inventing)).toEqual({ 200: 30, 429: 20 });
    expect((await start({ from: '203.0.113.8' })).status).toBe(200);
  });

  test('after the time that the answer names it works again', async () => {
    await open({ RATE_LIMIT_START_PER_ADDRESS: '2' }, stores);
    expect(await startMany(2, () => ({}))).toEqual({ 200: 2 });
    const refused = await start();
    const seconds = Number(refused.headers['retry-after']);
    expect(seconds).toBeGreaterThan(20);
    expect(seconds).toBeLessThanOrEqual(30);
    expect(refused.text).toContain(`Wait ${seconds} seconds`);
    latchkey.advance((seconds - 2) * 1000);
    expect((await start()).status).toBe(429);
    latchkey.advance(2000);
    expect((await start()).status).toBe(200);
  });

  test('no key or value of a counter holds an address or a cookie', async () => {
    await open({ ...behindProxy, RATE_LIMIT_START_PER_ADDRESS: '2' }, stores);
    await startMany(4, (number) => ({ from: '203.0.113.7', cookie: newBinding(number) }));
    const lines = latchkey.logLines.filter((line) => line.includes('rate_limited'));
    expect(lines).toHaveLength(2);
    expect(lines.join('')).not.toContain('203.0');
    expect(JSON.parse(lines[0]!)).toMatchObject({
      msg: 'rate_limited',
      area: 'start',
      reason: 'address',
      reference: expect.any(String),
    });
  });
});

describe('an address', () => {
  test('is one subscriber: an IPv4 address, or a /56 of IPv6', async () => {
    await open({ ...behindProxy, RATE_LIMIT_START_PER_ADDRESS: '5' });
    const hex = (number: number) => (number + 1).toString(16);
    const inOneNetwork = (number: number) => ({ from: `2001:db8:1:23${hex(number)}::${hex(number * 7)}` });
    expect(await startMany(14, inOneNetwork)).toEqual({ 200: 5, 429: 9 });
    expect((await start({ from: '2001:db8:1:2400::1' })).status).toBe(200);
    // IPv4 in the notation of IPv6: as many groups as there are addresses, not one.
    const mapped = (number: number) => ({ from: `::ffff:198.51.100.${number}` });
    expect(await startMany(10, mapped)).toEqual({ 200: 10 });
    expect(await startMany(6, () => ({ from: '::ffff:c633:6409' }))).toEqual({ 200: 4, 429: 2 });
  });

  test('comes from proxies that are trusted, and from nobody else', async () => {
    await open({ RATE_LIMIT_START_PER_ADDRESS: '5' });
    expect(await startMany(10, (number) => ({ from: `198.51.100.${number}` }))).toEqual({ 200: 5, 429: 5 });
  });

  test('that is the trusted proxy’s own word, not what a visitor put before it', async () => {
    await open({ ...behindProxy, RATE_LIMIT_START_PER_ADDRESS: '5' });
    const forged = (number: number) => ({ from: `198.51.100.${number}, 203.0.113.7` });
    expect(await startMany(10, forged)).toEqual({ 200: 5, 429: 5 });
  });
});

test('five hundred people behind one address can all sign in within a minute', async () => {
  await open({ ...behindProxy, ...usualRateLimits });
  expect(await startMany(500, (number) => ({ from: '203.0.113.7', cookie: newBinding(number) }))).toEqual({
    200: 500,
  });
  // Each comes back once, and some reload: none of these knows its state, which costs nothing here.
  const statuses = new Set<number>();
  for (let number = 0; number < 600; number++) {
    const { status } = await supertest(latchkey.baseUrl)
      .get('/login/twitch/callback?code=x&state=y')
      .set({ 'X-Forwarded-For': '203.0.113.7', Cookie: newBinding(number % 500) });
    statuses.add(status);
  }
  expect([...statuses]).toEqual([400]);
}, 60_000);

test('a person who links every service, changes their mind and starts again meets no limit', async () => {
  await open(usualRateLimits);
  const visitor = new Visitor();
  await signIn(visitor, latchkey.baseUrl, 'Twitch', { deny: true });
  await signIn(visitor, latchkey.baseUrl, 'Twitch');
  for (const name of ['Mixin', 'Resonite', 'Mixer']) {
    await linkProvider(visitor, latchkey.baseUrl, name, { deny: true });
    await linkProvider(visitor, latchkey.baseUrl, name);
  }
  expect(visitor.page.heading).toBe('Your accounts');
  expect(latchkey.logLines.filter((line) => line.includes('rate_limited'))).toEqual([]);
});

describe('a callback that is refused', () => {
  test('for its browser keeps its login: loading the same address a minute later works', async () => {
    await open({ RATE_LIMIT_CALLBACK_PER_BROWSER: '1' });
    const visitor = new Visitor();
    const begin = () => startSignIn(visitor, latchkey.baseUrl, 'Twitch');
    const callback = await captureCallback(visitor, begin, latchkey.baseUrl);
    expect((await visitor.open(`${callback.origin}${callback.pathname}?code=x&state=y`)).status).toBe(400);
    expect((await visitor.open(callback.href)).status).toBe(429);
    latchkey.advance(60_000);
    expect((await visitor.open(callback.href)).heading).toBe('Your accounts');
  });

  test('as a picture or a frame on another page counts for nobody, and leaves the login as it is', async () => {
    await open({ RATE_LIMIT_CALLBACK_PER_ADDRESS: '3' });
    const visitor = new Visitor();
    const begin = () => startSignIn(visitor, latchkey.baseUrl, 'Twitch');
    const callback = await captureCallback(visitor, begin, latchkey.baseUrl);
    for (const destination of ['image', 'iframe', 'script', 'empty', 'object']) {
      const response = await supertest(latchkey.baseUrl)
        .get(callback.pathname + callback.search)
        .set({ 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Dest': destination })
        .set('Cookie', visitor.cookieHeader(callback));
      expect(response.status).toBe(403);
    }
    expect((await visitor.open(callback.href)).heading).toBe('Your accounts');
  });

  test('asks the provider nothing, and the page leads back to it', async () => {
    await open({ RATE_LIMIT_CALLBACK_PER_ADDRESS: '1' });
    const other = new Visitor();
    await signIn(other, latchkey.baseUrl, 'Mixer');
    const visitor = new Visitor();
    const callback = await captureCallback(
      visitor,
      () => startSignIn(visitor, latchkey.baseUrl, 'Resonite'),
      latchkey.baseUrl,
    );
    const asked = () => latchkey.sandbox.state.requests.filter(({ path }) => path.endsWith('/token')).length;
    const before = asked();
    const refused = await visitor.open(callback.href);
    expect(refused.status).toBe(429);
    expect(refused.text).toContain('Nothing was lost.');
    expect(asked()).toBe(before);
    latchkey.advance(60_000);
    await visitor.press('Try again');
    expect(visitor.page.heading).toBe('Your accounts');
  });
});

describe('what changes an account', () => {
  test('is limited for its session, whatever other cookies come with it', async () => {
    await open({ RATE_LIMIT_ACTION_PER_BROWSER: '5' });
    const visitor = new Visitor();
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    const session = visitor.cookies.get('localhost')!.get('latchkey')!;
    const read = (number: number) =>
      supertest(latchkey.baseUrl)
        .post('/profile/resonite/read')
        .set('Sec-Fetch-Site', 'same-origin')
        .set('Cookie', `latchkey=${session}; ${newBinding(number)}`);
    const statuses = [];
    for (let number = 0; number < 8; number++) statuses.push((await read(number)).status);
    expect(statuses).toEqual([303, 303, 303, 303, 303, 429, 429, 429]);
    expect((await visitor.open(`${latchkey.baseUrl}/account/data.json`)).status).toBe(429);
    // Another person is not touched by that.
    const other = new Visitor();
    await signIn(other, latchkey.baseUrl, 'Twitch');
    await other.press('Read profile again');
    expect(other.page.status).toBe(200);
  });

  const paths = [
    '/profile/twitch/read',
    '/profile/twitch/unlink',
    '/link/replace',
    '/link/conflict',
    '/sessions/x/end',
    '/sessions/end-others',
    '/account/delete',
    '/setup/twitch/check',
    '/no/such/form',
  ];
  test.each(paths)('%s is', async (path) => {
    await open({ RATE_LIMIT_ACTION_PER_ADDRESS: '1' });
    const post = () => supertest(latchkey.baseUrl).post(path).set('Sec-Fetch-Site', 'same-origin');
    expect((await post()).status).not.toBe(429);
    expect((await post()).status).toBe(429);
  });
});

test('signing out, the theme, files, pages and life signs are never refused', async () => {
  await open({
    ...Object.fromEntries(Object.keys(usualRateLimits).map((name) => [name, '1'])),
    LOG_LEVEL: 'info',
  });
  const visitor = new Visitor();
  await startSignIn(visitor, latchkey.baseUrl, 'Twitch');
  await answerAtProvider(visitor, latchkey.baseUrl);
  const statuses = new Set<number>();
  for (let number = 0; number < 5; number++) {
    for (const path of ['/healthz', '/readyz', '/assets/latchkey.css', '/profile', '/help'])
      statuses.add((await visitor.open(`${latchkey.baseUrl}${path}`)).status);
    await visitor.open(`${latchkey.baseUrl}/help`);
    statuses.add((await visitor.press('Dark')).status);
  }
  await visitor.open(`${latchkey.baseUrl}/profile`);
  expect((await visitor.press('Sign out')).status).toBe(200);
  expect([...statuses]).toEqual([200]);
});

test('a start that is refused keeps where the person wanted to go', async () => {
  await open({ RATE_LIMIT_START_PER_ADDRESS: '1' });
  const visitor = new Visitor();
  await startSignIn(visitor, latchkey.baseUrl, 'Twitch');
  await visitor.open(`${latchkey.baseUrl}/?return_to=%2Fhelp`);
  expect((await visitor.press('Continue with Mixer')).status).toBe(429);
  latchkey.advance(60_000);
  await visitor.press('Try again');
  await visitor.press('Continue with Mixer');
  await answerAtProvider(visitor, latchkey.baseUrl);
  expect(visitor.page.url.pathname).toBe('/help');
});

test('0 and off switch a limit off', async () => {
  await open({ RATE_LIMIT_START_PER_BROWSER: '0', RATE_LIMIT_START_PER_ADDRESS: 'off' });
  expect(await startMany(60, () => ({ cookie: newBinding(1) }))).toEqual({ 200: 60 });
});

describeWith('PostgreSQL and Redis', 'two nodes on one Redis', () => {
  test('count together', async () => {
    await open({ RATE_LIMIT_START_PER_ADDRESS: '6' }, 'PostgreSQL and Redis');
    const node = await latchkey.startNode();
    const statuses: number[] = [];
    for (let number = 0; number < 5; number++) {
      statuses.push((await start({}, latchkey.baseUrl)).status, (await start({}, node.baseUrl)).status);
    }
    await node.close();
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 429, 429, 429, 429]);
  });

  test('each count by themselves while Redis is away, and neither fail nor let everything through', async () => {
    await open({});
    const { url, prefix, drop } = await createRedisPrefix();
    const wire = await openTcpProxy(url, 6379);
    const redis = await connectToRedis(wire.url);
    const close = closeAtEnd(async () => redis.close());
    const create = () => createSharedRateCounter(redis, prefix, { name: 'test', limit: 3, seconds: 60 });
    const [one, other] = [create(), create()];
    expect([await one.take('a'), await other.take('a'), await one.take('a')]).toEqual([true, true, true]);
    expect(await other.take('a')).toBe(false);
    await wire.set('cut');
    const alone = [await one.take('b'), await one.take('b'), await one.take('b'), await one.take('b')];
    expect(alone).toEqual([true, true, true, false]);
    expect(await other.take('b')).toBe(true);
    await wire.close();
    await close();
    await drop();
  });
});

describeWith('PostgreSQL', 'two nodes without Redis', () => {
  test('count each by itself', async () => {
    await open({ RATE_LIMIT_START_PER_ADDRESS: '2' }, 'PostgreSQL');
    const node = await latchkey.startNode();
    const statuses: number[] = [];
    for (let number = 0; number < 3; number++) {
      statuses.push((await start({}, latchkey.baseUrl)).status, (await start({}, node.baseUrl)).status);
    }
    await node.close();
    expect(statuses).toEqual([200, 200, 200, 200, 429, 429]);
  });
});

test('a count of one process is forgotten when its time is over, whoever else is counted meanwhile', async () => {
  await open({});
  let time = 0;
  const counter = createLocalRateCounter({ name: 'test', limit: 2, seconds: 60 }, () => time);
  const takeMany = async (key: string) => [
    await counter.take(key),
    await counter.take(key),
    await counter.take(key),
  ];
  expect(await takeMany('a')).toEqual([true, true, false]);
  time = 30_000;
  expect(await takeMany('b')).toEqual([true, true, false]);
  await counter.giveBack('b');
  await counter.giveBack('b');
  expect([await counter.take('b'), await counter.take('b')]).toEqual([true, false]);
  time = 59_999;
  expect(await counter.take('a')).toBe(false);
  time = 60_000;
  expect(await takeMany('a')).toEqual([true, true, false]);
  expect(await counter.take('b')).toBe(false);
});
