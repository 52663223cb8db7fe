import type { IRouter, Request, Response } from 'express';
import { LoginError, RequestError } from '../errors.ts';
import type { RevocationOutcome } from '../oauth/revocation-request.ts';
import { routes } from '../paths.ts';
import { type SignedIn, setFlash } from '../sessions/session.ts';
import { afterwards } from '../web/afterwards.ts';
import type { Context, ServiceInUse } from '../web/context.ts';
import { endIdentityGrants } from '../web/end-grants.ts';
import { toNotLinkedFlash, toUnlinkFlash } from '../web/flash-words.ts';
import { oneChangeAtATime } from '../web/one-change.ts';
import { form, link, renderPage } from '../web/page.ts';
import { homeWithReturn } from '../web/return-path.ts';
import { toNameInSentence } from '../web/sentences.ts';
import { endSessionsThrough } from '../web/session-changes.ts';
import { readAccount, readWayIn, requireAccount } from '../web/signed-in.ts';
import type { ConfirmPage } from '../web/view-models.ts';
import { createIsWayIn, requireRecentSignIn } from '../web/ways-in.ts';
import type { Identity } from './account-store.ts';

/** Unlinking: a page that asks, and the form on it. */
export function addUnlinkRoutes(router: IRouter, context: Context): void {
  const { paths, accounts, grants, services, sessions, log } = context;
  const isWayIn = createIsWayIn(context);

  router.get(routes.unlink(':provider'), async (request, response) => {
    const { service, mode } = readTarget(request);
    const here = pageOf(service, mode);
    const account = await readAccount(context, request);
    if (!account) return response.redirect(303, homeWithReturn(context, here));
    const linked = findLinked(account.identities, service, mode);
    const possible = linked?.others.some(isWayIn) ?? false;
    if (possible) requireRecentSignIn(context, account, here);
    const page = linked ? toUnlinkPage(service, linked.identity, possible) : toNotLinkedPage(service);
    const options = { view: 'confirm', title: page.heading, current: 'profile' } as const;
    await renderPage(context, request, response, options, page);
  });

  router.post(routes.unlink(':provider'), async (request, response) => {
    const account = await requireAccount(context, request);
    const { signedIn } = account;
    const { service, mode } = readTarget(request);
    if (!findLinked(account.identities, service, mode)) return sayNotLinked(request, response, service);
    requireRecentSignIn(context, account, pageOf(service, mode));
    const outcome = await oneChangeAtATime(context, signedIn.accountId, () =>
      unlink(request, signedIn, service, mode),
    );
    if (outcome === null) return sayNotLinked(request, response, service);
    log.info('unlink', { provider: service.provider.id, outcome });
    await setFlash(request, toUnlinkFlash(service.provider, outcome, revocationWords(service, mode)));
    response.redirect(303, paths.profile);
  });

  /**
   * Revokes first: after a crash half-way the way in is still there, and the person can ask again. Null
   * when another page has unlinked it meanwhile.
   */
  async function unlink(
    request: Request,
    signedIn: SignedIn,
    service: ServiceInUse,
    mode: string,
  ): Promise<RevocationOutcome | null> {
    const { accountId, ref } = signedIn;
    const linked = findLinked(await accounts.listIdentities(accountId), service, mode);
    if (!linked) return null;
    const { identity, others } = linked;
    const wayIn = others.find(isWayIn);
    if (!wayIn) throw new LoginError('last_identity', { provider: identity.provider });
    const outcome = await endIdentityGrants(context, identity);
    await accounts.unlinkIdentity(accountId, identity.id, isWayIn);
    // What a page has renewed or a login has stored in these very seconds; and whoever came in this way.
    await afterwards(context, endIdentityGrants(context, identity));
    await afterwards(context, endSessionsThrough(context, accountId, identity.id, ref));
    // Read anew: a change that has just ended may have led this session to the identity that goes now.
    if ((await readWayIn(context, signedIn)) === identity.id) await leanOn(request, signedIn, wayIn);
    return outcome;
  }

  /** This session goes on, through another identity of the account. */
  async function leanOn(request: Request, signedIn: SignedIn, wayIn: Identity): Promise<void> {
    const grant = await grants.get({ ref: signedIn.ref, identityId: wayIn.id });
    const facts = { identityId: wayIn.id, check: grant?.ended ? null : (grant?.check ?? null) };
    await sessions.change(signedIn, facts);
    // What this request still has to write must not say otherwise.
    if (request.session) Object.assign(request.session, facts);
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

  /** The identity, among those of the account signed in; null when it is not linked. */
  function findLinked(linked: readonly Identity[], { provider }: ServiceInUse, mode: string) {
    const identity = linked.find((one) => one.provider === provider.id && one.mode === mode);
    return identity ? { identity, others: linked.filter(({ id }) => id !== identity.id) } : null;
  }

  /** What the person wanted is so already, as after Back or in a second tab. */
  async function sayNotLinked(request: Request, response: Response, { provider }: ServiceInUse) {
    await setFlash(request, toNotLinkedFlash(provider));
    response.redirect(303, paths.profile);
  }

  /** On a page of its own: a GET leaves no message in the session. */
  function toNotLinkedPage({ provider: { id, name } }: ServiceInUse): ConfirmPage {
    return {
      provider: { id, name },
      heading: `${name} is not linked here any more`,
      consequences: ['Nothing was changed.'],
      actions: [link('Back to your accounts', paths.profile, 'main')],
    };
  }

  function toUnlinkPage(service: ServiceInUse, identity: Identity, possible: boolean): ConfirmPage {
    const { provider } = service;
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
      revocationWords(service, identity.mode),
    ];
    const fields = { mode: identity.mode };
    const unlinkIt = form(`Unlink ${provider.name}`, paths.unlink(provider.id), fields, 'danger');
    return { ...shared, consequences, actions: [unlinkIt, link('Keep it', paths.profile)] };
  }
}

/** What can be done at the provider. Nobody can be asked with credentials that are not there. */
function revocationWords({ provider, client }: ServiceInUse, mode: string): string {
  const { name, endpoints, revocation } = provider;
  if (client?.mode === mode || endpoints.revocation === undefined) return revocation.words;
  return `This server does not use ${name} now, so we cannot ask it to cancel our access.`;
}
