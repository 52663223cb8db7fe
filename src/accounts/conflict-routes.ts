import type { IRouter, Request } from 'express';
import { RequestError } from '../errors.ts';
import type { PendingConflict } from '../login/pending-decision.ts';
import { transactionMinutes } from '../login/transaction.ts';
import type { Client } from '../oauth/client.ts';
import { routes } from '../paths.ts';
import { type SignedIn, setFlash } from '../sessions/session.ts';
import { afterwards } from '../web/afterwards.ts';
import type { Context } from '../web/context.ts';
import { endIdentityGrants, giveBack } from '../web/end-grants.ts';
import { toChangedAccountFlash, toJoinedFlash, toKeptFlash, toMovedFlash } from '../web/flash-words.ts';
import { oneChangeAtATime } from '../web/one-change.ts';
import { form, link, renderPage } from '../web/page.ts';
import { homeWithReturn } from '../web/return-path.ts';
import { toList, toNameInSentence } from '../web/sentences.ts';
import { findClient, nameOfProvider } from '../web/services.ts';
import { changeSession, endSessions, endSessionsThrough, renewSession } from '../web/session-changes.ts';
import { readAccount, requireAccount, type SignedInAccount } from '../web/signed-in.ts';
import type { ConfirmPage, ConflictPage } from '../web/view-models.ts';
import { createIsWayIn, forceFields, requireRecentSignIn } from '../web/ways-in.ts';
import { type Identity, IdentityRace } from './account-store.ts';

const choices = ['keep', 'other', 'move', 'join'] as const;
type Choice = (typeof choices)[number];

/** A conflict as it stands now. */
interface Conflict {
  readonly decision: PendingConflict;
  readonly client: Client;
  /** The identity in dispute, as the database has it. */
  readonly identity: Identity;
  /** What the account signed in has, and what the other one has. */
  readonly here: readonly Identity[];
  readonly there: readonly Identity[];
  readonly possible: readonly Choice[];
}

/**
 * An identity that belongs to another account here, and what the person may do about it. Both sides
 * are proven: this one by the session, that one by the login that has just ended. Of the other
 * account nothing is said but what that login has proven.
 */
