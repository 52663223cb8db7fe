import { STATUS_CODES } from 'node:http';
import type { RequestParts } from '../parts.ts';
import { jsonError, type ProtocolError } from '../protocol-error.ts';
import { twitchChallenge } from './twitch-challenge.ts';

/** `error` is an English reason phrase here, not a code of RFC 6749. */
export function krakenError(
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): ProtocolError {
  return jsonError(status, { error: STATUS_CODES[status], status, message }, message, headers);
}

export function krakenUnauthorized(parts: RequestParts): ProtocolError {
  return krakenError(401, 'Token invalid or missing required scope', twitchChallenge(parts));
}
