import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';

/** What a process says of itself since it was asked the last time. Times are milliseconds. */
export interface ProbeReading {
  /** The longest time the event loop stood still, and what 99 of 100 measurements stayed below. */
  readonly longest: number;
  readonly p99: number;
  readonly rssMegabytes: number;
  /** After the garbage was collected. */
  readonly heapMegabytes: number;
}

/** The variables that load the probe into a server's process. */
export const probeVariables = {
  NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, 'loop-probe.ts')).href}`,
};

/** Asks the probe in a process; null when the process ends or does not answer in time. */
export function readProbe(child: ChildProcess): Promise<ProbeReading | null> {
  return new Promise((resolve) => {
    let text = '';
    const end = (reading: ProbeReading | null) => {
      clearTimeout(timer);
      child.stdout!.off('data', read);
      child.off('exit', giveUp);
      resolve(reading);
    };
    const giveUp = () => end(null);
    const read = (chunk: Buffer) => {
      text += String(chunk);
      const line = /^\{"probe":(\{.+\})\}$/m.exec(text)?.[1];
      if (line) end(JSON.parse(line) as ProbeReading);
    };
    const timer = setTimeout(giveUp, 5000);
    child.stdout!.on('data', read);
    child.once('exit', giveUp);
    if (!child.kill('SIGUSR2')) giveUp();
  });
}

/**
 * The longest time in milliseconds that a process stood still during some work: of three tries the
 * best, for another process on the machine can keep this one waiting, but not each time.
 */
export async function measureStandstill(child: ChildProcess, work: () => Promise<unknown>): Promise<number> {
  const longest: number[] = [];
  for (let tries = 0; tries < 3; tries++) {
    await readProbe(child);
    await work();
    longest.push((await readProbe(child))?.longest ?? Infinity);
    if (Math.min(...longest) < standstillLimit) break;
  }
  return Math.min(...longest);
}

/** No work of one request may keep all others waiting for longer, in milliseconds. */
export const standstillLimit = 250;
