import { randomBytes } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import expressSession from 'express-session';
import { toCutAddress, toDeviceWords } from './device.ts';
import type { Check } from './grants.ts';
import type { KeyRing } from './seal.ts';
import type { RecordStore, SessionFacts, SessionLimits } from './session-store.ts';

declare module 'express-session' {
  interface SessionData {
    /** Names the session in its grants. Random, stays when the session id changes. */
    ref: string;
    accountId: string;
    /** The identity that signed in. */
    identityId: string;
    /** Milliseconds since 1970: the last time a provider vouched for this person. */
    signedInAt: number;
    /** Where the absolute limit counts from. */
    createdAt: number;
    /** Roughly, for the person's own list of sessions. */
    device: string;
    address: string;
    /** Where the provider that signed in wants its tokens validated: they carry this session. Else null. */
    check: Check | null;
    flash: Flash;
  }
}

/** One message for the next page, shown once. */
export interface Flash {
  /** What the page's title begins with: `Twitch linked`. */
  title: string;
  kind: 'ok' | 'warn';
  heading: string;
  text: string;
}

export interface SignedIn {
  readonly ref: string;
  readonly accountId: string;
  readonly identityId: string;
  readonly signedInAt: number;
}

export interface SessionSettings {
  readonly secure: boolean;
  readonly limits: SessionLimits;
}

/** `__Host-` needs https; the plain name is for http, which only loopback addresses may use. */
export function cookieName(name: string, secure: boolean): string {
  return secure ? `__Host-${name}` : name;
}

/** Express middleware that loads the session. Nothing is stored until somebody signs in. */
export function createSessionMiddleware(
  store: RecordStore,
  keys: KeyRing,
  settings: SessionSettings,
): RequestHandler {
  const { secure, limits } = settings;
  const name = cookieName('latchkey', secure);
  const middleware = expressSession({
    name,
    secret: [...keys.cookieKeys],
    store,
    genid: () => randomBytes(32).toString('base64url'),
    resave: false,
    saveUninitialized: false,
    cookie: { path: '/', httpOnly: true, sameSite: 'lax', secure, maxAge: limits.absoluteMilliseconds },
  });
  return (request, response, next) => {
    // Two cookies of one name: somebody else on this host name has set one. Neither is believed.
    const pairs = (request.headers.cookie ?? '').split(/;\s*/);
    const others = pairs.filter((pair) => !pair.startsWith(`${name}=`));
    if (others.length < pairs.length - 1) request.headers.cookie = others.join('; ');
    // `Secure` follows BASE_URL. express-session would ask the connection, and behind a proxy that
    // ends TLS send no cookie at all.
    Object.defineProperty(request, 'secure', { value: secure, configurable: true });
    middleware(request, response, next);
  };
}

/** Who is signed in, or null. */
export function readSignedIn(request: Request): SignedIn | null {
  const { ref, accountId, identityId, signedInAt } = request.session;
  if (!ref || !accountId || !identityId || !signedInAt) return null;
  return { ref, accountId, identityId, signedInAt };
}

export const newSessionRef = () => randomBytes(16).toString('base64url');

/** What a session says of somebody who has just signed in with this request. */
export function toNewFacts(
  request: Request,
  who: { ref: string; accountId: string; identityId: string },
  check: Check | null,
  now: number,
): SessionFacts {
  const device = toDeviceWords(request.headers['user-agent']);
  // Behind a proxy the visitor's own address, if TRUSTED_PROXIES says whom to believe.
  const address = toCutAddress(request.ip);
  return { ...who, signedInAt: now, createdAt: now, device, address, check };
}

/** When the session ends at the latest, in milliseconds since 1970. */
export function readSessionEnd(request: Request, limits: SessionLimits): number {
  return (request.session.createdAt ?? 0) + limits.absoluteMilliseconds;
}

function saveSession(request: Request): Promise<void> {
  return new Promise((resolve, reject) =>
    request.session.save((error) => (error ? reject(error) : resolve())),
  );
}

export function destroySession(request: Request): Promise<void> {
  return new Promise((resolve, reject) =>
    request.session.destroy((error) => (error ? reject(error) : resolve())),
  );
}

/** Changes what a session remembers, and waits until that is stored. */
async function changeFacts(request: Request, facts: SessionFacts): Promise<void> {
  if (!request.session) return;
  Object.assign(request.session, facts);
  await saveSession(request);
}

/** Leaves one message for the next page. Nothing to leave it in when another tab has the session. */
export async function setFlash(request: Request, flash: Flash): Promise<void> {
  await changeFacts(request, { flash });
}

/** Gets the message left for this page and removes it. */
export async function takeFlash(request: Request): Promise<Flash | null> {
  const { flash } = request.session;
  if (!flash) return null;
  delete request.session.flash;
  await saveSession(request);
  return flash;
}

/** Expires a cookie of ours by name, with the attributes it was set with. */
export function expireCookie(response: Response, name: string, secure: boolean): void {
  response.clearCookie(cookieName(name, secure), { path: '/', httpOnly: true, sameSite: 'lax', secure });
}
