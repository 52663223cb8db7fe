import { setTimeout as pause } from 'node:timers/promises';
import type { Request, RequestHandler } from 'express';
import type { Identity } from '../accounts/account-store.ts';
import { LoginError, RequestError } from '../errors.ts';
import { type Grant, hasEnded } from '../sessions/grants.ts';
import { readSignedIn, type SignedIn } from '../sessions/session.ts';
import type { Context } from './context.ts';
import { accountLease } from './one-change.ts';
import { findClientOf } from './services.ts';
import { endOwnSession, readWayIn } from './signed-in.ts';

/** How long a page waits for a provider's word on its tokens. Without one it goes on. */
const waitMilliseconds = 2000;
const retryMilliseconds = 60 * 1000;

/**
 * Where the provider that signed somebody in wants its tokens validated, this happens before a page
 * of theirs is shown, when it is due. Who has disconnected the application there is signed out.
 */
export function createGrantCheck(context: Context): RequestHandler {
  const { accounts, grants, log, now } = context;
  return async (request, _response, next) => {
    const signedIn = readSignedIn(request);
    const { check } = request.session;
    if (!signedIn || !check || !grants.isCheckDue(check)) return next();
    const place = { ref: signedIn.ref, identityId: signedIn.identityId };
    const identities = await accounts.listIdentities(signedIn.accountId);
    const identity = identities.find(({ id }) => id === signedIn.identityId);
    const client = identity && findClientOf(context, identity);
    if (!identity || !client?.provider.validateEvery) return next();
    const asking = grants
      .freshTokens(client, { ...place, subject: identity.subject }, null)
      .catch((error: unknown) => {
        if (!(error instanceof LoginError)) throw error;
        const { code, facts } = error;
        log.warn('not validated', { provider: identity.provider, code, reason: facts.reason ?? '' });
      });
    await Promise.race([asking, pause(waitMilliseconds, undefined, { ref: false })]);
    const wayIn = await readWayIn(context, signedIn);
    if (wayIn === null) {
      // Ended meanwhile, as by signing out in another tab.
      await endOwnSession(context, request, signedIn);
      throw new RequestError('not_signed_in', { returnTo: context.paths.profile });
    }
    // It has gone on through another identity: that one counts then.
    if (wayIn !== signedIn.identityId) return next();
    const grant = await grants.get(place);
    await endSessionIfOver(context, request, signedIn, identity, grant);
    // Without the provider's word the next page does not wait for it again at once.
    const known = grant?.check && !grants.isCheckDue(grant.check);
    request.session.check = known ? grant.check : { triedAt: now(), dueAt: now() + retryMilliseconds };
    next();
  };
}

/**
 * Ends the session when the tokens that carry it are over. Throws `access_ended` then. Only where
 * the provider wants it so (`validateEvery`): elsewhere the card says what is wrong. What the request
 * has read of the session may be of an identity that carried it before.
 */
export async function endSessionIfOver(
  context: Context,
  request: Request,
  signedIn: SignedIn,
  identity: Pick<Identity, 'provider' | 'mode'>,
  grant: Grant | null,
): Promise<void> {
  const client = findClientOf(context, identity);
  if (!request.session?.check || !client?.provider.validateEvery) return;
  if (grant && !hasEnded(grant, context.now())) return;
  // An unlink takes the tokens first, and the session then goes on through another identity.
  if (!grant && (await isChanging(context, signedIn))) return;
  await endOwnSession(context, request, signedIn);
  // Without its tokens nothing could ever be said about such a session again.
  if (!grant?.ended) throw new RequestError('not_signed_in', { returnTo: context.paths.profile });
  throw new LoginError('access_ended', {
    provider: identity.provider,
    reason: `the access is ${grant.ended.why}`,
  });
}

async function isChanging(context: Context, signedIn: SignedIn): Promise<boolean> {
  if (await context.leases.isHeld(accountLease(signedIn.accountId))) return true;
  return (await readWayIn(context, signedIn)) !== signedIn.identityId;
}
