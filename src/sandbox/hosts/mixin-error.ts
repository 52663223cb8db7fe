import { jsonError, type ProtocolError } from '../protocol-error.ts';

/**
 * Clients must not match on these texts. 401 was seen in logged answers; 403, 404 and 10002 are those of
 * MixinNetwork/bot-api-go-client error.go; 400, spelling included, and 20121 are from Mixin's documentation.
 */
const descriptions: Readonly<Record<number, string>> = {
  400: 'The request body can’t be pasred as valid data.',
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
