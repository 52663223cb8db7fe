import type { IRouter } from 'express';
import type { Identity } from '../accounts/account-store.ts';
import { RequestError } from '../errors.ts';
import { routes } from '../paths.ts';
import type { Context } from '../web/context.ts';
import { toEndedSessionFlash, toEndedSessionsFlash, toGoneSessionFlash } from '../web/flash-words.ts';
import { form, renderPage } from '../web/page.ts';
import { homeWithReturn } from '../web/return-path.ts';
import { nameOfProvider } from '../web/services.ts';
import { endSessions } from '../web/session-changes.ts';
import { readAccount, requireAccount, type SignedInAccount } from '../web/signed-in.ts';
import { toTimeWords } from '../web/time-words.ts';
import type { SessionRow, SessionsPage } from '../web/view-models.ts';
import { type SignedIn, setFlash } from './session.ts';
import type { StoredSession } from './session-store.ts';

/** Where the person is signed in, and signing out there. */
export function addSessionRoutes(router: IRouter, context: Context): void {
  const { paths, sessions, log, now } = context;

  router.get(routes.sessions, async (request, response) => {
    const account = await readAccount(context, request);
    if (!account) return response.redirect(303, homeWithReturn(context, paths.sessions));
    const options = { view: 'sessions', title: 'Sessions and devices', current: 'sessions' } as const;
    await renderPage(context, request, response, options, await toSessionsPage(account));
  });

  router.post(routes.endOtherSessions, async (request, response) => {
    const { signedIn } = await requireAccount(context, request);
    const others = await listOthers(signedIn);
    const ended = await endSessions(context, signedIn.accountId, others);
    log.info('sessions.end', { outcome: String(ended) });
    await setFlash(request, toEndedSessionsFlash(ended));
    response.redirect(303, paths.sessions);
  });

  router.post(routes.endSession(':ref'), async (request, response) => {
    const { signedIn } = await requireAccount(context, request);
    // Looked for among the account's own: another account's session is as unknown as one that ended.
    const wanted = String(request.params['ref']);
    // The button that ends this very session is another one: Sign out.
    if (wanted === signedIn.ref) throw new RequestError('malformed_request');
    const session = (await listOthers(signedIn)).find(({ ref }) => ref === wanted);
    if (session) {
      await endSessions(context, signedIn.accountId, [session]);
      log.info('sessions.end', { outcome: '1' });
    }
    const flash = session
      ? toEndedSessionFlash(session.facts.device ?? 'Unknown device')
      : toGoneSessionFlash();
    await setFlash(request, flash);
    response.redirect(303, paths.sessions);
  });

  async function listOthers({ accountId, ref }: SignedIn): Promise<StoredSession[]> {
    return (await sessions.list(accountId)).filter((session) => session.ref !== ref);
  }

  async function toSessionsPage({ signedIn, identities }: SignedInAccount): Promise<SessionsPage> {
    const all = await sessions.list(signedIn.accountId);
    const names = namesOf(identities);
    const ownFirst = all.toSorted((a, b) => Number(b.ref === signedIn.ref) - Number(a.ref === signedIn.ref));
    return {
      sessions: ownFirst.map((session) => toRow(session, session.ref === signedIn.ref, names)),
      endOthers:
        all.length > 1 ? form('Sign out everywhere else', paths.endOtherSessions, {}, 'danger') : null,
    };
  }

  function namesOf(identities: readonly Identity[]): Map<string, string> {
    return new Map(
      identities.map(({ id, provider, display_name }) => [
        id,
        `${nameOfProvider(context, provider)} as ${display_name}`,
      ]),
    );
  }

  function toRow(
    { ref, facts, lastActiveAt }: StoredSession,
    current: boolean,
    names: Map<string, string>,
  ): SessionRow {
    const device = facts.device ?? 'Unknown device';
    const end = form('Sign out this device', paths.endSession(ref));
    return {
      device,
      signedInWith: names.get(facts.identityId ?? '') ?? 'An account that is no longer linked',
      started: toTimeWords(facts.createdAt ?? 0, now()),
      lastActive: toTimeWords(current ? now() : lastActiveAt, now()),
      address: facts.address ?? 'unknown',
      current,
      action: current ? null : { ...end, labelSuffix: `(${device})` },
    };
  }
}
