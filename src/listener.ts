import { createServer, type RequestListener, type Server } from 'node:http';

/** Who is told to stop and has not by then is ended. */
export const stopMilliseconds = 10_000;

/** A start that failed for a reason that the person at the keyboard can mend. */
export class StartError extends Error {}

/** Listens, or throws `StartError` with a sentence that names the variable to change and the command. */
export function listen(
  handler: RequestListener,
  host: string,
  port: number,
  variable: string,
  command = 'npm start',
): Promise<Server> {
  const server = createServer({ headersTimeout: 15_000, requestTimeout: 30_000 }, handler);
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(toStartError(error, port, `${variable}=${port + 1} ${command}`)),
    );
    server.listen(port, host, () => resolve(server));
  });
}

function toStartError(error: NodeJS.ErrnoException, port: number, other: string): Error {
  if (error.code === 'EADDRINUSE') return new StartError(`Port ${port} is in use. Try another one: ${other}`);
  if (error.code === 'EACCES')
    return new StartError(`Port ${port} may not be used by this user. Try another one: ${other}`);
  return error;
}

/** Stops taking requests, lets those under way finish, and drops idle connections meanwhile. */
export function closeServer(server: Server): Promise<void> {
  const dropping = setInterval(() => server.closeIdleConnections(), 250);
  return new Promise((resolve) => {
    server.close(() => {
      clearInterval(dropping);
      resolve();
    });
    server.closeIdleConnections();
  });
}
