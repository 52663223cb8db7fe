import fc from 'fast-check';

/*
 * FUZZ_SEED   the seed of every property; `new` for another one each time. A failure prints the seed
 *             and the path of its smallest example.
 * FUZZ_RUNS   how many times more runs than usual
 *
 * Without them each property sees the same examples every time, as any other test does.
 */
const { FUZZ_SEED: seed = '20261121', FUZZ_RUNS: factor = '1' } = process.env;

/** Longer than any property takes; with many runs, `npm run test:fuzz` sets more. */
export const longestMilliseconds = 60_000 * Number(factor);

/** Tries a property on `runs` examples. Throws with seed and the smallest example that breaks it. */
export async function holds<Examples>(property: fc.IAsyncProperty<Examples>, runs: number): Promise<void> {
  await fc.assert(property, {
    numRuns: runs * Number(factor),
    ...(seed === 'new' ? {} : { seed: Number(seed) }),
    // A failure is made smaller for a while, and printed before the test runs out of time.
    interruptAfterTimeLimit: longestMilliseconds * 0.8,
    markInterruptAsFailure: true,
    includeErrorInReport: true,
  });
}
