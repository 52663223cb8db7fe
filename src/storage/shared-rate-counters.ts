import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateCounter, RateCounterSettings } from './rate-counters.ts';
import type { RedisConnection } from './redis-connection.ts';
import { withinDeadline } from './with-deadline.ts';

/** A count is not worth a wait: later than this, this process counts by itself. */
const deadlineMilliseconds = 250;

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
      insuranceLimiter: new RateLimiterMemory({
        keyPrefix: settings.name,
        points: settings.limit,
        duration: settings.seconds,
      }),
    }),
  );
}

function toCounter(limiter: RateLimiterRedis): RateCounter {
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
