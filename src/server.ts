import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import express from 'express';
import { createApp } from './app.ts';
import { type Config, readConfig } from './config.ts';
import { readEnvironment } from './environment.ts';
import { ConfigError } from './errors.ts';
import { createPaths } from './paths.ts';
import { createSandbox, type Sandbox } from './sandbox/app.ts';
import { madeUpClients, type Registration } from './sandbox/registrations.ts';
import { readOrCreateDevelopmentSecret } from './sessions/development-secret.ts';
import { placeOf } from './storage/place.ts';
import { isStorageError } from './storage/storage-error.ts';
import { databaseFile, openStores } from './storage/stores.ts';
import { createLog } from './web/log.ts';

const sweepMilliseconds = 10 * 60 * 1000;
const stopMilliseconds = 10_000;

/** Starts everything, prints where it is, and stops it at a signal. */
async function main(): Promise<void> {
  const config = readConfig(readEnvironment(), madeUpClients);
  const stores = await openStores({ ...config.storage, file: databaseFile(config.dataDir) }, Date.now);
  const secrets =
    config.sessionSecrets.length > 0
      ? config.sessionSecrets
      : [readOrCreateDevelopmentSecret(config.dataDir)];
  const log = createLog(config.logLevel, process.stdout, process.stdout.isTTY);
  // The database has answered already, so it is the other one.
  await stores.check().catch(() => log.warn('session store does not answer', {}));
  let stopping = false;
  const app = createApp(config, {
    database: stores.database,
    records: stores.records,
    checkStores: stores.check,
    secrets,
    now: stores.now,
    log,
    isStopping: () => stopping,
  });
  const sandbox = config.sandbox.runs ? await startSandbox(config, stores.now) : null;
  const servers = [
    await listen(mounted(config, app.express), config.host, config.port, 'PORT'),
    ...(sandbox ? [await listen(sandbox.app, config.host, config.sandbox.port, 'SANDBOX_PORT')] : []),
  ];
  const sweep = () => app.sweep().catch(() => log.warn('sweep failed', {}));
  await sweep();
  const sweeping = setInterval(() => void sweep(), sweepMilliseconds);

  async function stop(): Promise<void> {
    if (stopping) process.exit(1);
    stopping = true;
    clearInterval(sweeping);
    const deadline = setTimeout(() => process.exit(1), stopMilliseconds);
    await Promise.all(servers.map(closeServer));
    await Promise.all([app.close(), sandbox?.close(), stores.close()]);
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

function startSandbox(config: Config, now: () => number): Promise<Sandbox> {
  return createSandbox({
    baseUrl: config.sandbox.url!,
    registrations: config.services.flatMap((service) => toRegistration(config, service)),
    autoApprove: config.sandbox.autoApprove,
    now,
    stateFile: join(config.dataDir, 'sandbox.json'),
  });
}

/** Registers this application at each service that the sandbox plays, as a developer would there. */
function toRegistration(config: Config, service: Config['services'][number]): Registration[] {
  if (service.state !== 'sandbox') return [];
  const { id } = service.provider;
  const redirectUri = config.origin + createPaths(config.basePath).callback(id);
  return [
    {
      service: id as Registration['service'],
      clientId: service.clientId,
      clientSecret: service.clientSecret ?? madeUpClients[id as Registration['service']].clientSecret,
      name: 'Latchkey',
      redirectUris: [redirectUri, ...config.sandbox.extraRedirectUris],
    },
  ];
}

function listen(handler: express.Express, host: string, port: number, variable: string): Promise<Server> {
  const server = createServer({ headersTimeout: 15_000, requestTimeout: 30_000 }, handler);
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(toStartError(error, port, variable)));
    server.listen(port, host, () => resolve(server));
  });
}

/** A start that failed for a reason that the person at the keyboard can mend. */
class StartError extends Error {}

function toStartError(error: NodeJS.ErrnoException, port: number, variable: string): Error {
  const other = `Try another one: ${variable}=${port + 1} npm start`;
  if (error.code === 'EADDRINUSE') return new StartError(`Port ${port} is in use. ${other}`);
  if (error.code === 'EACCES') return new StartError(`Port ${port} may not be used by this user. ${other}`);
  return error;
}

/** Stops taking requests, lets those under way finish, and drops idle connections meanwhile. */
function closeServer(server: Server): Promise<void> {
  const dropping = setInterval(() => server.closeIdleConnections(), 250);
  return new Promise((resolve) => {
    server.close(() => {
      clearInterval(dropping);
      resolve();
    });
    server.closeIdleConnections();
  });
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
    '',
    'Ctrl+C to stop',
    '',
  ].join('\n');
}

function placeOfData({ dataDir, storage: { databaseUrl, sessionStoreUrl } }: Config): string {
  const data = databaseUrl === null ? dataDir : `PostgreSQL at ${placeOf(databaseUrl)}`;
  return sessionStoreUrl === null ? data : `${data}, sessions in Redis at ${placeOf(sessionStoreUrl)}`;
}

main().catch((error: unknown) => {
  const expected = error instanceof ConfigError || error instanceof StartError || isStorageError(error);
  process.stderr.write(
    `${expected ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exit(1);
});
