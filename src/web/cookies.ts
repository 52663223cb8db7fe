import type { Request, Response } from 'express';
import { type BrowserBinding, newSecret } from '../login/transaction.ts';
import { cookieName, expireCookie } from '../sessions/session.ts';

/** Binds login transactions to the browser that started them. */
export const bindingCookie = 'latchkey-login';

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

const bindingMilliseconds = 24 * 60 * 60 * 1000;

/** The browser-binding cookie: kept while it is well formed, so that parallel tabs all work. */
export function bindBrowser(request: Request, response: Response, secure: boolean): BrowserBinding {
  const known = readCookie(request, bindingCookie, secure);
  const isKnown = known !== null && /^[\w-]{43}$/.test(known);
  const value = isKnown ? known : newSecret();
  setCookie(response, bindingCookie, value, { secure, maxAgeMilliseconds: bindingMilliseconds });
  return { value, isNew: !isKnown };
}

/**
 * Makes a browser forget that somebody was signed in: the cookies by name, and what it has stored. Below a
 * path the rest of the site is somebody else's, and so is what it has stored.
 */
export function forgetBrowser(
  response: Response,
  { secure, basePath }: { secure: boolean; basePath: string },
): void {
  expireCookie(response, 'latchkey', secure);
  expireCookie(response, bindingCookie, secure);
  // `"cookies"` would erase those of other ports of this host name too.
  if (basePath === '') response.setHeader('Clear-Site-Data', '"cache", "storage"');
}
