import net from 'node:net';
import tls from 'node:tls';
import { serviceOfHost } from '../../src/sandbox/services.ts';
import type { ListeningSandbox } from './support.ts';

/**
 * For clients that have the addresses of a provider built in. Gives a function that leads every https
 * connection to a host that the sandbox plays to the sandbox, without TLS, and refuses every other one,
 * until the test ends. What is sent over the connection does not change; the sandbox tells by `Host`
 * which host is meant.
 *
 * fetch and node:https both open their connections by `tls.connect`.
 */
export function useTrueHosts(): (sandbox: ListeningSandbox) => void {
  const trueConnect = tls.connect;
  const sockets: net.Socket[] = [];
  afterEach(() => {
    tls.connect = trueConnect;
    // Clients keep connections for later, and later there is another sandbox.
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  return ({ port }) => {
    tls.connect = ((options: tls.ConnectionOptions) => {
      const host = options.servername || options.host || '';
      if (serviceOfHost(host) === null) throw new Error(`A test must not connect to ${host}`);
      const socket = net.connect({ port, host: '127.0.0.1' });
      sockets.push(socket);
      // Whoever asked for TLS waits for the end of its handshake.
      socket.once('connect', () => socket.emit('secureConnect'));
      return socket;
    }) as typeof tls.connect;
  };
}
