import { setTimeout as pause } from 'node:timers/promises';
import type { Dispatcher, Pool } from 'undici';
import { LoginError, type LoginErrorCode } from '../errors.ts';
import { recordRequest } from '../inspector/recorder.ts';
import type { MessageKind } from '../inspector/trace.ts';
import { isObject, readJson } from '../json.ts';
import type { WireAnswer } from '../providers/provider.ts';
import { usualBreakerLimits } from './circuit-breaker.ts';
import { createGate, type Ended, type GateLimits } from './gate.ts';
import { readRetryAfter } from './retry-after.ts';
import { nobodyObserves, type RequestOutcome, type Traffic, type TrafficObserver } from './traffic.ts';

export interface HttpRequest {
  /** What it asks for, for the trace. */
  readonly kind: MessageKind;
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Thrown when an answer came but cannot be read: too large, compressed, not UTF-8, a redirect. */
  readonly unreadable: LoginErrorCode;
  /** What the answer means, where the provider says it in its body. Not asked about a 5xx, 429 or redirect. */
  readonly conform?: ((answer: WireAnswer) => WireAnswer) | undefined;
  /**
   * Builds it anew for one second try, where the connection failed and time is left. Only for what
   * may arrive twice: never for a code or a refresh token.
   */
  readonly again?: () => Promise<HttpRequest>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface Http {
  /**
   * Sends one request to the provider and reads the whole answer. Throws `provider_unreachable`
   * (no answer in time, a 5xx, or not sent because it keeps failing), `provider_busy` (429, or not
   * sent because it asked us to wait or too many requests are under way), or `unreadable`.
   */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** How it stands with the requests to this provider: for pages and metrics. */
  traffic(): Traffic;
  close(): Promise<void>;
}

export interface HttpLimits {
  /** Waiting for a turn (half of it at most), connection, headers and body together. */
  readonly totalMilliseconds: number;
  readonly maximumBytes: number;
  readonly gate?: GateLimits;
}

export const usualGateLimits: GateLimits = { inFlight: 20, waiting: 50, breaker: usualBreakerLimits };
export const usualLimits: HttpLimits = { totalMilliseconds: 8000, maximumBytes: 256 * 1024 };

/** What a wrapper works with besides its provider. */
export interface HttpSurroundings {
  readonly limits?: HttpLimits | undefined;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly observer?: TrafficObserver;
}

/** Between the two tries of what is sent again: not all at the same moment. */
const beforeSecondTryMilliseconds = () => 50 + Math.random() * 200;

/**
 * The one way out to a provider: only to the addresses it is made for, never following a redirect
 * (a 307 would post the client secret and the code to wherever it points), everything limited.
 */
export function createHttp(
  provider: string,
  addresses: readonly string[],
  { limits = usualLimits, now = Date.now, observer = nobodyObserves }: HttpSurroundings = {},
): Http {
  const pools = new Map<string, Pool>();
  const allowed = new Set(addresses.map(withoutQuery));
  // Who waits longer would have too little time left for a fair try, and a code is good for one only.
  const patienceMilliseconds = limits.totalMilliseconds / 2;
  const gateLimits = limits.gate ?? usualGateLimits;
  const gate = createGate(provider, gateLimits, now, observer);

  async function openPool(origin: string): Promise<Pool> {
    // A process that nobody has logged in at yet does without it.
    const undici = await import('undici');
    const meanwhile = pools.get(origin);
    if (meanwhile) return meanwhile;
    const pool = new undici.Pool(origin, {
      connections: gateLimits.inFlight,
      connectTimeout: 2000,
      allowH2: false,
    });
    pools.set(origin, pool);
    return pool;
  }

  async function exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { origin, pathname, search } = new URL(request.url);
    const pool = pools.get(origin) ?? (await openPool(origin));
    const response = await pool.request({
      path: pathname + search,
      method: request.method,
      headers: withAccept(request.headers),
      body: request.body ?? null,
      signal,
    });
    const text = await readText(response, limits.maximumBytes, request.unreadable);
    return { status: response.statusCode, headers: plainHeaders(response.headers), text };
  }

  async function tryOnce(request: HttpRequest, deadline: AbortSignal): Promise<Ended<HttpAnswer>> {
    const startedAt = performance.now();
    const recorded = recordRequest(request.kind, { ...request, headers: withAccept(request.headers) });
    const ended = await gate.pass(withoutQuery(request.url), patienceMilliseconds, () =>
      exchange(request, deadline).then(
        (answer) => toEnded(provider, request, answer, now()),
        (error: unknown) => toTrouble(provider, error),
      ),
    );
    const { answer, error, outcome } = ended;
    if (answer) recorded.answered(answer);
    else if (error?.facts.unsent) recorded.unsent(error.facts.reason ?? '');
    else recorded.failed(error?.facts.reason ?? 'unknown');
    const milliseconds = performance.now() - startedAt;
    observer.requestFinished({
      provider,
      kind: request.kind,
      outcome,
      status: answer?.status ?? null,
      milliseconds,
    });
    return ended;
  }

