import { recordRequest } from '../inspector/recorder.ts';
import { isObject } from '../json.ts';
import type { HttpAnswer } from '../oauth/http.ts';

export interface ProbeRequest {
  readonly kind: 'trial-authorization' | 'trial-token';
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One message that was sent to a provider for a check, without anything secret. */
export interface Probe {
  readonly method: string;
  /** Without the query, which carries the client id. */
  readonly address: string;
  readonly milliseconds: number;
  /** Null when there was none in time. */
  readonly answer: HttpAnswer | null;
  /** A code such as ECONNREFUSED when there was no answer. */
  readonly failure: string | null;
  /** Their clock minus ours, in milliseconds, from the answer's Date; null without one. */
  readonly clockDifference: number | null;
}

const maximumBytes = 64 * 1024;

/**
 * Sends one request and tells what came back, whatever it is. Unlike the wrapper that logins use,
 * it keeps redirects, refusals and server errors: they are what a check wants to see. Nothing is
 * followed. Never throws.
 */
export async function probe(request: ProbeRequest, now: () => number, signal: AbortSignal): Promise<Probe> {
  // Loaded only where checks are asked for.
  const { request: send } = await import('undici');
  const { origin, pathname } = new URL(request.url);
  const about = { method: request.method, address: origin + pathname };
  const startedAt = performance.now();
  const askedAt = now();
  const recorded = recordRequest(request.kind, request);
  const elapsed = () => Math.round(performance.now() - startedAt);
  try {
    const { method, headers, body = null } = request;
    // `reset` closes the connection afterwards, so that a command can end.
    const response = await send(request.url, { method, headers, body, signal, reset: true });
    const plain = Object.fromEntries(
      Object.entries(response.headers).map(([name, value]) => [name, String(value ?? '')]),
    );
    // Half-way between question and answer; the header has whole seconds.
    const difference = Date.parse(plain['date'] ?? '') + 500 - (askedAt + now()) / 2;
    const answer = { status: response.statusCode, headers: plain, text: await readStart(response.body) };
    recorded.answered(answer);
    const clockDifference = Number.isNaN(difference) ? null : Math.round(difference);
    return { ...about, milliseconds: elapsed(), answer, failure: null, clockDifference };
  } catch (error) {
    const failure = signal.aborted ? 'no answer in time' : nameOf(error);
    recorded.failed(failure);
    return { ...about, milliseconds: elapsed(), answer: null, failure, clockDifference: null };
  }
}

async function readStart(body: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > maximumBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A code, else the class: never the message, which may hold an address with its query. */
function nameOf(error: unknown): string {
  if (!isObject(error)) return 'unknown';
  return String(error['code'] ?? error['name'] ?? 'unknown');
}
