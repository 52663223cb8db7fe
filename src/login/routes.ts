import type { IRouter, Request, Response } from 'express';
import type { Identity } from '../accounts/account-store.ts';
import { type Intent, intents } from '../accounts/resolve-account.ts';
import { LoginError, RequestError } from '../errors.ts';
import { recordAccount, recordOutcome } from '../inspector/failures.ts';
import { recordCheck } from '../inspector/recorder.ts';
import type { Client } from '../oauth/client.ts';
import type { Tokens } from '../oauth/token-response.ts';
import { type Paths, routes } from '../paths.ts';
import { scopeWords } from '../providers/index.ts';
import type { Provider } from '../providers/provider.ts';
import { readScope } from '../providers/scope.ts';
import { destroySession, type Flash, readSignedIn, type SignedIn } from '../sessions/session.ts';
import type { SessionFacts } from '../sessions/session-store.ts';
import { afterwards } from '../web/afterwards.ts';
import type { Context } from '../web/context.ts';
import { bindBrowser, bindingCookie, forgetBrowser, readCookie, setCookie } from '../web/cookies.ts';
import { endSessionAccess, giveBack, giveBackAfterwards, revokeTokens } from '../web/end-grants.ts';
import { toLoginFlash } from '../web/flash-words.ts';
import { form, link, renderPage, sendPage } from '../web/page.ts';
import { readQuery } from '../web/query.ts';
import { homeWithReturn, readReturnPath } from '../web/return-path.ts';
import { findClient } from '../web/services.ts';
import { changeSession, renewSession, toSignInFacts, withFlash } from '../web/session-changes.ts';
import { readAccount } from '../web/signed-in.ts';
import { isStepping, toStop } from '../web/step-mode.ts';
import type { ConfirmPage, HandOffPage } from '../web/view-models.ts';
import { createIsWayIn, forceFields, requireRecentSignIn } from '../web/ways-in.ts';
import { type FinishedLogin, finishLogin, startLogin } from './flow.ts';
import { newDecisionId, type PendingDecision } from './pending-decision.ts';

const lastUsedMilliseconds = 180 * 24 * 60 * 60 * 1000;

