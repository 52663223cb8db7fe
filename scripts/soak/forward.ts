import { createServer, type IncomingHttpHeaders, request as sendRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request and its whole answer, on its way through. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

/** Sends a request on to a port of this machine, its Host unchanged, and reads the whole answer. */
export function forward({ method, url, headers, body }: Exchange, port: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onward = sendRequest({ host: '127.0.0.1', port, method, path: url, headers, agent: false });
    onward.on('error', reject);
    onward.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    onward.end(body);
  });
}

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/** A server that reads each request whole and answers with what `handle` gives; null: hangs up. */
export async function listenAndForward(
  handle: (exchange: Exchange) => Promise<Answer | null>,
): Promise<Listening> {
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    await new Promise((resolve) => request.once('close', resolve).once('end', resolve));
    const { method = 'GET', url = '/', headers } = request;
    const answer = await handle({ method, url, headers, body: Buffer.concat(chunks).toString() });
    if (!answer) return void response.destroy();
    const { 'transfer-encoding': _, ...rest } = answer.headers;
    response.writeHead(answer.status, { ...rest, 'content-length': answer.body.length }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
