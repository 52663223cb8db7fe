import * as oidc from 'openid-client';
import { recordCheck } from '../inspector/recorder.ts';
import type { Client } from './client.ts';
import type { Tokens } from './token-response.ts';

/** What became of a grant at the provider. */
export type Revocation = 'revoked' | 'not-confirmed' | 'not-offered';

/** The same for all that was held; `nothing-held`: nobody was asked, for there was nothing to cancel. */
export type RevocationOutcome = Revocation | 'nothing-held';

/**
 * Tells the provider that the tokens are no longer needed (RFC 7009). Each by itself: whether one
 * takes the other along is up to the provider (section 2.1). Never throws: what the person asked for
 * here goes on whether or not the provider answers.
 */
export async function sendRevocationRequest(client: Client, tokens: Tokens): Promise<Revocation> {
  if (client.provider.endpoints.revocation === undefined) return 'not-offered';
  const held = [tokens.accessToken, tokens.refreshToken].filter((token) => token !== null);
  try {
    await Promise.all(held.map((token) => oidc.tokenRevocation(client.configuration, token)));
    recordCheck('revoked', true, held.length === 1 ? 'one token' : `${held.length} tokens`);
    return 'revoked';
  } catch {
    recordCheck('revoked', false, 'not confirmed');
    return 'not-confirmed';
  }
}
