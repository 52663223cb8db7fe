import { connect, createServer, type Server, type Socket } from 'node:net';
import type { ExpiringRecords } from '../../src/storage/expiring-records.ts';
import { connectToRedis, type RedisConnection } from '../../src/storage/redis-connection.ts';
import { createRedisRecords } from '../../src/storage/redis-records.ts';
import { createRedisPrefix } from '../support/open-stores.ts';
import { startOwnRedis } from '../support/redis-server.ts';
import { describeWith, describeWithRedisServer } from '../support/stores.ts';
import { until } from '../support/until.ts';

/** Stands between the application and Redis, and can be cut or fall silent as a network can. */
interface Wire {
  readonly url: string;
  silent: boolean;
  /** No new connection gets through. */
  refuses: boolean;
  cut(): void;
  close(): Promise<void>;
}

async function startWire(redisUrl: string): Promise<Wire> {
  const { hostname, port } = new URL(redisUrl);
  const pairs = new Set<[Socket, Socket]>();
  const server: Server = createServer((near) => {
    if (wire.refuses) return void near.destroy();
    const far = connect(Number(port || 6379), hostname);
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    const pass = (from: Socket, to: Socket) => {
      from.on('data', (data) => wire.silent || to.write(data));
      from.on('error', () => {}).on('close', () => to.destroy());
    };
    pass(near, far);
    pass(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const wire: Wire = {
    url: `redis://127.0.0.1:${(server.address() as { port: number }).port}`,
    silent: false,
    refuses: false,
    cut() {
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      pairs.clear();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        wire.cut();
      }),
  };
  return wire;
}

describeWith('PostgreSQL and Redis', 'a connection to Redis', () => {
  let redis: Awaited<ReturnType<typeof createRedisPrefix>>;
  let wire: Wire;
  let connection: RedisConnection;
  let records: ExpiringRecords;
  beforeEach(async () => {
    redis = await createRedisPrefix();
    wire = await startWire(redis.url);
    connection = await connectToRedis(wire.url);
    records = createRedisRecords(connection, redis.prefix, Date.now);
  });
  afterEach(async () => {
    connection.close();
    await wire.close();
    await redis.drop();
  });

  const record = () => ({ key: 'k', owner: 'o', value: 'v', expiresAt: Date.now() + 60_000 });

  /** Tries until it works; gives the milliseconds that passed. */
  async function untilItWorks(): Promise<number> {
    const startedAt = performance.now();
    while (performance.now() - startedAt < 10_000) {
      const answer = connection.send(['PING']);
      const pause = new Promise((resolve) => setTimeout(resolve, 100));
      if ((await Promise.race([answer.catch(() => null), pause])) === 'PONG')
        return performance.now() - startedAt;
      await pause;
    }
    throw new Error('it never worked again');
  }

  test('is made again after it was cut', async () => {
    await records.put('grant', record());
    wire.cut();
    await untilItWorks();
    expect(await records.get('grant', 'k')).toMatchObject({ value: 'v' });
  });

  test('does not keep commands for later: what failed was not done afterwards', async () => {
    wire.refuses = true;
    wire.cut();
    const failures = [1, 2, 3].map(() => records.put('grant', record()).catch((error) => error.kind));
    expect(await Promise.all(failures)).toEqual(['unavailable', 'unavailable', 'unavailable']);
    wire.refuses = false;
    await untilItWorks();
    expect(await records.get('grant', 'k')).toBeNull();
  });

  test('is given up and made again when it falls silent', async () => {
    wire.silent = true;
    // What was swallowed is never answered: only a new connection can work.
    const asking = records.get('grant', 'k').catch((error: unknown) => error);
    expect(await asking).toMatchObject({ name: 'StorageError', kind: 'unavailable' });
    wire.silent = false;
    await untilItWorks();
    expect(await records.get('grant', 'k')).toBeNull();
  });

  test('works on a server that has forgotten the scripts', async () => {
    await records.put('grant', record());
    await connection.send(['SCRIPT', 'FLUSH']);
    expect(await records.get('grant', 'k')).toMatchObject({ value: 'v' });
  });

  test('passes a refusal on as a word, without what it quotes', async () => {
    await connection.send(['SET', `${redis.prefix}record:grant:canary`, 'not a hash']);
    const error = await records.get('grant', 'canary').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'StorageError', kind: 'unavailable' });
    expect(String(error)).not.toContain('canary');
  });

  test('leaves nothing behind for ever: every key in Redis has an end', async () => {
    await records.put('grant', record());
    await records.put('grant', { ...record(), key: 'k2' });
    await records.prolong('grant', 'k2', Date.now() + 120_000);
    await records.take('grant', 'k', 'o');
    const keys = (await connection.send(['KEYS', `${redis.prefix}*`])) as string[];
    expect(keys.toSorted()).toEqual(
      ['owner:grant:o', 'record:grant:k', 'record:grant:k2'].map((name) => redis.prefix + name),
    );
    const hour = 60 * 60 * 1000;
    for (const key of keys) {
      const left = (await connection.send(['PTTL', key])) as number;
      expect(left).toBeGreaterThan(hour - 5000);
      expect(left).toBeLessThanOrEqual(hour + 120_000);
    }
  });

  test('forgets in an owner’s set what Redis has collected', async () => {
    await records.put('grant', { ...record(), key: 'old' });
    const later = createRedisRecords(connection, redis.prefix, () => Date.now() + 2 * 60 * 60 * 1000);
    await later.put('grant', { ...record(), key: 'new', expiresAt: Date.now() + 3 * 60 * 60 * 1000 });
    expect(await connection.send(['ZRANGE', `${redis.prefix}owner:grant:o`, '0', '-1'])).toEqual(['new']);
  });

  test('leaves no name in the set of a former owner', async () => {
    await records.put('grant', record());
    await records.put('grant', { ...record(), owner: 'new' });
    expect(await connection.send(['ZRANGE', `${redis.prefix}owner:grant:o`, '0', '-1'])).toEqual([]);
    expect(await connection.send(['ZRANGE', `${redis.prefix}owner:grant:new`, '0', '-1'])).toEqual(['k']);
  });

  test('knows the server’s time', async () => {
    expect(Math.abs((await connection.readTime()) - Date.now())).toBeLessThan(60_000);
  });
});

describeWithRedisServer('a Redis that becomes a replica', () => {
  test('is left for one new connection, however many commands it refuses', async () => {
    const redis = await startOwnRedis();
    const [connection, operator] = [await connectToRedis(redis.url), await connectToRedis(redis.url)];
    const connectionsSoFar = async () => {
      const stats = String(await operator.send(['INFO', 'stats']));
      return Number(/total_connections_received:(\d+)/.exec(stats)![1]);
    };
    try {
      await operator.send(['REPLICAOF', '127.0.0.1', '1']);
      const before = await connectionsSoFar();
      const writing = Array.from({ length: 50 }, () => connection.send(['SET', 'key', 'value']));
      const refused = await Promise.allSettled(writing);
      expect(refused.filter(({ status }) => status === 'fulfilled')).toEqual([]);
      expect(refused[0]).toMatchObject({ reason: { kind: 'unavailable', code: 'READONLY' } });
      await until(() =>
        connection.send(['PING']).then(
          () => true,
          () => false,
        ),
      );
      expect(await connectionsSoFar()).toBe(before + 1);
      await operator.send(['REPLICAOF', 'NO', 'ONE']);
      expect(await connection.send(['SET', 'key', 'value'])).toBe('OK');
    } finally {
      connection.close();
      operator.close();
      await redis.close();
    }
  });
});
