import { randomUUID } from 'node:crypto';
import { LoginError } from '../errors.ts';
import { recordCheck, recordToken } from '../inspector/recorder.ts';
import { isObject } from '../json.ts';
import type { Provider } from '../providers/provider.ts';
import type { Client } from './client.ts';
import { type HttpAnswer, type HttpRequest, toWireAnswer } from './http.ts';
import { toProviderWords } from './provider-words.ts';
import { checkIntegrityToken, signRequest } from './signed-request.ts';
import type { Tokens } from './token-response.ts';

/**
 * Asks the provider's user endpoint about the token's owner and returns the bare profile object.
 *
 * Throws `userinfo_request_refused` (401, 403: the access is gone or does not reach),
 * `clock_differs` (the same, to a request that was signed by a clock that is wrong),
 * `userinfo_response_invalid`, `provider_unreachable` or `provider_busy`.
 */
export async function sendUserinfoRequest(client: Client, tokens: Tokens, now: number): Promise<unknown> {
  const { provider, http } = client;
  let sent = await buildUserinfoRequest(client, tokens, now);
  // A code is spent by now, so one broken connection shall not cost the login. Asking twice changes
  // nothing there; a signed request is made anew, as its id counts once.
  const again = async () => {
    sent = await buildUserinfoRequest(client, tokens, now);
    return sent.request;
  };
  const answer = await http.send({ ...sent.request, again });
  if (provider.userinfo.authorization === 'signed') recordSignedRequest(sent.request.headers, answer);
  if (provider.userinfo.requestId) await checkAnswerOrigin(client, tokens, answer, sent.requestId);
  return readUserinfo(client, answer, now);
}

async function buildUserinfoRequest(
  client: Client,
  tokens: Tokens,
  now: number,
): Promise<{ request: HttpRequest; requestId: string }> {
  const { provider } = client;
  const requestId = randomUUID();
  const headers: Record<string, string> = {
    ...provider.userinfo.headers(client.clientId),
    authorization: await buildAuthorizationHeader(client, tokens, requestId, now),
  };
  if (provider.userinfo.requestId) headers['x-request-id'] = requestId;
  const request: HttpRequest = {
    kind: 'userinfo',
    method: 'GET',
    url: provider.endpoints.userinfo,
    headers,
    unreadable: 'userinfo_response_invalid',
    conform: provider.conform.userinfoResponse,
  };
  return { request, requestId };
}

/** For the trace: the request token that we signed, and the provider's over its answer. */
function recordSignedRequest(headers: HttpRequest['headers'], answer: HttpAnswer): void {
  const token = headers['authorization']?.replace(/^\S+ /, '');
  if (token) recordToken('userinfo', 'Request token, signed here', token);
  const integrity = answer.headers['x-integrity-token'];
  if (integrity) recordToken('userinfo', 'X-Integrity-Token of the answer', integrity);
}

async function buildAuthorizationHeader(
  client: Client,
  tokens: Tokens,
  requestId: string,
  now: number,
): Promise<string> {
  const { authorization } = client.provider.userinfo;
  if (authorization !== 'signed') return `${authorization} ${tokens.accessToken ?? ''}`;
  if (tokens.signing === null)
    throw new LoginError('userinfo_request_refused', {
      provider: client.provider.id,
      reason: 'no keys to sign with',
    });
  const issuedAtSeconds = Math.floor(now / 1000);
  const token = await signRequest(client.clientId, tokens.signing, {
    method: 'GET',
    uri: signedUri(client),
    body: '',
    requestId,
    issuedAtSeconds,
  });
  return `Bearer ${token}`;
}

/** Signatures cover the true path, also while the sandbox answers below a prefix. */
function signedUri({ provider }: Client): string {
  const { pathname, search } = new URL((provider.publicEndpoints ?? provider.endpoints).userinfo);
  return pathname + search;
}

/** The echo of our X-Request-Id and the signed answer: checked where present, as not all send them. */
async function checkAnswerOrigin(
  client: Client,
  tokens: Tokens,
  answer: HttpAnswer,
  requestId: string,
): Promise<void> {
  const { provider } = client;
  const echoed = answer.headers['x-request-id'];
  if (echoed === undefined) recordCheck('request-id', 'skipped');
  else if (echoed === requestId) recordCheck('request-id', true);
  else {
    recordCheck('request-id', false, 'another one');
    throw new LoginError('userinfo_response_invalid', {
      provider: provider.id,
      reason: 'the answer is for another request',
    });
  }
  const token = answer.headers['x-integrity-token'];
  if (token === undefined || tokens.signing === null) {
    recordCheck('integrity', 'skipped');
    return;
  }
  const signed = { method: 'GET', uri: signedUri(client), body: answer.text, requestId };
  await checkIntegrityToken(provider.id, tokens.signing, token, signed).catch((error: unknown) => {
    recordCheck('integrity', false, error instanceof LoginError ? (error.facts.reason ?? '') : '');
    throw error;
  });
  recordCheck('integrity', true);
}

function readUserinfo({ provider }: Client, answer: HttpAnswer, now: number): unknown {
  const wire = toWireAnswer(answer);
  const { status, body } = provider.conform.userinfoResponse?.(wire) ?? wire;
  if (status >= 400) {
    refuseWrongClock(provider, status, answer, now);
    const said = isObject(body) ? body['error_description'] : undefined;
    throw new LoginError(
      status === 401 || status === 403 ? 'userinfo_request_refused' : 'userinfo_response_invalid',
      {
        provider: provider.id,
        reason: `status ${status}`,
        ...(typeof said === 'string' && said !== '' ? { providerSaid: toProviderWords(said) } : {}),
      },
    );
  }
  recordCheck('userinfo-granted', true, `status ${status}`);
  if (!isObject(body))
    throw new LoginError('userinfo_response_invalid', { provider: provider.id, reason: 'not a JSON object' });
  return body;
}

/** A request token lives for 60 seconds; half of that leaves time for the way. */
const toleratedMilliseconds = 30_000;

/** A signature made at a wrong time is refused whatever the access is worth: the access is kept. */
function refuseWrongClock(provider: Provider, status: number, answer: HttpAnswer, now: number): void {
  if (status !== 401 || provider.userinfo.authorization !== 'signed') return;
  const theirs = provider.userinfo.serverTime?.(answer.headers) ?? null;
  if (theirs === null || Math.abs(theirs - now) <= toleratedMilliseconds) return;
  const seconds = Math.round(Math.abs(theirs - now) / 1000);
  throw new LoginError('clock_differs', {
    provider: provider.id,
    reason: `our clock is ${seconds} seconds ${theirs > now ? 'behind' : 'ahead'}`,
  });
}
