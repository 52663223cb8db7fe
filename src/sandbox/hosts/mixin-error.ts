import { jsonError, type ProtocolError } from '../protocol-error.ts';

/** Clients must not match on these texts; 401 and 20121 were seen, the others come from SDKs. */
const descriptions: Readonly<Record<number, string>> = {
  400: 'The request body or id is not readable.',
  401: 'Unauthorized, maybe invalid token.',
  403: 'Forbidden',
  404: 'The endpoint is not found.',
  10002: 'The request data has invalid field.',
  20121: 'Authorization code expired.',
};

/** Every refusal is HTTP 202 with an error object. */
export function mixinError(code: number, verdict: string, extra?: object): ProtocolError {
  const error = { status: 202, code, description: descriptions[code] ?? 'Error', extra };
  return jsonError(202, { error }, `${code}: ${verdict}`);
}
