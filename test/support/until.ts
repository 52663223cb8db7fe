import { setTimeout as sleep } from 'node:timers/promises';

/** What one turn may count for: a machine that stood still for a while gives the others their turn first. */
const longestTurn = 100;

/** Lets other work go on until something has happened; gives up after a few seconds. */
export async function until(happened: () => boolean | Promise<boolean>, milliseconds = 5000): Promise<void> {
  let left = milliseconds;
  let before = performance.now();
  while (!(await happened())) {
    if (left <= 0) throw new Error('it did not happen');
    await sleep(5);
    const now = performance.now();
    left -= Math.min(now - before, longestTurn);
    before = now;
  }
}
