import type { Request } from 'express';

/** A request of Try it, to a pretended host. */
export interface OwnRequest {
  readonly method: 'GET' | 'POST';
  /** Host and path, without a scheme. */
  readonly to: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export interface OwnAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly contentType: string;
  readonly body: string;
  /** Whether there was more of it than anybody should read. */
  readonly isTooLong: boolean;
}

/** No whole answer, in words. */
export class NoAnswer extends Error {}

const limits = { milliseconds: 5000, bytes: 64 * 1024 };

/** The address at which this very request came in: the sandbox can be reached there, whatever BASE_URL says. */
export function ownOrigin({ socket }: Request): string {
  const { localAddress = '127.0.0.1', localPort } = socket;
  return `http://${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`;
}

async function readSome(response: Response): Promise<{ body: string; isTooLong: boolean }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > limits.bytes) break;
  }
  const bytes = Buffer.concat(chunks).subarray(0, limits.bytes);
  return { body: bytes.toString('utf8'), isTooLong: length > limits.bytes };
}

function toNoAnswer(error: unknown): NoAnswer {
  const isLate = (error as Error | null)?.name === 'TimeoutError';
  if (isLate) return new NoAnswer(`No whole answer came within ${limits.milliseconds / 1000} seconds.`);
  return new NoAnswer('The connection was closed before the answer was whole, or the answer cannot be read.');
}

/**
 * Asks the sandbox itself, over the network as any application does. The only place of the sandbox
 * that sends requests, and it sends them nowhere else.
 */
export async function askSandbox(
  base: string,
  { method, to, headers, body }: OwnRequest,
): Promise<OwnAnswer> {
  const signal = AbortSignal.timeout(limits.milliseconds);
  try {
    const response = await fetch(`${base}/${to}`, { method, headers, body, signal, redirect: 'manual' });
    return {
      status: response.status,
      statusText: response.statusText,
      contentType: response.headers.get('content-type') ?? '',
      ...(await readSome(response)),
    };
  } catch (error) {
    throw toNoAnswer(error);
  }
}
