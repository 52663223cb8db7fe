import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import express from 'express';
import { type App, createApp } from '../../src/app.ts';
import type { FlowLimits } from '../../src/inspector/flows.ts';
import type { HttpLimits } from '../../src/oauth/http.ts';
import type { FinishedRequest, TrafficObserver } from '../../src/oauth/traffic.ts';
import { type Config, readConfig, variables } from '../../src/config.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/app.ts';
import { madeUpClients, type Registration } from '../../src/sandbox/registrations.ts';
import type { Database } from '../../src/storage/database.ts';
import type { ExpiringRecords, RecordKind } from '../../src/storage/expiring-records.ts';
import { probeStores } from '../../src/storage/probe.ts';
import { createLog } from '../../src/web/log.ts';
import { createMetrics } from '../../src/web/metrics.ts';
import { closeAtEnd, listen } from './close-at-end.ts';
import { openTestStores, type StoredRecord, type StoresKind } from './open-stores.ts';

export interface RunningLatchkey {
  readonly baseUrl: string;
  readonly sandboxUrl: string;
  /** Where the application really listens, whatever BASE_URL says. */
  readonly listensAt: string;
  readonly config: Config;
  readonly sandbox: Sandbox;
  readonly database: Database;
  /** The same records as the application's. */
  readonly records: ExpiringRecords;
  /** Every record of a kind as it is stored, ended ones and tombstones included. */
  listRecords(kind: RecordKind): Promise<StoredRecord[]>;
  /** The recorded logins; null when the inspector is off. */
  readonly inspector: App['inspector'];
  /** How it stands with the requests to each provider. */
  readonly traffic: App['traffic'];
  /** Every request to a provider that has ended, those included that were never sent. */
  readonly finishedRequests: FinishedRequest[];
  /** Every line that was logged. */
  readonly logLines: string[];
  /** The metrics as they are told on their own port. */
  metricsText(): Promise<string>;
  /** Moves the clock of application and sandbox. */
  advance(milliseconds: number): void;
  /** A second application on the same stores: another node, or the same one after a restart. */
  startNode(env?: Record<string, string>): Promise<{ baseUrl: string; close(): Promise<void> }>;
  close(): Promise<void>;
}

export interface LatchkeyOptions {
  /** Where everything is stored; by default in SQLite, in memory. See `describeStores`. */
  readonly stores?: StoresKind;
  /** Variables on top of the ones a test needs; or made from the sandbox's address. */
  readonly env?: Record<string, string> | ((sandboxUrl: string) => Record<string, string>);
  /** The host name of the sandbox's own address: another site than the application's. */
  readonly sandboxHost?: string;
  readonly appHost?: string;
  /** A path of BASE_URL, below which the application is mounted. */
  readonly basePath?: string;
  /** Shorter limits for answers from providers, for tests of slow ones. */
  readonly httpLimits?: HttpLimits;
  /** How many recorded logins are kept. */
  readonly flowLimits?: FlowLimits;
  /** Stands in the providers' place: whatever it does not answer (false), the sandbox does. */
  readonly standIn?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** Tests do in a second what a person does in a day. Those of the limits themselves set them again. */
export const withoutRateLimits: Readonly<Record<string, string>> = Object.fromEntries(
  variables.filter((name) => name.startsWith('RATE_LIMIT_')).map((name) => [name, 'off']),
);

/** As the server has them by default. */
export const usualRateLimits: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(withoutRateLimits).map((name) => [name, '']),
);

export const testSecret = 'a-secret-of-the-tests-with-more-than-32-bytes';

/**
 * Starts the real application and the real sandbox on loopback, on ports of their own. What has been
 * opened until something fails is closed when the test file ends.
 */
