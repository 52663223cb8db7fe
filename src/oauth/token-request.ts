import { getPublicKeyAsync, utils } from '@noble/ed25519';
import * as oidc from 'openid-client';
import { LoginError, type LoginErrorCode } from '../errors.ts';
import { recordCheck } from '../inspector/recorder.ts';
import { type Client, findLoginError } from './client.ts';
import { checkIdTokenAge, checkIdTokenAudience, checkIdTokenHash } from './id-token.ts';
import { recordIdTokenFailure, recordIdTokenPassed } from './id-token-checks.ts';
import { readShape } from '../json.ts';
import { readScope } from '../providers/scope.ts';
import {
  type SigningKeys,
  signingShape,
  toRefusal,
  toStandardTokenAnswer,
  toWireTokenRequest,
  type Tokens,
} from './token-response.ts';

export interface TokenRequest {
  readonly code: string;
  readonly iss: string | null;
  readonly state: string;
  readonly codeVerifier: string | null;
  readonly nonce: string | null;
}

export interface TokenResponse {
  readonly tokens: Tokens;
  /** `sub` of the ID token, where there is one. The userinfo must be about the same person. */
  readonly idTokenSubject: string | null;
}

/**
 * Exchanges the authorization code (RFC 6749 4.1.3). Sent once and never again: a second try with
 * a code that did arrive makes careful providers revoke what they issued.
 *
 * Throws `token_request_refused`, `token_response_invalid`, `id_token_invalid`,
 * `provider_unreachable` or `provider_busy`.
 */
export async function sendTokenRequest(
  client: Client,
  request: TokenRequest,
  now: number,
): Promise<TokenResponse> {
  if (client.provider.accessToken === 'ed25519')
    return { tokens: await sendSigningRequest(client, request), idTokenSubject: null };
  const response = await exchange(client, request);
  const claims = response.claims();
  if (claims) {
    checkIdTokenAudience(client, claims);
    recordIdTokenPassed(client, request.nonce, claims);
    checkIdTokenAge(client.provider.id, claims, now);
    checkIdTokenHash(client.provider.id, claims, response.access_token);
  }
  return { tokens: toTokens(response, now), idTokenSubject: claims?.sub ?? null };
}

async function exchange(client: Client, request: TokenRequest) {
  // openid-client reads the response once more: only what we have checked, nothing that came beside it.
  const currentUrl = new URL(client.redirectUri);
  currentUrl.searchParams.set('code', request.code);
  currentUrl.searchParams.set('state', request.state);
  if (request.iss !== null) currentUrl.searchParams.set('iss', request.iss);
  const checks: oidc.AuthorizationCodeGrantChecks = {
    expectedState: request.state,
    idTokenExpected: client.expectsIdToken,
  };
  if (request.codeVerifier !== null) checks.pkceCodeVerifier = request.codeVerifier;
  if (request.nonce !== null) checks.expectedNonce = request.nonce;
  const extra = client.provider.stateInTokenRequest ? { state: request.state } : {};
  try {
    const response = await oidc.authorizationCodeGrant(client.configuration, currentUrl, checks, extra);
    recordCheck('token-granted', true, 'tokens');
    return response;
  } catch (error) {
    const refused = findLoginError(error) !== null || error instanceof oidc.ResponseBodyError;
    if (client.expectsIdToken && !refused) recordIdTokenFailure(error);
    // The message was of standard shape, so what is still refused is the ID token, where one is expected.
    throw toLoginError(client, error, client.expectsIdToken ? 'id_token_invalid' : 'token_response_invalid');
  }
}

/** What openid-client threw, in our words; `otherwise` is for what only openid-client refused. */
export function toLoginError(client: Client, error: unknown, otherwise: LoginErrorCode): LoginError {
  const known = findLoginError(error);
  if (known) return known;
  if (error instanceof oidc.ResponseBodyError) {
    return toRefusal(client.provider, { error: error.error, error_description: error.error_description });
  }
  const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return new LoginError(otherwise, { provider: client.provider.id, reason });
}

export function toTokens(response: oidc.TokenEndpointResponse, now: number): Tokens {
  const { access_token, refresh_token, expires_in, scope } = response;
  return {
    accessToken: access_token,
    refreshToken: refresh_token ?? null,
    // Seconds on the wire, milliseconds here.
    expiresAt: expires_in === undefined ? null : now + expires_in * 1000,
    grantedScope: scope === undefined ? null : readScope(scope),
    signing: null,
  };
}

/**
 * Mixin's ed25519 variant is no OAuth message: the request carries a new public key, and the answer
 * has no access token but the means to verify and name request tokens signed with that key.
 */
async function sendSigningRequest(client: Client, request: TokenRequest): Promise<Tokens> {
  const { provider, http } = client;
  const seed = utils.randomSecretKey();
  const publicKey = await getPublicKeyAsync(seed);
  const form = new URLSearchParams({
    client_id: client.clientId,
    code: request.code,
    ed25519: Buffer.from(publicKey).toString('base64url'),
  });
  if (client.clientSecret !== null) form.set('client_secret', client.clientSecret);
  if (request.codeVerifier !== null) form.set('code_verifier', request.codeVerifier);
  const wire = toWireTokenRequest(provider, form.toString());
  const answer = toStandardTokenAnswer(
    provider,
    await http.send({
      kind: 'token',
      method: 'POST',
      url: provider.endpoints.token,
      headers: { 'content-type': wire.contentType },
      body: wire.body,
      unreadable: 'token_response_invalid',
      conform: provider.conform.tokenResponse,
    }),
  );
  if (answer.status >= 400) throw toRefusal(provider, answer.body);
  recordCheck('token-granted', true, 'keys to sign with');
  const { ed25519, authorization_id, scope } = readShape(signingShape, answer.body);
  const signing: SigningKeys = {
    seed: Buffer.from(seed).toString('base64url'),
    serverPublicKey: ed25519,
    authorizationId: authorization_id,
    scope,
  };
  const grantedScope = readScope(scope);
  return { accessToken: null, refreshToken: null, expiresAt: null, grantedScope, signing };
}
