import type { RequestParts } from '../parts.ts';
import { jsonError, pageError, ProtocolError } from '../protocol-error.ts';

/**
 * That Resonite runs OpenIddict is inferred from two hints: the userinfo answer in a plug-in's sample,
 * and the missing nonce. Words and numbers of the refusals are OpenIddict's (OpenIddictResources.resx);
 * a client may rely on `error` alone.
 */
export interface Refusal {
  readonly error: string;
  readonly description: string;
  /** Null where the words are ours. */
  readonly id: string | null;
}

const uriOf = (id: string): string => `https://documentation.openiddict.com/errors/${id}`;

export function missing(parameter: string): Refusal {
  const description = `The mandatory '${parameter}' parameter is missing.`;
  return { error: 'invalid_request', description, id: 'ID2029' };
}

export function repeated(parameter: string): Refusal {
  return { error: 'invalid_request', description: `The '${parameter}' parameter is repeated.`, id: null };
}

export function unsupported(parameter: string, error = 'invalid_request'): Refusal {
  return { error, description: `The specified '${parameter}' is not supported.`, id: 'ID2032' };
}

export function invalid(parameter: string, error: string): Refusal {
  return { error, description: `The specified '${parameter}' is invalid.`, id: 'ID2052' };
}

function toBody({ error, description, id }: Refusal): Record<string, string> {
  return { error, error_description: description, ...(id === null ? {} : { error_uri: uriOf(id) }) };
}

/** RFC 9110 11.6.1, as OpenIddict's AttachWwwAuthenticateHeader builds it; a fault leaves it out of a 401. */
function challenge(
  { faults }: RequestParts,
  scheme: string,
  refusal: Refusal | null,
): Record<string, string> {
  const is401 = refusal?.error !== 'insufficient_scope';
  if (is401 && faults.has('challenge_absent')) return {};
  const parameters = Object.entries(refusal ? toBody(refusal) : {}).map(
    ([name, value]) => `${name}="${value}"`,
  );
  return { 'WWW-Authenticate': [scheme, parameters.join(', ')].filter((part) => part !== '').join(' ') };
}

const inWords = ({ error, description }: Refusal): string => `${error}: ${description}`;

/** At the token endpoint: 401 and a challenge for the client, however it sent its secret, or 400. */
export function resoniteError(parts: RequestParts, refusal: Refusal): ProtocolError {
  const isClient = refusal.error === 'invalid_client';
  const headers = isClient ? challenge(parts, 'Basic', refusal) : {};
  return jsonError(isClient ? 401 : 400, toBody(refusal), inWords(refusal), headers);
}

/**
 * An authorization request that is not in order stays on Resonite's page, with whatever is wrong: OpenIddict
 * sends nobody back by a request that it refused (OpenIddictServerHandlers.Authentication.cs, AttachRedirectUri).
 */
export function resonitePageError(refusal: Refusal): ProtocolError {
  return pageError(400, `${inWords(refusal)}${refusal.id === null ? '' : ` (${refusal.id})`}`);
}

/** For an access token, without a body; null when there was none, which is worth no details (RFC 6750 3.1). */
export function resoniteBadToken(parts: RequestParts, refusal: Refusal | null): ProtocolError {
  const status = refusal?.error === 'insufficient_scope' ? 403 : 401;
  const verdict = refusal ? inWords(refusal) : 'missing_token';
  const headers = challenge(parts, 'Bearer', refusal);
  return new ProtocolError({ status, channel: 'json', contentType: 'text/plain', verdict, headers });
}
