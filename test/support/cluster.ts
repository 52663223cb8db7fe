import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as sendRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sandbox } from '../../src/sandbox/app.ts';
import { closeAtEnd, listen } from './close-at-end.ts';
import { testSecret } from './latchkey.ts';
import { openTestStores, type StoresKind, type TestStores } from './open-stores.ts';
import { freePort, type ServerProcess, startProcess, stopProcess } from './process.ts';
import { startSandboxBeside } from './sandbox-beside.ts';

/** Processes behind one address, as behind a balancer, and the sandbox in the process of the test. */
export interface Cluster {
  readonly baseUrl: string;
  /** Where a cluster on SQLite has its file. */
  readonly folder: string;
  readonly sandbox: Sandbox;
  readonly stores: TestStores;
  readonly nodes: ServerProcess[];
  /** Where each node listens itself. */
  readonly ports: readonly number[];
  /** Sends what comes from now on to this node; null: to each in turn. */
  sendTo(node: number | null): void;
  /** Starts a node, in place of one that has ended. `env` is on top of what all have. */
  startNode(index: number, env?: Record<string, string>): Promise<void>;
  close(): Promise<void>;
}

export interface ClusterOptions {
  /** A kind, or stores that are open already; they are closed with the cluster. */
  readonly stores: StoresKind | TestStores;
  readonly size: number;
  readonly env?: Record<string, string>;
  readonly autoApprove?: boolean;
}

export async function startCluster({
  stores: given,
  size,
  env = {},
  autoApprove = false,
}: ClusterOptions): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-cluster-'));
  const stores = typeof given === 'string' ? await openTestStores(given) : given;
  const ports = await Promise.all(Array.from({ length: size }, freePort));
  const nodes: ServerProcess[] = [];
  let target: number | null = 0;
  let turn = 0;

  async function balance(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Whole, so that it can be sent once more.
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const first = target ?? turn++ % size;
    // A node that does not answer leaves the request to the next one, as balancers do.
    forward(request, body, response, [ports[first]!, ...ports.filter((_, index) => index !== first)]);
  }
  const balancer = createServer((request, response) => {
    // Who sent it has gone.
    balance(request, response).catch(() => response.destroy());
  });
  const side = await listen(balancer);
  const baseUrl = `http://localhost:${side.port}`;
  const beside = await startSandboxBeside(baseUrl, { autoApprove });

  const variables = {
    BASE_URL: baseUrl,
    SANDBOX_URL: beside.url,
    SESSION_SECRET: testSecret,
    ...stores.variables,
    ...env,
  };
  async function startNode(index: number, own: Record<string, string> = {}): Promise<void> {
    const node = await startProcess(folder, { ...variables, ...own, PORT: String(ports[index]) });
    if (node.exitCode() !== null) throw new Error(node.output());
    nodes[index] = node;
  }
  await Promise.all(ports.map((_, index) => startNode(index)));

  return {
    baseUrl,
    folder,
    sandbox: beside.sandbox,
    stores,
    nodes,
    ports,
    startNode,
    sendTo: (node) => {
      target = node;
    },
    close: closeAtEnd(async () => {
      await Promise.all(nodes.map(({ child }) => stopProcess(child, 'SIGKILL')));
      await Promise.all([side.close(), beside.close()]);
      await stores.close();
      rmSync(folder, { recursive: true });
    }),
  };
}

/** Hands a request on, its Host unchanged. */
function forward(
  request: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
  [port, ...others]: number[],
): void {
  const { method, url, headers } = request;
  const onward = sendRequest({ host: '127.0.0.1', port, method, path: url, headers, agent: false });
  onward.on('response', (answer) => {
    response.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', (error: NodeJS.ErrnoException) => {
    if (response.headersSent) return void response.destroy();
    if (error.code === 'ECONNREFUSED' && others.length > 0) return forward(request, body, response, others);
    response.writeHead(502).end('the node has gone');
  });
  onward.end(body);
}
