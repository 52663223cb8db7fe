import type { ReceivedParameter } from './records.ts';

/** What the provider says about a parameter with this value, for each name that it knows. */
export type Describe = (value: string) => Readonly<Record<string, string>>;

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
  return [...entries].map(([name, value]) => {
    const verdicts = new Map(Object.entries(describe(value)));
    return { name, value: toShown(name, value), verdict: verdicts.get(name) ?? 'Not known here, ignored' };
  });
}
