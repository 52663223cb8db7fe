import * as oidc from 'openid-client';
import type { Client } from './client.ts';
import type { Tokens } from './token-response.ts';

/** What became of a grant at the provider. */
export type RevocationOutcome = 'revoked' | 'not-confirmed' | 'not-offered';

/**
 * Tells the provider that the tokens are no longer needed (RFC 7009). Never throws: what the
 * person asked for here goes on whether or not the provider answers.
 */
export async function sendRevocationRequest(client: Client, tokens: Tokens): Promise<RevocationOutcome> {
  const { endpoints } = client.provider;
  if (endpoints.revocation === undefined || tokens.accessToken === null) return 'not-offered';
  try {
    await oidc.tokenRevocation(client.configuration, tokens.accessToken);
    return 'revoked';
  } catch {
    return 'not-confirmed';
  }
}
