import type { Identity, IsWayIn } from '../accounts/account-store.ts';
import { LoginError } from '../errors.ts';
import type { Provider } from '../providers/provider.ts';
import type { SignedIn } from '../sessions/session.ts';
import type { Context } from './context.ts';
import { findClientOf } from './services.ts';
import type { SignedInAccount } from './signed-in.ts';

/** Tells which identities somebody can sign in with here. */
export function createIsWayIn(context: Pick<Context, 'services'>): IsWayIn {
  return (identity) => findClientOf(context, identity) !== null;
}

/** True when the sign-in is fresh enough for changing how the account is reached. */
function isRecent({ config, now }: Context, { signedInAt }: SignedIn): boolean {
  return now() - signedInAt < config.reauthenticationMilliseconds;
}

/**
 * Lets only a recent sign-in change how the account is reached. Throws `reauthentication_needed`,
 * whose page leads to a fresh sign-in with an identity of this account and from there to `returnTo`.
 */
export function requireRecentSignIn(
  context: Context,
  { signedIn, identities }: SignedInAccount,
  returnTo: string,
): void {
  if (isRecent(context, signedIn)) return;
  throw new LoginError('reauthentication_needed', { returnTo, ways: toWays(context, signedIn, identities) });
}

/** The identity used last comes first. */
function toWays(context: Context, signedIn: SignedIn, identities: readonly Identity[]) {
  return identities
    .filter(createIsWayIn(context))
    .toSorted((a, b) => Number(b.id === signedIn.identityId) - Number(a.id === signedIn.identityId))
    .map(({ provider, display_name }) => ({ provider, displayName: display_name }));
}

/** The field that makes a provider ask again, where it has one: a remembered consent proves little. */
export function forceFields({ force }: Provider): Record<string, string> {
  return typeof force === 'object' ? { force: 'true' } : {};
}
