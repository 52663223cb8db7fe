/**
 * Where a refusal is shown: on the provider's own page, back at the application by a redirect,
 * in the answer to the application's own request, or as a broken answer that a fault asked for.
 */
export type Channel = 'page' | 'redirect' | 'json' | 'fault';

export interface ProtocolErrorOptions {
  status: number;
  channel: Channel;
  /** The refusal in a few words, for the request log. */
  verdict: string;
  body?: string;
  contentType?: string;
  location?: string;
  headers?: Readonly<Record<string, string>>;
}

/** What a check throws when a request is not in order. */
export class ProtocolError extends Error {
  readonly status: number;
  readonly channel: Channel;
  readonly body: string;
  readonly contentType: string;
  readonly location: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Filled in by the endpoint that ran the check. */
  failedCheck: { readonly name: string; readonly source: string } | null = null;

  constructor(options: ProtocolErrorOptions) {
    super(options.verdict);
    this.name = 'ProtocolError';
    this.status = options.status;
    this.channel = options.channel;
    this.body = options.body ?? '';
    this.contentType = options.contentType ?? 'application/json';
    this.location = options.location ?? null;
    this.headers = options.headers ?? {};
  }
}

/** A page on the provider's side, without a redirect (RFC 6749 4.1.2.1: bad client or redirect URI). */
export function pageError(status: number, explanation: string): ProtocolError {
  return new ProtocolError({ status, channel: 'page', verdict: explanation, body: explanation });
}

export function redirectError(location: string, verdict: string): ProtocolError {
  return new ProtocolError({ status: 302, channel: 'redirect', verdict, location });
}

export function jsonError(
  status: number,
  body: unknown,
  verdict: string,
  headers: Readonly<Record<string, string>> = {},
): ProtocolError {
  return new ProtocolError({ status, channel: 'json', verdict, body: JSON.stringify(body), headers });
}
