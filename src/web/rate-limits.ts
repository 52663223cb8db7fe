import { hash } from 'node:crypto';
import { type Request, type RequestHandler, Router } from 'express';
import { RequestError } from '../errors.ts';
import { routes } from '../paths.ts';
import { readSignedIn } from '../sessions/session.ts';
import type { CreateRateCounter, RateCounter } from '../storage/rate-counters.ts';
import { toAddressGroup } from './address-group.ts';
import type { Context } from './context.ts';
import { bindingCookie, readCookie } from './cookies.ts';
import { readReturnPath } from './return-path.ts';

/** What is limited: starting a login, coming back from one, and changing something of an account. */
const limitedAreas = ['start', 'callback', 'action'] as const;
type LimitedArea = (typeof limitedAreas)[number];

/** How often in a minute; 0 is without end. */
interface RateLimit {
  readonly browser: number;
  readonly address: number;
}

const windowMilliseconds = 60 * 1000;

/**
 * Refuses what comes too often, with `rate_limited`, before it has done anything: a callback that is
 * refused keeps its transaction and works a minute later.
 *
 * Two counts for each area. The address counts every request, whatever cookies it has: a client can
 * drop or invent those, and changes its address group at a cost only. The browser has a count of
 * its own, so that one that is stuck does not use up what a network full of people may; what its own
 * limit refuses is not counted against the network.
 */
export function createRateLimits(context: Context, createCounter: CreateRateCounter): Router {
  const router = Router();
  const limit = (area: LimitedArea) => createLimit(context, area, createCounter);
  const action = limit('action');

  router.post(routes.login(':provider'), limit('start'), leave);
  router.get(routes.callback(':provider'), limit('callback'), leave);
  // Signing out is never refused, and a theme costs nothing.
  router.post([routes.logout, routes.theme], leave);
  router.get(routes.myData, action);
  router.post('/{*path}', action);
  return router;
}

const leave: RequestHandler = (_request, _response, next) => next('router');

function createLimit(context: Context, area: LimitedArea, createCounter: CreateRateCounter): RequestHandler {
  const limits = context.config.rateLimits[area];
  const create = (kind: keyof RateLimit): RateCounter | null =>
    limits[kind] === 0
      ? null
      : createCounter({
          name: `${area}-${kind}`,
          limit: limits[kind],
          seconds: windowMilliseconds / 1000,
        });
  const [address, browser] = [create('address'), create('browser')];

  return async (request, _response, next) => {
    const now = context.now();
    const window = Math.floor(now / windowMilliseconds);
    const refuse = (reason: keyof RateLimit) =>
      new RequestError('rate_limited', {
        retryAfterSeconds: Math.ceil(((window + 1) * windowMilliseconds - now) / 1000),
        returnTo: readReturnPath((request.body as Record<string, unknown> | undefined)?.['return_to']),
        logged: { area, reason },
      });
    const addressKey = toKey(window, toAddressGroup(request.ip));
    if (address && !(await address.take(addressKey))) throw refuse('address');
    const who = browser && readBrowser(context, request);
    if (browser && who && !(await browser.take(toKey(window, who)))) {
      await address?.giveBack(addressKey);
      throw refuse('browser');
    }
    next();
  };
}

/** The session where there is one, for nobody chooses that; else the cookie that logins are bound to. */
function readBrowser({ config }: Context, request: Request): string | null {
  const signedIn = readSignedIn(request);
  return signedIn ? `session ${signedIn.ref}` : readCookie(request, bindingCookie, config.secure);
}

/** Each minute has counts of its own, and they name nobody. */
function toKey(window: number, who: string): string {
  return hash('sha256', `${window} ${who}`, 'base64url').slice(0, 22);
}
