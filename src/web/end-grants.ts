import type { Client } from '../oauth/client.ts';
import type { Tokens } from '../oauth/token-response.ts';
import { type RevocationOutcome, sendRevocationRequest } from '../oauth/revocation-request.ts';
import type { Grant } from '../sessions/grants.ts';
import type { SignedIn } from '../sessions/session.ts';
import type { Context } from './context.ts';

/** Signing out and unlinking wait this long for the provider, no longer. */
const revocationMilliseconds = 3000;

/** Ends a session's access at every provider: the grants are deleted first, then revoked there. */
export async function endSessionGrants(context: Context, { ref, accountId }: SignedIn): Promise<void> {
  const identities = await context.accounts.listIdentities(accountId);
  await Promise.all(
    identities.map(async (identity) => {
      const grant = await context.grants.take({ ref, identityId: identity.id });
      if (grant) await revoke(context, identity.provider, identity.mode, [grant]);
    }),
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
  { services }: Context,
  provider: string,
  mode: string,
  grants: readonly Grant[],
): Promise<RevocationOutcome> {
  const client = services.find((service) => service.provider.id === provider)?.client;
  if (!client || client.mode !== mode) return 'not-offered';
  return revokeTokens(
    client,
    grants.map(({ tokens }) => tokens),
  );
}

/** Revokes tokens at the provider, all at once and within a few seconds. The worst outcome counts. */
export async function revokeTokens(client: Client, tokens: readonly Tokens[]): Promise<RevocationOutcome> {
  const outcomes = await Promise.all(tokens.map((held) => inTime(sendRevocationRequest(client, held))));
  return outcomes.find((outcome) => outcome === 'not-confirmed') ?? outcomes[0] ?? 'not-offered';
}

async function inTime(revocation: Promise<RevocationOutcome>): Promise<RevocationOutcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<RevocationOutcome>((resolve) => {
    timer = setTimeout(() => resolve('not-confirmed'), revocationMilliseconds);
  });
  return Promise.race([revocation, late]).finally(() => clearTimeout(timer));
}
