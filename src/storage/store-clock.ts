/** How often the store is asked, in milliseconds: as a rule, and until it has answered for the first time. */
const usualPace = { every: 60 * 1000, untilFirst: 5 * 1000 };

export interface StoreClock {
  /** Milliseconds since 1970, whole. */
  now(): number;
  /** Ends the measuring. */
  close(): void;
}

/**
 * This machine's clock, corrected by that of the store which several machines share: they then agree
 * on when a record ends. Measured once before this resolves and then every minute; a measurement that
 * fails leaves the last one in force.
 *
 * `readTime` gives the store's time, or null when it has none of its own; it must fail within about a
 * second.
 */
export async function createStoreClock(
  localNow: () => number,
  readTime: () => Promise<number | null>,
  pace = usualPace,
): Promise<StoreClock> {
  let offset = 0;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function measure(): Promise<'done' | 'failed' | 'needless'> {
    const askedAt = localNow();
    const time = await readTime().catch(() => undefined);
    if (time === undefined) return 'failed';
    if (time === null) return 'needless';
    // The store read its clock half-way between question and answer.
    offset = Math.round(time - (askedAt + localNow()) / 2);
    return 'done';
  }

  function schedule(milliseconds: number) {
    if (closed) return;
    timer = setTimeout(async () => {
      const outcome = await measure();
      schedule(outcome === 'done' ? pace.every : milliseconds);
    }, milliseconds).unref();
  }

  const first = await measure();
  if (first !== 'needless') schedule(first === 'done' ? pace.every : pace.untilFirst);
  return {
    now: () => localNow() + offset,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
