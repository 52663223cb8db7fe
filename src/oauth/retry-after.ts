const longestMilliseconds = 10 * 60 * 1000;

/**
 * Reads `Retry-After` (RFC 9110 10.2.3): seconds or a date. Gives milliseconds, ten minutes at
 * most, as nobody's word shuts a service off for longer; null when there is none that can be used.
 */
export function readRetryAfter(value: string | undefined, now: number): number | null {
  if (value === undefined) return null;
  const text = value.trim();
  const milliseconds = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return milliseconds > 0 ? Math.min(milliseconds, longestMilliseconds) : null;
}
