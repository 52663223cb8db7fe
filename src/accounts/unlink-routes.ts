import { type Request, Router } from 'express';
import { LoginError, RequestError } from '../errors.ts';
import type { RevocationOutcome } from '../oauth/revocation-request.ts';
import { routes } from '../paths.ts';
import { readSignedIn, type SignedIn, setFlash } from '../sessions/session.ts';
import type { Context, ServiceInUse } from '../web/context.ts';
import { endIdentityGrants } from '../web/end-grants.ts';
import { homeWithReturn } from '../web/error-page.ts';
import { toUnlinkFlash } from '../web/flash-words.ts';
import { oneChangeAtATime } from '../web/one-change.ts';
import { form, link, renderPage } from '../web/page.ts';
import { toNameInSentence } from '../web/sentences.ts';
import { endSessionsThrough } from '../web/session-changes.ts';
import { requireSignedIn } from '../web/signed-in.ts';
import type { ConfirmPage } from '../web/view-models.ts';
import { createIsWayIn, requireRecentSignIn } from '../web/ways-in.ts';
import type { Identity } from './account-store.ts';

/** Unlinking: a page that asks, and the form on it. */
export function createUnlinkRoutes(context: Context): Router {
  const { paths, accounts, services, log } = context;
  const isWayIn = createIsWayIn(context);
  const router = Router();

  router.get(routes.unlink(':provider'), async (request, response) => {
    const { service, mode } = readTarget(request);
    const here = pageOf(service, mode);
    const signedIn = readSignedIn(request);
    if (!signedIn) return response.redirect(303, homeWithReturn(context, here));
    const { identity, others } = await findLinked(signedIn, service, mode);
    const possible = others.some(isWayIn);
    if (possible) await requireRecentSignIn(context, signedIn, here);
    const page = toUnlinkPage(service, identity, possible);
    const options = { view: 'confirm', title: page.heading, current: 'profile' } as const;
    await renderPage(context, request, response, options, page);
  });

  router.post(routes.unlink(':provider'), async (request, response) => {
    const signedIn = requireSignedIn(context, request);
    const { service, mode } = readTarget(request);
    await findLinked(signedIn, service, mode);
    await requireRecentSignIn(context, signedIn, pageOf(service, mode));
    const { identity, others, outcome } = await oneChangeAtATime(context, signedIn.accountId, () =>
      unlink(signedIn, service, mode),
    );
    log.info('unlink', { provider: service.provider.id, outcome });
    await endSessionsThrough(context, signedIn.accountId, identity.id, signedIn.ref);
    if (signedIn.identityId === identity.id) {
      Object.assign(request.session, { identityId: others[0]!.id, check: null });
    }
    await setFlash(request, toUnlinkFlash(service.provider, outcome));
    response.redirect(303, paths.profile);
  });

  /** Revokes first: a crash half-way leaves no live token that nobody knows of any more. */
  async function unlink(signedIn: SignedIn, service: ServiceInUse, mode: unknown) {
    const { identity, others } = await findLinked(signedIn, service, mode);
    if (!others.some(isWayIn)) throw new LoginError('last_identity', { provider: identity.provider });
    const outcome: RevocationOutcome = await endIdentityGrants(context, identity);
    await accounts.unlinkIdentity(signedIn.accountId, identity.id, isWayIn);
    // What a page has renewed or a login has stored in these very seconds.
    await endIdentityGrants(context, identity);
    return { identity, others, outcome };
  }

  /** The service that the address names, and the mode of the identity. */
  function readTarget(request: Request): { service: ServiceInUse; mode: string } {
    const service = services.find(({ provider }) => provider.id === request.params['provider']);
    if (!service) throw new RequestError('not_found');
    const mode: unknown = request.body?.mode ?? request.query['mode'] ?? service.client?.mode;
    if (mode !== 'live' && mode !== 'sandbox') throw new RequestError('not_found');
    return { service, mode };
  }

  const pageOf = ({ provider }: ServiceInUse, mode: string) => `${paths.unlink(provider.id)}?mode=${mode}`;

  /** The identity, among those of the account signed in. */
  async function findLinked(signedIn: SignedIn, { provider }: ServiceInUse, mode: unknown) {
    const linked = await accounts.listIdentities(signedIn.accountId);
    const identity = linked.find((one) => one.provider === provider.id && one.mode === mode);
    if (!identity) throw new RequestError('not_found');
    return { identity, others: linked.filter(({ id }) => id !== identity.id) };
  }

  function toUnlinkPage({ provider }: ServiceInUse, identity: Identity, possible: boolean): ConfirmPage {
    const heading = `Unlink ${provider.name}?`;
    const shared = { provider: { id: provider.id, name: provider.name }, heading };
    if (!possible) {
      const only =
        'This is the only account you can sign in with. Link another one first, or delete your account.';
      const actions = [
        link('Link another account', paths.profile, 'main'),
        link('Delete my account', paths.deleteAccount, 'text'),
      ];
      return { ...shared, consequences: [only], actions };
    }
    const consequences = [
      `You can no longer sign in with ${toNameInSentence(identity.display_name)}.`,
      'We delete the profile copy and the tokens. Other devices that signed in with it are signed out.',
      provider.revocation.words,
    ];
    const fields = { mode: identity.mode };
    const unlinkIt = form(`Unlink ${provider.name}`, paths.unlink(provider.id), fields, 'danger');
    return { ...shared, consequences, actions: [unlinkIt, link('Keep it', paths.profile)] };
  }

  return router;
}
