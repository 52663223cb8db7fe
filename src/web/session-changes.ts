import type { Request } from 'express';
import type { Identity } from '../accounts/account-store.ts';
import type { Client } from '../oauth/client.ts';
import type { Tokens } from '../oauth/token-response.ts';
import { firstCheck } from '../sessions/grants.ts';
import { readSessionEnd, type SignedIn, startSession } from '../sessions/session.ts';
import type { SessionFacts } from '../sessions/session-store.ts';
import type { Context } from './context.ts';
import { endSessionAccess } from './end-grants.ts';

/** How many sessions one account may have; the one unused for longest makes room. */
export const sessionsPerAccount = 20;

/** A session for the newcomer, with a new id. Whoever was signed in here before is signed out. */
export async function changeSession(
  context: Context,
  request: Request,
  before: SignedIn | null,
  proven: { client: Client; tokens: Tokens; identity: Identity },
): Promise<void> {
  const { client, tokens, identity } = proven;
  if (before) {
    await context.sessions.end(before);
    await endSessionAccess(context, before);
  }
  const who = { accountId: identity.account_id, identityId: identity.id };
  const now = context.now();
  const { ref } = await startSession(request, who, firstCheck(client.provider, now), now);
  await holdTokens(context, request, { ref, identityId: identity.id }, client, tokens);
  await makeRoom(context, who.accountId, ref);
}

/** What a session remembers of the identity that has just signed in. */
export function toSignInFacts({ now }: Context, client: Client, identity: Identity) {
  const { provider } = client;
  return { identityId: identity.id, signedInAt: now(), check: firstCheck(provider, now()) };
}

/**
 * The same session under a new id, holding the tokens of one more login. `gone` when it was ended in
 * this very moment; the caller then undoes what it did, and these tokens are still held.
 */
export async function renewSession(
  context: Context,
  request: Request,
  before: SignedIn,
  proven: { client: Client; tokens: Tokens; identity: Identity },
  changes: SessionFacts,
): Promise<'renewed' | 'gone'> {
  const { client, tokens, identity } = proven;
  const place = { ref: before.ref, identityId: identity.id };
  // The tokens first: a sign-out from here on finds and revokes them.
  await holdTokens(context, request, place, client, tokens);
  return (await context.sessions.renew(request, changes)) === 'gone' ? 'gone' : 'renewed';
}

async function holdTokens(
  { grants, config }: Context,
  request: Request,
  place: { ref: string; identityId: string },
  client: Client,
  tokens: Tokens,
): Promise<void> {
  await grants.put(place, client, tokens, readSessionEnd(request, config.sessionLimits));
}

async function makeRoom(context: Context, accountId: string, ref: string): Promise<void> {
  const sessions = await context.sessions.list(accountId);
  const others = sessions.filter((session) => session.ref !== ref);
  // Ended from elsewhere in this very moment, which may have been too early to find its tokens.
  if (others.length === sessions.length) await endSessionAccess(context, { accountId, ref });
  await endSessions(context, accountId, others.slice(sessionsPerAccount - 1));
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
      await endSessionAccess(context, { accountId, ref });
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
