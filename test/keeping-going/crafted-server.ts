import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { listen } from '../support/close-at-end.ts';

/** A server that answers with bytes of the test's choice, as no sandbox would. */
export interface CraftedServer {
  /** With `https:` where it speaks TLS. */
  readonly url: string;
  /** How many requests have arrived, and how many connections. */
  readonly counts: { requests: number; connections: number };
  close(): Promise<void>;
}

/** Writes an answer, or does not. */
export type Craft = (socket: Socket) => void;

export interface CraftedServerOptions {
  /** With a certificate that nobody has signed. */
  readonly selfSigned?: boolean;
  /** Called before anything has arrived. */
  readonly onConnection?: Craft;
}

export async function startCraftedServer(
  craft: Craft,
  { selfSigned = false, onConnection = () => {} }: CraftedServerOptions = {},
): Promise<CraftedServer> {
  const counts = { requests: 0, connections: 0 };
  const serve = (socket: Socket) => {
    counts.connections += 1;
    socket.on('error', () => {});
    onConnection(socket);
    socket.once('data', () => {
      counts.requests += 1;
      craft(socket);
    });
  };
  const server: Server = selfSigned
    ? createTlsServer(
        { key: pem('PRIVATE KEY', selfSignedKey), cert: pem('CERTIFICATE', selfSignedCertificate) },
        serve,
      )
    : createServer(serve);
  server.on('tlsClientError', () => {});
  const { port, close } = await listen(server);
  return {
    url: `${selfSigned ? 'https' : 'http'}://localhost:${port}`,
    counts,
    close,
  };
}

/** An answer as it goes over the wire. */
export function toAnswer(
  status: string,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer = '',
): Buffer {
  const all = {
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`),
    Buffer.from(body as string),
  ]);
}

/** Writes pieces of one chunked answer until nobody listens any more; says how many bytes went out. */
export function writeForEver(socket: Socket): { written: () => number } {
  const piece = Buffer.alloc(64 * 1024, 'x');
  const chunk = Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);
  const more = () => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', more);
  socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n');
  more();
  return { written: () => socket.bytesWritten };
}

const pem = (what: string, base64: string) => `-----BEGIN ${what}-----\n${base64}\n-----END ${what}-----\n`;

/** For localhost and 127.0.0.1, until 2126. Made for these tests; nothing trusts it. */
const selfSignedKey = [
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgps8gdplRRBI9zCVsEVv86kZsyRvO0wGxEjRi2lQ4o8ChRANCAASC',
  'xTQRp07pu2it1bxrAglw0RwWyiOEKP5ttOEiCjUgC8MCGjarCWWxMfzVWsGPr1mmEEJZSEXqbhZ1er2xZ6JQ',
].join('');
const selfSignedCertificate = [
  'MIIBnDCCAUGgAwIBAgIUUgen75WnUCu63+9vKHm+u5eQN4EwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2',
  'MTEyMTE3MjM0MFoYDzIxMjYxMDI4MTcyMzQwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC',
  'AASCxTQRp07pu2it1bxrAglw0RwWyiOEKP5ttOEiCjUgC8MCGjarCWWxMfzVWsGPr1mmEEJZSEXqbhZ1er2xZ6JQo28wbTAdBgNV',
  'HQ4EFgQU91QUQKsXrBzwUnAD7+iQ1jcsT+wwHwYDVR0jBBgwFoAU91QUQKsXrBzwUnAD7+iQ1jcsT+wwDwYDVR0TAQH/BAUwAwEB',
  '/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZIzj0EAwIDSQAwRgIhAPaSvC3L5gNC6QVQ/HVSEqvauykWKUmglLk6',
  'G6R8OV60AiEA9LTTNCL+NQUoN8dCdMIt5CV+TLO4Q0PuYL0t8w9XnNA=',
].join('');
