import { createServer, type Server, type Socket, connect } from 'node:net';
import { closeAtEnd } from './close-at-end.ts';

/** A wire between the application and a server, which a test can cut or clog. */
export interface TcpProxy {
  /** The same URL, through this wire. */
  readonly url: string;
  /**
   * `open` passes everything. `cut` ends every connection and takes no new one. `clogged` keeps
   * connections and passes nothing, as a network does that loses every packet. `slow` passes
   * everything five seconds later.
   */
  set(mode: WireMode): Promise<void>;
  /** Resets every connection there is. New ones are taken. */
  reset(): void;
  /** How many connections the application has at the moment. */
  count(): number;
  close(): Promise<void>;
}

export type WireMode = 'open' | 'cut' | 'clogged' | 'slow';

const slowMilliseconds = 5000;

export async function openTcpProxy(targetUrl: string, defaultPort: number): Promise<TcpProxy> {
  const target = new URL(targetUrl);
  const sockets = new Set<Socket>();
  let mode: WireMode = 'open';
  let port = 0;
  let server: Server | null = null;

  function join(from: Socket, to: Socket): void {
    sockets.add(from);
    const pass = (chunk: Buffer) => {
      if (!to.destroyed) to.write(chunk);
    };
    from.on('data', (chunk) => {
      if (mode === 'open') pass(chunk);
      else if (mode === 'slow') setTimeout(pass, slowMilliseconds, chunk).unref();
    });
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
  }

  async function listen(): Promise<void> {
    const created = createServer((inward) => {
      const onward = connect(Number(target.port || defaultPort), target.hostname);
      join(inward, onward);
      join(onward, inward);
    });
    await new Promise<void>((resolve) => created.listen(port, '127.0.0.1', resolve));
    port = (created.address() as { port: number }).port;
    server = created;
  }

  async function cut(): Promise<void> {
    const ending = server;
    server = null;
    const ended = new Promise<void>((resolve) => (ending ? ending.close(() => resolve()) : resolve()));
    for (const socket of sockets) socket.destroy();
    await ended;
  }

  await listen();
  const close = closeAtEnd(cut);
  const url = new URL(targetUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return {
    url: url.href,
    async set(next) {
      mode = next;
      if (next === 'cut') await cut();
      else if (server === null) await listen();
      // What was lost on a clogged wire does not come back: its connections are of no use any more.
      else if (next === 'open') for (const socket of sockets) socket.destroy();
    },
    reset() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    count: () => sockets.size / 2,
    close,
  };
}
