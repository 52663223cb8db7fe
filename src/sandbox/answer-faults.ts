import { gzipSync } from 'node:zlib';
import type { Request, Response } from 'express';

/**
 * What can go wrong with an answer whatever it says: each is one entry, and is offered for every
 * endpoint. `instead` replaces the answer before anything is checked, `change` rewrites a good one, and
 * `deliver` sends it in a bad way.
 */

interface BrokenAnswer {
  readonly status: number;
  readonly body?: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Delays {
  /** Before a slow answer begins, in milliseconds. */
  slow: number;
  /** Between two bytes of a dripping answer, in milliseconds. */
  drip: number;
}

export interface ChangedAnswer {
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface AnswerFault {
  /** After "the … endpoint". */
  readonly effect: string;
  readonly instead?: (req: Request, elsewhere: string) => BrokenAnswer;
  /** Makes no difference to an answer without a body. */
  readonly needsBody?: boolean;
  readonly change?: (body: string) => ChangedAnswer;
  readonly deliver?: (res: Response, body: string | Buffer, delays: Delays) => void;
}

const htmlPage = '<!doctype html><html lang="en"><title>Be right back</title><h1>Be right back</h1></html>';
const message = (status: number, text: string): string => JSON.stringify({ status, message: text });

/** In the shape of the service; Mixin's is an object, and usual there, but comes with 202. */
function errorInside(address: string): object {
  if (!/\/(api\.mixin\.one|mixin-api\.zeromesh\.net)\//.test(address)) return { error: 'invalid_grant' };
  return { error: { status: 202, code: 401, description: 'Unauthorized, maybe invalid token.' } };
}

/** JSON with every value of another type: texts become numbers, numbers texts, lists and nulls truth values. */
function withWrongTypes(value: unknown): unknown {
  if (typeof value === 'string') return value.length;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value === null || Array.isArray(value)) return true;
  const members = Object.entries(value as Record<string, unknown>);
  return Object.fromEntries(members.map(([name, member]) => [name, withWrongTypes(member)]));
}

function asObject(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : { value };
  } catch {
    return { value: body };
  }
}

const megabyte = 1024 * 1024;
const compressed = (body: string): ChangedAnswer => ({
  body: gzipSync(body),
  headers: { 'Content-Encoding': 'gzip' },
});

/** One byte at a time, until it is all there or nobody listens any more. */
function drip(res: Response, body: string | Buffer, { drip: pause }: Delays): void {
  const bytes = Buffer.from(body as string);
  let sent = 0;
  const timer = setInterval(() => {
    res.write(bytes.subarray(sent, sent + 1));
    sent += 1;
    if (sent >= bytes.length) {
      clearInterval(timer);
      res.end();
    }
  }, pause);
  res.once('close', () => clearInterval(timer));
  res.flushHeaders();
}

export const answerFaults = {
  500: {
    effect: 'answers 500',
    instead: () => ({ status: 500, body: message(500, 'Something went wrong') }),
  },
  503: {
    effect: 'answers 503 with Retry-After: 30',
    instead: () => ({
      status: 503,
      body: message(503, 'Service unavailable'),
      headers: { 'Retry-After': '30' },
    }),
  },
  429: {
    effect: 'answers 429 with Retry-After: 30 and no body',
    instead: () => ({ status: 429, headers: { 'Retry-After': '30' } }),
  },
  html: {
    effect: 'answers 200 with an HTML page',
    instead: () => ({ status: 200, contentType: 'text/html', body: htmlPage }),
  },
  empty: { effect: 'answers 200 with {}', instead: () => ({ status: 200, body: '{}' }) },
  not_json: {
    effect: 'answers 200 with something that only looks like JSON',
    instead: () => ({ status: 200, body: "{'access_token': 'abc', id: 1,}" }),
  },
  error_in_200: {
    effect: 'answers 200 with an error in its body',
    instead: (req: Request) => ({ status: 200, body: JSON.stringify(errorInside(req.originalUrl)) }),
  },
  redirect: {
    effect: 'answers 307 to a POST and 302 to a GET, and leads elsewhere',
    instead: (req: Request, elsewhere: string) => ({
      status: req.method === 'POST' ? 307 : 302,
      headers: { Location: elsewhere },
    }),
  },
  truncated: {
    effect: 'stops in the middle of its JSON',
    needsBody: true,
    change: (body) => ({ body: body.slice(0, Math.floor(body.length / 2)) }),
  },
  wrong_types: {
    effect: 'answers with the right members, each of a wrong type',
    change: (body) => ({ body: JSON.stringify(withWrongTypes(asObject(body))) }),
  },
  huge: {
    effect: 'is a megabyte longer',
    change: (body) => ({ body: JSON.stringify({ ...asObject(body), filler: 'x'.repeat(megabyte) }) }),
  },
  compressed: { effect: 'answers in gzip, though nobody has to ask for it', change: compressed },
  bomb: {
    effect: 'answers in gzip: some kilobytes on the wire, eight megabytes unpacked',
    change: (body) => compressed(' '.repeat(8 * megabyte) + body),
  },
  slow: {
    effect: 'begins to answer after three seconds',
    deliver: (res, body, { slow }) => {
      const timer = setTimeout(() => res.end(body), slow);
      res.once('close', () => clearTimeout(timer));
    },
  },
  drip: { effect: 'sends one byte every quarter of a second', deliver: drip },
  cut: {
    effect: 'closes the connection after half of its bytes',
    deliver: (res, body) => {
      res.set('Content-Length', String(Buffer.byteLength(body)));
      res.write(Buffer.from(body as string).subarray(0, Math.floor(Buffer.byteLength(body) / 2)), () =>
        res.destroy(),
      );
    },
  },
  /** Has none of the three: `endpoint()` waits for ever before it checks anything. */
  hang: { effect: 'takes the request and never answers' },
} as const satisfies Record<string, AnswerFault>;

export type AnswerFaultName = keyof typeof answerFaults;

export const answerFaultNames = Object.keys(answerFaults) as `${AnswerFaultName}`[];

export const usualDelays: Delays = { slow: 3000, drip: 250 };
