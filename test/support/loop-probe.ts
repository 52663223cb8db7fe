import { openSync, readSync } from 'node:fs';
import { createHistogram } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/*
 * Loaded into a server's process with `--import`: at SIGUSR2 it prints how long the event loop stood
 * still since the last time it was asked, and how much memory the process has.
 *
 * On a busy machine a process also stands still because others have the processor. Linux counts that
 * time for each thread, and it is taken off: what is left is this process's own doing.
 */

const everyMilliseconds = 5;
const schedule = openIfThere('/proc/self/schedstat');
const buffer = Buffer.alloc(100);

function openIfThere(file: string): number | null {
  try {
    return openSync(file, 'r');
  } catch {
    return null;
  }
}

/** Milliseconds that this thread has waited for a processor, since it began. 0 where nobody counts. */
function readWaiting(): number {
  if (schedule === null) return 0;
  const length = readSync(schedule, buffer, 0, buffer.length, 0);
  return Number(buffer.toString('latin1', 0, length).split(' ')[1]) / 1e6;
}

const standstill = createHistogram();
let seenAt = performance.now();
let waited = readWaiting();

setInterval(() => {
  const now = performance.now();
  const waiting = readWaiting();
  const milliseconds = now - seenAt - everyMilliseconds - (waiting - waited);
  // Counted in microseconds, from one on.
  standstill.record(Math.max(1, Math.round(milliseconds * 1000)));
  seenAt = now;
  waited = waiting;
}, everyMilliseconds).unref();

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

process.on('SIGUSR2', () => {
  const { rss } = process.memoryUsage();
  const longest = Math.round(standstill.max / 1000);
  const p99 = Math.round(standstill.percentile(99) / 1000);
  collectGarbage();
  const reading = {
    longest,
    p99,
    rssMegabytes: Math.round(rss / 1024 / 1024),
    heapMegabytes: Math.round(process.memoryUsage().heapUsed / 1024 / 1024),
  };
  standstill.reset();
  seenAt = performance.now();
  waited = readWaiting();
  process.stdout.write(`${JSON.stringify({ probe: reading })}\n`);
});
