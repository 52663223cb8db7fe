import { IncomingMessage, ServerResponse } from 'node:http';
import express, { type Request, type RequestHandler, type Response } from 'express';
import { type Account, toAccount } from '../accounts/linked-account.ts';
import { LoginError, RequestError } from '../errors.ts';
import { cookieName } from '../sessions/session.ts';
import type { Context } from './context.ts';
import { createGrantCheck } from './grant-check.ts';
import { readAccount } from './signed-in.ts';

/** Says who is signed in, for a request that is not for a page of ours. Throws when a store fails. */
export type AccountReader = (request: IncomingMessage) => Promise<Account | null>;

/**
 * Reads the session as every page of ours does: its limits, and what Twitch wants checked. It does so
 * on a request and an answer of its own, which carry the cookie and nothing else, so that the
 * application around us keeps its own session, its cookies and its headers. A request without our
 * cookie costs nothing.
 */
export function createAccountReader(context: Context, sessionMiddleware: RequestHandler): AccountReader {
  const cookie = `${cookieName('latchkey', context.config.secure)}=`;
  const reader = express();
  reader.use(sessionMiddleware, createGrantCheck(context));
  reader.use(async (request: Request, response: Response) => {
    const account = await readAccount(context, request);
    (response.locals['done'] as Done)(account && toAccount(account.signedIn, account.identities));
    // The visit counts: ending the answer is what prolongs the session.
    response.end();
  });

  return async (request) => {
    const header = request.headers.cookie ?? '';
    if (!header.split(/;\s*/).some((pair) => pair.startsWith(cookie))) return null;
    const own = new IncomingMessage(request.socket);
    Object.assign(own, { method: 'GET', url: '/', headers: { cookie: header } });
    try {
      return await new Promise<Account | null>((done, fail) => {
        const response = Object.assign(new ServerResponse(own), { locals: { done } });
        reader(own as Request, response as unknown as Response, fail);
      });
    } catch (error) {
      // The session has just been found to be over.
      const over = error instanceof LoginError ? error.code === 'access_ended' : isNotSignedIn(error);
      if (over) return null;
      throw error;
    }
  };
}

type Done = (account: Account | null) => void;

function isNotSignedIn(error: unknown): boolean {
  return error instanceof RequestError && error.code === 'not_signed_in';
}
