import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RedisConnection } from './redis-connection.ts';
import { withinDeadline } from './with-deadline.ts';

/** A count is not worth a wait: later than this, this process counts by itself. */
const deadlineMilliseconds = 250;

/** Counts how often something happens, up to a limit. */
export interface RateCounter {
  /** Counts once more, and answers whether the limit still allows it. */
  take(key: string): Promise<boolean>;
  /** Takes back what was counted last. */
  giveBack(key: string): Promise<void>;
}

export interface RateCounterSettings {
  /** Tells it from other counters. */
  readonly name: string;
  readonly limit: number;
  /** After so long a count is forgotten. Whoever wants a new count earlier uses another key. */
  readonly seconds: number;
}

export type CreateRateCounter = (settings: RateCounterSettings) => RateCounter;

/** A counter of this process alone. */
export function createLocalRateCounter(settings: RateCounterSettings): RateCounter {
  return toCounter(createLocalLimiter(settings));
}

/**
 * A counter that all nodes share in Redis. While Redis does not answer, each counts by itself, from
 * nothing: a limit that fails must neither stop everybody nor let everything through.
 */
export function createSharedRateCounter(
  connection: RedisConnection,
  prefix: string,
  settings: RateCounterSettings,
): RateCounter {
  const evaluate = (script: string, options: { keys: string[]; arguments: string[] }) =>
    withinDeadline(
      connection.send([
        'EVAL',
        script,
        String(options.keys.length),
        ...options.keys,
        ...options.arguments.map(String),
      ]),
      deadlineMilliseconds,
    );
  return toCounter(
    new RateLimiterRedis({
      storeClient: { eval: evaluate },
      useRedisPackage: true,
      keyPrefix: `${prefix}rate:${settings.name}`,
      points: settings.limit,
      duration: settings.seconds,
      // What is over its limit is refused from memory, so that a flood does not reach Redis.
      inMemoryBlockOnConsumed: settings.limit + 1,
      insuranceLimiter: createLocalLimiter(settings),
    }),
  );
}

function createLocalLimiter({ name, limit, seconds }: RateCounterSettings): RateLimiterMemory {
  return new RateLimiterMemory({ keyPrefix: name, points: limit, duration: seconds });
}

function toCounter(limiter: RateLimiterMemory | RateLimiterRedis): RateCounter {
  return {
    async take(key) {
      try {
        await limiter.consume(key);
        return true;
      } catch (refusal) {
        if (refusal instanceof RateLimiterRes) return false;
        throw refusal;
      }
    },
    async giveBack(key) {
      await limiter.reward(key);
    },
  };
}
