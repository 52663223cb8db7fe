import * as oidc from 'openid-client';
import type { Client } from './client.ts';
import { toCodeChallenge } from './pkce.ts';

export interface AuthorizationRequest {
  /** base64url alphabet only: Mixin glues it back unencoded. */
  readonly state: string;
  readonly nonce: string | null;
  readonly codeVerifier: string | null;
  readonly scope: readonly string[];
  readonly force: boolean;
}

/**
 * Builds the URL that asks the provider for an authorization code (RFC 6749 4.1.1).
 *
 * The provider's own and `force` parameters go in first, so a protocol parameter of the same name
 * always wins. Pure: the caller keeps the transaction and sends the browser.
 */
export function buildAuthorizationRequest(client: Client, request: AuthorizationRequest): URL {
  const { provider, pkce } = client;
  const parameters: Record<string, string> = {
    ...provider.authorizationParameters,
    ...(request.force && typeof provider.force === 'object' ? provider.force.parameters : {}),
    redirect_uri: client.redirectUri,
    scope: request.scope.join(' '),
    state: request.state,
  };
  if (request.nonce !== null) parameters['nonce'] = request.nonce;
  if (pkce !== null && request.codeVerifier !== null) {
    parameters['code_challenge'] = toCodeChallenge(request.codeVerifier, pkce);
    parameters['code_challenge_method'] = 'S256';
  }
  return oidc.buildAuthorizationUrl(client.configuration, parameters);
}
