import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildAuthorizationRequest } from '../../src/oauth/authorization-request.ts';
import { readAuthorizationResponse } from '../../src/oauth/authorization-response.ts';
import { type Client, createClient } from '../../src/oauth/client.ts';
import { createCodeVerifier } from '../../src/oauth/pkce.ts';
import { sendTokenRequest, type TokenResponse } from '../../src/oauth/token-request.ts';
import { inSandbox } from '../../src/providers/index.ts';
import type { Endpoints, Provider } from '../../src/providers/provider.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/app.ts';
import { madeUpClients, type Registration } from '../../src/sandbox/registrations.ts';
import type { RequestRecord } from '../../src/sandbox/request-log.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { answerAtProvider, type AtProvider, type Page, signIn, Visitor } from '../support/visitor.ts';

export const hour = 60 * 60 * 1000;

/** The application with its sandbox, one visitor, and what went over the wire about one provider. */
export class Stage {
  readonly visitor = new Visitor();
  readonly latchkey: RunningLatchkey;
  /** The provider's name on pages. */
  readonly name: string;

  constructor(latchkey: RunningLatchkey, name: string) {
    this.latchkey = latchkey;
    this.name = name;
  }

  get provider(): Provider {
    return this.latchkey.config.services.find(({ provider }) => provider.name === this.name)!.provider;
  }

  get sandbox(): Sandbox['state'] {
    return this.latchkey.sandbox.state;
  }

  signIn(answer: AtProvider = {}): Promise<Page> {
    return signIn(this.visitor, this.latchkey.baseUrl, this.name, answer);
  }

  /** Goes as far as the provider's first page. */
  async leave(): Promise<Page> {
    await this.visitor.open(`${this.latchkey.baseUrl}/`);
    return this.visitor.press(`Continue with ${this.name}`);
  }

  /** Presses a button that leads to the provider, and answers there. */
  async pressAndAnswer(words: string, answer: AtProvider = {}): Promise<Page> {
    await this.visitor.press(words);
    return answerAtProvider(this.visitor, this.latchkey.baseUrl, answer);
  }

  openProfile(): Promise<Page> {
    return this.visitor.open(`${this.latchkey.baseUrl}/profile`);
  }

  /** Links a second provider, so that the first can be unlinked, and unlinks the first. */
  async linkAnotherAndUnlink(another: string): Promise<Page> {
    await this.openProfile();
    await this.pressAndAnswer(`Link ${another}`);
    await this.visitor.press(`Unlink ${this.name}`);
    return this.visitor.press(`Unlink ${this.name}`);
  }

  /** The newest address of the authorization endpoint that the browser went to. */
  authorizationUrl(): URL {
    return this.newest(this.provider.endpoints.authorization);
  }

  callbackAddress(): string {
    return `${this.latchkey.baseUrl}/login/${this.provider.id}/callback`;
  }

  callbackUrl(): URL {
    return this.newest(this.callbackAddress());
  }

  private newest(address: string): URL {
    const found = this.visitor.visited.findLast((url) => url.split('?')[0] === address);
    if (!found) throw new Error(`the browser never went to ${address}`);
    return new URL(found);
  }

  /** Every request that the sandbox got at this endpoint, oldest first. */
  allSent(endpoint: keyof Endpoints): RequestRecord[] {
    const address = this.provider.endpoints[endpoint];
    return this.sandbox.requests.filter(
      ({ host, path }) => `${this.latchkey.sandboxUrl}/${host}${path}` === address,
    );
  }

  sent(endpoint: keyof Endpoints): RequestRecord {
    const newest = this.allSent(endpoint).at(-1);
    if (!newest) throw new Error(`nothing was sent to the ${endpoint} endpoint`);
    return newest;
  }

  identity() {
    return this.latchkey.database
      .selectFrom('identities')
      .selectAll()
      .where('provider', '=', this.provider.id)
      .executeTakeFirstOrThrow();
  }

  accounts() {
    return this.latchkey.database.selectFrom('accounts').selectAll().execute();
  }
}

/** Gives a function that starts Latchkey; what it started is closed after each test. */
export function useLatchkey(name: string): (env?: Record<string, string>) => Promise<Stage> {
  const running: RunningLatchkey[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((latchkey) => latchkey.close()));
  });
  return async (env = {}) => {
    const latchkey = await startLatchkey({ env });
    running.push(latchkey);
    return new Stage(latchkey, name);
  };
}

/** Gives a function that starts an HTTP server on loopback and returns its address. */
export function useServer(): (listener: RequestListener) => Promise<string> {
  const running: Server[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map(closeServer));
  });
  return async (listener) => {
    const server = createServer(listener);
    running.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** A client of the protocol alone, with no application around it, and the sandbox it talks to. */
export interface BareClient {
  readonly client: Client;
  readonly sandbox: Sandbox['state'];
  /** One login as the first person. `location` is where the provider sent the browser. */
  login(): Promise<{ location: string; response: TokenResponse }>;
}

export interface BareOptions {
  readonly registration?: Partial<Registration>;
  readonly clientSecret?: string | null;
  /** Changes the provider once it lies in the sandbox. */
  readonly change?: (provider: Provider) => Provider;
}

export function useBareClient(): (provider: Provider, options?: BareOptions) => Promise<BareClient> {
  const closing: (() => Promise<void>)[] = [];
  const startServer = useServer();
  afterEach(async () => {
    await Promise.all(closing.splice(0).map((close) => close()));
  });
  return async (provider, { registration = {}, clientSecret, change } = {}) => {
    const service = provider.id as Registration['service'];
    const redirectUri = 'http://localhost:1/login/callback';
    const made = madeUpClients[service];
    let sandbox: Sandbox | null = null;
    const sandboxUrl = await startServer((request, response) => sandbox!.app(request, response));
    sandbox = await createSandbox({
      baseUrl: sandboxUrl,
      registrations: [{ service, ...made, name: 'Latchkey', redirectUris: [redirectUri], ...registration }],
      autoApprove: true,
      now: Date.now,
    });
    const played = inSandbox(provider, sandboxUrl);
    const client = createClient({
      provider: change?.(played) ?? played,
      mode: 'sandbox',
      clientId: made.clientId,
      clientSecret: clientSecret === undefined ? made.clientSecret : clientSecret,
      redirectUri,
      scope: provider.defaultScope,
    });
    closing.push(
      () => client.http.close(),
      () => sandbox!.close(),
    );
    return { client, sandbox: sandbox.state, login: () => loginWith(client) };
  };
}

async function loginWith(client: Client): Promise<{ location: string; response: TokenResponse }> {
  const state = createCodeVerifier();
  const nonce = client.usesNonce ? createCodeVerifier() : null;
  const codeVerifier = client.pkce === null ? null : createCodeVerifier();
  const url = buildAuthorizationRequest(client, {
    state,
    nonce,
    codeVerifier,
    scope: client.scope,
    force: false,
  });
  const { headers } = await fetch(url, { redirect: 'manual' });
  const location = headers.get('location') ?? '';
  const response = readAuthorizationResponse(client, new URL(location).searchParams);
  const request = { ...response, state, nonce, codeVerifier };
  return { location, response: await sendTokenRequest(client, request, Date.now()) };
}
