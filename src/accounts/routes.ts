import { type Request, Router } from 'express';
import { LoginError, RequestError } from '../errors.ts';
import { createPendingReplacements } from '../login/pending-replacement.ts';
import type { Client } from '../oauth/client.ts';
import { routes } from '../paths.ts';
import { hasEnded } from '../sessions/grants.ts';
import {
  destroySession,
  readSessionEnd,
  readSignedIn,
  renewSession,
  type SignedIn,
  setFlash,
} from '../sessions/session.ts';
import type { Context, ServiceInUse } from '../web/context.ts';
import { endIdentityGrants, revokeTokens } from '../web/end-grants.ts';
import { homeWithReturn } from '../web/error-page.ts';
import { toReadFailureFlash, toReadFlash, toReplaceFlash, toUnlinkFlash } from '../web/flash-words.ts';
import { form, link, renderPage } from '../web/page.ts';
import { type LinkedIdentity, toProfilePage } from '../web/profile-page.ts';
import { toNameInSentence } from '../web/sentences.ts';
import { findClient } from '../web/services.ts';
import type { ConfirmPage } from '../web/view-models.ts';
import { type Identity, IdentityRace } from './account-store.ts';
import { isDue, readProfile } from './read-profile.ts';

/** How long the profile page waits for providers, all of them together. */
const pageDeadlineMilliseconds = 2000;

