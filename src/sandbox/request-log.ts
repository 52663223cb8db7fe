import type { Request, RequestHandler, Response } from 'express';
import type { FaultName } from './faults.ts';
import { type Exchange, type RequestParts, type SandboxParts, startExchange } from './parts.ts';
import { readBody } from './parameters.ts';
import type { ProtocolError } from './protocol-error.ts';
import { hostInPath, type Service, serviceOfHost } from './services.ts';

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
  /** `grant_type` of a token request, or `another` for a name that no standard has; Mixin wants none. */
  grantType: string | null;
  /** Null while the request is waiting. */
  status: number | null;
  /** `ok`, or the refusal in a few words. */
  verdict: string;
  /** The check that failed, and where its rule comes from. */
  failedCheck: { name: string; source: string } | null;
  /** The faults that made a difference. */
  faults: readonly FaultName[];
  headers: Readonly<Record<string, string | string[] | undefined>>;
  query: Readonly<Record<string, string>>;
  body: Readonly<Record<string, unknown>>;
}

const limit = 500;

/**
 * RFC 6749 4 and 6, RFC 7521's two in RFC 7523 2.1 and RFC 7522 2.1, RFC 8628 3.4, RFC 8693 2.1. Anything else may be
 * a value that a client has put into the wrong field.
 */
const grantTypes = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'password',
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
  'urn:ietf:params:oauth:grant-type:saml2-bearer',
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:ietf:params:oauth:grant-type:token-exchange',
];

function readGrantType(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  return grantTypes.includes(value) ? value : 'another';
}

function toRecord(req: Request, time: number): RequestRecord {
  const path = req.path.split('/').slice(2);
  const host = hostInPath(req.path);
  const query = Object.fromEntries(new URL(`http://sandbox.invalid${req.url}`).searchParams);
  const body = readBody(req);
  return {
    time,
    host,
    service: serviceOfHost(host),
    method: req.method,
    path: `/${path.join('/')}`,
    queryNames: Object.keys(query),
    bodyNames: Object.keys(body),
    grantType: readGrantType(body['grant_type'] ?? query['grant_type']),
    status: null,
    verdict: 'waiting',
    failedCheck: null,
    faults: [],
    headers: req.headers,
    query,
    body,
  };
}

/** Sets what the log says about this request; without it one that was answered with less than 400 is `ok`. */
export function setVerdict(
  res: Response,
  verdict: string,
  failed: ProtocolError['failedCheck'] = null,
): void {
  res.locals['verdict'] = verdict;
  res.locals['failedCheck'] = failed && { name: failed.name, source: failed.source };
}

function finishRecord(record: RequestRecord, { locals, statusCode }: Response, parts: RequestParts): void {
  record.status = statusCode;
  record.verdict = String(locals['verdict'] ?? (statusCode < 400 ? 'ok' : `answered with ${statusCode}`));
  record.failedCheck = (locals['failedCheck'] as RequestRecord['failedCheck'] | undefined) ?? null;
  record.faults = parts.faults.met();
}

/** For a request that never ends: the log says already now which fault keeps it. */
export function noteFaults({ parts, res }: Exchange): void {
  const record = res.locals['record'] as RequestRecord | undefined;
  if (record) record.faults = parts.faults.met();
}

export function logRequests(parts: SandboxParts): RequestHandler {
  const { requests } = parts.state;
  return (req, res, next) => {
    const record = toRecord(req, parts.now());
    requests.push(record);
    if (requests.length > limit) requests.shift();
    res.locals['record'] = record;
    const exchange = startExchange(parts, req, res);
    res.once('finish', () => finishRecord(record, res, exchange.parts));
    res.once('close', () => {
      if (!res.writableFinished) setVerdict(res, 'the connection ended before the answer was whole');
      finishRecord(record, res, exchange.parts);
    });
    next();
  };
}
