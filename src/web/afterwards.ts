import { isStorageError } from '../storage/storage-error.ts';
import type { Context } from './context.ts';

/**
 * Tidying up after something that is done and stays done: a store that fails now makes no failure of
 * it. What stays behind is out of reach, and the log says so.
 */
export async function afterwards({ log }: Pick<Context, 'log'>, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isStorageError(error)) throw error;
    log.error('not tidied up', { reason: error.code ?? error.kind });
  }
}
