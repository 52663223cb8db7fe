import { setTimeout as pause } from 'node:timers/promises';
import express from 'express';
import { createApp } from './app.ts';
import { type Config, readConfig } from './config.ts';
import { EnvironmentError, readEnvironment } from './environment.ts';
import { ConfigError } from './errors.ts';
import { reportStores, startSweeping } from './housekeeping.ts';
import { closeServer, drain, listen, StartError, stopMilliseconds } from './listener.ts';
import { createPaths } from './paths.ts';
import { madeUpClients } from './sandbox/registrations.ts';
import { readSecrets } from './sessions/development-secret.ts';
import { placeOf } from './storage/place.ts';
import { isStorageError } from './storage/storage-error.ts';
import { databaseFile, openStores } from './storage/stores.ts';
import { createLog, toErrorFields } from './web/log.ts';
import type { Metrics } from './web/metrics.ts';

/** Starts everything, prints where it is, and stops it at a signal. */
async function startServer(): Promise<void> {
  const config = readConfig(readEnvironment(), madeUpClients);
  const stores = await openStores({ ...config.storage, file: databaseFile(config.dataDir) }, Date.now);
  const secrets = readSecrets(config.sessionSecrets, config.dataDir);
  const plainLog = createLog(config.logLevel, process.stdout, process.stdout.isTTY);
  // What this process does not need is not loaded: sandbox and metrics here, PostgreSQL and Redis in storage/.
  const metrics = config.metrics && (await import('./web/metrics.ts')).createMetrics(true);
  const log = metrics ? metrics.counting(plainLog) : plainLog;
  // Nobody knows what state such an error leaves behind: whoever supervises the process starts another.
  const crash = (code: string) => (thrown: unknown) => {
    log.error('crash', { code, ...toErrorFields(thrown) });
    process.exit(1);
  };
  process.on('uncaughtException', crash('uncaught_exception'));
  process.on('unhandledRejection', crash('unhandled_rejection'));
  await reportStores(stores, log);
  let stopping = false;
  const app = createApp(config, {
    ...stores,
    secrets,
    log,
    isStopping: () => stopping,
    ...(metrics ? { trafficObserver: metrics.trafficObserver } : {}),
  });
  metrics?.watch({ traffic: app.traffic, poolUse: stores.poolUse, isStopping: () => stopping });
  const sandbox = config.sandbox.runs
    ? await (await import('./start-sandbox.ts')).startSandboxBeside(config, stores.now)
    : null;
  const sandboxServer =
    sandbox && (await listen(sandbox.app, config.host, config.sandbox.port, 'SANDBOX_PORT'));
  const metricsServer = metrics && (await listenForMetrics(metrics, config.metrics!));
  // The last to listen: from its first request on a signal must find the way to stop.
  const server = await listen(mounted(config, app.express), config.host, config.port, 'PORT');
  const stopSweeping = startSweeping(app.sweep, log);

  async function stop(): Promise<void> {
    if (stopping) process.exit(1);
    stopping = true;
    log.info('stopping', {});
    stopSweeping();
    const deadline = setTimeout(() => process.exit(1), config.drainMilliseconds + stopMilliseconds);
    // A proxy learns from /readyz and from closing connections that it has to go elsewhere.
    drain(server);
    await pause(config.drainMilliseconds);
    await closeServer(server);
    // Logins under way needed the sandbox until here. It lets go of what a fault keeps waiting.
    await Promise.all([sandboxServer && closeServer(sandboxServer), sandbox?.close()]);
    await Promise.all([app.close(), stores.close(), metricsServer && closeServer(metricsServer)]);
    clearTimeout(deadline);
  }

  process.on('SIGINT', () => void stop());
  process.on('SIGTERM', () => void stop());
  process.stdout.write(`${describe(config)}\n`);
}

/** The application below BASE_URL's path. */
function mounted(config: Config, app: express.Express): express.Express {
  return config.basePath === '' ? app : express().disable('x-powered-by').use(config.basePath, app);
}

async function listenForMetrics(metrics: Metrics, { host, port }: NonNullable<Config['metrics']>) {
  const { createMetricsApp } = await import('./web/metrics-app.ts');
  return listen(createMetricsApp(metrics), host, port, 'METRICS_PORT');
}

function describe(config: Config): string {
  const services = config.services.map(({ provider, state }) => `  ${provider.name.padEnd(10)} ${state}`);
  const sandbox =
    config.sandbox.url && config.services.some(({ state }) => state === 'sandbox')
      ? [`  Sandbox    ${config.sandbox.url}`]
      : [];
  return [
    '',
    `Latchkey is at ${config.baseUrl}`,
    '',
    ...services,
    ...sandbox,
    `  Data       ${placeOfData(config)}`,
    ...(config.metrics ? [`  Metrics    http://${config.metrics.host}:${config.metrics.port}/metrics`] : []),
    ...(config.production ? [] : [`  Setup      ${config.baseUrl}${createPaths('').setup}`]),
    '',
    'Ctrl+C to stop',
    '',
  ].join('\n');
}

function placeOfData({ dataDir, storage: { databaseUrl, sessionStoreUrl } }: Config): string {
  const data = databaseUrl === null ? dataDir : `PostgreSQL at ${placeOf(databaseUrl)}`;
  return sessionStoreUrl === null ? data : `${data}, sessions in Redis at ${placeOf(sessionStoreUrl)}`;
}

/** Runs the server until a signal ends it. A start that fails is words on stderr, and the exit code 1. */
export async function main(): Promise<void> {
  await startServer().catch(fail);
}

function fail(error: unknown): never {
  const expected =
    error instanceof EnvironmentError ||
    error instanceof ConfigError ||
    error instanceof StartError ||
    isStorageError(error);
  process.stderr.write(
    `${expected ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exit(1);
}
