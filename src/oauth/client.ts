import * as oidc from 'openid-client';
import { LoginError } from '../errors.ts';
import type { MessageKind } from '../inspector/trace.ts';
import { mapEndpoints } from '../providers/index.ts';
import type { Provider, WireAnswer } from '../providers/provider.ts';
import { createHttp, type Http, type HttpRequest, type HttpSurroundings, toWireAnswer } from './http.ts';
import { toStandardTokenAnswer, toWireTokenRequest } from './token-response.ts';

export type Mode = 'live' | 'sandbox';

/** What the operator registered at the provider. */
export interface ClientRegistration {
  readonly provider: Provider;
  readonly mode: Mode;
  readonly clientId: string;
  readonly clientSecret: string | null;
  /** The one redirect URI of this provider, from BASE_URL; never from a request. */
  readonly redirectUri: string;
  readonly scope: readonly string[];
}

export interface Client extends ClientRegistration {
  /** The hash this client uses, or null: Mixin takes either a secret or PKCE, not both. */
  readonly pkce: Provider['pkce'];
  /** A nonce is sent and must come back in the ID token. */
  readonly usesNonce: boolean;
  readonly expectsIdToken: boolean;
  readonly http: Http;
  readonly configuration: oidc.Configuration;
  /** Puts client id and client secret into a request to the token endpoint. */
  readonly authenticate: oidc.ClientAuth;
}

const secretAuthentications: Readonly<
  Record<Provider['clientAuthentication'], (clientSecret: string) => oidc.ClientAuth>
> = { client_secret_post: oidc.ClientSecretPost, client_secret_basic: oidc.ClientSecretBasic };

/** Creates a client: once at start, one for each provider in use. */
export function createClient(given: ClientRegistration, surroundings: HttpSurroundings = {}): Client {
  // In the form that addresses of requests have, by which messages are told apart.
  const endpoints = mapEndpoints(given.provider.endpoints, (url) => new URL(url).href);
  const provider = { ...given.provider, endpoints };
  const registration = { ...given, provider };
  const { clientSecret, scope } = registration;
  const addresses = [
    endpoints.token,
    endpoints.userinfo,
    endpoints.revocation,
    endpoints.validation,
    endpoints.jwks,
  ];
  const http = createHttp(
    provider.id,
    addresses.filter((url) => url !== undefined),
    surroundings,
  );
  const expectsIdToken = provider.idToken !== null && scope.includes('openid');
  const authenticate =
    clientSecret === null ? oidc.None() : secretAuthentications[provider.clientAuthentication](clientSecret);
  const secretReplacesPkce = provider.clientSecret === 'instead-of-pkce' && clientSecret !== null;
  return {
    ...registration,
    pkce: secretReplacesPkce ? null : provider.pkce,
    usesNonce: expectsIdToken && provider.idToken === 'with-nonce',
    expectsIdToken,
    http,
    configuration: createConfiguration(registration, http, authenticate),
    authenticate,
  };
}

function createConfiguration(
  { provider, clientId }: ClientRegistration,
  http: Http,
  authenticate: oidc.ClientAuth,
): oidc.Configuration {
  const { endpoints } = provider;
  const configuration = new oidc.Configuration(
    {
      issuer: provider.issuer,
      authorization_endpoint: endpoints.authorization,
      token_endpoint: endpoints.token,
      id_token_signing_alg_values_supported: ['RS256'],
      ...(endpoints.revocation ? { revocation_endpoint: endpoints.revocation } : {}),
      ...(endpoints.jwks ? { jwks_uri: endpoints.jwks } : {}),
    },
    clientId,
    { id_token_signed_response_alg: 'RS256' },
    authenticate,
  );
  // A code flow's ID token is not checked for its signature otherwise.
  oidc.enableNonRepudiationChecks(configuration);
  // For this machine and for a sandbox: http to anywhere else is refused at the start, in settings
  // (config/services.ts), in a provider of one's own (latchkey-options.ts) and in what an issuer
  // publishes (discovery.ts).
  if (Object.values(endpoints).some((url) => url.startsWith('http:')))
    oidc.allowInsecureRequests(configuration);
  configuration[oidc.customFetch] = createFetch(provider, http);
  return configuration;
}

/** What openid-client sends its messages with: our limits, and the provider's wire format. */
function createFetch(provider: Provider, http: Http): oidc.CustomFetch {
  const { token, revocation } = provider.endpoints;
  return async (url, options) => {
    const request = toHttpRequest(provider, url, options);
    if (url === token) {
      const wire = toWireTokenRequest(provider, String(options.body ?? ''));
      const headers = { ...request.headers, 'content-type': wire.contentType };
      return toResponse(
        toStandardTokenAnswer(
          provider,
          await http.send({ ...request, headers, body: wire.body, conform: provider.conform.tokenResponse }),
        ),
      );
    }
    const answer = toWireAnswer(await http.send(request));
    return toResponse(
      url === revocation ? (provider.conform.revocationResponse?.(answer) ?? answer) : answer,
    );
  };
}

function toHttpRequest(provider: Provider, url: string, options: oidc.CustomFetchOptions): HttpRequest {
  const method = options.method === 'POST' ? 'POST' : 'GET';
  return {
    kind: toKind(provider, url, String(options.body ?? '')),
    method,
    url,
    headers: options.headers,
    ...(method === 'POST' ? { body: String(options.body ?? '') } : {}),
    // The key set is the one thing that openid-client gets rather than posts.
    unreadable: method === 'POST' ? 'token_response_invalid' : 'id_token_invalid',
  };
}

function toKind({ endpoints }: Provider, url: string, body: string): MessageKind {
  if (url === endpoints.revocation) return 'revocation';
  if (url !== endpoints.token) return 'keys';
  return new URLSearchParams(body).get('grant_type') === 'refresh_token' ? 'refresh' : 'token';
}

function toResponse({ status, body }: WireAnswer): Response {
  const headers = { 'content-type': 'application/json' };
  return new Response(body === undefined ? '' : JSON.stringify(body), { status, headers });
}

/**
 * The `LoginError` inside an error of openid-client, which wraps what its fetch threw. Null when
 * there is none: then openid-client itself refused the message.
 */
export function findLoginError(error: unknown): LoginError | null {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (e instanceof LoginError) return e;
  }
  return null;
}
