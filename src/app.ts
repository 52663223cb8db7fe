import express, { type Express } from 'express';
import { createAccountStore } from './accounts/account-store.ts';
import { addConflictRoutes } from './accounts/conflict-routes.ts';
import { addMyDataRoutes } from './accounts/my-data-routes.ts';
import { addReplaceRoutes } from './accounts/replace-routes.ts';
import { addAccountRoutes } from './accounts/routes.ts';
import { addUnlinkRoutes } from './accounts/unlink-routes.ts';
import type { Config, ServiceConfig } from './config.ts';
import { RequestError } from './errors.ts';
import { createPendingDecisions } from './login/pending-decision.ts';
import { createInspector } from './inspector/scope.ts';
import { addInspectorRoutes } from './inspector/routes.ts';
import type { FlowLimits } from './inspector/flows.ts';
import { addLearnRoutes } from './learn/routes.ts';
import { addLoginRoutes } from './login/routes.ts';
import { createTransactions } from './login/transaction.ts';
import type { BreakerPosition } from './oauth/circuit-breaker.ts';
import { createClient } from './oauth/client.ts';
import { type HttpLimits, type HttpSurroundings, usualGateLimits, usualLimits } from './oauth/http.ts';
import { nobodyObserves, type Traffic, type TrafficObserver } from './oauth/traffic.ts';
import { createPaths, routes } from './paths.ts';
import { createGrants } from './sessions/grants.ts';
import { createLeases } from './sessions/leases.ts';
import { addSessionRoutes } from './sessions/routes.ts';
import { createKeyRing, type KeyRing } from './sessions/seal.ts';
import { addSetupRoutes } from './setup/routes.ts';
import { createSessionMiddleware } from './sessions/session.ts';
import { RecordStore } from './sessions/session-store.ts';
import type { Database } from './storage/database.ts';
import type { ExpiringRecords } from './storage/expiring-records.ts';
import type { CreateRateCounter } from './storage/rate-counters.ts';
import { type AccountReader, createAccountReader } from './web/account-reader.ts';
import { createAssets, viewsFolder } from './web/assets.ts';
import type { Context, ServiceInUse } from './web/context.ts';
import { createErrorHandler, createLastResort } from './web/error-page.ts';
import { createFormReader, refuseManyHeaders } from './web/request-size.ts';
import { createRateLimits } from './web/rate-limits.ts';
import { toList } from './web/sentences.ts';
import { createGrantCheck } from './web/grant-check.ts';
import { addHealthRoutes } from './web/health.ts';
import { addHomeRoutes } from './web/home-routes.ts';
import { createHookCalls, type Hooks } from './web/hooks.ts';
import { createKnownHostGuard } from './web/known-host.ts';
import { createRequestLog, type Log, type LogEvent } from './web/log.ts';
import { createSameOriginGuard, refuseEmbedded } from './web/same-origin.ts';
import { addSiteFileRoutes } from './web/site-files.ts';
import { createViewEngine } from './web/views.ts';
import { createVisits } from './web/visits.ts';
import { createSecurityHeaders, noStore } from './web/security-headers.ts';

export interface Dependencies {
  readonly database: Database;
  readonly records: ExpiringRecords;
  /** Fails when one of the stores does not answer in time: `/readyz` then says so. */
  readonly checkStores: () => Promise<void>;
  /** Counts what is limited, for each limit: here alone, or shared by all nodes. */
  readonly createRateCounter: CreateRateCounter;
  /** Newest first; config's own, or the one kept for development. */
  readonly secrets: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
  /** Time and size limits of answers from providers; by default the usual ones. */
  readonly httpLimits?: HttpLimits;
  /** Hears of every request to a provider: for metrics. Must not throw. */
  readonly trafficObserver?: TrafficObserver;
  /** How many recorded logins are kept; by default as many as usual. */
  readonly flowLimits?: FlowLimits;
  /** True from the moment the process begins to stop: `/readyz` then says so. */
  readonly isStopping: () => boolean;
  /** What an application around this one wants to hear of. */
  readonly hooks?: Hooks;
}

export interface App {
  readonly express: Express;
  /** Who is signed in, for a request to an application around this one. */
  readonly readAccount: AccountReader;
  /** The recorded logins; null when the inspector is off. */
  readonly inspector: Context['inspector'];
  /** How it stands with the requests to each provider in use, by its id. */
  readonly traffic: () => readonly (Traffic & { readonly provider: string })[];
  /** Deletes what ended long ago. */
  readonly sweep: () => Promise<void>;
  /** Closes the connections to the providers. */
  readonly close: () => Promise<void>;
}

/**
 * Creates the application. Its routes are relative, so it can be mounted under BASE_URL's path;
 * the addresses it writes come from BASE_URL.
 */
