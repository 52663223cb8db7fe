import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from '../support/close-at-end.ts';

interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface LocalProvider {
  readonly url: string;
  readonly received: Received[];
  /** Variables that make this server the live endpoints of a service. */
  endpointsOf(prefix: string): Record<string, string>;
  close(): Promise<void>;
}

export type Answer = (request: Received, response: ServerResponse) => void;

/** A provider of a few lines, which answers as a test wants. */
export async function startProvider(answer: Answer): Promise<LocalProvider> {
  const received: Received[] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url!, 'http://localhost');
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { method, headers } = request;
    const one = { method: method!, path: url.pathname, query: url.searchParams, headers, body };
    received.push(one);
    answer(one, response);
  };
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  const { port, close } = await listen(server);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    received,
    endpointsOf: (prefix) => ({
      [`${prefix}_AUTHORIZATION_ENDPOINT`]: `${url}/authorize`,
      [`${prefix}_TOKEN_ENDPOINT`]: `${url}/token`,
    }),
    close,
  };
}

export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
