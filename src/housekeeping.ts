import { isStorageError } from './storage/storage-error.ts';
import type { Stores } from './storage/stores.ts';
import type { Log } from './web/log.ts';

/** What is looked at in the stores at the start, beside that they could be opened: that they can be used. */
export async function reportStores({ checkStores }: Pick<Stores, 'checkStores'>, log: Log): Promise<void> {
  await checkStores().catch((error: unknown) => {
    if (!isStorageError(error)) throw error;
    log.warn('store does not answer', { reason: error.code ?? error.kind });
  });
}

/** How often what has ended is deleted. */
const sweepMilliseconds = 10 * 60 * 1000;

/**
 * Deletes what ended long ago, now and every ten minutes from then on. Nobody waits for it, and the log
 * hears of a failure. Gives what stops it.
 */
export function startSweeping(sweep: () => Promise<void>, log: Log): () => void {
  const run = () => void sweep().catch(() => log.warn('sweep failed', {}));
  run();
  const timer = setInterval(run, sweepMilliseconds).unref();
  return () => clearInterval(timer);
}
