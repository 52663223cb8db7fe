import type { IRouter, Request } from 'express';
import { LoginError, RequestError } from '../errors.ts';
import type { PendingReplacement } from '../login/pending-decision.ts';
import { transactionMinutes } from '../login/transaction.ts';
import { routes } from '../paths.ts';
import type { Provider } from '../providers/provider.ts';
import { type Flash, type SignedIn, setFlash } from '../sessions/session.ts';
import { afterwards } from '../web/afterwards.ts';
import type { Context } from '../web/context.ts';
import { endIdentityGrants, giveBack } from '../web/end-grants.ts';
import { toReplaceFlash } from '../web/flash-words.ts';
import { oneChangeAtATime } from '../web/one-change.ts';
import { form, renderPage } from '../web/page.ts';
import { homeWithReturn } from '../web/return-path.ts';
import { toNameInSentence } from '../web/sentences.ts';
import { findClient } from '../web/services.ts';
import { endSessionsThrough, renewSession, toSignInFacts } from '../web/session-changes.ts';
import { readAccount, readWayIn, requireAccount } from '../web/signed-in.ts';
import type { ConfirmPage } from '../web/view-models.ts';
import { requireRecentSignIn } from '../web/ways-in.ts';
import { IdentityRace } from './account-store.ts';

/** A switch that came back as another identity: the page that asks which one stays, and its form. */
export function addReplaceRoutes(router: IRouter, context: Context): void {
  const { paths, accounts, decisions, log } = context;

  router.get(routes.replace, async (request, response) => {
    const account = await readAccount(context, request);
    if (!account) return response.redirect(303, homeWithReturn(context, paths.replace));
    const decision = await decisions.get(account.signedIn.ref, 'replace');
    if (!decision) throw new RequestError('decision_expired');
    const page = toReplacePage(findClient(context, decision.proven.provider).provider, decision);
    const options = { view: 'confirm', title: page.heading, current: 'profile' } as const;
    await renderPage(context, request, response, options, page);
  });

  router.post(routes.replace, async (request, response) => {
    const account = await requireAccount(context, request);
    const { signedIn } = account;
    const { choice, decision: id } = (request.body ?? {}) as Record<string, unknown>;
    if (choice !== 'replace' && choice !== 'keep') throw new RequestError('malformed_request');
    const pending = await decisions.get(signedIn.ref, 'replace');
    if (!pending) throw new RequestError('decision_expired');
    // Another tab has asked something newer since: nothing is done before that page was seen.
    if (pending.id !== id) return response.redirect(303, paths.replace);
    if (choice === 'keep') {
      await giveBack(context, await takeDecision(signedIn, pending.id));
      return response.redirect(303, paths.profile);
    }
    requireRecentSignIn(context, account, paths.replace);
    const flash = await oneChangeAtATime(context, signedIn.accountId, async () =>
      replace(request, signedIn, await takeDecision(signedIn, pending.id)),
    );
    await setFlash(request, flash);
    response.redirect(303, paths.profile);
  });

  async function takeDecision({ ref }: SignedIn, id: string): Promise<PendingReplacement> {
    const decision = await decisions.take(ref, 'replace', id);
    if (!decision) throw new RequestError('decision_expired');
    return decision;
  }

  async function replace(request: Request, signedIn: SignedIn, decision: PendingReplacement): Promise<Flash> {
    const { proven, tokens, oldIdentityId, oldName } = decision;
    const { accountId } = signedIn;
    const client = findClient(context, proven.provider);
    const { provider, mode } = client;
    const identity = await accounts
      .replaceIdentity(accountId, oldIdentityId, proven)
      .catch(async (error: unknown) => {
        await giveBack(context, decision);
        if (!(error instanceof IdentityRace)) throw error;
        throw await toLostRace(decision);
      });
    log.info('replace', { provider: provider.id });
    await afterwards(context, endIdentityGrants(context, { id: oldIdentityId, provider: provider.id, mode }));
    await afterwards(context, endSessionsThrough(context, accountId, oldIdentityId, signedIn.ref));
    const leansOnOld = (await readWayIn(context, signedIn)) === oldIdentityId;
    const changes = leansOnOld ? toSignInFacts(context, client, identity) : {};
    const outcome = await renewSession(context, request, signedIn, { client, tokens, identity }, changes);
    if (outcome === 'gone') throw new RequestError('not_signed_in', { returnTo: paths.profile });
    return toReplaceFlash(provider, oldName, identity.display_name);
  }

  /** The newcomer was linked elsewhere while the page was open, or the old one is no longer here. */
  async function toLostRace({ proven }: PendingReplacement): Promise<LoginError | RequestError> {
    const { provider, mode, facts } = proven;
    const taken = await accounts.findIdentity(provider, mode, facts.subject);
    if (!taken) return new RequestError('decision_expired');
    return new LoginError('identity_already_linked', { provider, displayName: facts.displayName });
  }

  function toReplacePage(provider: Provider, { id, oldName, proven }: PendingReplacement): ConfirmPage {
    const former = toNameInSentence(oldName);
    const newcomer = toNameInSentence(proven.facts.displayName);
    const { name } = provider;
    return {
      provider: { id: provider.id, name },
      heading: `Replace ${former} with ${newcomer}?`,
      consequences: [
        `You are linked to the ${name} account ${former}. You just signed in to ${name} as ${newcomer}.`,
        `If you replace it, you can no longer sign in with ${former}.`,
        `You have ${transactionMinutes} minutes to choose. After that nothing is changed.`,
      ],
      actions: [
        form(`Replace with ${newcomer}`, paths.replace, { choice: 'replace', decision: id }, 'main'),
        form(`Keep ${former}`, paths.replace, { choice: 'keep', decision: id }),
      ],
    };
  }
}
