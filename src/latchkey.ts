import type { Server } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import type { Account } from './accounts/linked-account.ts';
import { type App, createApp } from './app.ts';
import { type Config, readConfig } from './config.ts';
import { ConfigError } from './errors.ts';
import { reportStores, startSweeping } from './housekeeping.ts';
import { type LatchkeyOptions, readOptions } from './latchkey-options.ts';
import { closeServer, drain, listen, usualLimits } from './listener.ts';
import { createPaths } from './paths.ts';
import { madeUpClients } from './sandbox/registrations.ts';
import type { StandardService } from './sandbox/standard-service.ts';
import { readSecrets } from './sessions/development-secret.ts';
import { startSandboxBeside } from './start-sandbox.ts';
import { isStorageError } from './storage/storage-error.ts';
import { databaseFile, openStores } from './storage/stores.ts';
import { createLog } from './web/log.ts';

export type { Account, LinkedIdentity } from './accounts/linked-account.ts';
export { readShape } from './json.ts';
export type { LatchkeyOptions, Settings } from './latchkey-options.ts';
export { discoverProvider } from './oauth/discovery.ts';
export { type Provider, standardProvider } from './providers/provider.ts';
export type { StandardPerson, StandardService } from './sandbox/standard-service.ts';
export type { Hooks, Linked, SignedIn, Unlinked } from './web/hooks.ts';
export { ConfigError };

declare global {
  namespace Express {
    interface Request {
      /** Who is signed in with Latchkey; missing when nobody is. Set by `login.middleware`. */
      account?: Account;
    }
  }
}

/** Latchkey inside another Express application. */
export interface Latchkey {
  /**
   * Answers everything below the path of BASE_URL, and sets `req.account` for everything else. Use it
   * first, before sessions and body parsers. When a store fails, what comes after it gets an error
   * whose `status` is 503, never a request that looks like nobody's.
   */
  readonly middleware: RequestHandler;
  /**
   * Lets through who is signed in. Others are led to the sign-in page and come back afterwards; where
   * the request is no GET or HEAD, what comes after it gets an error whose `status` is 401.
   */
  readonly requireAccount: RequestHandler;
  /** Where links and forms of your pages lead to. `signOut` takes a POST. */
  readonly paths: { readonly signIn: string; readonly profile: string; readonly signOut: string };
  /**
   * Ends it all. With your server `/readyz` first says for DRAIN_SECONDS that it stops, and every answer
   * ends its connection; then the requests under way may finish, for seven seconds at most. Then stores,
   * connections and the sandbox are closed.
   */
  close(server?: Server): Promise<void>;
}

/**
 * Opens the stores and brings them up to date, starts the sandbox where it is wanted, and gives what
 * an Express application mounts. Throws `TypeError` for options that do not exist, `ConfigError` for
 * values that cannot be used, with every problem found, and an error with a sentence for a store that
 * does not answer and for a port in use.
 */
export async function latchkey<Own extends string = never>(options: LatchkeyOptions<Own>): Promise<Latchkey> {
  const { environment, hooks, offered, played } = readOptions(options, String(express().get('env')));
  const clients = { ...madeUpClients, ...Object.fromEntries(played.map(({ id, client }) => [id, client])) };
  const config = readConfig(environment, clients, undefined, offered);
  requirePath(config);
  const secrets = readSecrets(config.sessionSecrets, config.dataDir);
  const stores = await openStores({ ...config.storage, file: databaseFile(config.dataDir) }, Date.now);
  const log = createLog(config.logLevel, process.stdout, process.stdout.isTTY);
  await reportStores(stores, log);
  let stopping = false;
  const app = createApp(config, {
    ...stores,
    secrets,
    log,
    isStopping: () => stopping,
    hooks,
  });
  const closeStores = async () => {
    await Promise.all([app.close(), stores.close()]);
  };
  const closeSandbox = await openSandbox(config, stores.now, played).catch(async (error: unknown) => {
    await closeStores();
    throw error;
  });
  const stopSweeping = startSweeping(app.sweep, log);
  const paths = createPaths(config.basePath);

  return {
    middleware: createMiddleware(config, app),
    requireAccount: createRequireAccount(paths.home),
    paths: { signIn: paths.home, profile: paths.profile, signOut: paths.logout },
    async close(server) {
      if (stopping) return;
      stopping = true;
      stopSweeping();
      if (server) {
        drain(server);
        await pause(config.drainMilliseconds);
        await closeServer(server);
      }
      await closeSandbox();
      await closeStores();
    },
  };
}

/** At the root nothing would be left for the application around it. */
function requirePath({ basePath, baseUrl }: Config): void {
  if (basePath !== '') return;
  throw new ConfigError([
    {
      variable: 'BASE_URL',
      problem: "needs a path: Latchkey's pages lie below it, and all other paths are yours.",
      example: `${baseUrl}/login-area`,
    },
  ]);
}

async function openSandbox(
  config: Config,
  now: () => number,
  own: readonly StandardService[],
): Promise<() => Promise<void>> {
  if (!config.sandbox.runs) return async () => {};
  const sandbox = await startSandboxBeside(config, now, own);
  const { host, sandbox: settings } = config;
  const server = await listen(sandbox.app, host, settings.port, 'SANDBOX_PORT', 'in settings', usualLimits);
  return async () => {
    await Promise.all([closeServer(server), sandbox.close()]);
  };
}

function createMiddleware({ basePath }: Config, app: App): RequestHandler {
  // An application of its own: the settings, views and error handler around it stay out of it.
  const own = express().disable('x-powered-by').use(basePath, app.express);
  const isOwn = ({ path }: Request) => path === basePath || path.startsWith(`${basePath}/`);

  return async (request, response, next) => {
    if (request.baseUrl !== '')
      throw new TypeError('Use login.middleware without a path: BASE_URL says where its pages lie.');
    if (isOwn(request)) {
      requireBeforeSessions(request);
      // What a cookie parser has read would be believed where the header is not.
      Reflect.deleteProperty(request, 'cookies');
      Reflect.deleteProperty(request, 'signedCookies');
      return own(request, response, next);
    }
    const account = await app.readAccount(request).catch((error: unknown) => {
      throw isStorageError(error) ? Object.assign(error, { status: 503 }) : error;
    });
    if (account) request.account = account;
    next();
  };
}

/** express-session leaves a request alone that has a session: Latchkey's people would end up in yours. */
function requireBeforeSessions(request: Request): void {
  if (!('session' in request) || request.session === undefined) return;
  throw new TypeError(
    'Use login.middleware before your session middleware: this request has a session that is not Latchkey’s.',
  );
}

function createRequireAccount(signIn: string): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    if (request.account) return next();
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return next(Object.assign(new Error('Nobody is signed in.'), { status: 401 }));
    response.redirect(303, `${signIn}?return_to=${encodeURIComponent(request.originalUrl)}`);
  };
}
