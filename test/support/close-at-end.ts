import type { ChildProcess } from 'node:child_process';
import type { AddressInfo, Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/*
 * What a test has opened is closed when its file ends, also when the test failed before it came to
 * that: jest waits for whatever is still open, and would wait for ever.
 */

type Close = () => Promise<unknown>;

const open = new Set<Close>();
let isOver = false;

// Scripts use some of this folder, too. They end as they like.
if (typeof afterAll === 'function') afterAll(closeAll, 60_000);

/** The last first: what was opened before it may be needed for closing it. */
async function closeAll(): Promise<void> {
  isOver = true;
  const failures: unknown[] = [];
  for (const close of [...open].toReversed()) {
    const closing = close().catch((error) => failures.push(error));
    // One that hangs does not keep the others open.
    await Promise.race([closing, sleep(10_000, undefined, { ref: false })]);
  }
  if (failures.length > 0) throw failures[0];
}

/** Gives back the way to close something, which works once and is taken at the end of the file at the latest. */
export function closeAtEnd(close: Close): () => Promise<void> {
  let closing: Promise<void> | undefined;
  const closeOnce = () => {
    open.delete(closeOnce);
    closing ??= close().then(() => {});
    return closing;
  };
  open.add(closeOnce);
  // Opened by a test that jest had given up.
  if (isOver) closeOnce().catch(() => {});
  return closeOnce;
}

/** For a process that ends by itself, or is stopped by its test: it does not outlive the test file. */
export function killAtEnd(child: ChildProcess): void {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const kill = closeAtEnd(() => {
    child.kill('SIGKILL');
    return ended;
  });
  child.once('exit', kill);
}

/** Has a server listen on a port of its own on loopback. Closing it ends its connections. */
export async function listen(server: Server): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const close = closeAtEnd(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
        for (const socket of sockets) socket.destroy();
      }),
  );
  return { port: (server.address() as AddressInfo).port, close };
}
