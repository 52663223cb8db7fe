import { setTimeout as pause } from 'node:timers/promises';
import { RequestError } from '../errors.ts';
import { leasePollMilliseconds } from '../sessions/leases.ts';
import type { Context } from './context.ts';

/** Longer than a change with its revocations takes. */
const leaseMilliseconds = 15 * 1000;
const waitMilliseconds = 5 * 1000;

/** The lease under which an account's ways in are changed. */
export const accountLease = (accountId: string) => `account.${accountId}`;

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
  const deadline = performance.now() + waitMilliseconds;
  for (;;) {
    const lease = await leases.take(accountLease(accountId), leaseMilliseconds);
    if (lease) {
      try {
        return await work();
      } finally {
        await lease.release();
      }
    }
    if (performance.now() > deadline) throw new RequestError('change_under_way');
    await pause(leasePollMilliseconds);
  }
}
