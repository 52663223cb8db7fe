import type { OwnAnswer, OwnRequest } from './loopback.ts';

/** Requests and answers as text to read and to copy. */

const longest = 4000;

export interface ShownAnswer {
  readonly status: string;
  readonly body: string;
}

function splitAddress(to: string): { host: string; path: string } {
  const slash = to.indexOf('/');
  return { host: to.slice(0, slash), path: to.slice(slash) };
}

/** As it goes over the wire, to the true host. */
export function asText({ method, to, headers, body }: OwnRequest): string {
  const { host, path } = splitAddress(to);
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return body === null ? lines.join('\n') : [...lines, '', body].join('\n');
}

/** Within single quotes a shell takes everything as it is, except for a single quote. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The same for a shell, to the sandbox. */
export function asCurl(baseUrl: string, { method, to, headers, body }: OwnRequest): string {
  return [
    `curl -X ${method} ${quote(`${baseUrl}/${to}`)}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`),
    ...(body === null ? [] : [`--data-raw ${quote(body)}`]),
  ].join(' \\\n  ');
}

function indented(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

export function showAnswer({ status, statusText, contentType, body }: OwnAnswer): ShownAnswer {
  const text = indented(body);
  return {
    status: [`${status} ${statusText}`.trim(), contentType].filter(Boolean).join(', '),
    body: text.length > longest ? `${text.slice(0, longest)}… (cut here)` : text || '(no body)',
  };
}
