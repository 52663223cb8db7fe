import type { Context } from './context.ts';

const anyOrigin = 'http://own.invalid';

/**
 * Reads a path of this application to return to; null for everything else. Refuses what browsers
 * and parsers read differently (backslashes, control characters, spaces), wants exactly one slash
 * in front, and checks what the parser made of it once more: `/.//evil.example` would otherwise
 * leave as `//evil.example`.
 */
export function readReturnPath(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > 1000) return null;
  if (!/^\/(?!\/)[\x21-\x5B\x5D-\x7E]*$/.test(value)) return null;
  if (!URL.canParse(value, anyOrigin)) return null;
  const { origin, pathname, search } = new URL(value, anyOrigin);
  if (origin !== anyOrigin || !/^\/(?![/\\])/.test(pathname)) return null;
  return pathname + search;
}

/** The front page, whose buttons lead to a path of ours afterwards. */
export function homeWithReturn({ paths }: Context, returnTo: string | undefined): string {
  return returnTo ? `${paths.home}?return_to=${encodeURIComponent(returnTo)}` : paths.home;
}
