import { readdir, readFile } from 'node:fs/promises';

/**
 * Milliseconds of computing time that a process has used, all its threads, to the microsecond. Linux
 * only: https://docs.kernel.org/scheduler/sched-stats.html
 */
export async function readComputingExactly(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const times = threads.map(async (thread) => {
    // A thread may end while it is looked at.
    const text = await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '0');
    return Number(text.split(' ')[0]) / 1e6;
  });
  return (await Promise.all(times)).reduce((sum, time) => sum + time, 0);
}

/** The processes whose command line begins so and names this. PostgreSQL writes there whom each one serves. */
export async function findProcesses(beginning: string, name = ''): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = pids.map(async (pid) => {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return line.startsWith(beginning) && line.includes(name) ? Number(pid) : null;
  });
  return (await Promise.all(found)).filter((pid) => pid !== null);
}
