import type { Request, RequestHandler } from 'express';
import { ControlError } from './control-error.ts';

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);
const ownSites = new Set(['same-origin', 'none']);

function comesFromElsewhere(req: Request): boolean {
  const site = req.get('sec-fetch-site');
  if (site !== undefined) return !ownSites.has(site);
  const origin = req.get('origin');
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== req.get('host');
}

/** What changes something may be asked for by scripts and by the pages here, not by the pages of another site. */
export const refuseOtherSites: RequestHandler = (req, _res, next) => {
  if (safeMethods.has(req.method) || !comesFromElsewhere(req)) return next();
  const words = 'This request came from a page of another site, and only the sandbox’s own may ask for it.';
  next(new ControlError(403, 'other_site', [{ field: '', words }]));
};
