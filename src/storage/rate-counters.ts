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

/** A counter of this process alone. `now` is in milliseconds, from any beginning, and never goes back. */
export function createLocalRateCounter(
  { limit, seconds }: RateCounterSettings,
  now: () => number = () => performance.now(),
): RateCounter {
  // All last equally long, so the first to be counted is the first to be forgotten.
  const counts = new Map<string, { count: number; readonly endsAt: number }>();

  function forgetEnded(): void {
    const time = now();
    for (const [key, { endsAt }] of counts) {
      if (endsAt > time) return;
      counts.delete(key);
    }
  }

  return {
    async take(key) {
      forgetEnded();
      const known = counts.get(key);
      if (known) return ++known.count <= limit;
      counts.set(key, { count: 1, endsAt: now() + seconds * 1000 });
      return limit >= 1;
    },
    async giveBack(key) {
      const known = counts.get(key);
      if (known) known.count--;
    },
  };
}
