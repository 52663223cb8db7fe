import { jsonError, type ProtocolError } from '../protocol-error.ts';

/** RFC 6749 5.2, always with 400; the wording of the client's errors was seen, the rest is ours. */
export function mixerOAuthError(error: string, description: string): ProtocolError {
  return jsonError(400, { error, error_description: description }, `${error}: ${description}`);
}

export function mixerBadToken(): ProtocolError {
  const body = { errorCode: 24325, errorMessage: 'OAuth token is invalid' };
  return jsonError(401, body, body.errorMessage);
}

/** 461 is Mixer's own status: an Authorization header it cannot read sends it to look for a CSRF header. */
export function mixerCsrfError(token: string): ProtocolError {
  const body = {
    error: 'Invalid or missing CSRF header, see details here: <https://dev.mixer.pro/rest.html#csrf>',
    statusCode: 461,
  };
  return jsonError(461, body, 'Authorization header not readable', { 'x-csrf-token': token });
}
