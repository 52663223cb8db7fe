import type { Request } from 'express';
import type { Identity } from '../accounts/account-store.ts';
import { RequestError } from '../errors.ts';
import { destroySession, expireCookie, readSignedIn, type SignedIn } from '../sessions/session.ts';
import { afterwards } from './afterwards.ts';
import type { Context } from './context.ts';
import { endSessionAccess } from './end-grants.ts';
import { accountLease } from './one-change.ts';

/** Who is signed in, with what is linked to the account. */
export interface SignedInAccount {
  readonly signedIn: SignedIn;
  readonly identities: readonly Identity[];
}

/**
 * Who is signed in; null when nobody is. A session whose way in is no longer linked to its account
 * ends here, whichever request was too slow to end it when that changed. Throws `not_signed_in` then.
 */
export async function readAccount(context: Context, request: Request): Promise<SignedInAccount | null> {
  const signedIn = readSignedIn(request);
  if (!signedIn) return null;
  const { accountId, identityId } = signedIn;
  const identities = await context.accounts.listIdentities(accountId);
  if (identities.some(({ id }) => id === identityId)) return { signedIn, identities };
  // In the middle of a change of the account nothing is concluded: the session may be part of it.
  const changing = identities.length > 0 && (await context.leases.isHeld(accountLease(accountId)));
  if (changing) return { signedIn, identities };
  // Or it goes on through another identity since this request has read it.
  const wayIn = await readWayIn(context, signedIn);
  if (wayIn !== identityId && identities.some(({ id }) => id === wayIn))
    return { signedIn: { ...signedIn, identityId: wayIn! }, identities };
  await endOwnSession(context, request, signedIn);
  throw new RequestError('not_signed_in', { returnTo: context.paths.profile });
}

/** Signs this browser out, in the middle of a request, and gives back what the session held. */
export async function endOwnSession(context: Context, request: Request, signedIn: SignedIn): Promise<void> {
  await context.sessions.end(signedIn);
  await afterwards(context, endSessionAccess(context, signedIn));
  await destroySession(request);
  if (request.res) expireCookie(request.res, 'latchkey', context.config.secure);
}

/** The identity that a session leans on by now; null when the session has ended. */
export async function readWayIn({ sessions }: Context, { accountId, ref }: SignedIn): Promise<string | null> {
  const stored = (await sessions.list(accountId)).find((session) => session.ref === ref);
  return stored?.facts.identityId ?? null;
}

/** Who is signed in. Throws `not_signed_in`, which leads back to the profile. */
export async function requireAccount(context: Context, request: Request): Promise<SignedInAccount> {
  const account = await readAccount(context, request);
  if (!account) throw new RequestError('not_signed_in', { returnTo: context.paths.profile });
  return account;
}