  async function send(request: HttpRequest): Promise<HttpAnswer> {
    if (!allowed.has(withoutQuery(request.url)))
      throw new LoginError(request.unreadable, { provider, reason: 'address not allowed' });
    const deadline = startDeadline(limits.totalMilliseconds);
    try {
      const ended = await tryTwice(request, deadline.signal);
      if (ended.error) throw ended.error;
      return ended.answer!;
    } finally {
      deadline.end();
    }
  }

  async function tryTwice(request: HttpRequest, deadline: AbortSignal): Promise<Ended<HttpAnswer>> {
    const ended = await tryOnce(request, deadline);
    if (!request.again || ended.outcome !== 'connection-error') return ended;
    await pause(beforeSecondTryMilliseconds());
    const works = gate.traffic().breaker.position === 'closed';
    return works && !deadline.aborted ? tryOnce(await request.again(), deadline) : ended;
  }

  const close = async () => {
    await Promise.all([...pools.values()].map((pool) => pool.destroy()));
  };
  return { send, traffic: gate.traffic, close };
}

/**
 * Like `AbortSignal.timeout`, which holds on to a request and all that came with it until its time is
 * over: with hundreds of logins a second that is most of the memory of the process.
 */
function startDeadline(milliseconds: number): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new DOMException('No answer in time', 'TimeoutError')),
    milliseconds,
  );
  timer.unref();
  return { signal: controller.signal, end: () => clearTimeout(timer) };
}

/** A whole answer, judged by its status and by what its body means. */
function toEnded(
  provider: string,
  { conform, unreadable }: HttpRequest,
  answer: HttpAnswer,
  now: number,
): Ended<HttpAnswer> {
  let { status } = answer;
  // What a server in trouble sends is no message of the protocol, so nothing is made of it.
  if (conform && toUsualOutcome(status) === 'answered') {
    try {
      ({ status } = conform(toWireAnswer(answer)));
    } catch (error) {
      const reason = `conform threw ${nameOf(error)}`;
      return {
        outcome: 'unreadable',
        answer,
        error: new LoginError(unreadable, { provider, reason }),
        retryAfterMilliseconds: null,
      };
    }
  }
  const outcome = toUsualOutcome(status);
  const asked = outcome === 'told-to-wait' ? readRetryAfter(answer.headers['retry-after'], now) : null;
  const error = toUnusable(status, provider, unreadable, asked);
  return { outcome, answer, error, retryAfterMilliseconds: asked };
}

/** No whole answer: an unreadable one, or none. */
function toTrouble(provider: string, error: unknown): Ended<never> {
  const rest = { answer: null, retryAfterMilliseconds: null };
  if (error instanceof LoginError) return { ...rest, outcome: 'unreadable', error: error.with({ provider }) };
  const reason = nameOf(error);
  const outcome = reason === 'TimeoutError' ? 'timeout' : 'connection-error';
  return { ...rest, outcome, error: new LoginError('provider_unreachable', { provider, reason }) };
}

function toUsualOutcome(status: number): RequestOutcome {
  if (status >= 500) return 'server-error';
  if (status === 429) return 'told-to-wait';
  return status < 200 || (status >= 300 && status < 400) ? 'unreadable' : 'answered';
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
export function requireUsable(status: number, provider: string, unreadable: LoginErrorCode): void {
  const error = toUnusable(status, provider, unreadable, null);
  if (error) throw error;
}

/** Where a provider asks to wait and does not say for how long. */
const usualWaitSeconds = 60;

function toUnusable(
  status: number,
  provider: string,
  unreadable: LoginErrorCode,
  retryAfterMilliseconds: number | null,
): LoginError | null {
  const facts = { provider, reason: `status ${status}` };
  switch (toUsualOutcome(status)) {
    case 'server-error':
      return new LoginError('provider_unreachable', facts);
    case 'told-to-wait': {
      const seconds =
        retryAfterMilliseconds === null ? usualWaitSeconds : Math.ceil(retryAfterMilliseconds / 1000);
      return new LoginError('provider_busy', { ...facts, retryAfterSeconds: seconds });
    }
    case 'unreadable':
      return new LoginError(unreadable, facts);
    default:
      return null;
  }
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
