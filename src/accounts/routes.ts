import { setTimeout as pause } from 'node:timers/promises';
import type { IRouter } from 'express';
import { LoginError } from '../errors.ts';
import type { Client } from '../oauth/client.ts';
import { routes } from '../paths.ts';
import { hasEnded } from '../sessions/grants.ts';
import { type SignedIn, setFlash } from '../sessions/session.ts';
import type { Context } from '../web/context.ts';
import { toNotLinkedFlash, toReadFailureFlash, toReadFlash } from '../web/flash-words.ts';
import { endSessionIfOver } from '../web/grant-check.ts';
import { renderPage } from '../web/page.ts';
import { type IdentityWithGrant, toProfilePage } from '../web/profile-page.ts';
import { homeWithReturn } from '../web/return-path.ts';
import { findClient, findClientOf } from '../web/services.ts';
import { readAccount, requireAccount } from '../web/signed-in.ts';
import type { Identity } from './account-store.ts';
import { type Access, isDue, readProfile } from './read-profile.ts';

/** How long the profile page waits for providers, all of them together. */
const pageDeadlineMilliseconds = 2000;

/** The profile page, and reading a profile again. */
export function addAccountRoutes(router: IRouter, context: Context): void {
  const { paths, accounts, grants, log, now } = context;

  router.get(routes.profile, async (request, response) => {
    const account = await readAccount(context, request);
    if (!account) return response.redirect(303, homeWithReturn(context, paths.profile));
    const { signedIn, identities } = account;
    const read = await Promise.all(identities.map((identity) => withFreshProfile(signedIn, identity)));
    const linked = read.filter((entry) => entry !== null);
    const carrier = linked.find(({ identity }) => identity.id === signedIn.identityId);
    if (carrier) await endSessionIfOver(context, request, signedIn, carrier.identity, carrier.grant);
    const page = toProfilePage(context, signedIn, linked);
    const options = { view: 'profile', title: 'Your accounts', current: 'profile' } as const;
    await renderPage(context, request, response, options, page);
  });

  router.post(routes.readProfile(':provider'), async (request, response) => {
    const { signedIn } = await requireAccount(context, request);
    const client = findClient(context, String(request.params['provider']));
    const { provider, mode } = client;
    const identity = await accounts.getIdentity(signedIn.accountId, provider.id, mode);
    const outcome = identity ? await tryToRead(signedIn, client, identity) : 'unlinked';
    if (outcome === 'unlinked') await setFlash(request, toNotLinkedFlash(provider));
    if (outcome === 'read') await setFlash(request, toReadFlash(provider));
    if (outcome === 'failed') await setFlash(request, toReadFailureFlash(provider));
    response.redirect(303, paths.profile);
  });

  /** The stored copy, read again where it is due and the provider answers in time; null once unlinked. */
  async function withFreshProfile(signedIn: SignedIn, identity: Identity): Promise<IdentityWithGrant | null> {
    const client = findClientOf(context, identity);
    const place = { ref: signedIn.ref, identityId: identity.id };
    const grant = await grants.get(place);
    const readable = client !== null && grant !== null && !hasEnded(grant, now());
    if (!readable || !isDue(identity, now())) return { identity, grant };
    // A late answer is stored all the same, for the next visit.
    const reading = tryToRead(signedIn, client, identity).then(() => true);
    const late = pause(pageDeadlineMilliseconds, false, { ref: false });
    const inTime = await Promise.race([reading, late]);
    if (!inTime) await accounts.recordProfileFailure(identity.id, 'unreachable');
    const latest = await accounts.getIdentity(signedIn.accountId, identity.provider, client.mode);
    return latest && { identity: latest, grant: await grants.get(place) };
  }

  /** Reads a profile. A failure is on its card then; `unlinked` when that happened meanwhile. */
  async function tryToRead(
    signedIn: SignedIn,
    client: Client,
    identity: Identity,
  ): Promise<'read' | 'failed' | 'unlinked'> {
    const place = { ref: signedIn.ref, identityId: identity.id };
    const owner = { ...place, subject: identity.subject };
    const access: Access = {
      tokens: (refused) => grants.freshTokens(client, owner, refused),
      end: (used, why) => grants.end(place, used, why),
    };
    try {
      return (await readProfile(context, client, identity, access)) ? 'read' : 'unlinked';
    } catch (error) {
      if (!(error instanceof LoginError)) throw error;
      const { code, facts } = error;
      log.warn('profile not read', { provider: client.provider.id, code, reason: facts.reason ?? '' });
      return 'failed';
    }
  }
}
