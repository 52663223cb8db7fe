import { setTimeout as pause } from 'node:timers/promises';
import { createClient, type RedisClientType } from '@redis/client';
import { isObject } from '../json.ts';
import { StorageError } from './storage-error.ts';

const connectMilliseconds = 800;
const longestPauseMilliseconds = 1000;
const pingMilliseconds = 1000;
/** After so long without an answer the connection is given up and made anew. */
const silenceMilliseconds = 3000;
/** Commands that wait for an answer; more than these fail at once. */
const queueLength = 10_000;

export interface RedisConnection {
  /**
   * Sends one command and gives its reply: text, numbers, null and lists of them. Throws
   * `StorageError`; while the connection is down at once, for commands are never kept for later.
   */
  send(command: readonly string[]): Promise<unknown>;
  /** The server's time in milliseconds since 1970. */
  readTime(): Promise<number>;
  close(): void;
}

/**
 * Connects to one Redis or Valkey at a `redis://` or `rediss://` URL, and for ever again when the
 * connection ends. Waits for it a moment; a server that is not there yet is no error here.
 */
export async function connectToRedis(url: string): Promise<RedisConnection> {
  const first = start(url);
  let client = first.client;
  let answeredAt = performance.now();

  /** A network that swallows packets says nothing for many minutes; a new connection tells at once. */
  function replace() {
    answeredAt = performance.now();
    client.destroy();
    client = start(url).client;
  }

  const pinging = setInterval(() => {
    if (performance.now() - answeredAt > silenceMilliseconds) replace();
    const asked = client;
    asked.sendCommand(['PING']).then(
      () => {
        if (asked === client) answeredAt = performance.now();
      },
      () => {},
    );
  }, pingMilliseconds).unref();

  async function send(command: readonly string[]): Promise<unknown> {
    const asked = client;
    try {
      return await asked.sendCommand(command);
    } catch (error) {
      const failure = toStorageError(error);
      // The server became a replica: its address may lead to the new primary. Of all that hear so, one looks.
      if (failure.code === 'READONLY' && asked === client) replace();
      throw failure;
    }
  }

  await Promise.race([first.connected, pause(connectMilliseconds, undefined, { ref: false })]);
  return {
    send,
    async readTime() {
      const [seconds, microseconds] = (await send(['TIME'])) as [string, string];
      return Number(seconds) * 1000 + Math.round(Number(microseconds) / 1000);
    },
    close() {
      clearInterval(pinging);
      client.destroy();
    },
  };
}

function start(url: string): { client: RedisClientType; connected: Promise<unknown> } {
  const client: RedisClientType = createClient({
    url,
    name: 'latchkey',
    disableOfflineQueue: true,
    commandsQueueMaxLength: queueLength,
    maintNotifications: 'disabled',
    socket: {
      connectTimeout: connectMilliseconds,
      reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, longestPauseMilliseconds),
    },
  });
  // Without a listener an error would end the process; whoever sends a command hears of it.
  client.on('error', () => {});
  return { client, connected: client.connect().catch(() => {}) };
}

/** Redis begins its refusals with a word: `NOSCRIPT`, `OOM`, `READONLY`. The rest may quote keys. */
function toStorageError(error: unknown): StorageError {
  if (!isObject(error)) return new StorageError('unavailable');
  const word = /^([A-Z]{2,20})\b/.exec(String(error['message']))?.[1];
  const code = typeof error['code'] === 'string' ? error['code'] : (word ?? null);
  return new StorageError('unavailable', code);
}