/** The profile and what can be done with a linked account. */
export function createAccountRoutes(context: Context): Router {
  const { paths, accounts, grants, services, now } = context;
  const pending = createPendingReplacements(context.records, context.keys, now);
  const router = Router();

  router.get(routes.profile, async (request, response) => {
    const signedIn = readSignedIn(request);
    if (!signedIn) return response.redirect(303, homeWithReturn(context, paths.profile));
    const identities = await accounts.listIdentities(signedIn.accountId);
    // The account is gone: deleted, or its last identity taken elsewhere.
    if (identities.length === 0) {
      await destroySession(request);
      throw new RequestError('not_signed_in', { returnTo: paths.profile });
    }
    const linked = await Promise.all(identities.map((identity) => withFreshProfile(signedIn, identity)));
    const page = toProfilePage(context, signedIn, linked);
    await renderPage(
      context,
      request,
      response,
      { view: 'profile', title: 'Your accounts', current: 'profile' },
      page,
    );
  });

  router.post(routes.readProfile(':provider'), async (request, response) => {
    const signedIn = requireSignedIn(request);
    const client = findClient(context, String(request.params['provider']));
    const identity = await requireIdentity(signedIn, client.provider.id, client.mode);
    const flash = await read(signedIn, client, identity).then(
      () => toReadFlash(client.provider),
      (error: unknown) => {
        if (error instanceof LoginError) return toReadFailureFlash(client.provider);
        throw error;
      },
    );
    await setFlash(request, flash);
    response.redirect(303, paths.profile);
  });

  router.get(routes.unlink(':provider'), async (request, response) => {
    const signedIn = readSignedIn(request);
    if (!signedIn) return response.redirect(303, homeWithReturn(context, paths.profile));
    const { service, identity } = await findLinked(signedIn, request);
    const others = (await accounts.listIdentities(signedIn.accountId)).filter(({ id }) => id !== identity.id);
    const page = toUnlinkPage(service, identity, others.some(canSignIn));
    await renderPage(
      context,
      request,
      response,
      { view: 'confirm', title: page.heading, current: 'profile' },
      page,
    );
  });

  router.post(routes.unlink(':provider'), async (request, response) => {
    const signedIn = requireSignedIn(request);
    const { service, identity } = await findLinked(signedIn, request);
    const { provider } = service;
    const left = (await accounts.listIdentities(signedIn.accountId)).filter(({ id }) => id !== identity.id);
    if (!left.some(canSignIn)) throw new LoginError('last_identity', { provider: provider.id });
    const outcome = await endIdentityGrants(context, identity);
    await accounts.unlinkIdentity(signedIn.accountId, identity.id, canSignIn);
    if (signedIn.identityId === identity.id) request.session.identityId = left[0]!.id;
    await setFlash(request, toUnlinkFlash(provider, outcome));
    response.redirect(303, paths.profile);
  });

  router.get(routes.replace, async (request, response) => {
    const signedIn = readSignedIn(request);
    if (!signedIn) return response.redirect(303, homeWithReturn(context, paths.replace));
    const decision = await pending.get(signedIn.ref);
    if (!decision) throw new RequestError('decision_expired');
    const { provider } = findClient(context, decision.proven.provider);
    const oldName = toNameInSentence(decision.oldName);
    const newName = toNameInSentence(decision.proven.facts.displayName);
    const page: ConfirmPage = {
      provider: { id: provider.id, name: provider.name },
      heading: `Replace ${oldName} with ${newName}?`,
      consequences: [
        `You are linked to the ${provider.name} account ${oldName}. You just signed in to ${provider.name} as ${newName}.`,
        `If you replace it, you can no longer sign in with ${oldName}.`,
      ],
      actions: [
        form(`Replace with ${newName}`, paths.replace, { choice: 'replace' }, 'main'),
        form(`Keep ${oldName}`, paths.replace, { choice: 'keep' }),
      ],
    };
    await renderPage(
      context,
      request,
      response,
      { view: 'confirm', title: page.heading, current: 'profile' },
      page,
    );
  });

  router.post(routes.replace, async (request, response) => {
    const signedIn = requireSignedIn(request);
    const choice: unknown = request.body?.choice;
    if (choice !== 'replace' && choice !== 'keep') throw new RequestError('malformed_request');
    const decision = await pending.take(signedIn.ref);
    if (!decision) throw new RequestError('decision_expired');
    const client = findClient(context, decision.proven.provider);
    const { proven, tokens, oldIdentityId, oldName } = decision;
    if (choice === 'keep') {
      await revokeTokens(client, [tokens]);
      return response.redirect(303, paths.profile);
    }
    await endIdentityGrants(context, { id: oldIdentityId, provider: proven.provider, mode: proven.mode });
    const identity = await accounts
      .replaceIdentity(signedIn.accountId, oldIdentityId, proven)
      .catch((error: unknown) => {
        // It was linked elsewhere while this page was open.
        const facts = { provider: client.provider.id, displayName: proven.facts.displayName };
        throw error instanceof IdentityRace ? new LoginError('identity_already_linked', facts) : error;
      });
    await renewSession(request, signedIn.identityId === oldIdentityId ? { identityId: identity.id } : {});
    const grant = { tokens, requestedScope: proven.requestedScope, renewedAt: null };
    await grants.put(
      { ref: signedIn.ref, identityId: identity.id },
      grant,
      readSessionEnd(request, context.config.sessionLimits),
    );
    await setFlash(request, toReplaceFlash(client.provider, oldName, identity.display_name));
    response.redirect(303, paths.profile);
  });

  /** The stored copy, read again where it is due and the provider answers in time. */
  async function withFreshProfile(signedIn: SignedIn, identity: Identity): Promise<LinkedIdentity> {
    const client = services.find(({ provider }) => provider.id === identity.provider)?.client;
    const place = { ref: signedIn.ref, identityId: identity.id };
    const grant = await grants.get(place);
    const readable = client?.mode === identity.mode && grant !== null && !hasEnded(grant.tokens, now());
    if (!readable || !isDue(identity, now())) return { identity, grant };
    const reading = read(signedIn, client, identity).then(
      () => true,
      (error: unknown) => {
        if (error instanceof LoginError) return true;
        throw error;
      },
    );
    // A late answer is stored all the same, for the next visit.
    const inTime = await Promise.race([reading, after(pageDeadlineMilliseconds)]);
    if (!inTime) await accounts.recordProfileFailure(identity.id, 'unreachable');
    const latest = await accounts.getIdentity(signedIn.accountId, identity.provider, client.mode);
    return { identity: latest ?? identity, grant: await grants.get(place) };
  }

  function read(signedIn: SignedIn, client: Client, identity: Identity): Promise<Identity> {
    const place = { ref: signedIn.ref, identityId: identity.id };
    return readProfile(context, client, identity, (renewed) => grants.freshTokens(client, place, renewed));
  }

  /** A way in: its service is offered here, in the mode that the identity was made in. */
  function canSignIn(identity: Identity): boolean {
    return services.some(
      ({ provider, client }) => provider.id === identity.provider && client?.mode === identity.mode,
    );
  }

  async function requireIdentity(
    signedIn: SignedIn,
    provider: string,
    mode: 'live' | 'sandbox',
  ): Promise<Identity> {
    const identity = await accounts.getIdentity(signedIn.accountId, provider, mode);
    if (!identity) throw new RequestError('not_found');
    return identity;
  }

  function requireSignedIn(request: Request): SignedIn {
    const signedIn = readSignedIn(request);
    if (!signedIn) throw new RequestError('not_signed_in', { returnTo: paths.profile });
    return signedIn;
  }

  /** The service and the identity that an unlink form names; only ever of the account signed in. */
  async function findLinked(
    signedIn: SignedIn,
    request: Request,
  ): Promise<{ service: ServiceInUse; identity: Identity }> {
    const service = services.find(({ provider }) => provider.id === request.params['provider']);
    if (!service) throw new RequestError('not_found');
    const mode: unknown = request.body?.mode ?? request.query['mode'] ?? service.client?.mode;
    if (mode !== 'live' && mode !== 'sandbox') throw new RequestError('not_found');
    return { service, identity: await requireIdentity(signedIn, service.provider.id, mode) };
  }

  function toUnlinkPage({ provider }: ServiceInUse, identity: Identity, possible: boolean): ConfirmPage {
    const name = toNameInSentence(identity.display_name);
    const keep = link('Keep it', paths.profile);
    const heading = `Unlink ${provider.name}?`;
    const shared = { provider: { id: provider.id, name: provider.name }, heading };
    if (!possible) {
      const only = 'This is the only account you can sign in with. Link another one first.';
      return {
        ...shared,
        consequences: [only],
        actions: [link('Link another account', paths.profile, 'main')],
      };
    }
    return {
      ...shared,
      consequences: [
        `You can no longer sign in with ${name}.`,
        'We delete the profile copy and the tokens.',
        provider.revocation.words,
      ],
      actions: [
        form(`Unlink ${provider.name}`, paths.unlink(provider.id), { mode: identity.mode }, 'danger'),
        keep,
      ],
    };
  }

  return router;
}

/** Resolves to false once the time is over. */
function after(milliseconds: number): Promise<false> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds, false).unref());
}
