import { randomBytes } from 'node:crypto';
import type { RequestHandler } from 'express';
import pino from 'pino';
import { routes } from '../paths.ts';

/**
 * What may be logged, and nothing else: no URL (callbacks carry codes), no header, no error object
 * (some hold live tokens).
 */
export interface LogFields {
  /** The reference that error pages show. */
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
  /** Where an unexpected error was thrown: its class and the lines of the stack, no message. */
  stack?: string;
}

export interface Log {
  debug(event: string, fields: LogFields): void;
  info(event: string, fields: LogFields): void;
  warn(event: string, fields: LogFields): void;
  error(event: string, fields: LogFields): void;
}

/** JSON lines on `stream`; one short line each when a person watches. */
export function createLog(level: string, stream: { write(line: string): unknown }, forPeople: boolean): Log {
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
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

/** 8 letters and digits that cannot be mistaken for each other: `K7Q2-9XFA`. */
function newReference(): string {
  const alphabet = '23456789ABCDEFGHJKMNPQRSTVWXYZ';
  const characters = [...randomBytes(8)].map((byte) => alphabet[byte % alphabet.length]).join('');
  return `${characters.slice(0, 4)}-${characters.slice(4)}`;
}

/** Gives each request its reference, in the answer's X-Request-Id too, and logs how it ended. */
export function createRequestLog(log: Log): RequestHandler {
  return (request, response, next) => {
    const reference = newReference();
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
    next();
  };
}
