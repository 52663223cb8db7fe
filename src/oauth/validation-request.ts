import { z } from 'zod';
import { LoginError } from '../errors.ts';
import { recordCheck } from '../inspector/recorder.ts';
import { readShape } from '../json.ts';
import type { Client } from './client.ts';
import { toWireAnswer } from './http.ts';
import type { Tokens } from './token-response.ts';

/** What the provider says about an access token: good, over, or another client's or another person's. */
export type Validation = 'good' | 'over' | 'foreign';

const validationShape = z.looseObject({ client_id: z.string().nullish(), user_id: z.string().nullish() });

/**
 * Asks the provider whether an access token still stands, and whose it is (Twitch wants this hourly
 * of everybody who keeps somebody signed in, https://dev.twitch.tv/docs/authentication/validate-tokens/).
 *
 * Throws `userinfo_response_invalid`, `provider_unreachable` or `provider_busy`: then nothing is known.
 */
export async function sendValidationRequest(
  { provider, http, clientId }: Client,
  tokens: Tokens,
  subject: string,
): Promise<Validation> {
  const { validation } = provider.endpoints;
  if (validation === undefined || tokens.accessToken === null) return 'good';
  const answer = await http.send({
    kind: 'validation',
    method: 'GET',
    url: validation,
    // `OAuth` is the documented scheme.
    headers: { ...provider.userinfo.headers(clientId), authorization: `OAuth ${tokens.accessToken}` },
    unreadable: 'userinfo_response_invalid',
    conform: provider.conform.validationResponse,
  });
  const wire = toWireAnswer(answer);
  const { status, body } = provider.conform.validationResponse?.(wire) ?? wire;
  recordCheck('token-stands', status < 400, `status ${status}`);
  if (status === 401) return 'over';
  if (status >= 400) throw unreadable(provider.id, `status ${status}`);
  try {
    const said = readShape(validationShape, body);
    // Kraken's oldest form names neither.
    const ours = (said.client_id ?? clientId) === clientId && (said.user_id ?? subject) === subject;
    recordCheck('audience', ours, ours ? 'both' : 'another client or person');
    return ours ? 'good' : 'foreign';
  } catch (error) {
    throw unreadable(provider.id, error instanceof Error ? error.message : 'unknown');
  }
}

function unreadable(provider: string, reason: string): LoginError {
  return new LoginError('userinfo_response_invalid', { provider, reason: `validation: ${reason}` });
}
