import { type Request, type Response, Router } from 'express';
import type { Identity } from '../accounts/account-store.ts';
import { type Intent, intents } from '../accounts/resolve-account.ts';
import { LoginError, RequestError } from '../errors.ts';
import type { Client } from '../oauth/client.ts';
import type { Tokens } from '../oauth/token-response.ts';
import { routes } from '../paths.ts';
import { scopeWords } from '../providers/index.ts';
import {
  destroySession,
  expireCookie,
  readSessionEnd,
  readSignedIn,
  type SignedIn,
  setFlash,
  startSession,
} from '../sessions/session.ts';
import type { Context } from '../web/context.ts';
import { readCookie, setCookie } from '../web/cookies.ts';
import { endSessionGrants, revokeTokens } from '../web/end-grants.ts';
import { toLoginFlash } from '../web/flash-words.ts';
import { sendPage } from '../web/page.ts';
import { readReturnPath } from '../web/return-path.ts';
import { findClient } from '../web/services.ts';
import type { HandOffPage } from '../web/view-models.ts';
import { type FinishedLogin, finishLogin, startLogin } from './flow.ts';
import { newSecret } from './transaction.ts';

const bindingCookie = 'latchkey-login';
const bindingMilliseconds = 24 * 60 * 60 * 1000;
const lastUsedMilliseconds = 180 * 24 * 60 * 60 * 1000;

