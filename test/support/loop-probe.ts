import { monitorEventLoopDelay } from 'node:perf_hooks';

/*
 * Loaded into a server's process with `--import`: at SIGUSR2 it prints how long the event loop stood
 * still since the last time it was asked, and how much memory the process has.
 */

const resolutionMilliseconds = 5;
const histogram = monitorEventLoopDelay({ resolution: resolutionMilliseconds });
histogram.enable();

const toMilliseconds = (nanoseconds: number) =>
  Math.max(0, Math.round(nanoseconds / 1e6) - resolutionMilliseconds);

process.on('SIGUSR2', () => {
  const { rss, heapUsed } = process.memoryUsage();
  const reading = {
    longest: toMilliseconds(histogram.max),
    p99: toMilliseconds(histogram.percentile(99)),
    rssMegabytes: Math.round(rss / 1024 / 1024),
    heapMegabytes: Math.round(heapUsed / 1024 / 1024),
  };
  histogram.reset();
  process.stdout.write(`${JSON.stringify({ probe: reading })}\n`);
});
