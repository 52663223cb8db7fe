import type { Config } from '../config.ts';

/**
 * How one request reached this process. Only ever compared with BASE_URL and shown to a developer:
 * headers can say anything, so nothing else may use them.
 */
export interface SeenRequest {
  /** As the server sees it: behind a trusted proxy, what that proxy says. */
  readonly protocol: string;
  readonly host: string;
  /** `X-Forwarded-Proto`, trusted or not; null when there is none. */
  readonly forwardedProtocol: string | null;
  /** `X-Forwarded-For` is there: a proxy stands in front. */
  readonly isForwarded: boolean;
  /** A cookie of ours came along. */
  readonly hasCookie: boolean;
}

interface RequestLike {
  readonly protocol: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export function readSeenRequest({ protocol, headers }: RequestLike): SeenRequest {
  const forwarded = String(headers['x-forwarded-proto'] ?? '')
    .split(',')[0]!
    .trim()
    .toLowerCase();
  return {
    protocol,
    host: readHost(headers['host']),
    forwardedProtocol: forwarded === 'http' || forwarded === 'https' ? forwarded : null,
    isForwarded: headers['x-forwarded-for'] !== undefined,
    hasCookie: /(?:^|;\s*)(?:__Host-)?latchkey/.test(String(headers['cookie'] ?? '')),
  };
}

/** A host name with its port, in small letters; anything else is not repeated. */
function readHost(host: string | string[] | undefined): string {
  const text = String(host ?? '').toLowerCase();
  return /^[a-z0-9_.[\]:-]{1,255}$/.test(text) ? text : '(no readable host)';
}

/** What stood in the address bar, without the page. */
export function toOpenedAddress({ basePath }: Pick<Config, 'basePath'>, seen: SeenRequest): string {
  return `${seen.forwardedProtocol ?? seen.protocol}://${seen.host}${basePath}`;
}

/** The sentence for somebody who came by another name than that of BASE_URL; null for everybody else. */
export function describeOtherName(
  config: Pick<Config, 'baseUrl' | 'basePath' | 'origin'>,
  seen: SeenRequest,
): string | null {
  if (seen.host === new URL(config.origin).host) return null;
  return `You opened ${toOpenedAddress(config, seen)} but BASE_URL is ${config.baseUrl}. Sign-in would fail: the cookie belongs to the other name.`;
}
