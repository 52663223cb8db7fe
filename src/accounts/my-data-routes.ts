import type { IRouter } from 'express';
import { LoginError, RequestError } from '../errors.ts';
import { routes } from '../paths.ts';
import { readScope } from '../providers/scope.ts';
import { destroySession } from '../sessions/session.ts';
import { afterwards } from '../web/afterwards.ts';
import type { Context } from '../web/context.ts';
import { bindingCookie, forgetBrowser, readCookie } from '../web/cookies.ts';
import { endIdentityGrants } from '../web/end-grants.ts';
import { oneChangeAtATime } from '../web/one-change.ts';
import { form, link, renderPage } from '../web/page.ts';
import { homeWithReturn } from '../web/return-path.ts';
import { toList } from '../web/sentences.ts';
import { endSessions } from '../web/session-changes.ts';
import { readAccount, requireAccount, type SignedInAccount } from '../web/signed-in.ts';
import type { ConfirmPage } from '../web/view-models.ts';
import { requireRecentSignIn } from '../web/ways-in.ts';
import type { Identity } from './account-store.ts';

/** All that is kept about a person, to take away, and to delete. */
export function addMyDataRoutes(router: IRouter, context: Context): void {
  const { config, paths, accounts, sessions, transactions, services, log } = context;

  router.get(routes.myData, async (request, response) => {
    const account = await readAccount(context, request);
    if (!account) return response.redirect(303, homeWithReturn(context, paths.profile));
    response.setHeader('Content-Disposition', 'attachment; filename="latchkey-data.json"');
    response.type('application/json').send(`${JSON.stringify(await toMyData(account), null, 2)}\n`);
  });

  router.get(routes.deleteAccount, async (request, response) => {
    const account = await readAccount(context, request);
    if (!account) return response.redirect(303, homeWithReturn(context, paths.deleteAccount));
    requireRecentSignIn(context, account, paths.deleteAccount);
    const page = toDeletePage(account.identities);
    const options = { view: 'confirm', title: page.heading, current: 'profile' } as const;
    await renderPage(context, request, response, options, page);
  });

  router.post(routes.deleteAccount, async (request, response) => {
    const account = await requireAccount(context, request);
    if (request.body?.confirmed !== 'yes') throw new RequestError('malformed_request');
    requireRecentSignIn(context, account, paths.deleteAccount);
    const { accountId } = account.signedIn;
    const unconfirmed = await oneChangeAtATime(context, accountId, () => deleteAccount(accountId));
    log.info('account.delete', { outcome: unconfirmed.length === 0 ? 'revoked' : 'not-confirmed' });
    const binding = readCookie(request, bindingCookie, config.secure);
    if (binding !== null) await afterwards(context, transactions.endAll(binding));
    await afterwards(context, destroySession(request));
    forgetBrowser(response, config);
    const told = unconfirmed.map((provider) => `&unconfirmed=${provider}`).join('');
    response.redirect(303, `${paths.home}?account_deleted${told}`);
  });

  /** Revokes, deletes, and signs out everywhere. Gives the providers that did not confirm. */
  async function deleteAccount(accountId: string): Promise<string[]> {
    const identities = await accounts.listIdentities(accountId);
    const outcomes = await Promise.all(
      identities.map(async (identity) => ({ identity, outcome: await endIdentityGrants(context, identity) })),
    );
    const deleted = await accounts.deleteAccount(accountId);
    // A session that is overlooked here leads nowhere: its account is gone.
    await afterwards(context, endAll(accountId, deleted));
    return outcomes
      .filter(({ outcome }) => outcome === 'not-confirmed')
      .map(({ identity }) => identity.provider);
  }

  /** All sessions, and what a login has linked or stored in these very seconds. */
  async function endAll(accountId: string, deleted: readonly Identity[]): Promise<void> {
    await endSessions(context, accountId, await sessions.list(accountId));
    await Promise.all(deleted.map((identity) => endIdentityGrants(context, identity)));
  }

  /** Everything but secrets: of tokens only that they are held, and until when. */
  async function toMyData({ signedIn: { accountId, ref }, identities }: SignedInAccount) {
    const createdAt = await accounts.getAccountStart(accountId);
    if (createdAt === null) throw new LoginError('session_changed', { reason: 'the account is gone' });
    const open = await sessions.list(accountId);
    return {
      account: { id: accountId, created_at: toIso(createdAt) },
      identities: await Promise.all(identities.map((identity) => toIdentityData(identity, ref))),
      sessions: open.map(({ ref: other, facts, lastActiveAt }) => ({
        this_session: other === ref,
        device: facts.device ?? null,
        address: facts.address ?? null,
        started_at: toIso(facts.createdAt ?? 0),
        signed_in_at: toIso(facts.signedInAt ?? 0),
        last_active_at: toIso(lastActiveAt),
      })),
    };
  }

  async function toIdentityData(identity: Identity, ref: string) {
    const grant = await context.grants.get({ ref, identityId: identity.id });
    return {
      provider: identity.provider,
      mode: identity.mode,
      subject: identity.subject,
      display_name: identity.display_name,
      handle: identity.handle,
      avatar_url: identity.avatar_url,
      public_profile_url: identity.public_profile_url,
      granted_scope: readScope(identity.granted_scope),
      linked_at: toIso(identity.linked_at),
      last_used_at: toIso(identity.last_used_at),
      profile_read_at: toIso(identity.profile_read_at),
      profile: JSON.parse(identity.userinfo) as unknown,
      access_in_this_session: grant && {
        ends_at: grant.tokens.expiresAt === null ? null : toIso(grant.tokens.expiresAt),
        renewable: grant.tokens.refreshToken !== null,
        ended_at: grant.ended && toIso(grant.ended.at),
      },
    };
  }

  function toDeletePage(identities: readonly Identity[]): ConfirmPage {
    const linked = services.filter(({ provider }) =>
      identities.some((identity) => identity.provider === provider.id),
    );
    return {
      provider: null,
      heading: 'Delete your account here?',
      consequences: [
        `We delete everything we keep about you: your ${toList(linked.map(({ provider }) => provider.name))} ${linked.length === 1 ? 'profile' : 'profiles'} and all sessions.`,
        'We ask the services to cancel our access where they offer that.',
        'Your accounts there stay as they are. You are signed out on all devices. This cannot be undone.',
      ],
      actions: [
        form('Delete my account', paths.deleteAccount, { confirmed: 'yes' }, 'danger'),
        link('Keep it', paths.profile),
        link('Download my data first', paths.myData, 'text'),
      ],
    };
  }
}

function toIso(instant: number): string {
  return new Date(instant).toISOString();
}
