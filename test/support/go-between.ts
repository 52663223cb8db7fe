import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { listen } from './close-at-end.ts';

interface PassedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface PassedAnswer {
  status: number;
  headers: Record<string, string>;
  body: string | Buffer;
}

/** A server in the place of an endpoint: what comes in it hands on to the sandbox, as a test wants it. */
export interface GoBetween {
  readonly url: string;
  /** Where requests are handed on to. */
  target: string;
  /** Every request that came, in order. */
  readonly seen: PassedRequest[];
  /** Answers by itself, without asking anybody. */
  instead: ((request: PassedRequest, response: ServerResponse) => void) | null;
  /** Changes what the sandbox has answered. */
  change: ((answer: PassedAnswer, request: PassedRequest) => PassedAnswer) | null;
  close(): Promise<void>;
}

/** With a key and a certificate it speaks TLS. */
export async function startGoBetween(tls?: ServerOptions): Promise<GoBetween> {
  const answer = async (incoming: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { method = 'GET', url: path = '/', headers } = incoming;
    const request = { method, path, headers, body: Buffer.concat(chunks).toString() };
    goBetween.seen.push(request);
    if (goBetween.instead) return goBetween.instead(request, response);
    const given = await handOn(goBetween.target, request);
    const changed = goBetween.change?.(given, request) ?? given;
    response.writeHead(changed.status, changed.headers).end(changed.body);
  };
  // Who asked has gone, or whoever was to be asked.
  const listener = (incoming: IncomingMessage, response: ServerResponse) =>
    void answer(incoming, response).catch(() => response.destroy());
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  const { port, close } = await listen(server);
  const goBetween: GoBetween = {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    target: '',
    seen: [],
    instead: null,
    change: null,
    close,
  };
  return goBetween;
}

async function handOn(target: string, { method, path, headers, body }: PassedRequest): Promise<PassedAnswer> {
  const kept = Object.entries(headers).filter(([name]) => !/^(host|connection|content-length)$/.test(name));
  const answer = await fetch(target + path, {
    method,
    headers: kept as [string, string][],
    redirect: 'manual',
    ...(method === 'GET' ? {} : { body }),
  });
  const own = [...answer.headers].filter(
    ([name]) => !/^(connection|content-length|keep-alive|transfer-encoding)$/.test(name),
  );
  return { status: answer.status, headers: Object.fromEntries(own), body: await answer.text() };
}
