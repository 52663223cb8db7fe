import { LoginError, type LoginErrorCode } from '../errors.ts';
import { recordCheck } from '../inspector/recorder.ts';
import type { Client } from './client.ts';
import { toProviderWords } from './provider-words.ts';

/** The parameters that mean something to us; others (`scope`, `return_to`) are never read. */
const parameters = ['code', 'state', 'error', 'error_description', 'iss'] as const;

export interface AuthorizationResponse {
  readonly code: string;
  readonly iss: string | null;
}

/** What each of a provider's `error` values means to the person. All else: `authorization_refused`. */
const errors: Readonly<Record<string, LoginErrorCode>> = {
  access_denied: 'authorization_denied',
  redirect_mismatch: 'redirect_mismatch',
};

/**
 * Reads the authorization response's `state`, the one parameter that is needed before anything is
 * known. Throws `authorization_response_invalid` when any parameter is repeated, `state_unknown`
 * when there is no state.
 */
export function readState(query: URLSearchParams): string {
  for (const name of parameters) {
    if (query.getAll(name).length > 1) {
      recordCheck('once-each', false, `${name} is repeated`);
      throw new LoginError('authorization_response_invalid', { reason: `${name} is repeated` });
    }
  }
  recordCheck('once-each', true, 'none is repeated');
  const state = query.get('state') ?? '';
  if (!/^[\w-]{43}$/.test(state)) recordCheck('state', false, state === '' ? 'none' : 'not a state of ours');
  if (!/^[\w-]{43}$/.test(state)) throw new LoginError('state_unknown', { reason: 'not a state of ours' });
  return state;
}

/**
 * Reads the rest of the authorization response (RFC 6749 4.1.2, RFC 9207) once `state` has proven
 * the login. openid-client would check it and send the code in one call.
 *
 * Throws `authorization_denied`, `redirect_mismatch`, `authorization_refused` or
 * `authorization_response_invalid`.
 */
export function readAuthorizationResponse(client: Client, query: URLSearchParams): AuthorizationResponse {
  const { provider } = client;
  const invalid = (reason: string) =>
    new LoginError('authorization_response_invalid', { provider: provider.id, reason });
  const iss = query.get('iss');
  recordIssuer(provider, iss);
  if (iss === null && provider.announcesIssuer) throw invalid('iss is missing');
  // Before `error` is believed: RFC 9207 covers error responses too.
  if (iss !== null && iss !== provider.issuer) throw invalid('iss is not the issuer');
  const error = query.get('error');
  recordCheck('no-error', error === null, error ?? 'none');
  if (error !== null) throw toLoginError(provider.id, error, query.get('error_description'));
  const code = query.get('code');
  recordCheck(
    'code',
    Boolean(code && code.length <= 4096),
    ...(code ? [{ name: 'code', secret: code }] : ['none']),
  );
  if (code === null || code === '') throw invalid('code is missing');
  if (code.length > 4096) throw invalid('code is too long');
  return { code, iss };
}

function recordIssuer({ issuer, announcesIssuer }: Client['provider'], iss: string | null): void {
  if (iss === null) recordCheck('iss', announcesIssuer ? false : 'skipped', 'the provider does not send it');
  else recordCheck('iss', iss === issuer, iss);
}

function toLoginError(provider: string, error: string, description: string | null): LoginError {
  const known = Object.hasOwn(errors, error) ? errors[error] : undefined;
  return new LoginError(known ?? 'authorization_refused', {
    provider,
    providerSaid: toProviderWords(error, description),
    reason: 'error in the authorization response',
  });
}
