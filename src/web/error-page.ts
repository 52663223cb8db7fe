import type { ErrorRequestHandler, Request, Response } from 'express';
import { type ErrorCode, LoginError, type LoginErrorFacts, RequestError } from '../errors.ts';
import { recordFailure } from '../inspector/failures.ts';
import { currentLogin } from '../inspector/scope.ts';
import { routes } from '../paths.ts';
import { isStorageError } from '../storage/storage-error.ts';
import type { Context } from './context.ts';
import { toDeveloperBlock } from './developer-notes.ts';
import { toErrorActions } from './error-actions.ts';
import { errorWords, needsOperator, type Situation, type Words } from './error-words.ts';
import { type LogEvent, toErrorFields } from './log.ts';
import { link, sendPage } from './page.ts';
import { toSentence } from './sentences.ts';
import { toDatedTimeWords } from './time-words.ts';
import type { Action, ErrorPage } from './view-models.ts';
import { viewerOf } from './visits.ts';

/** The last middleware: every error ends here, as a page, and nothing of it reaches the page or the log but words. */
export function createErrorHandler(context: Context): ErrorRequestHandler {
  return (thrown: unknown, request, response, _next) => {
    const error = toKnownError(thrown);
    logError(context, request, error, thrown);
    recordFailure(thrown);
    if (response.headersSent) return void response.destroy();
    const situation = createSituation(context, request, error);
    const entry = errorWords[error.code](situation);
    if (entry.status === 503 || entry.status === 429)
      response.setHeader('Retry-After', String(situation.facts.retryAfterSeconds ?? 30));
    response.setHeader('Cache-Control', 'no-store');
    const page = toErrorPage(situation, entry, error, request, response);
    const status = statusOf(thrown) ?? entry.status;
    sendPage(context, request, response, { view: 'error', title: toSentence(entry.heading), status }, page);
  };
}

/**
 * For when not even the page of an error can be made, or the session cannot be stored that it was shown
 * in. Express would answer with the stack, and print the whole error with whatever hangs on it.
 */
export function createLastResort(context: Context): ErrorRequestHandler {
  return (thrown: unknown, request, response, _next) => {
    logError(context, request, toKnownError(thrown), thrown);
    if (response.writableEnded) return;
    if (response.headersSent) return void response.destroy();
    const reference = String(response.locals['reference'] ?? '');
    response.status(500).type('text').send(`Sorry, there is a problem on our side. Reference: ${reference}`);
  };
}

function toKnownError(thrown: unknown): LoginError | RequestError {
  if (thrown instanceof LoginError || thrown instanceof RequestError) return thrown;
  if (isStorageError(thrown)) return new RequestError('store_unavailable');
  const status = statusOf(thrown);
  if (status === null) return new RequestError('internal');
  return new RequestError(tooLarge.has(status) ? 'request_too_large' : 'malformed_request');
}

const tooLarge: ReadonlySet<number> = new Set([413, 414, 431]);

/** The status of what Express, its parsers and our guards refuse: a broken path, a form too large, … */
function statusOf(thrown: unknown): number | null {
  if (!(thrown instanceof Error) || !('status' in thrown)) return null;
  const { status } = thrown;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null;
}

function logError(
  context: Context,
  request: Request,
  error: LoginError | RequestError,
  thrown: unknown,
): void {
  const { log } = context;
  const { code } = error;
  if (code === 'internal' || code === 'store_unavailable') {
    const reason = isStorageError(thrown) && thrown.code ? { reason: thrown.code } : {};
    log.error('failure', { code, ...reason, ...toErrorFields(thrown) });
    return;
  }
  if (error instanceof RequestError) {
    log.warn(ownEvents[code] ?? 'request.refused', { code, ...error.logged });
    return;
  }
  const { provider, intent, reason } = error.facts;
  const ended = endsLogin(context, request, error);
  // What no login stands behind may be made up: nobody is called for it.
  const isOurs = ended && needsOperator(error);
  log[isOurs ? 'error' : 'warn'](ended ? 'login.fail' : 'request.refused', {
    code,
    ...(provider ? { provider } : {}),
    ...(intent ? { intent } : {}),
    ...(isOurs ? { reason: 'the provider does not accept our registration' } : reason ? { reason } : {}),
  });
}

/** Where the answers of providers arrive: Twitch sends some of them to the root of the site. */
const arrivals: ReadonlySet<unknown> = new Set([routes.callback(':provider'), routes.home]);

/**
 * Whether a login has ended with this error: it was met where answers arrive, and is about a service
 * in use. At the root of the site only a transaction of this browser says which service that is.
 */
function endsLogin({ services }: Context, { route }: Request, { facts }: LoginError): boolean {
  const isInUse = services.some(({ provider, client }) => provider.id === facts.provider && client !== null);
  return isInUse && arrivals.has(route?.path);
}

/** Refusals that somebody may want to look for by name. */
const ownEvents: Readonly<Partial<Record<ErrorCode, LogEvent>>> = {
  cross_origin: 'cross_origin',
  rate_limited: 'rate_limited',
};

function createSituation(context: Context, request: Request, error: LoginError | RequestError): Situation {
  const facts: LoginErrorFacts =
    error instanceof LoginError ? error.facts : { retryAfterSeconds: error.retryAfterSeconds };
  const service = context.services.find(({ provider }) => provider.id === facts.provider) ?? null;
  const signedIn = request.session?.accountId !== undefined;
  return { context, service, facts, signedIn, name: service?.provider.name ?? 'the service' };
}

function toErrorPage(
  situation: Situation,
  entry: Words,
  error: LoginError | RequestError,
  request: Request,
  response: Response,
): ErrorPage {
  const { context, service, facts } = situation;
  const now = context.now();
  return {
    provider: service ? { id: service.provider.id, name: service.provider.name } : null,
    heading: toSentence(entry.heading),
    reason: toSentence(entry.reason),
    developer: context.config.production ? null : toDeveloperBlock(situation, error.code, request),
    actions: toErrorActions(situation, entry, error, request),
    trace: toTraceLink(context, request),
    details: {
      time: toDatedTimeWords(now, now),
      reference: String(response.locals['reference'] ?? ''),
      code: error.code,
      providerSaid: facts.providerSaid?.slice(0, 300) ?? null,
    },
  };
}

/** To the recorded login that ended here, where this browser may see it. */
function toTraceLink(context: Context, request: Request): Action | null {
  const login = currentLogin();
  const visible = login && context.inspector?.flows.get(login.id, viewerOf(context, request));
  return visible ? link('See what happened, step by step', context.paths.flow(visible.id)) : null;
}
