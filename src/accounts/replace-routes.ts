import { Router } from 'express';
import { LoginError, RequestError } from '../errors.ts';
import type { PendingReplacement } from '../login/pending-decision.ts';
import { routes } from '../paths.ts';
import type { Provider } from '../providers/provider.ts';
import { readSignedIn, setFlash } from '../sessions/session.ts';
import type { Context } from '../web/context.ts';
import { endIdentityGrants, giveBack } from '../web/end-grants.ts';
import { homeWithReturn } from '../web/error-page.ts';
import { toReplaceFlash } from '../web/flash-words.ts';
import { oneChangeAtATime } from '../web/one-change.ts';
import { form, renderPage } from '../web/page.ts';
import { toNameInSentence } from '../web/sentences.ts';
import { findClient } from '../web/services.ts';
import { endSessionsThrough, renewSession, toSignInFacts } from '../web/session-changes.ts';
import { requireSignedIn } from '../web/signed-in.ts';
import type { ConfirmPage } from '../web/view-models.ts';
import { requireRecentSignIn } from '../web/ways-in.ts';
import { IdentityRace } from './account-store.ts';

/** A switch that came back as another identity: the page that asks which one stays, and its form. */
export function createReplaceRoutes(context: Context): Router {
  const { paths, accounts, decisions, log } = context;
  const router = Router();

  router.get(routes.replace, async (request, response) => {
    const signedIn = readSignedIn(request);
    if (!signedIn) return response.redirect(303, homeWithReturn(context, paths.replace));
    const decision = await decisions.get(signedIn.ref, 'replace');
    if (!decision) throw new RequestError('decision_expired');
    const page = toReplacePage(findClient(context, decision.proven.provider).provider, decision);
    const options = { view: 'confirm', title: page.heading, current: 'profile' } as const;
    await renderPage(context, request, response, options, page);
  });

  router.post(routes.replace, async (request, response) => {
    const signedIn = requireSignedIn(context, request);
    const choice: unknown = request.body?.choice;
    if (choice !== 'replace' && choice !== 'keep') throw new RequestError('malformed_request');
    if (choice === 'replace') await requireRecentSignIn(context, signedIn, paths.replace);
    const decision = await decisions.take(signedIn.ref, 'replace');
    if (!decision) throw new RequestError('decision_expired');
    const { proven, tokens, oldIdentityId, oldName } = decision;
    const client = findClient(context, proven.provider);
    const { provider, mode } = client;
    if (choice === 'keep') {
      await giveBack(context, decision);
      return response.redirect(303, paths.profile);
    }
    const identity = await oneChangeAtATime(context, signedIn.accountId, () =>
      accounts.replaceIdentity(signedIn.accountId, oldIdentityId, proven),
    ).catch(async (error: unknown) => {
      await giveBack(context, decision);
      if (!(error instanceof IdentityRace)) throw error;
      // It was linked elsewhere while the page was open.
      const { displayName } = proven.facts;
      throw new LoginError('identity_already_linked', { provider: provider.id, displayName });
    });
    await endIdentityGrants(context, { id: oldIdentityId, provider: provider.id, mode });
    await endSessionsThrough(context, signedIn.accountId, oldIdentityId, signedIn.ref);
    log.info('replace', { provider: provider.id });
    const changes = signedIn.identityId === oldIdentityId ? toSignInFacts(context, client, identity) : {};
    if ((await renewSession(context, request, signedIn, { client, tokens, identity }, changes)) === 'gone') {
      await endIdentityGrants(context, { id: identity.id, provider: provider.id, mode });
      throw new RequestError('not_signed_in', { returnTo: paths.profile });
    }
    await setFlash(request, toReplaceFlash(provider, oldName, identity.display_name));
    response.redirect(303, paths.profile);
  });

  function toReplacePage(provider: Provider, { oldName, proven }: PendingReplacement): ConfirmPage {
    const former = toNameInSentence(oldName);
    const newcomer = toNameInSentence(proven.facts.displayName);
    const { name } = provider;
    return {
      provider: { id: provider.id, name },
      heading: `Replace ${former} with ${newcomer}?`,
      consequences: [
        `You are linked to the ${name} account ${former}. You just signed in to ${name} as ${newcomer}.`,
        `If you replace it, you can no longer sign in with ${former}.`,
      ],
      actions: [
        form(`Replace with ${newcomer}`, paths.replace, { choice: 'replace' }, 'main'),
        form(`Keep ${former}`, paths.replace, { choice: 'keep' }),
      ],
    };
  }

  return router;
}