/** One login: the start, the callback, and signing out. */
export function addLoginRoutes(router: IRouter, context: Context): void {
  const { config, paths, accounts, transactions, decisions, sessions, log } = context;
  const { secure } = config;

  router.post(routes.login(':provider'), async (request, response) => {
    const client = findClient(context, String(request.params['provider']));
    const { provider } = client;
    const account = await readAccount(context, request);
    const signedIn = account?.signedIn ?? null;
    const wish = readWish(request, provider, signedIn, paths.profile);
    if (account && changesWaysIn.has(wish.intent)) {
      requireRecentSignIn(context, account, `${paths.login(provider.id)}?intent=${wish.intent}`);
    }
    const scope = await toScope(client, wish.intent, signedIn);
    const binding = bindBrowser(request, response, secure);
    const accountId = signedIn?.accountId ?? null;
    const authorizationRequest = await startLogin(context, client, { ...wish, scope, binding, accountId });
    const stop = isStepping(context, request) ? toStop(authorizationRequest) : null;
    const title = `${stop ? 'About to go' : 'Taking you'} to ${provider.name}`;
    const options = { view: 'hand-off', title } as const;
    log.info('login.start', { provider: provider.id, intent: wish.intent });
    // A 200 page that leads on, not a redirect: `form-action 'self'` would stop the redirect.
    sendPage(context, request, response, options, {
      ...toHandOffPage(client, scope, authorizationRequest),
      stop,
    });
  });

  // Where a fresh sign-in comes back to when it was wanted for one of these: a page with the button.
  router.get(routes.login(':provider'), async (request, response) => {
    const { provider } = findClient(context, String(request.params['provider']));
    const intent = [...changesWaysIn].find((known) => known === request.query['intent']);
    if (!intent) throw new RequestError('not_found');
    const here = `${paths.login(provider.id)}?intent=${intent}`;
    const account = await readAccount(context, request);
    if (!account) return response.redirect(303, homeWithReturn(context, here));
    requireRecentSignIn(context, account, here);
    const page = toContinuePage(provider, intent, paths);
    const options = { view: 'confirm', title: page.heading, current: 'profile' } as const;
    await renderPage(context, request, response, options, page);
  });

  router.get(routes.callback(':provider'), async (request, response) => {
    // A HEAD would use up the code without anybody seeing the page.
    if (request.method !== 'GET') throw new RequestError('malformed_request');
    const client = findClient(context, String(request.params['provider']));
    const before = readSignedIn(request);
    const login = await finishLogin(context, client, {
      query: readQuery(request),
      binding: readCookie(request, bindingCookie, secure),
      accountId: before?.accountId ?? null,
      stillSignedIn: async () => before !== null && (await sessions.isAlive(before)),
      giveBack: (tokens) => giveBackAfterwards(context, response, client, tokens),
    });
    const { transaction, resolution } = login;
    recordOutcome(resolution);
    const { intent } = transaction;
    const next = await settleSession(request, response, client, login, before);
    log.info('login.ok', { provider: client.provider.id, intent, outcome: resolution });
    if (resolution === 'link') log.info('link', { provider: client.provider.id });
    response.redirect(303, next);
  });

  router.post(routes.logout, async (request, response) => {
    const signedIn = readSignedIn(request);
    const binding = readCookie(request, bindingCookie, secure);
    if (binding !== null) await transactions.endAll(binding);
    // The session first: whatever the providers answer, this browser is signed out.
    if (signedIn) await sessions.end(signedIn);
    await destroySession(request);
    if (signedIn) await afterwards(context, endSessionAccess(context, signedIn));
    log.info('logout', {});
    forgetBrowser(response, config);
    response.redirect(303, `${paths.home}?signed_out`);
  });

  /** Asking again adds what is missing to what was granted, so that nothing gets lost on the way. */
  async function toScope(
    { provider, mode, scope }: Client,
    intent: Intent,
    signedIn: SignedIn | null,
  ): Promise<readonly string[]> {
    if (intent !== 'ask' || !signedIn) return scope;
    const linked = await accounts.getIdentity(signedIn.accountId, provider.id, mode);
    const granted = readScope(linked?.granted_scope ?? '');
    return [...new Set([...granted, ...scope])];
  }

  /** Makes the session what the login says, and returns where to go on. */
  async function settleSession(
    request: Request,
    response: Response,
    client: Client,
    login: FinishedLogin,
    before: SignedIn | null,
  ): Promise<string> {
    const { identity, tokens, transaction } = login;
    const { provider } = client;
    if (identity === null) return askForDecision(client, login, before!);
    recordAccount(identity.account_id);
    const formerName = await orRevoke(client, tokens, nameOfFormer(before, identity.account_id));
    const sameAccount = before !== null && before.accountId === identity.account_id;
    const flash = toLoginFlash(provider, login, formerName);
    if (sameAccount) await keepSession(request, before, client, login, identity, flash);
    else await changeSession(context, request, before, { client, tokens, identity }, flash);
    recordCheck('session', true);
    setCookie(response, 'latchkey-last', provider.id, { secure, maxAgeMilliseconds: lastUsedMilliseconds });
    return transaction.returnTo ?? paths.profile;
  }

  /** Puts a decision before the person, in place of an older one, and returns its page. */
  async function askForDecision(client: Client, login: FinishedLogin, signedIn: SignedIn): Promise<string> {
    const { proven, tokens, resolution, transaction } = login;
    const before = login.before!;
    const { intent } = transaction;
    const question = { id: newDecisionId(), proven, tokens };
    const decision: PendingDecision =
      resolution === 'ask-to-replace'
        ? { ...question, kind: 'replace', oldIdentityId: before.id, oldName: before.display_name }
        : { ...question, kind: 'conflict', intent, otherAccountId: before.account_id };
    const former = await orRevoke(client, tokens, decisions.put(signedIn.ref, decision));
    await Promise.all(former.map((one) => giveBack(context, one)));
    if (!(await sessions.isAlive(signedIn))) {
      // Signed out in this very moment, after the sign-out had looked for open decisions.
      await Promise.all((await decisions.takeAll(signedIn.ref)).map((one) => giveBack(context, one)));
      throw new LoginError('session_changed', { provider: proven.provider, reason: 'signed out meanwhile' });
    }
    return decision.kind === 'replace' ? paths.replace : paths.conflict;
  }

  /** A step before the session or a decision holds the tokens: when it fails, they are given back. */
  async function orRevoke<Result>(client: Client, tokens: Tokens, step: Promise<Result>): Promise<Result> {
    try {
      return await step;
    } catch (error) {
      await revokeTokens(client, [tokens]);
      throw error;
    }
  }

  /** The name that the browser was signed in under, when this login signs it in to another account. */
  async function nameOfFormer(before: SignedIn | null, accountId: string): Promise<string | null> {
    if (before === null || before.accountId === accountId) return null;
    const identities = await accounts.listIdentities(before.accountId);
    return (identities.find(({ id }) => id === before.identityId) ?? identities[0])?.display_name ?? null;
  }

  /** The same session under a new id. When it was ended in this very moment, the login undoes itself. */
  async function keepSession(
    request: Request,
    before: SignedIn,
    client: Client,
    login: FinishedLogin,
    identity: Identity,
    flash: Flash | null,
  ): Promise<void> {
    const { tokens, resolution, transaction } = login;
    const changes = { ...toChanges(resolution, transaction.force, client, identity), ...withFlash(flash) };
    const outcome = await renewSession(context, request, before, { client, tokens, identity }, changes);
    if (outcome === 'renewed') return;
    if (resolution === 'link') await undoLink(identity);
    throw new LoginError('session_changed', { provider: client.provider.id, reason: 'signed out meanwhile' });
  }

  /** Unless it has become the only way in: then it stays, and the person may unlink it. */
  async function undoLink({ account_id, id }: Identity): Promise<void> {
    await accounts.unlinkIdentity(account_id, id, createIsWayIn(context)).catch((error: unknown) => {
      if (!(error instanceof LoginError)) throw error;
    });
  }

  /**
   * What a login changes in a session that is there already. Without force the provider may have
   * answered from memory: that does not make an old sign-in a recent one.
   */
  function toChanges(
    resolution: FinishedLogin['resolution'],
    forced: boolean,
    client: Client,
    identity: Identity,
  ): SessionFacts {
    if (resolution !== 'sign-in' && resolution !== 'reauthenticate') return {};
    const { signedInAt, ...facts } = toSignInFacts(context, client, identity);
    return forced ? { ...facts, signedInAt } : facts;
  }
}

