import { jsonError, type ProtocolError } from '../protocol-error.ts';

/**
 * That Resonite runs OpenIddict is inferred from two hints, and with it these shapes and numbers;
 * a client may rely on `error` alone.
 */
export function resoniteError(
  error: string,
  description: string,
  id: string,
  headers: Readonly<Record<string, string>> = {},
): ProtocolError {
  const status = error === 'invalid_client' ? 401 : 400;
  const body = {
    error,
    error_description: description,
    error_uri: `https://documentation.openiddict.com/errors/${id}`,
  };
  return jsonError(status, body, `${error}: ${description}`, headers);
}

/** RFC 6750 3.1; what Resonite answers to a bad token was not found. */
export function resoniteBadToken(): ProtocolError {
  return jsonError(401, {}, 'invalid_token', {
    'WWW-Authenticate': 'Bearer error="invalid_token", error_description="The specified token is invalid."',
  });
}

export function resoniteInsufficientScope(scope: string): ProtocolError {
  return jsonError(403, {}, `insufficient_scope: ${scope}`, {
    'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${scope}"`,
  });
}
