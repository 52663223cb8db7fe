import { hash, randomBytes } from 'node:crypto';

export interface Marks {
  /** Six hex digits: equal for equal values, and no help in finding the value. */
  mark(value: string): string;
  /** The whole of it, to look something up by a secret without keeping the secret. */
  whole(value: string): string;
}

/** What is shown of the whole. */
export const toMark = (whole: string) => whole.slice(0, 6);

/**
 * The key lives and ends with the process, so that marks say nothing outside of it. SHA-256 of key and
 * value: an HMAC takes five times as long, and would only help where somebody saw the whole.
 */
export function createMarks(): Marks {
  const key = randomBytes(32).toString('base64url');
  const whole = (value: string) => hash('sha256', key + value);
  return { whole, mark: (value) => toMark(whole(value)) };
}