/** What gives or takes a way in wants a recent sign-in. */
const changesWaysIn: ReadonlySet<Intent> = new Set<Intent>(['link', 'switch']);

interface Wish {
  readonly intent: Intent;
  readonly force: boolean;
  readonly returnTo: string | null;
}

/** What the form asks for. Linking needs an account to link to: `not_signed_in` without one. */
function readWish(
  request: Request,
  provider: Provider,
  signedIn: SignedIn | null,
  profilePath: string,
): Wish {
  const {
    intent = signedIn ? 'link' : 'sign-in',
    force = 'false',
    return_to: returnTo,
  } = (request.body ?? {}) as Record<string, unknown>;
  const known = intents.find((candidate) => candidate === intent);
  if (!known || (force !== 'true' && force !== 'false')) throw new RequestError('malformed_request');
  if (known !== 'sign-in' && !signedIn) throw new RequestError('not_signed_in', { returnTo: profilePath });
  // A remembered consent would confirm nobody. And who cannot be made to ask has not asked again.
  const canForce = typeof provider.force === 'object';
  const forced = (force === 'true' && canForce) || known === 'reauthenticate';
  return { intent: known, force: forced, returnTo: readReturnPath(returnTo) };
}

function toHandOffPage(
  { provider }: Client,
  scope: readonly string[],
  authorizationRequest: URL,
): Omit<HandOffPage, 'stop'> {
  return {
    provider: { id: provider.id, name: provider.name },
    href: authorizationRequest.href,
    asks: scope.map((name) => scopeWords(provider, name)),
  };
}

function toContinuePage(provider: Provider, intent: Intent, paths: Paths): ConfirmPage {
  const { id, name, words } = provider;
  const heading = intent === 'switch' ? words.switchAccount : `Link ${name}`;
  return {
    provider: { id, name },
    heading,
    consequences: [
      `You go to ${name} now, sign in there, and come back here.`,
      ...(intent === 'switch' && words.beforeSwitch !== null ? [words.beforeSwitch] : []),
    ],
    actions: [
      form(heading, paths.login(id), { intent, ...forceFields(provider) }, 'main'),
      link('Not now', paths.profile),
    ],
  };
}
