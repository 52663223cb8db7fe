import { AsyncResource } from 'node:async_hooks';
import type { Response } from 'express';
import { inFlow } from '../inspector/own-flows.ts';
import type { Client } from '../oauth/client.ts';
import { type RevocationOutcome, sendRevocationRequest } from '../oauth/revocation-request.ts';
import type { Tokens } from '../oauth/token-response.ts';
import type { Grant } from '../sessions/grants.ts';
import type { SessionPlace } from '../sessions/session-store.ts';
import type { Context } from './context.ts';

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
  const client = findUsable(context, proven.provider, proven.mode);
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

/** Ends the access that all sessions hold for one identity. */
export async function endIdentityGrants(
  context: Context,
  identity: { id: string; provider: string; mode: string },
): Promise<RevocationOutcome> {
  return revoke(context, identity.provider, identity.mode, await context.grants.takeAll(identity.id));
}

async function revoke(
  context: Context,
  provider: string,
  mode: string,
  grants: readonly Grant[],
): Promise<RevocationOutcome> {
  const client = findUsable(context, provider, mode);
  if (!client) return 'not-offered';
  return revokeTokens(
    client,
    grants.map(({ tokens }) => tokens),
  );
}

function findUsable({ services }: Context, provider: string, mode: string): Client | null {
  const client = services.find((service) => service.provider.id === provider)?.client;
  return client?.mode === mode ? client : null;
}

/**
 * Revokes tokens at the provider, all at once and within a few seconds. The worst outcome counts;
 * where none are held, nothing is left to revoke.
 */
export async function revokeTokens(client: Client, tokens: readonly Tokens[]): Promise<RevocationOutcome> {
  if (client.provider.endpoints.revocation === undefined) return 'not-offered';
  const outcomes = await Promise.all(tokens.map((held) => inTime(revokeHeld(client, held))));
  return outcomes.includes('not-confirmed') ? 'not-confirmed' : 'revoked';
}

const revokeHeld = (client: Client, held: Tokens) =>
  inFlow('revoke', client, () => sendRevocationRequest(client, held));

async function inTime(revocation: Promise<RevocationOutcome>): Promise<RevocationOutcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<RevocationOutcome>((resolve) => {
    timer = setTimeout(() => resolve('not-confirmed'), revocationMilliseconds);
  });
  return Promise.race([revocation, late]).finally(() => clearTimeout(timer));
}
