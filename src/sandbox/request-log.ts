import type { Request, RequestHandler, Response } from 'express';
import type { SandboxParts } from './parts.ts';
import { readBody } from './parameters.ts';
import { type Service, serviceOfHost } from './services.ts';

/** One request that reached a pretended host. Values stay in memory; no page and no file shows them. */
export interface RequestRecord {
  /** Milliseconds. */
  time: number;
  host: string;
  /** Null outside the pretended hosts. */
  service: Service | null;
  method: string;
  path: string;
  queryNames: string[];
  bodyNames: string[];
  /** `grant_type` of a token request; Mixin wants none. */
  grantType: string | null;
  /** Null while the request is waiting. */
  status: number | null;
  /** `ok`, or the refusal in a few words. */
  verdict: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  query: Readonly<Record<string, string>>;
  body: Readonly<Record<string, unknown>>;
}

const limit = 500;

function toRecord(req: Request, time: number): RequestRecord {
  const [, host = '', ...path] = req.path.split('/');
  const query = Object.fromEntries(new URL(`http://sandbox.invalid${req.url}`).searchParams);
  const body = readBody(req);
  const grantType = body['grant_type'] ?? query['grant_type'];
  return {
    time,
    host,
    service: serviceOfHost(host),
    method: req.method,
    path: `/${path.join('/')}`,
    queryNames: Object.keys(query),
    bodyNames: Object.keys(body),
    grantType: typeof grantType === 'string' ? grantType : null,
    status: null,
    verdict: 'waiting',
    headers: req.headers,
    query,
    body,
  };
}

/** Sets what the log says about this request; without it a finished request is `ok`. */
export function setVerdict(res: Response, verdict: string): void {
  res.locals['verdict'] = verdict;
}

export function logRequests({ state, now }: SandboxParts): RequestHandler {
  return (req, res, next) => {
    const record = toRecord(req, now());
    state.requests.push(record);
    if (state.requests.length > limit) state.requests.shift();
    res.once('finish', () => {
      record.status = res.statusCode;
      record.verdict = String(res.locals['verdict'] ?? 'ok');
    });
    next();
  };
}
