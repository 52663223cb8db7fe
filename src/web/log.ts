import { AsyncLocalStorage } from 'node:async_hooks';
import { randomInt } from 'node:crypto';
import type { RequestHandler } from 'express';
import pino from 'pino';
import { routes } from '../paths.ts';

/** Everything that is logged, by name. docs/operations.md says what each one means. */
export const logEvents = [
  'request',
  'login.start',
  'login.ok',
  'login.fail',
  'link',
  'unlink',
  'replace',
  'conflict',
  'refresh',
  'validate',
  'logout',
  'sessions.end',
  'account.delete',
  'provider.failing',
  'provider.tried',
  'provider.works',
  'rate_limited',
  'cross_origin',
  'request.refused',
  'failure',
  'crash',
  'stopping',
  'profile not read',
  'not validated',
  'not tidied up',
  'not revoked',
  'not recorded',
  'hook failed',
  'store does not answer',
  'sweep failed',
] as const;
export type LogEvent = (typeof logEvents)[number];

/**
 * What may be logged, and nothing else: no URL (callbacks carry codes), no header, no error object
 * (some hold live tokens).
 */
export interface LogFields {
  /** The reference that error pages show. Every line of a request has it, without being given it. */
  reference?: string;
  method?: string;
  /** The route's pattern, never the path itself. */
  route?: string;
  status?: number;
  milliseconds?: number;
  provider?: string;
  intent?: string;
  outcome?: string;
  code?: string;
  reason?: string;
  /** What a rate limit is for: `start`, `callback`, `action`. */
  area?: string;
  /** The class of an unexpected error. */
  type?: string;
  /** Where it was thrown: the lines of the stack, without the message. */
  stack?: string;
}

export interface Log {
  debug(event: LogEvent, fields: LogFields): void;
  info(event: LogEvent, fields: LogFields): void;
  warn(event: LogEvent, fields: LogFields): void;
  error(event: LogEvent, fields: LogFields): void;
}

/** The reference of the request that is being answered. */
const references = new AsyncLocalStorage<string>();

function currentReference(): LogFields {
  const reference = references.getStore();
  return reference === undefined ? {} : { reference };
}

/** JSON lines on `stream`; one short line each when a person watches. */
export function createLog(level: string, stream: { write(line: string): unknown }, forPeople: boolean): Log {
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, mixin: currentReference },
    forPeople ? { write: (line) => stream.write(toPlainLine(line)) } : stream,
  );
  return {
    debug: (event, fields) => logger.debug(fields, event),
    info: (event, fields) => logger.info(fields, event),
    warn: (event, fields) => logger.warn(fields, event),
    error: (event, fields) => logger.error(fields, event),
  };
}

function toPlainLine(json: string): string {
  const { time, level: _, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`);
  return `${String(time).slice(11, 19)} ${String(msg)} ${rest.join(' ')}\n`;
}

/**
 * The class of an error and where it was thrown. Neither its message nor its cause: both may carry a
 * token.
 */
export function toErrorFields(thrown: unknown): Pick<LogFields, 'type' | 'stack'> {
  if (!(thrown instanceof Error)) return { type: typeof thrown };
  const places = (thrown.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const stack = places
    .slice(0, 8)
    .map((line) => line.trim())
    .join(' | ');
  return { type: thrown.constructor.name, stack };
}

/** 8 letters and digits that cannot be mistaken for each other: `K7Q2-9XFA`. */
function newReference(): string {
  // Of a supply that Node draws in one go: a call to the system for each reference costs ten times as much.
  const four = () => letter() + letter() + letter() + letter();
  return `${four()}-${four()}`;
}

const alphabet = '23456789ABCDEFGHJKMNPQRSTVWXYZ';
const letter = () => alphabet.charAt(randomInt(alphabet.length));

/** What a proxy may name a request: it is logged, and shown on the page of an error. */
const wellFormedReference = /^[\w.-]{8,64}$/;

/**
 * Gives each request its reference, in the answer's X-Request-Id and in every line of the log too,
 * and logs how it ended. A reference that comes with the request counts if the proxy that sent it is
 * one of ours, as `isTrusted` says of its address.
 */
export function createRequestLog(log: Log, isTrusted: (address: string) => boolean): RequestHandler {
  return (request, response, next) => {
    const given = request.get('X-Request-Id') ?? '';
    const believed = wellFormedReference.test(given) && isTrusted(request.socket.remoteAddress ?? '');
    const reference = believed ? given : newReference();
    const startedAt = performance.now();
    response.locals['reference'] = reference;
    response.setHeader('X-Request-Id', reference);
    response.on('finish', () => {
      const route: unknown = request.route?.path;
      // Life signs are asked for every few seconds.
      const level = route === routes.healthz || route === routes.readyz ? 'debug' : 'info';
      log[level]('request', {
        reference,
        method: request.method,
        route: typeof route === 'string' ? route : '(none)',
        status: response.statusCode,
        milliseconds: Math.round(performance.now() - startedAt),
      });
    });
    references.run(reference, next);
  };
}
