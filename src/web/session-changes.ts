import type { Request } from 'express';
import type { Identity } from '../accounts/account-store.ts';
import { toAccount } from '../accounts/linked-account.ts';
import { LoginError } from '../errors.ts';
import type { Client } from '../oauth/client.ts';
import type { Tokens } from '../oauth/token-response.ts';
import { firstCheck, type GrantPlace, sameTokens } from '../sessions/grants.ts';
import { type Flash, newSessionRef, readSessionEnd, type SignedIn, toNewFacts } from '../sessions/session.ts';
import type { SessionFacts } from '../sessions/session-store.ts';
import { afterwards } from './afterwards.ts';
import type { Context } from './context.ts';
import { endSessionAccess, revokeTokens } from './end-grants.ts';

/** How many sessions one account may have; the one unused for longest makes room. */
export const sessionsPerAccount = 20;

/** A login that is settled: whose it is, and the tokens it brought. */
export interface SettledLogin {
  readonly client: Client;
  readonly tokens: Tokens;
  readonly identity: Identity;
}

/**
 * A session for the newcomer, with a new id and a message for the next page. Whoever was signed in
 * here before is signed out. Throws `session_changed` when the identity has meanwhile left its
 * account; then nobody is signed in.
 */
export async function changeSession(
  context: Context,
  request: Request,
  before: SignedIn | null,
  login: SettledLogin,
  flash: Flash | null,
): Promise<void> {
  const { client, tokens, identity } = login;
  const now = context.now();
  const who = { ref: newSessionRef(), accountId: identity.account_id, identityId: identity.id };
  await orUndo(context, request, who, login, async () => {
    const end = now + context.config.sessionLimits.absoluteMilliseconds;
    const facts = toNewFacts(request, who, firstCheck(client.provider, now), now);
    const grant = context.grants.toRecord(who, client, tokens, end);
    await context.sessions.start(request, { ...facts, ...withFlash(flash) }, grant);
    // Also where another tab has given it another id.
    if (before) {
      await context.sessions.end(before);
      await afterwards(context, endSessionAccess(context, before));
    }
    await requireStillLinked(context, login);
  });
  await afterwards(context, makeRoom(context, who.accountId, who.ref));
  await context.hooks.signedIn(async () =>
    toAccount({ ...who, signedInAt: now }, await context.accounts.listIdentities(who.accountId)),
  );
}

/** The change that leaves one message for the next page. */
export function withFlash(flash: Flash | null): { flash?: Flash } {
  return flash === null ? {} : { flash };
}

/** What a session remembers of the identity that has just signed in. */
export function toSignInFacts({ now }: Context, client: Client, identity: Identity) {
  const { provider } = client;
  return { identityId: identity.id, signedInAt: now(), check: firstCheck(provider, now()) };
}

/**
 * The same session under a new id, holding the tokens of one more login in place of those it held for
 * the identity, which are given back. `gone` when the session was ended in this very moment; the
 * tokens are given back then, and the caller undoes the rest. Throws `session_changed` when the
 * identity has meanwhile left the account.
 */
export async function renewSession(
  context: Context,
  request: Request,
  before: SignedIn,
  login: SettledLogin,
  changes: SessionFacts,
): Promise<'renewed' | 'gone'> {
  const { client, tokens, identity } = login;
  const place = { ref: before.ref, identityId: identity.id };
  const end = readSessionEnd(request, context.config.sessionLimits);
  const outcome = await orUndo(context, null, place, login, async () => {
    // The tokens first: a sign-out from here on finds and revokes them.
    const former = await context.grants.put(place, client, tokens, end);
    if (former && !sameTokens(former.tokens, tokens)) await revokeTokens(client, [former.tokens]);
    const renewal = await context.sessions.renew(request, changes);
    if (renewal !== 'gone') await requireStillLinked(context, login);
    return renewal;
  });
  if (outcome !== 'gone') return 'renewed';
  await giveUp(context, place, login);
  return 'gone';
}

/** Does the work. When it fails, the tokens are given back, and a session made for them ends. */
async function orUndo<Result>(
  context: Context,
  request: Request | null,
  place: GrantPlace,
  login: SettledLogin,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    await giveUp(context, place, login);
    if (request) {
      const { ref } = place;
      await afterwards(context, context.sessions.end({ accountId: login.identity.account_id, ref }));
      // Without a session express-session neither stores anything nor sets a cookie.
      Reflect.deleteProperty(request, 'session');
    }
    throw error;
  }
}

async function giveUp(context: Context, place: GrantPlace, { client, tokens }: SettledLogin): Promise<void> {
  await afterwards(context, takeOwn(context, place, tokens));
  await revokeTokens(client, [tokens]);
}

/** Those of another login, or of the time before this one, stay where they are. */
async function takeOwn({ grants }: Context, place: GrantPlace, tokens: Tokens): Promise<void> {
  const held = await grants.get(place);
  if (held && sameTokens(held.tokens, tokens)) await grants.take(place);
}

/** An unlink, a move or a join elsewhere may have been faster, and has not seen this session. */
async function requireStillLinked({ accounts }: Context, { client, identity }: SettledLogin): Promise<void> {
  const { id, account_id, provider, subject } = identity;
  const current = await accounts.findIdentity(provider, client.mode, subject);
  if (current?.id === id && current.account_id === account_id) return;
  throw new LoginError('session_changed', { provider, reason: 'the identity has left the account' });
}

async function makeRoom(context: Context, accountId: string, ref: string): Promise<void> {
  if ((await context.sessions.count(accountId)) <= sessionsPerAccount) return;
  const surplus = await context.sessions.list(accountId, sessionsPerAccount);
  await endSessions(
    context,
    accountId,
    surplus.filter((session) => session.ref !== ref),
  );
}

/** Ends sessions of an account and gives back what they held. Answers how many were ended. */
export async function endSessions(
  context: Context,
  accountId: string,
  sessions: readonly { ref: string }[],
): Promise<number> {
  const ended = await Promise.all(
    sessions.map(async ({ ref }) => {
      const existed = await context.sessions.end({ accountId, ref });
      await afterwards(context, endSessionAccess(context, { accountId, ref }));
      return existed;
    }),
  );
  return ended.filter(Boolean).length;
}

/** Ends an account's sessions that signed in with an identity which is no way in any more. */
export async function endSessionsThrough(
  context: Context,
  accountId: string,
  identityId: string,
  except: string | null,
): Promise<void> {
  const all = await context.sessions.list(accountId);
  const through = all.filter(({ ref, facts }) => facts.identityId === identityId && ref !== except);
  await endSessions(context, accountId, through);
}
