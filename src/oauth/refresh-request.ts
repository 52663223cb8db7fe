import * as oidc from 'openid-client';
import { recordCheck } from '../inspector/recorder.ts';
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
    recordCheck(
      'refresh-granted',
      true,
      fresh.refreshToken === null ? 'the old refresh token stays' : 'with a refresh token',
    );
    return {
      tokens: {
        ...fresh,
        refreshToken: fresh.refreshToken ?? refreshToken,
        grantedScope: fresh.grantedScope ?? tokens.grantedScope,
      },
      idTokenSubject: response.claims()?.sub ?? null,
    };
  } catch (error) {
    const refused = toLoginError(client, error, 'token_response_invalid');
    recordCheck('refresh-granted', false, refused.facts.providerSaid ?? refused.facts.reason ?? refused.code);
    throw refused;
  }
}
