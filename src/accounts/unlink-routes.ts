import { type Request, Router } from 'express';
import { LoginError, RequestError } from '../errors.ts';
import { routes } from '../paths.ts';
import { readSignedIn, type SignedIn, setFlash } from '../sessions/session.ts';
import type { Context, ServiceInUse } from '../web/context.ts';
import { endIdentityGrants } from '../web/end-grants.ts';
import { homeWithReturn } from '../web/error-page.ts';
import { toUnlinkFlash } from '../web/flash-words.ts';
import { form, link, renderPage } from '../web/page.ts';
import { toNameInSentence } from '../web/sentences.ts';
import { requireSignedIn } from '../web/signed-in.ts';
import type { ConfirmPage } from '../web/view-models.ts';
import type { Identity } from './account-store.ts';

/** Unlinking: a page that asks, and the form on it. */
export function createUnlinkRoutes(context: Context): Router {
  const { paths, accounts, services, log } = context;
  const router = Router();

  router.get(routes.unlink(':provider'), async (request, response) => {
    const signedIn = readSignedIn(request);
    if (!signedIn) return response.redirect(303, homeWithReturn(context, paths.profile));
    const { service, identity, others } = await findLinked(signedIn, request);
    const page = toUnlinkPage(service, identity, others.some(canSignIn));
    const options = { view: 'confirm', title: page.heading, current: 'profile' } as const;
    await renderPage(context, request, response, options, page);
  });

  router.post(routes.unlink(':provider'), async (request, response) => {
    const signedIn = requireSignedIn(context, request);
    const { service, identity, others } = await findLinked(signedIn, request);
    const { provider } = service;
    if (!others.some(canSignIn)) throw new LoginError('last_identity', { provider: provider.id });
    // The database decides between two unlinks at once; only then is the access given back.
    await accounts.unlinkIdentity(signedIn.accountId, identity.id, canSignIn);
    const outcome = await endIdentityGrants(context, identity);
    log.info('unlink', { provider: provider.id, outcome });
    if (signedIn.identityId === identity.id) request.session.identityId = others[0]!.id;
    await setFlash(request, toUnlinkFlash(provider, outcome));
    response.redirect(303, paths.profile);
  });

  /** A way in: its service is offered here, in the mode that the identity was made in. */
  function canSignIn(identity: Identity): boolean {
    return services.some(
      ({ provider, client }) => provider.id === identity.provider && client?.mode === identity.mode,
    );
  }

  /** The service and the identity that the address names, among those of the account signed in. */
  async function findLinked(signedIn: SignedIn, request: Request) {
    const service = services.find(({ provider }) => provider.id === request.params['provider']);
    const mode: unknown = request.body?.mode ?? request.query['mode'] ?? service?.client?.mode;
    const linked = await accounts.listIdentities(signedIn.accountId);
    const identity = linked.find((one) => one.provider === service?.provider.id && one.mode === mode);
    if (!service || !identity) throw new RequestError('not_found');
    return { service, identity, others: linked.filter(({ id }) => id !== identity.id) };
  }

  function toUnlinkPage({ provider }: ServiceInUse, identity: Identity, possible: boolean): ConfirmPage {
    const heading = `Unlink ${provider.name}?`;
    const shared = { provider: { id: provider.id, name: provider.name }, heading };
    if (!possible) {
      const only = 'This is the only account you can sign in with. Link another one first.';
      const actions = [link('Link another account', paths.profile, 'main')];
      return { ...shared, consequences: [only], actions };
    }
    const consequences = [
      `You can no longer sign in with ${toNameInSentence(identity.display_name)}.`,
      'We delete the profile copy and the tokens.',
      provider.revocation.words,
    ];
    const fields = { mode: identity.mode };
    const unlink = form(`Unlink ${provider.name}`, paths.unlink(provider.id), fields, 'danger');
    return { ...shared, consequences, actions: [unlink, link('Keep it', paths.profile)] };
  }

  return router;
}
