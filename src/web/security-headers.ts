import type { RequestHandler } from 'express';
import helmet from 'helmet';

export interface SecurityHeaderFacts {
  readonly secure: boolean;
  /** False below a path of somebody else's site: what holds for the whole host name is theirs to say. */
  readonly wholeSite: boolean;
  /** Where avatars may come from. */
  readonly imageSources: readonly string[];
}

/**
 * The headers of every answer. `form-action 'self'` holds because a login starts with a page that
 * leads on, never with a redirect: browsers check each hop of a form's redirects against it.
 */
export function createSecurityHeaders({
  secure,
  wholeSite,
  imageSources,
}: SecurityHeaderFacts): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'style-src': ["'self'"],
        'script-src': ["'self'"],
        'connect-src': ["'self'"],
        'img-src': ["'self'", 'data:', ...imageSources],
        'manifest-src': ["'self'"],
        'form-action': ["'self'"],
        'base-uri': ["'none'"],
        'frame-ancestors': ["'none'"],
        'object-src': ["'none'"],
      },
    },
    // With helmet's `no-referrer` a form's Origin header says `null`.
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: secure && wholeSite ? { maxAge: 31_536_000, includeSubDomains: true } : false,
    xFrameOptions: { action: 'deny' },
  });
}

/** Keeps pages out of every cache: they show somebody's account, or end somebody's login. */
export const noStore: RequestHandler = (_request, response, next) => {
  response.setHeader('Cache-Control', 'no-store');
  next();
};
