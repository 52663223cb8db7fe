import { RequestError } from '../errors.ts';
import { leasePollMilliseconds, pause } from '../sessions/leases.ts';
import type { Context } from './context.ts';

/** Longer than a change with its revocations takes. */
const leaseMilliseconds = 15 * 1000;
const waitMilliseconds = 5 * 1000;

/**
 * Runs a change of an account's ways in alone, on all nodes: it asks providers for things that cannot
 * be taken back before the database has the last word. Throws `change_under_way` when another one
 * goes on for too long.
 */
export async function oneChangeAtATime<Result>(
  { leases }: Context,
  accountId: string,
  work: () => Promise<Result>,
): Promise<Result> {
  for (let waited = 0; waited < waitMilliseconds; waited += leasePollMilliseconds) {
    const lease = await leases.take(`account.${accountId}`, leaseMilliseconds);
    if (!lease) {
      await pause(leasePollMilliseconds);
      continue;
    }
    try {
      return await work();
    } finally {
      await lease.release();
    }
  }
  throw new RequestError('change_under_way');
}
