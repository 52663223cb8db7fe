import type { RequestHandler } from 'express';
import { RequestError } from '../errors.ts';

/**
 * Answers only under BASE_URL's own host name. Under another one (127.0.0.1 instead of localhost,
 * say) the cookies of a login would belong to the wrong name and the login would fail at its end.
 */
export function createKnownHostGuard(origin: string): RequestHandler {
  const { host } = new URL(origin);
  return (request, _response, next) => {
    next(request.headers.host?.toLowerCase() === host ? undefined : new RequestError('unknown_host'));
  };
}