/** One login: the start, the callback, and signing out. */
export function createLoginRoutes(context: Context): Router {
  const { config, paths, accounts, grants, transactions, replacements, sessions, log, now } = context;
  const { secure } = config;
  const router = Router();

  router.post(routes.login(':provider'), async (request, response) => {
    const client = findClient(context, String(request.params['provider']));
    const signedIn = readSignedIn(request);
    const wish = readWish(request, signedIn, paths.profile);
    const binding = bindBrowser(request, response);
    const authorizationRequest = await startLogin(context, client, {
      ...wish,
      binding,
      accountId: signedIn?.accountId ?? null,
    });
    // A 200 page that leads on, not a redirect: `form-action 'self'` would stop the redirect.
    const options = { view: 'hand-off', title: `Taking you to ${client.provider.name}` } as const;
    sendPage(context, request, response, options, toHandOffPage(client, authorizationRequest));
  });

  router.get(routes.callback(':provider'), async (request, response) => {
    // A HEAD would use up the code without anybody seeing the page.
    if (request.method !== 'GET') throw new RequestError('malformed_request');
    const client = findClient(context, String(request.params['provider']));
    const before = readSignedIn(request);
    const login = await finishLogin(context, client, {
      query: new URL(request.url, config.origin).searchParams,
      binding: readCookie(request, bindingCookie, secure),
      accountId: before?.accountId ?? null,
      stillSignedIn: async () => before !== null && (await sessions.isAlive(before.ref)),
    });
    const { transaction, resolution } = login;
    log.info('login', { provider: client.provider.id, intent: transaction.intent, outcome: resolution });
    response.redirect(303, await settleSession(request, response, client, login, before));
  });

  router.post(routes.logout, async (request, response) => {
    const signedIn = readSignedIn(request);
    const binding = readCookie(request, bindingCookie, secure);
    if (binding !== null) await transactions.endAll(binding);
    // The session first: whatever the providers answer, this browser is signed out.
    if (signedIn) await sessions.end(signedIn.ref);
    await destroySession(request);
    if (signedIn) await endAccess(signedIn);
    expireCookie(response, 'latchkey', secure);
    expireCookie(response, bindingCookie, secure);
    // `"cookies"` would erase those of other ports of this host name too.
    response.setHeader('Clear-Site-Data', '"cache", "storage"');
    response.redirect(303, `${paths.home}?signed_out`);
  });

  /** The browser-binding cookie: kept while it is well formed, so that parallel tabs all work. */
  function bindBrowser(request: Request, response: Response): string {
    const known = readCookie(request, bindingCookie, secure);
    const binding = known !== null && /^[\w-]{43}$/.test(known) ? known : newSecret();
    setCookie(response, bindingCookie, binding, { secure, maxAgeMilliseconds: bindingMilliseconds });
    return binding;
  }

  /** Gives back all that a session holds at the providers, an open decision's tokens included. */
  async function endAccess(signedIn: SignedIn): Promise<void> {
    const decision = await replacements.take(signedIn.ref);
    const client = context.services.find(({ provider }) => provider.id === decision?.proven.provider)?.client;
    if (decision && client) await revokeTokens(client, [decision.tokens]);
    await endSessionGrants(context, signedIn);
    log.info('sign-out', {});
  }

  /** Makes the session what the login says, and returns where to go on. */
  async function settleSession(
    request: Request,
    response: Response,
    client: Client,
    login: FinishedLogin,
    before: SignedIn | null,
  ): Promise<string> {
    const { identity, tokens, proven, transaction } = login;
    const { provider } = client;
    if (identity === null) {
      const { id: oldIdentityId, display_name: oldName } = login.before!;
      await replacements.put(before!.ref, { oldIdentityId, oldName, proven, tokens });
      return paths.replace;
    }
    const formerName = await nameOfFormer(before, identity.account_id);
    const sameAccount = before !== null && before.accountId === identity.account_id;
    if (sameAccount) await renewSession(request, before, client, login, identity);
    else await changeSession(request, before, tokens, identity);
    const flash = toLoginFlash(provider, login, formerName);
    if (flash) await setFlash(request, flash);
    setCookie(response, 'latchkey-last', provider.id, { secure, maxAgeMilliseconds: lastUsedMilliseconds });
    return transaction.returnTo ?? paths.profile;
  }

  /** The name that the browser was signed in under, when this login signs it in to another account. */
  async function nameOfFormer(before: SignedIn | null, accountId: string): Promise<string | null> {
    if (before === null || before.accountId === accountId) return null;
    const identities = await accounts.listIdentities(before.accountId);
    return (identities.find(({ id }) => id === before.identityId) ?? identities[0])?.display_name ?? null;
  }

  /** A session for the newcomer. Whoever was signed in here before is signed out. */
  async function changeSession(
    request: Request,
    before: SignedIn | null,
    tokens: Tokens,
    identity: Identity,
  ): Promise<void> {
    if (before) {
      await sessions.end(before.ref);
      await endAccess(before);
    }
    const who = { accountId: identity.account_id, identityId: identity.id };
    const { ref } = await startSession(request, who, now());
    const end = readSessionEnd(request, config.sessionLimits);
    await grants.put({ ref, identityId: identity.id }, { tokens, renewedAt: null }, end);
  }

  /** The same session under a new id. When it was ended in this very moment, the login undoes itself. */
  async function renewSession(
    request: Request,
    before: SignedIn,
    client: Client,
    login: FinishedLogin,
    identity: Identity,
  ): Promise<void> {
    const { tokens, resolution } = login;
    const place = { ref: before.ref, identityId: identity.id };
    // The tokens first: a sign-out from here on finds and revokes them.
    await grants.put(place, { tokens, renewedAt: null }, readSessionEnd(request, config.sessionLimits));
    const signsIn = resolution === 'sign-in' || resolution === 'reauthenticate';
    const changes = signsIn ? { identityId: identity.id, signedInAt: now() } : {};
    if ((await sessions.renew(request, changes)) !== 'gone') return;
    if (resolution === 'link') await accounts.unlinkIdentity(before.accountId, identity.id, () => true);
    await grants.take(place);
    await revokeTokens(client, [tokens]);
    throw new LoginError('session_changed', { provider: client.provider.id, reason: 'signed out meanwhile' });
  }

  return router;
}

interface Wish {
  readonly intent: Intent;
  readonly force: boolean;
  readonly returnTo: string | null;
}

/** What the form asks for. Linking needs an account to link to: `not_signed_in` without one. */
function readWish(request: Request, signedIn: SignedIn | null, profilePath: string): Wish {
  const {
    intent = signedIn ? 'link' : 'sign-in',
    force = 'false',
    return_to: returnTo,
  } = (request.body ?? {}) as Record<string, unknown>;
  const known = intents.find((candidate) => candidate === intent);
  if (!known || (force !== 'true' && force !== 'false')) throw new RequestError('malformed_request');
  if (known !== 'sign-in' && !signedIn) throw new RequestError('not_signed_in', { returnTo: profilePath });
  return { intent: known, force: force === 'true', returnTo: readReturnPath(returnTo) };
}

function toHandOffPage({ provider, scope }: Client, authorizationRequest: URL): HandOffPage {
  return {
    provider: { id: provider.id, name: provider.name },
    href: authorizationRequest.href,
    asks: scope.map((name) => scopeWords(provider, name)),
  };
}
