import { AsyncResource } from 'node:async_hooks';
import type { Response } from 'express';
import { inFlow } from '../inspector/own-flows.ts';
import type { Client } from '../oauth/client.ts';
import {
  type Revocation,
  type RevocationOutcome,
  sendRevocationRequest,
} from '../oauth/revocation-request.ts';
import type { Tokens } from '../oauth/token-response.ts';
import type { Grant } from '../sessions/grants.ts';
import type { SessionPlace } from '../sessions/session-store.ts';
import type { Context } from './context.ts';
import { findClientOf } from './services.ts';

/** Signing out and unlinking wait this long for the provider, no longer. */
const revocationMilliseconds = 3000;

/** Ends all access that a session holds, that of open decisions too: deleted here, then revoked there. */
export async function endSessionAccess(context: Context, { ref, accountId }: SessionPlace): Promise<void> {
  const [identities] = await Promise.all([
    context.accounts.listIdentities(accountId),
    endDecisions(context, ref),
  ]);
  await Promise.all(
    identities.map(async (identity) => {
      const grant = await context.grants.take({ ref, identityId: identity.id });
      if (grant) await revoke(context, identity.provider, identity.mode, [grant]);
    }),
  );
}

async function endDecisions(context: Context, ref: string): Promise<void> {
  const decisions = await context.decisions.takeAll(ref);
  await Promise.all(decisions.map((decision) => giveBack(context, decision)));
}

/** Revokes the tokens of a decision that nobody will make any more. */
export async function giveBack(
  context: Context,
  { proven, tokens }: { proven: { provider: string; mode: string }; tokens: Tokens },
): Promise<void> {
  const client = findClientOf(context, proven);
  if (client) await revokeTokens(client, [tokens]);
}

/**
 * Revokes the tokens of a login that failed, once its page has been sent: nobody waits for that, and
 * nothing comes of a failure but a line in the log.
 */
export function giveBackAfterwards(
  { log }: Context,
  response: Response,
  client: Client,
  tokens: Tokens,
): void {
  const revoked = async () => {
    const outcome = await revokeTokens(client, [tokens]).catch(() => 'not-confirmed');
    if (outcome === 'not-confirmed') log.warn('not revoked', { provider: client.provider.id });
  };
  // Somebody may have gone before the page was there; then nothing is sent any more.
  if (response.closed) void revoked();
  else
    response.once(
      'close',
      AsyncResource.bind(() => void revoked()),
    );
}

/** Ends the access that all sessions hold for one identity: deleted here, so that none is renewed, then revoked. */
export async function endIdentityGrants(
  context: Context,
  identity: { id: string; provider: string; mode: string },
): Promise<RevocationOutcome> {
  return revoke(context, identity.provider, identity.mode, await context.grants.takeAll(identity.id));
}

/** What cannot be read, as after a change of all secrets, cannot be revoked either. */
async function revoke(
  context: Context,
  provider: string,
  mode: string,
  grants: readonly (Grant | 'unreadable')[],
): Promise<RevocationOutcome> {
  const client = findClientOf(context, { provider, mode });
  if (!client) return 'not-offered';
  const readable = grants.filter((grant) => grant !== 'unreadable');
  const outcome = await revokeTokens(
    client,
    readable.map(({ tokens }) => tokens),
  );
  return outcome !== 'not-offered' && readable.length < grants.length ? 'not-confirmed' : outcome;
}

/**
 * Revokes tokens at the provider, all at once and within a few seconds. The worst outcome counts.
 */
export async function revokeTokens(client: Client, tokens: readonly Tokens[]): Promise<RevocationOutcome> {
  if (client.provider.endpoints.revocation === undefined) return 'not-offered';
  // What was wiped because the provider called it over, or somebody else's, is held no more.
  const held = tokens.filter(
    ({ accessToken, refreshToken }) => accessToken !== null || refreshToken !== null,
  );
  if (held.length === 0) return 'nothing-held';
  const outcomes = await Promise.all(held.map((one) => inTime(revokeHeld(client, one))));
  return outcomes.includes('not-confirmed') ? 'not-confirmed' : 'revoked';
}

const revokeHeld = (client: Client, held: Tokens) =>
  inFlow('revoke', client, () => sendRevocationRequest(client, held));

async function inTime(revocation: Promise<Revocation>): Promise<Revocation> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Revocation>((resolve) => {
    timer = setTimeout(() => resolve('not-confirmed'), revocationMilliseconds);
  });
  return Promise.race([revocation, late]).finally(() => clearTimeout(timer));
}
