import { STATUS_CODES } from 'node:http';
import { jsonError, type ProtocolError } from '../protocol-error.ts';

/** `error` is an English reason phrase here, not a code of RFC 6749. */
export function krakenError(status: number, message: string): ProtocolError {
  return jsonError(status, { error: STATUS_CODES[status], status, message }, message);
}
