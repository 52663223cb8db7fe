import { isObject, readJson } from '../json.ts';
import type { Redactor } from './redact.ts';
import { type Field, type Piece, type Text, toText } from './text.ts';
import type { DecodedToken, Message } from './trace.ts';

/** A request as it goes out, or as the browser is sent. */
export interface SentRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An answer as it came in. */
export interface ReceivedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Reason phrases of RFC 9110 and RFC 6585, for the line that text of HTTP begins with. */
const phrases: Readonly<Record<number, string>> = {
  200: 'OK',
  202: 'Accepted',
  204: 'No Content',
  302: 'Found',
  303: 'See Other',
  307: 'Temporary Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  410: 'Gone',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
};

function statusLine(status: number): string {
  return `HTTP/1.1 ${status} ${phrases[status] ?? ''}`.trim();
}

export function toRequestMessage(redactor: Redactor, request: SentRequest): Message {
  const { host, pathname, searchParams } = new URL(request.url);
  const query = toFields(redactor, searchParams);
  const headers = [
    ['host', host] as const,
    ...Object.entries(request.headers).filter(([name]) => name.toLowerCase() !== 'host'),
  ].map(([name, value]) => redactor.header(name.toLowerCase(), value));
  const sent = toBody(redactor, request.headers, request.body ?? '');
  const target = toText([pathname, ...(query.length > 0 ? ['?', ...joined(query)] : [])]);
  return {
    line: toText([`${request.method} `, ...target, ' HTTP/1.1']),
    headers,
    parameters: [...query, ...sent.fields],
    body: sent.text,
  };
}

export function toResponseMessage(redactor: Redactor, answer: ReceivedAnswer): Message {
  const { text, fields } = toBody(redactor, answer.headers, answer.text);
  return {
    line: [statusLine(answer.status)],
    headers: Object.entries(answer.headers).map(([name, value]) =>
      name === 'location' ? { name, value: toLocation(redactor, value) } : redactor.header(name, value),
    ),
    parameters: fields,
    body: text,
  };
}

/** A redirect through the browser: its target by address and parameters. */
export function toRedirectMessage(redactor: Redactor, status: number | null, target: URL): Message {
  return {
    line: [status === null ? 'A redirect of the browser' : statusLine(status)],
    headers: [{ name: 'location', value: toTarget(redactor, target, `${target.origin}${target.pathname}`) }],
    parameters: toFields(redactor, target.searchParams),
    body: [],
  };
}

/** Where a provider would send whoever followed. The path is shown only where it is made of plain words. */
function toLocation(redactor: Redactor, value: string): Text {
  if (!URL.canParse(value)) return [redactor.hide('location', value)];
  const target = new URL(value);
  const { pathname } = target;
  const path = /^(?:\/|(?:\/[a-z]{1,12}(?:[-.][a-z]{1,12})*)+)$/.test(pathname)
    ? pathname
    : redactor.hide('path', pathname);
  return toTarget(redactor, target, target.origin, path);
}

function toTarget(redactor: Redactor, { searchParams }: URL, ...address: readonly Piece[]): Text {
  const query = toFields(redactor, searchParams);
  return toText([...address, ...(query.length > 0 ? ['?', ...joined(query)] : [])]);
}

function toFields(redactor: Redactor, parameters: URLSearchParams): Field[] {
  return [...parameters].slice(0, 40).map(([name, value]) => redactor.parameter(name, value));
}

/** Form or query text again, with holes. */
function joined(fields: readonly Field[]): Text {
  return fields.flatMap(({ name, value }, index) => [
    `${index > 0 ? '&' : ''}${name}=`,
    ...value.map((piece) => (typeof piece === 'string' ? encodeURIComponent(piece) : piece)),
  ]);
}

interface Body {
  readonly text: Text;
  readonly fields: readonly Field[];
}

/** Only forms and JSON can be shown in part; any other text is hidden as a whole. */
function toBody(redactor: Redactor, headers: Readonly<Record<string, string>>, text: string): Body {
  if (text === '') return { text: [], fields: [] };
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) {
    const fields = toFields(redactor, new URLSearchParams(text));
    return { text: toText(joined(fields)), fields };
  }
  const json = /^application\/(?:[\w.+-]+\+)?json\b/i.test(type) ? tryJson(text) : undefined;
  return json === undefined ? { text: [redactor.hide('body', text)], fields: [] } : redactor.json(json);
}

function tryJson(text: string): unknown {
  try {
    return readJson(text);
  } catch {
    return undefined;
  }
}

/** The two readable parts of a JWT (RFC 7519 section 3); null when it is none. Nothing is checked. */
export function toDecodedToken(redactor: Redactor, title: string, token: string): DecodedToken | null {
  // It comes from outside, and may be a quarter of a megabyte of dots.
  const parts = token.split('.', 4);
  if (parts.length !== 3) return null;
  const [header, claims] = parts.slice(0, 2).map(tryDecode);
  if (!isObject(header) || !isObject(claims)) return null;
  return { title, header: redactor.claims(header), claims: redactor.claims(claims) };
}

function tryDecode(part: string): unknown {
  return tryJson(Buffer.from(part, 'base64url').toString());
}
