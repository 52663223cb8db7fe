import type { Request } from 'express';
import type { Context } from './context.ts';
import { readReturnPath } from './return-path.ts';

/**
 * What addresses of our own pages have in their query, besides the path to return to. Whatever else
 * came with one stays behind: it may be the code, the state or the error of a provider, also at an
 * address that is no callback. So does what the front page says once, such as `signed_out`.
 */
const ownParameters: ReadonlySet<string> = new Set([
  'intent',
  'mode',
  'confirm',
  'decision',
  'service',
  'result',
  'purpose',
  'page',
  'a',
  'b',
]);

/** Express takes such an address with a slash at its end, and in capitals, too. */
export function isCallback({ path }: Request): boolean {
  return /^\/login\/[^/]+\/callback\/?$/i.test(path);
}

/** The page that is being shown, to come back to: the front page for callbacks and answers to forms. */
export function toHere({ config, paths }: Context, request: Request): string {
  const path = request.method === 'GET' && !isCallback(request) ? readReturnPath(request.path) : null;
  if (path === null) return paths.home;
  const query = new URLSearchParams(Object.entries(request.query).filter(isOwn));
  return config.basePath + path + (query.size > 0 ? `?${query}` : '');
}

/** A doubled parameter is none, as for the pages themselves. */
function isOwn(pair: [string, unknown]): pair is [string, string] {
  const [name, value] = pair;
  if (name === 'return_to') return readReturnPath(value) !== null;
  return typeof value === 'string' && ownParameters.has(name);
}
