import * as oidc from 'openid-client';
import type { Client } from './client.ts';
import { toLoginError, toTokens, type TokenResponse } from './token-request.ts';
import type { Tokens } from './token-response.ts';

/**
 * Gets a new access token (RFC 6749 6). Keeps the old refresh token when none came back, and the
 * granted scope when the answer does not name it.
 *
 * Throws `token_request_refused` (`invalid_grant`: the access is over), `token_response_invalid`,
 * `provider_unreachable` or `provider_busy`.
 */
export async function sendRefreshRequest(
  client: Client,
  tokens: Tokens,
  now: number,
): Promise<TokenResponse> {
  const refreshToken = tokens.refreshToken ?? '';
  try {
    const response = await oidc.refreshTokenGrant(client.configuration, refreshToken);
    const fresh = toTokens(response, now);
    return {
      tokens: {
        ...fresh,
        refreshToken: fresh.refreshToken ?? refreshToken,
        grantedScope: fresh.grantedScope ?? tokens.grantedScope,
      },
      idTokenSubject: response.claims()?.sub ?? null,
    };
  } catch (error) {
    throw toLoginError(client, error, 'token_response_invalid');
  }
}