export async function startLatchkey({
  stores: kind = 'SQLite',
  env = {},
  sandboxHost = 'localhost',
  appHost = 'localhost',
  basePath = '',
  httpLimits,
  flowLimits,
  standIn = () => false,
}: LatchkeyOptions = {}): Promise<RunningLatchkey> {
  let skew = 0;
  const now = () => Date.now() + skew;
  const appServer = createServer();
  const sandboxServer = createServer();
  const appSide = await listen(appServer);
  const sandboxSide = await listen(sandboxServer);
  const baseUrl = `http://${appHost}:${appSide.port}${basePath}`;
  const sandboxUrl = `http://${sandboxHost}:${sandboxSide.port}`;
  const own = typeof env === 'function' ? env(sandboxUrl) : env;
  const needed = { SESSION_SECRET: testSecret, BASE_URL: baseUrl, SANDBOX_URL: sandboxUrl };
  const environment = { ...withoutRateLimits, ...needed, ...own };
  const config = readConfig(environment, madeUpClients);
  const stores = await openTestStores(kind);
  const { database } = stores;
  // By the clock of the tests, which may be days from that of the stores.
  const records = stores.createRecords(now);
  const logLines: string[] = [];
  const metrics = createMetrics(false);
  const log = metrics.counting(createLog('debug', { write: (line) => logLines.push(line) }, false));
  const finishedRequests: FinishedRequest[] = [];
  const trafficObserver: TrafficObserver = {
    ...metrics.trafficObserver,
    requestFinished(request) {
      finishedRequests.push(request);
      metrics.trafficObserver.requestFinished(request);
    },
  };
  const create = (nodeConfig: Config) =>
    createApp(nodeConfig, {
      database,
      records,
      checkStores: () => probeStores({ database, records, now }),
      createRateCounter: stores.createRateCounter,
      secrets: nodeConfig.sessionSecrets,
      now,
      log,
      isStopping: () => false,
      trafficObserver,
      ...(httpLimits ? { httpLimits } : {}),
      ...(flowLimits ? { flowLimits } : {}),
    });
  const app = create(config);
  metrics.watch({ traffic: app.traffic, poolUse: stores.poolUse, isStopping: () => false });
  const sandbox = await createSandbox({
    baseUrl: sandboxUrl,
    registrations: registrationsFor(config, [baseUrl]),
    autoApprove: config.sandbox.autoApprove,
    now,
  });
  appServer.on('request', basePath === '' ? app.express : express().use(basePath, app.express));
  sandboxServer.on('request', (request, response) => {
    if (!standIn(request, response)) sandbox.app(request, response);
  });

  /** Those that a test which failed has not closed. */
  const nodes = new Set<() => Promise<void>>();

  async function startNode(changes: Record<string, string> = {}) {
    const server = createServer();
    const side = await listen(server);
    const nodeUrl = `http://${appHost}:${side.port}`;
    const node = create(readConfig({ ...environment, BASE_URL: nodeUrl, ...changes }, madeUpClients));
    server.on('request', node.express);
    const close = async () => {
      if (!nodes.delete(close)) return;
      await node.close();
      await side.close();
    };
    nodes.add(close);
    return { baseUrl: nodeUrl, close };
  }

  return {
    baseUrl,
    sandboxUrl,
    listensAt: `http://127.0.0.1:${appSide.port}`,
    config,
    sandbox,
    database,
    records,
    listRecords: stores.listRecords,
    inspector: app.inspector,
    traffic: app.traffic,
    finishedRequests,
    logLines,
    metricsText: () => metrics.text(),
    startNode,
    advance: (milliseconds) => {
      skew += milliseconds;
    },
    close: closeAtEnd(async () => {
      // The application waits for what it has asked.
      sandbox.state.letGo();
      await Promise.all([...nodes].map((close) => close()));
      await app.close();
      await Promise.all([appSide.close(), sandboxSide.close()]);
      await sandbox.close();
      await stores.close();
      // The recorder's own faults never reach a login; here they end the test.
      const faults = logLines.filter((line) => line.includes('"not recorded"'));
      if (faults.length > 0) throw new Error(faults.join(''));
    }),
  };
}

/** Registers the application at each pretended provider, as its operator would at the true ones. */
function registrationsFor(config: Config, baseUrls: readonly string[]): Registration[] {
  return config.services.map(({ provider }) => {
    const service = provider.id as Registration['service'];
    const redirectUris = baseUrls.map((baseUrl) => `${baseUrl}/login/${service}/callback`);
    return { service, ...madeUpClients[service], name: 'Latchkey', redirectUris };
  });
}
