import { type Dispatcher, Pool } from 'undici';
import { LoginError, type LoginErrorCode } from '../errors.ts';
import { recordRequest } from '../inspector/recorder.ts';
import type { MessageKind } from '../inspector/trace.ts';
import { isObject, readJson } from '../json.ts';
import type { WireAnswer } from '../providers/provider.ts';

export interface HttpRequest {
  /** What it asks for, for the trace. */
  readonly kind: MessageKind;
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Thrown when an answer came but cannot be read: too large, compressed, not UTF-8, a redirect. */
  readonly unreadable: LoginErrorCode;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface Http {
  /**
   * Sends one request to the provider and reads the whole answer. Throws `provider_unreachable`
   * (no answer in time, or a 5xx), `provider_busy` (429), or the request's `unreadable`.
   */
  send(request: HttpRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}

export interface HttpLimits {
  /** Connection, headers and body together. */
  readonly totalMilliseconds: number;
  readonly maximumBytes: number;
}

export const usualLimits: HttpLimits = { totalMilliseconds: 8000, maximumBytes: 256 * 1024 };

const longestRetryAfterSeconds = 600;

/**
 * The one way out to a provider: only to the addresses it is made for, never following a redirect
 * (a 307 would post the client secret and the code to wherever it points), everything limited.
 */
export function createHttp(providerId: string, addresses: readonly string[], limits = usualLimits): Http {
  const pools = new Map<string, Pool>();
  const allowed = new Set(addresses.map(withoutQuery));

  function poolFor(origin: string): Pool {
    const known = pools.get(origin);
    if (known) return known;
    const pool = new Pool(origin, { connections: 32, connectTimeout: 2000, allowH2: false });
    pools.set(origin, pool);
    return pool;
  }

  async function exchange(request: HttpRequest): Promise<HttpAnswer> {
    const { origin, pathname, search } = new URL(request.url);
    const response = await poolFor(origin).request({
      path: pathname + search,
      method: request.method,
      headers: withAccept(request.headers),
      body: request.body ?? null,
      signal: AbortSignal.timeout(limits.totalMilliseconds),
    });
    const text = await readText(response, limits.maximumBytes, request.unreadable);
    return { status: response.statusCode, headers: plainHeaders(response.headers), text };
  }

  async function send(request: HttpRequest): Promise<HttpAnswer> {
    if (!allowed.has(withoutQuery(request.url))) {
      throw new LoginError(request.unreadable, { provider: providerId, reason: 'address not allowed' });
    }
    const recorded = recordRequest(request.kind, { ...request, headers: withAccept(request.headers) });
    const answer = await exchange(request).catch((error: unknown) => {
      recorded.failed(error instanceof LoginError ? (error.facts.reason ?? error.code) : nameOf(error));
      if (error instanceof LoginError) throw error.with({ provider: providerId });
      throw new LoginError('provider_unreachable', { provider: providerId, reason: nameOf(error) });
    });
    recorded.answered(answer);
    requireUsable(answer.status, providerId, request.unreadable, answer.headers['retry-after']);
    return answer;
  }

  const close = async () => {
    await Promise.all([...pools.values()].map((pool) => pool.destroy()));
  };
  return { send, close };
}

/** Parses an answer's text; `body` is undefined when it is not JSON by type and by content. */
export function toWireAnswer(answer: HttpAnswer): WireAnswer {
  const isJson = /^application\/(?:[\w.+-]+\+)?json\b/i.test(answer.headers['content-type'] ?? '');
  if (!isJson) return { status: answer.status, body: undefined };
  try {
    return { status: answer.status, body: readJson(answer.text) };
  } catch {
    return { status: answer.status, body: undefined };
  }
}

/** Throws for a status that no message of the protocol has: 5xx, 429, redirects. */
export function requireUsable(
  status: number,
  provider: string,
  unreadable: LoginErrorCode,
  retryAfter?: string,
): void {
  const reason = `status ${status}`;
  if (status >= 500) throw new LoginError('provider_unreachable', { provider, reason });
  if (status === 429) {
    throw new LoginError('provider_busy', {
      provider,
      reason,
      retryAfterSeconds: readRetryAfter(retryAfter),
    });
  }
  if (status < 200 || (status >= 300 && status < 400)) throw new LoginError(unreadable, { provider, reason });
}

async function readText(
  response: Dispatcher.ResponseData,
  maximumBytes: number,
  unreadable: LoginErrorCode,
): Promise<string> {
  const encoding = response.headers['content-encoding'];
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += (chunk as Buffer).length;
    if (size > maximumBytes) throw new LoginError(unreadable, { reason: 'answer too large' });
    chunks.push(chunk as Buffer);
  }
  // None was asked for, so a compressed body is never expected and never unpacked.
  if (encoding && encoding !== 'identity')
    throw new LoginError(unreadable, { reason: 'answer is compressed' });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new LoginError(unreadable, { reason: 'answer is not UTF-8' });
  }
}

function plainHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : value,
  ]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function readRetryAfter(value: string | undefined): number {
  const seconds = Number(value);
  return Number.isInteger(seconds) && seconds > 0 ? Math.min(seconds, longestRetryAfterSeconds) : 60;
}

function withAccept(headers: HttpRequest['headers']): HttpRequest['headers'] {
  return { accept: 'application/json', ...headers };
}

function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/** A code such as ECONNREFUSED, else the class: never the message, which may hold an address. */
function nameOf(error: unknown): string {
  if (!isObject(error)) return 'unknown';
  const { code, name } = error;
  return ([code, name].find((word) => typeof word === 'string') as string | undefined) ?? 'unknown';
}
