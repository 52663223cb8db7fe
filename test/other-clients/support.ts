import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSandbox, type Sandbox } from '../../src/sandbox/app.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import type { RequestRecord } from '../../src/sandbox/request-log.ts';
import { serviceOfHost, services } from '../../src/sandbox/services.ts';

/** A sandbox on loopback with an application registered at each service; it approves at once, as Ada. */
export interface ListeningSandbox {
  /** Every pretended host is a folder of this address. */
  readonly url: string;
  readonly port: number;
  readonly state: Sandbox['state'];
  /** The requests that reached one path of a pretended host, oldest first. */
  requestsAt(host: string, path: string): RequestRecord[];
}

export interface ListeningServer {
  readonly url: string;
  serve(listener: RequestListener): void;
}

/** Gives a function that opens a port on loopback; it is closed after each test. */
export function useServer(): () => Promise<ListeningServer> {
  const servers: Server[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map(close));
  });
  return async () => {
    const server = createServer();
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { url, serve: (listener) => void server.on('request', listener) };
  };
}

/** Gives a function that starts a sandbox which knows this return address; it is closed after each test. */
export function useSandbox(): (redirectUri: string) => Promise<ListeningSandbox> {
  const startServer = useServer();
  const sandboxes: Sandbox[] = [];
  afterEach(async () => {
    await Promise.all(sandboxes.splice(0).map((sandbox) => sandbox.close()));
  });
  return async (redirectUri) => {
    const { url, serve } = await startServer();
    const registrations = services.map((service) => ({
      service,
      ...madeUpClients[service],
      name: 'A client that others wrote',
      redirectUris: [redirectUri],
    }));
    const sandbox = await createSandbox({ baseUrl: url, registrations, autoApprove: true, now: Date.now });
    sandboxes.push(sandbox);
    serve((request, response) => {
      enterFolder(request);
      sandbox.app(request, response);
    });
    const { state } = sandbox;
    const requestsAt = (host: string, path: string) =>
      state.requests.filter((entry) => entry.host === host && entry.path === path);
    return { url, port: Number(new URL(url).port), state, requestsAt };
  };
}

/** A request that is meant for a true host goes to the folder of that name. See `useTrueHosts`. */
function enterFolder(request: IncomingMessage): void {
  const host = request.headers.host ?? '';
  if (serviceOfHost(host) !== null) request.url = `/${host}${request.url}`;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Opens an authorization request as a browser does, and gives the address that the answer leads to. */
export async function authorize(address: string | URL): Promise<URL> {
  const response = await fetch(address, { redirect: 'manual' });
  const location = response.headers.get('location');
  if (location === null) throw new Error(`no way back: ${response.status} ${await response.text()}`);
  return new URL(location);
}

export async function authorizationCode(address: string | URL): Promise<string> {
  const callback = await authorize(address);
  const code = callback.searchParams.get('code');
  if (code === null) throw new Error(`no code in ${callback}`);
  return code;
}

/** What a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('nothing was refused');
}
