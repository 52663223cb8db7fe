import type { ReceivedParameter } from './records.ts';

/** Says what a parameter is to the provider, or null when the provider does not know it. */
export type Describe = (name: string, value: string) => string | null;

const cutNames = new Set(['state', 'nonce', 'code_challenge']);

function toShown(name: string, value: string): string {
  if (!cutNames.has(name) || value === '') return value || '(empty)';
  return `${value.slice(0, 6)}… (${value.length} characters)`;
}

/** The rows of "Authorization request we received". */
export function toReceived(
  entries: Iterable<readonly [string, string]>,
  describe: Describe,
): ReceivedParameter[] {
  return [...entries].map(([name, value]) => ({
    name,
    value: toShown(name, value),
    verdict: describe(name, value) ?? 'Not known here, ignored',
  }));
}
