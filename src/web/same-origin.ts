import type { RequestHandler } from 'express';
import { RequestError } from '../errors.ts';

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Lets a request that changes something through only from our own pages: Sec-Fetch-Site decides
 * where the browser sends it, Origin where it does not, and without either the answer is 403.
 * A sibling site (`same-site`) is as foreign as any other.
 */
export function createSameOriginGuard(origin: string): RequestHandler {
  return (request, response, next) => {
    if (safeMethods.has(request.method)) return next();
    response.vary('Sec-Fetch-Site');
    response.vary('Origin');
    const site = request.headers['sec-fetch-site'];
    const own = site === undefined ? request.headers.origin === origin : site === 'same-origin';
    next(own ? undefined : new RequestError('cross_origin'));
  };
}

/**
 * Refuses a callback that is no page in a window: a picture or a frame on somebody else's page, which
 * could otherwise use up what the visitor's whole network may (`rate-limits.ts`). A browser that does
 * not say what it wants it for passes.
 */
export const refuseEmbedded: RequestHandler = (request, _response, next) => {
  const destination = request.headers['sec-fetch-dest'] ?? 'document';
  next(destination === 'document' ? undefined : new RequestError('cross_origin'));
};
