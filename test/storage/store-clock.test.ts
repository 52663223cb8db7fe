import { setTimeout as sleep } from 'node:timers/promises';
import { createStoreClock, type StoreClock } from '../../src/storage/store-clock.ts';
import { openStores } from '../../src/storage/stores.ts';
import { createPostgresDatabase, createRedisPrefix } from '../support/open-stores.ts';
import { describeWith } from '../support/stores.ts';
import { until } from '../support/until.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(localNow: () => number, readTime: () => Promise<number | null>): Promise<StoreClock> {
  const clock = await createStoreClock(localNow, readTime);
  closers.push(() => clock.close());
  return clock;
}

test('without a shared store it is the clock of this machine', async () => {
  let asked = 0;
  const clock = await start(
    () => 1234,
    async () => {
      asked += 1;
      return null;
    },
  );
  expect(clock.now()).toBe(1234);
  expect(asked).toBe(1);
});

test('a shared store’s time counts, and goes on with this machine’s clock', async () => {
  let local = 1000;
  const clock = await start(
    () => local,
    async () => 50_000,
  );
  expect(clock.now()).toBe(50_000);
  local += 5;
  expect(clock.now()).toBe(50_005);
});

test('half of the way there and back is taken off', async () => {
  let local = 1000;
  const clock = await start(
    () => local,
    async () => {
      local += 100;
      return 50_000;
    },
  );
  // Read half-way, so by now it is 50 ms later there.
  expect(clock.now()).toBe(50_050);
});

test('it is a whole number of milliseconds', async () => {
  const clock = await start(
    () => 1001,
    async () => 50_000.4,
  );
  expect(clock.now()).toBe(50_000);
});

describe('as time goes by', () => {
  let asked = 0;
  /** A clock that stands still, on a store that gives one answer after the other, then fails. */
  async function startWith(answers: (number | Error)[], pace: { every: number; untilFirst: number }) {
    asked = 0;
    const clock = await createStoreClock(
      () => 1000,
      async () => {
        const answer = answers[asked];
        asked += 1;
        if (typeof answer !== 'number') throw answer ?? new Error('asked once more');
        return answer;
      },
      pace,
    );
    closers.push(() => clock.close());
    return clock;
  }
  const never = 60 * 60 * 1000;

  test('it is measured again and again', async () => {
    const clock = await startWith([5000, 7000, 6000], { every: 10, untilFirst: never });
    expect(clock.now()).toBe(5000);
    await until(() => clock.now() === 7000);
    await until(() => clock.now() === 6000);
  });

  test('a measurement that fails leaves the last one in force', async () => {
    const clock = await startWith([5000, new Error('down'), 8000], { every: 10, untilFirst: never });
    await until(() => asked === 2);
    expect(clock.now()).toBe(5000);
    await until(() => clock.now() === 8000);
  });

  test('a store that was down at the start is asked again soon', async () => {
    const down = new Error('down');
    const clock = await startWith([down, down, 5000], { every: never, untilFirst: 10 });
    expect(clock.now()).toBe(1000);
    await until(() => clock.now() === 5000);
  });

  test('nobody is asked after it was closed', async () => {
    const clock = await startWith([5000, 7000], { every: 10, untilFirst: 10 });
    clock.close();
    await sleep(50);
    expect(asked).toBe(1);
  });
});

describeWith('PostgreSQL and Redis', 'stores that are shared', () => {
  test.each(['PostgreSQL', 'PostgreSQL and Redis'])(
    'correct a clock that is an hour wrong: %s',
    async (kind) => {
      const postgres = await createPostgresDatabase();
      const redis = await createRedisPrefix();
      const stores = await openStores(
        {
          file: ':memory:',
          databaseUrl: postgres.url,
          databasePoolSize: 2,
          sessionStoreUrl: kind === 'PostgreSQL' ? null : redis.url,
          sessionStorePrefix: redis.prefix,
        },
        () => Date.now() - 60 * 60 * 1000,
      );
      closers.push(postgres.drop, redis.drop, () => stores.close());
      // The servers' clocks are near this machine's own, as far as this test is concerned.
      expect(Math.abs(stores.now() - Date.now())).toBeLessThan(60_000);
      await stores.checkStores();
    },
  );
});
