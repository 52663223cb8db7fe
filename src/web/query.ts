import type { Request } from 'express';

/**
 * The query as it was sent. What stands before it may be no address at all: `//?error=…` reaches the
 * front page, and anybody may send a whole address where the path belongs.
 */
export function readQuery({ url }: Request): URLSearchParams {
  const start = url.indexOf('?');
  return new URLSearchParams(start === -1 ? '' : url.slice(start));
}
