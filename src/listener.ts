import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';

/** How long a client may take, and how much it may send before a handler sees anything of it. */
export interface ServerLimits {
  /** From the first byte of a request to the end of its headers; then 408. */
  readonly headersMilliseconds: number;
  /** From the first byte of a request to its last; then 408. */
  readonly requestMilliseconds: number;
  /**
   * How long a connection may idle. Longer than proxies keep theirs (nginx and AWS a minute, Traefik
   * 90 seconds, Caddy two minutes): who closes first must not be the one that requests are sent to.
   */
  readonly keepAliveMilliseconds: number;
  /** How often the times above are looked at. */
  readonly checkMilliseconds: number;
  /** All headers together; then 431. */
  readonly headerBytes: number;
}

export const usualLimits: ServerLimits = {
  headersMilliseconds: 15_000,
  requestMilliseconds: 30_000,
  keepAliveMilliseconds: 130_000,
  checkMilliseconds: 1000,
  headerBytes: 16 * 1024,
};

/** What is under way when a server stops has this long; then its connections are cut. */
const finishMilliseconds = 7000;
/** Who has not stopped by then is ended. */
export const stopMilliseconds = 8000;

/** A start that failed for a reason that the person at the keyboard can mend. */
export class StartError extends Error {}

/** Listens, or throws `StartError` with a sentence that names the variable to change, and where. */
export function listen(
  handler: RequestListener,
  host: string,
  port: number,
  variable: string,
  where = '',
  limits = usualLimits,
): Promise<Server> {
  const server = createServer(
    {
      headersTimeout: limits.headersMilliseconds,
      requestTimeout: limits.requestMilliseconds,
      keepAliveTimeout: limits.keepAliveMilliseconds,
      connectionsCheckingInterval: limits.checkMilliseconds,
      maxHeaderSize: limits.headerBytes,
    },
    handler,
  );
  trackAnswers(server);
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(toStartError(error, { host, port, variable, where })),
    );
    server.listen(port, host, () => resolve(server));
  });
}

interface Place {
  readonly host: string;
  readonly port: number;
  readonly variable: string;
  readonly where: string;
}

const notHere = ['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN'];
/** That of the sandbox is the application's. */
const hostVariables: Readonly<Record<string, string>> = { METRICS_PORT: 'METRICS_HOST' };

function toStartError(error: NodeJS.ErrnoException, { host, port, variable, where }: Place): Error {
  const other = `${variable}=${port + 1} ${where}`.trim();
  if (error.code === 'EADDRINUSE') return new StartError(`Port ${port} is in use. Try another one: ${other}`);
  if (error.code === 'EACCES')
    return new StartError(`Port ${port} may not be used by this user. Try another one: ${other}`);
  if (error.code !== undefined && notHere.includes(error.code))
    return new StartError(
      `${host} is no address of this machine. Correct ${hostVariables[variable] ?? 'HOST'}.`,
    );
  return error;
}

/** The answers under way on each server, and whether it is about to stop. */
const underWay = new WeakMap<Server, UnderWay>();

interface UnderWay {
  readonly answers: Set<ServerResponse>;
  draining: boolean;
}

function trackAnswers(server: Server): UnderWay {
  const state: UnderWay = { answers: new Set<ServerResponse>(), draining: false };
  underWay.set(server, state);
  // Before the handler, which may answer at once.
  server.prependListener('request', (_request, response: ServerResponse) => {
    state.answers.add(response);
    if (state.draining) response.setHeader('Connection', 'close');
    response.once('close', () => state.answers.delete(response));
  });
  return state;
}

/**
 * From now on every answer ends its connection, so that nobody keeps one to a server that stops. Of a
 * server that `listen` has not made, answers that are under way already are not known.
 */
export function drain(server: Server): void {
  const state = underWay.get(server) ?? trackAnswers(server);
  state.draining = true;
  for (const answer of state.answers) if (!answer.headersSent) answer.setHeader('Connection', 'close');
}

/**
 * Stops taking requests and lets those under way finish, for so long at most; then their connections
 * are cut. Drops idle connections meanwhile, which Node would wait for.
 */
export function closeServer(server: Server, milliseconds = finishMilliseconds): Promise<void> {
  drain(server);
  const dropping = setInterval(() => server.closeIdleConnections(), 250);
  const cutting = setTimeout(() => server.closeAllConnections(), milliseconds);
  return new Promise((resolve) => {
    server.close(() => {
      clearInterval(dropping);
      clearTimeout(cutting);
      resolve();
    });
    server.closeIdleConnections();
  });
}
