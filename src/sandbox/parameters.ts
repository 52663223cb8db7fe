import type { Request } from 'express';
import { readMultipart } from './multipart.ts';

export type Parameters = ReadonlyMap<string, string>;

/** The exact bytes of the body; Mixin's signatures cover them. */
export function bodyText(req: Request): string {
  return Buffer.isBuffer(req.body) ? req.body.toString('utf8') : '';
}

function isJson(req: Request): boolean {
  return Boolean(req.is('json'));
}

export function isForm(req: Request): boolean {
  return Boolean(req.is('application/x-www-form-urlencoded'));
}

/** A parameter that is repeated counts with its first value; one without a value counts as absent (RFC 6749 3.1). */
export function toParameters(entries: Iterable<readonly [string, unknown]>): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of entries) {
    if (typeof value === 'string' && value !== '' && !parameters.has(name)) parameters.set(name, value);
  }
  return parameters;
}

export function queryParameters(req: Request): Map<string, string> {
  return toParameters(queryOf(req));
}

export function queryOf(req: Request): URLSearchParams {
  return new URL(`http://sandbox.invalid${req.originalUrl}`).searchParams;
}

export function formOf(req: Request): URLSearchParams {
  return new URLSearchParams(isForm(req) ? bodyText(req) : '');
}

export function formParameters(req: Request): Map<string, string> {
  return toParameters(formOf(req));
}

/** The fields of a multipart/form-data body (RFC 7578). */
export function multipartFields(req: Request): [string, string][] {
  return req.is('multipart/form-data') ? readMultipart(req.get('content-type') ?? '', bodyText(req)) : [];
}

/** The members of a JSON object body, or null when the body is none. */
export function jsonMembers(req: Request): Record<string, unknown> | null {
  if (!isJson(req)) return null;
  try {
    const body: unknown = JSON.parse(bodyText(req));
    const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
    return isObject ? (body as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** What a request carried, for the log. */
export function readBody(req: Request): Record<string, unknown> {
  return jsonMembers(req) ?? Object.fromEntries([...formOf(req), ...multipartFields(req)]);
}

export function splitScope(scope: string | undefined): string[] {
  return [...new Set((scope ?? '').split(' ').filter((entry) => entry !== ''))];
}