export function addConflictRoutes(router: IRouter, context: Context): void {
  const { paths, accounts, decisions, sessions, log } = context;
  const isWayIn = createIsWayIn(context);

  router.get(routes.conflict, async (request, response) => {
    const account = await readAccount(context, request);
    if (!account) return response.redirect(303, homeWithReturn(context, paths.conflict));
    const conflict = await findConflict(account);
    const { id } = conflict.decision;
    const wanted = choices.find((choice) => choice === request.query['confirm']);
    if ((wanted !== 'move' && wanted !== 'join') || request.query['decision'] !== id) {
      return renderConflict(request, response, conflict, 409, null);
    }
    if (!conflict.possible.includes(wanted)) throw new RequestError('decision_expired');
    requireRecentSignIn(context, account, confirmPath(wanted, id));
    const page = wanted === 'move' ? toMovePage(conflict) : toJoinPage(conflict);
    const options = { view: 'confirm', title: page.heading, current: 'profile' } as const;
    await renderPage(context, request, response, options, page);
  });

  router.post(routes.conflict, async (request, response) => {
    const account = await requireAccount(context, request);
    const conflict = await findConflict(account);
    const { id } = conflict.decision;
    const body = (request.body ?? {}) as Record<string, unknown>;
    // Another tab has met another conflict since: nothing is done before that page was seen.
    if (body['decision'] !== id) return response.redirect(303, paths.conflict);
    const choice = choices.find((known) => known === body['choice']);
    if (!choice || !conflict.possible.includes(choice)) {
      const name = toNameInSentence(conflict.identity.display_name);
      return renderConflict(request, response, conflict, 422, `Choose what to do with ${name}.`);
    }
    if (choice === 'move' || choice === 'join') {
      if (body['confirmed'] !== 'yes') return response.redirect(303, confirmPath(choice, id));
      requireRecentSignIn(context, account, confirmPath(choice, id));
    }
    const { signedIn } = account;
    await oneChangeAtATime(context, signedIn.accountId, async () => {
      const decision = await decisions.take(signedIn.ref, 'conflict', id);
      if (!decision) throw new RequestError('decision_expired');
      await orGiveBack(decision, () => carryOut[choice](request, signedIn, conflict));
    });
    log.info('conflict', { provider: conflict.client.provider.id, outcome: choice });
    response.redirect(303, paths.profile);
  });

  const confirmPath = (choice: 'move' | 'join', id: string) =>
    `${paths.conflict}?confirm=${choice}&decision=${id}`;

  const carryOut: Record<
    Choice,
    (request: Request, signedIn: SignedIn, conflict: Conflict) => Promise<void>
  > = {
    async keep(request, _signedIn, { client, identity, decision }) {
      await giveBack(context, decision);
      await setFlash(request, toKeptFlash(client.provider, identity.display_name));
    },

    /** As any sign-in to another account: this browser changes hands. */
    async other(request, signedIn, { client, identity, here, decision }) {
      const { proven, tokens } = decision;
      const renewed = await accounts.renewIdentity(identity.account_id, identity.id, proven);
      const formerName = here.find(({ id }) => id === signedIn.identityId)?.display_name ?? null;
      const flash = toChangedAccountFlash(renewed.display_name, formerName);
      await changeSession(context, request, signedIn, { client, tokens, identity: renewed }, flash);
    },

    async move(request, signedIn, conflict) {
      const { client, identity, decision } = conflict;
      const moved = await accounts.moveIdentity(toMove(signedIn, conflict), decision.proven, isWayIn);
      await afterwards(context, endIdentityGrants(context, identity));
      await afterwards(context, endSessionsThrough(context, identity.account_id, identity.id, null));
      await holdMoved(request, signedIn, client, moved, decision);
      await setFlash(request, toMovedFlash(client.provider, moved.display_name));
    },

    async join(request, signedIn, conflict) {
      const { client, identity, decision } = conflict;
      const former = identity.account_id;
      const moved = await accounts.joinAccounts(toMove(signedIn, conflict), decision.proven);
      await afterwards(context, Promise.all(moved.map((one) => endIdentityGrants(context, one))));
      await afterwards(
        context,
        sessions.list(former).then((all) => endSessions(context, former, all)),
      );
      await holdMoved(request, signedIn, client, moved.find(({ id }) => id === identity.id)!, decision);
      await setFlash(request, toJoinedFlash(moved.map((one) => nameOf(one))));
    },
  };

  const toMove = ({ accountId }: SignedIn, { identity }: Conflict) => ({
    identityId: identity.id,
    fromAccountId: identity.account_id,
    toAccountId: accountId,
  });

  /** The conflict as it stands. Throws `decision_expired` when there is none any more. */
  async function findConflict({ signedIn, identities: here }: SignedInAccount): Promise<Conflict> {
    const decision = await decisions.get(signedIn.ref, 'conflict');
    if (!decision) throw new RequestError('decision_expired');
    const { mode, facts } = decision.proven;
    const client = findClient(context, decision.proven.provider);
    const { provider } = client;
    const there = await accounts.listIdentities(decision.otherAccountId);
    const identity = there.find(
      (one) => one.provider === provider.id && one.mode === mode && one.subject === facts.subject,
    );
    // Read one after the other: what is in both has come over in between.
    const moved = there.some(({ id }) => here.some((mine) => mine.id === id));
    // Unlinked there, come here, or moved to a third account, since the login.
    if (!identity || moved) throw new RequestError('decision_expired');
    const clashes = (one: Identity) =>
      here.some((mine) => mine.provider === one.provider && mine.mode === one.mode);
    const leavesWayIn = there.some((one) => one.id !== identity.id && isWayIn(one));
    const possible = choices.filter((choice) => {
      if (choice === 'move') return leavesWayIn && !clashes(identity);
      return choice !== 'join' || !there.some(clashes);
    });
    return { decision, client, identity, here, there, possible };
  }

  /** When one of the accounts has changed since the page was shown, nothing happens. */
  async function orGiveBack(decision: PendingConflict, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await giveBack(context, decision);
      throw error instanceof IdentityRace ? new RequestError('decision_expired') : error;
    }
  }

  /** The session that decided holds the tokens of the login that proved the identity. */
  async function holdMoved(
    request: Request,
    signedIn: SignedIn,
    client: Client,
    identity: Identity,
    { tokens }: PendingConflict,
  ): Promise<void> {
    if ((await renewSession(context, request, signedIn, { client, tokens, identity }, {})) === 'renewed')
      return;
    throw new RequestError('not_signed_in', { returnTo: paths.profile });
  }

  async function renderConflict(
    request: Request,
    response: Parameters<typeof renderPage>[2],
    conflict: Conflict,
    status: number,
    problem: string | null,
  ): Promise<void> {
    const page = toConflictPage(conflict, problem);
    const title = problem ? `Error: ${page.heading}` : page.heading;
    await renderPage(
      context,
      request,
      response,
      { view: 'conflict', title, current: 'profile', status },
      page,
    );
  }

  function toConflictPage({ decision, client, possible }: Conflict, problem: string | null): ConflictPage {
    const { provider } = client;
    const name = toNameInSentence(decision.proven.facts.displayName);
    const offers: Record<Choice, { label: string; hint: string | null }> = {
      keep: { label: 'Keep things as they are', hint: 'Nothing is changed.' },
      other: { label: 'Sign in to that other account instead', hint: 'You are signed out of this one.' },
      move: {
        label: `Move ${name} to this account`,
        hint: 'The other account keeps its other ways in. We ask once more first.',
      },
      join: {
        label: 'Join both accounts into this one',
        hint: 'Everything linked there comes here. This cannot be undone. We ask once more first.',
      },
    };
    const again = { intent: decision.intent, ...forceFields(provider) };
    return {
      provider: { id: provider.id, name: provider.name },
      heading: `This ${provider.name} account is linked to another account here`,
      lead: `${name} is already used by another account here. Nothing has been changed. You have ${transactionMinutes} minutes to choose.`,
      problem,
      href: paths.conflict,
      decision: decision.id,
      legend: 'What you can do',
      choices: possible.map((choice) => ({ value: choice, ...offers[choice] })),
      submit: 'Continue',
      another: form(`Choose another ${provider.name} account`, paths.login(provider.id), again, 'text'),
    };
  }

  function toMovePage({ decision, client }: Conflict): ConfirmPage {
    const { provider } = client;
    const name = toNameInSentence(decision.proven.facts.displayName);
    return {
      provider: { id: provider.id, name: provider.name },
      heading: `Move ${name} to this account?`,
      consequences: [
        `From then on ${name} signs in here, and no longer to the other account.`,
        'The other account keeps its other ways in.',
        `Devices that signed in to it with ${name} are signed out.`,
      ],
      actions: [
        form(
          `Move ${name}`,
          paths.conflict,
          { choice: 'move', decision: decision.id, confirmed: 'yes' },
          'main',
        ),
        link('Go back', paths.conflict),
      ],
    };
  }

  function toJoinPage({ decision, client, there }: Conflict): ConfirmPage {
    const { provider } = client;
    const name = toNameInSentence(decision.proven.facts.displayName);
    return {
      provider: { id: provider.id, name: provider.name },
      heading: 'Join both accounts into this one?',
      consequences: [
        `This moves here: ${toList(there.map(nameOf))}. You can sign in with each of them afterwards.`,
        `The other account of ${name} is deleted, and all its devices are signed out.`,
        'This cannot be undone.',
      ],
      actions: [
        form(
          'Join both accounts',
          paths.conflict,
          { choice: 'join', decision: decision.id, confirmed: 'yes' },
          'danger',
        ),
        link('Go back', paths.conflict),
      ],
    };
  }

  /** By its service alone: of the other account only the identity just proven has been shown. */
  function nameOf({ provider }: Identity): string {
    return `the ${nameOfProvider(context, provider)} account`;
  }
}