export function createApp(config: Config, dependencies: Dependencies): App {
  const { records } = dependencies;
  const keys = createKeyRing(dependencies.secrets);
  const context = createContext(config, dependencies, records, keys);
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  // Pages are kept nowhere, so there is nothing to compare; files of public/ have one of their own.
  app.set('etag', false);
  // For the visitor's address alone: addresses of our own, cookies and origin checks ask BASE_URL.
  app.set('trust proxy', [...config.trustedProxies]);
  app.set('views', viewsFolder);
  app.set('view engine', 'ejs');
  app.engine('ejs', createViewEngine(config.production));
  if (config.production) app.enable('view cache');

  const imageSources = context.services.flatMap(({ provider, client }) =>
    client ? provider.imageSources : [],
  );
  app.use(
    createSecurityHeaders({
      secure: config.secure,
      wholeSite: config.basePath === '',
      imageSources: [...new Set(imageSources)],
    }),
  );
  const isTrusted = app.get('trust proxy fn') as (address: string, hop: number) => boolean;
  app.use(createRequestLog(dependencies.log, (address) => isTrusted(address, 0)));
  app.use(routes.assets, context.assets.handler);
  addSiteFileRoutes(app, context);
  app.use(noStore);
  addHealthRoutes(app, dependencies.checkStores, dependencies.isStopping);
  app.use(refuseManyHeaders);
  app.use(createKnownHostGuard(config.origin));
  app.use(createSameOriginGuard(config.origin));
  app.get(routes.callback(':provider'), refuseEmbedded);
  // Nothing here is for pages of other origins. Express would answer with a list, and without a charset.
  app.options('/{*path}', () => {
    throw new RequestError('not_found');
  });
  const sessionMiddleware = createSessionMiddleware(context.sessions, keys, {
    secure: config.secure,
    limits: config.sessionLimits,
  });
  app.use(sessionMiddleware);
  app.use(createFormReader());
  app.use(createRateLimits(context, dependencies.createRateCounter));
  if (context.inspector) {
    app.use(createVisits(context, context.inspector));
    addInspectorRoutes(app, context, context.inspector);
  }
  addHomeRoutes(app, context);
  addLoginRoutes(app, context);
  app.use(createGrantCheck(context));
  addAccountRoutes(app, context);
  addUnlinkRoutes(app, context);
  addReplaceRoutes(app, context);
  addConflictRoutes(app, context);
  addMyDataRoutes(app, context);
  addSessionRoutes(app, context);
  if (!config.production) {
    addSetupRoutes(app, context);
    addLearnRoutes(app, context);
  }
  app.use(() => {
    throw new RequestError('not_found');
  });
  app.use(createErrorHandler(context));
  app.use(createLastResort(context));

  const close = async () => {
    await Promise.all(context.services.map(({ client }) => client?.http.close()));
  };
  const traffic = () =>
    context.services.flatMap(({ provider, client }) =>
      client ? [{ provider: provider.id, ...client.http.traffic() }] : [],
    );
  return {
    express: app,
    readAccount: createAccountReader(context, sessionMiddleware),
    inspector: context.inspector,
    traffic,
    sweep: records.sweep,
    close,
  };
}

function createContext(
  config: Config,
  { database, now, log, httpLimits, flowLimits, trafficObserver, hooks: wanted = {} }: Dependencies,
  records: ExpiringRecords,
  keys: KeyRing,
): Context {
  const paths = createPaths(config.basePath);
  const hooks = createHookCalls(wanted, log);
  const leases = createLeases(records, now);
  const gate = { ...usualGateLimits, ...config.providerRequests };
  const limits = { ...usualLimits, gate, ...httpLimits };
  const surroundings = { limits, now, observer: withLog(log, trafficObserver) };
  const redirectUri = (service: ServiceConfig) => config.origin + paths.callback(service.provider.id);
  const services = config.services.map((service) =>
    createService(service, redirectUri(service), surroundings),
  );
  const played = services.filter(({ client }) => client?.mode === 'sandbox');
  return {
    config,
    paths,
    now,
    log,
    services,
    sandboxNames: played.length > 0 ? toList(played.map(({ provider }) => provider.name)) : null,
    sessions: new RecordStore(records, config.sessionLimits, now),
    accounts: createAccountStore(database, now, hooks.linksChanged),
    grants: createGrants(records, keys, leases, now, (event, provider, outcome) =>
      log.info(event, { provider, outcome }),
    ),
    leases,
    transactions: createTransactions(records, keys, now),
    decisions: createPendingDecisions(records, keys, now),
    inspector: config.inspector ? createInspector(now, toComplaint(log), flowLimits) : null,
    assets: createAssets(paths.assets, config.production),
    hooks,
  };
}

/** The log hears when a provider begins to fail and when it answers again. */
function withLog(log: Log, observer: TrafficObserver = nobodyObserves): TrafficObserver {
  return {
    requestFinished: (request) => observer.requestFinished(request),
    breakerMoved(provider, breaker) {
      const write = breaker.position === 'open' ? log.warn : log.info;
      write(breakerEvents[breaker.position], { provider });
      observer.breakerMoved(provider, breaker);
    },
  };
}

const breakerEvents: Readonly<Record<BreakerPosition, LogEvent>> = {
  open: 'provider.failing',
  'half-open': 'provider.tried',
  closed: 'provider.works',
};

/** The class alone: what was being recorded may hold anything. */
function toComplaint(log: Log) {
  return (error: unknown) =>
    log.warn('not recorded', { reason: error instanceof Error ? error.constructor.name : typeof error });
}

function createService(
  service: ServiceConfig,
  redirectUri: string,
  surroundings: HttpSurroundings,
): ServiceInUse {
  const { provider } = service;
  if (service.state === 'off') return { provider, client: null, off: service.why };
  const { clientId, clientSecret, scope, state } = service;
  const registration = { provider, mode: state, clientId, clientSecret, redirectUri, scope };
  return { provider, client: createClient(registration, surroundings), off: null };
}
