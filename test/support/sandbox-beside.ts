import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createSandbox, type Sandbox } from '../../src/sandbox/app.ts';
import { madeUpClients, type Registration } from '../../src/sandbox/registrations.ts';
import { closeAtEnd, listen } from './close-at-end.ts';

/** A sandbox in the process of the test, for an application that runs in another one. */
export interface SandboxBeside {
  readonly url: string;
  readonly sandbox: Sandbox;
  close(): Promise<void>;
}

export interface SandboxBesideOptions {
  readonly autoApprove: boolean;
  /** Where the application is called back; by default where Latchkey is. */
  readonly redirectUri?: (service: string) => string;
  /** Is handed each request, and what answers it; by default it is answered at once. */
  readonly inFront?: (request: IncomingMessage, response: ServerResponse, answer: RequestListener) => void;
}

const services = ['twitch', 'mixin', 'resonite', 'mixer'] as const;

/** Starts one at which the application at `baseUrl` is registered with every service. */
export async function startSandboxBeside(
  baseUrl: string,
  {
    autoApprove,
    redirectUri = (service) => `${baseUrl}/login/${service}/callback`,
    inFront,
  }: SandboxBesideOptions,
): Promise<SandboxBeside> {
  const server = createServer();
  const side = await listen(server);
  const url = `http://localhost:${side.port}`;
  const sandbox = await createSandbox({
    baseUrl: url,
    registrations: services.map((service): Registration => {
      const redirectUris = [redirectUri(service)];
      return { service, ...madeUpClients[service], name: 'Latchkey', redirectUris };
    }),
    autoApprove,
    now: Date.now,
  });
  const answer = sandbox.app as RequestListener;
  server.on('request', inFront ? (request, response) => inFront(request, response, answer) : answer);
  return {
    url,
    sandbox,
    close: closeAtEnd(async () => {
      await sandbox.close();
      await side.close();
    }),
  };
}
