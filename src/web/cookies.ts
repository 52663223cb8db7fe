import type { Request, Response } from 'express';
import { cookieName } from '../sessions/session.ts';

/**
 * Reads one of our cookies. Null when it is absent, or there twice: then somebody else on this
 * host name has set one of them.
 */
export function readCookie(request: Request, name: string, secure: boolean): string | null {
  const wanted = `${cookieName(name, secure)}=`;
  const pairs = (request.headers.cookie ?? '').split(/;\s*/).filter((pair) => pair.startsWith(wanted));
  return pairs.length === 1 ? pairs[0]!.slice(wanted.length) : null;
}

/** Sets one of our cookies for the whole host, out of reach of scripts. */
export function setCookie(
  response: Response,
  name: string,
  value: string,
  options: { secure: boolean; maxAgeMilliseconds: number },
): void {
  const { secure, maxAgeMilliseconds } = options;
  response.cookie(cookieName(name, secure), value, {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure,
    maxAge: maxAgeMilliseconds,
  });
}
