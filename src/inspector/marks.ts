import { createHmac, createSecretKey, randomBytes } from 'node:crypto';

export interface Marks {
  /** Six hex digits: equal for equal values, and no help in finding the value. */
  mark(value: string): string;
  /** The whole of it, to look something up by a secret without keeping the secret. */
  whole(value: string): string;
}

/** What is shown of the whole. */
export const toMark = (whole: string) => whole.slice(0, 6);

/** The key lives and ends with the process, so that marks say nothing outside of it. */
export function createMarks(): Marks {
  // Made once: from raw bytes each mark would take four times as long.
  const key = createSecretKey(randomBytes(32));
  const whole = (value: string) => createHmac('sha256', key).update(value).digest('hex');
  return { whole, mark: (value) => toMark(whole(value)) };
}
