import express, { type RequestHandler } from 'express';
import { RequestError } from '../errors.ts';

/** Browsers send about twenty, proxies add some. Node itself drops what is beyond 2000 without a word. */
const mostHeaders = 100;

/** Refuses a request with more headers than any browser sends. */
export const refuseManyHeaders: RequestHandler = (request, _response, next) => {
  // Names and values, one after the other.
  const count = request.rawHeaders.length / 2;
  next(count > mostHeaders ? new RequestError('request_too_large', { status: 431 }) : undefined);
};

const formType = 'application/x-www-form-urlencoded';

/**
 * Reads forms as browsers send them, and refuses every other body: 415 for another type, 413 beyond
 * 8 kB or 20 fields. A body that was compressed is refused unread.
 */
export function createFormReader(): RequestHandler[] {
  return [
    (request, _response, next) => {
      const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
      const isEmpty = encoding === undefined && (length === undefined || length === '0');
      const fits = isEmpty || request.is(formType) === formType;
      next(fits ? undefined : new RequestError('malformed_request', { status: 415 }));
    },
    express.urlencoded({ extended: false, inflate: false, limit: '8kb', parameterLimit: 20 }),
  ];
}
