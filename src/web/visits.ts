import type { Request, RequestHandler, Response } from 'express';
import type { Viewer } from '../inspector/flows.ts';
import { recordBrowserGone, recordVisitEnd } from '../inspector/logins.ts';
import { type Inspector, recordVisit, toViewer, type Visit } from '../inspector/scope.ts';
import { readSignedIn } from '../sessions/session.ts';
import type { Context } from './context.ts';
import { bindingCookie, readCookie } from './cookies.ts';

/** Headers of a browser's request that a trace shows; of the cookies only that they are there. */
const recordedHeaders = ['sec-fetch-site', 'origin', 'cookie'] as const;

/** Lets what happens in a request be recorded. Only there when the inspector is on. */
export function createVisits(context: Context, inspector: Inspector): RequestHandler {
  return (request, response, next) => {
    const visit = toVisit(context, inspector, request);
    response.on('finish', () =>
      recordVisitEnd(visit, {
        status: response.statusCode,
        location: response.getHeader('location')?.toString() ?? null,
      }),
    );
    response.on('close', () => {
      if (response.writableFinished) return;
      recordBrowserGone(visit);
      whenEnded(response, () => recordVisitEnd(visit, null));
    });
    recordVisit(visit, next);
  };
}

/** Node has no event for the end of an answer whose browser has gone: the work for it goes on unseen. */
function whenEnded(response: Response, tell: () => void): void {
  if (response.writableEnded) return void tell();
  const end = response.end.bind(response) as (...how: unknown[]) => Response;
  response.end = (...how: unknown[]) => {
    tell();
    return end(...how);
  };
}

function toVisit(context: Context, inspector: Inspector, request: Request): Visit {
  const { config } = context;
  const headers = recordedHeaders.flatMap((name) => {
    const value = request.headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return {
    inspector,
    browser: readCookie(request, bindingCookie, config.secure),
    accountId: readSignedIn(request)?.accountId ?? null,
    method: request.method,
    url: config.baseUrl + request.path,
    headers: Object.fromEntries(headers),
    at: inspector.now(),
    login: null,
    failure: null,
    outcome: null,
  };
}

/** As whom a browser looks at recorded logins. */
export function viewerOf({ config, inspector }: Context, request: Request): Viewer {
  if (!inspector) return [];
  const signedIn = request.session ? readSignedIn(request) : null;
  return toViewer(inspector, readCookie(request, bindingCookie, config.secure), signedIn?.accountId ?? null);
}
