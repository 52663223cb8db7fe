import { isIP } from 'node:net';
import type { Request, RequestHandler } from 'express';
import type { SandboxParts } from '../parts.ts';
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

/** A name that another site can point here (DNS rebinding) is neither of these; an address needs no name. */
function isOwnName(hostname: string, { baseUrl }: SandboxParts): boolean {
  const isLocal = hostname === 'localhost' || hostname.endsWith('.localhost');
  return isLocal || hostname === new URL(baseUrl).hostname || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
}

/** Levers and lists are there under the sandbox's own names only. */
export function refuseOtherNames(parts: SandboxParts): RequestHandler {
  return (req, _res, next) => {
    const host = req.get('host') ?? '';
    const url = `http://${host}`;
    if (URL.canParse(url) && isOwnName(new URL(url).hostname, parts)) return next();
    const words = `This sandbox is at ${parts.baseUrl}, and is not to be used under another name.`;
    next(new ControlError(403, 'other_name', [{ field: '', words }]));
  };
}

/** What changes something may be asked for by scripts and by the pages here, not by the pages of another site. */
export const refuseOtherSites: RequestHandler = (req, _res, next) => {
  if (safeMethods.has(req.method) || !comesFromElsewhere(req)) return next();
  const words = 'This request came from a page of another site, and only the sandbox’s own may ask for it.';
  next(new ControlError(403, 'other_site', [{ field: '', words }]));
};
