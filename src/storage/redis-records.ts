import {
  type ExpiringRecord,
  type ExpiringRecords,
  type RecordKind,
  rememberedMilliseconds,
  type TakeResult,
  type Tombstone,
} from './expiring-records.ts';
import type { RedisConnection } from './redis-connection.ts';
import { type Script, scripts } from './redis-scripts.ts';
import { isStorageError, StorageError } from './storage-error.ts';

/** A record as the scripts give it: key, owner, value, version, end. */
type Reply = [string, string, string, string, string];

function toRecord([key, owner, value, version, expiresAt]: Reply): ExpiringRecord {
  return { key, owner, value, version: Number(version), expiresAt: Number(expiresAt) };
}

/**
 * The records in one Redis or Valkey, or a primary with replicas; not in a Redis Cluster, for a
 * script touches the keys of several owners at once. Names of all keys begin with `prefix`.
 *
 * A record is a hash, and its key stands in the sorted set of its owner, scored by its end. `now`,
 * in milliseconds, alone decides what has ended: a time to live in Redis, an hour longer, only
 * collects what nobody remembers. Each operation is one script, so nobody sees half of it.
 */
export function createRedisRecords(
  connection: RedisConnection,
  prefix: string,
  now: () => number,
): ExpiringRecords {
  async function run(script: Script, kind: RecordKind, ...parameters: (string | number)[]): Promise<unknown> {
    const rest = [
      '0',
      prefix,
      kind,
      String(now()),
      String(rememberedMilliseconds),
      ...parameters.map(String),
    ];
    try {
      return await connection.send(['EVALSHA', script.hash, ...rest]);
    } catch (error) {
      if (!isStorageError(error) || error.code !== 'NOSCRIPT') throw error;
      return connection.send(['EVAL', script.text, ...rest]);
    }
  }

  const fieldsOf = ({ key, owner, value, expiresAt }: Omit<ExpiringRecord, 'version'>) =>
    [key, owner, value, expiresAt] as const;

  return {
    async put(kind, record) {
      await run(scripts.put, kind, ...fieldsOf(record));
    },
    async putBoth(one, other) {
      await run(scripts.putBoth, one.kind, ...fieldsOf(one), other.kind, ...fieldsOf(other));
    },
    async create(kind, record) {
      return (await run(scripts.create, kind, ...fieldsOf(record))) === 1;
    },
    async get(kind, key) {
      const reply = (await run(scripts.get, kind, key)) as Reply | null;
      return reply && toRecord(reply);
    },
    async update(kind, record) {
      return (await run(scripts.update, kind, ...fieldsOf(record), record.version)) === 1;
    },
    async prolong(kind, key, expiresAt) {
      return (await run(scripts.prolong, kind, key, expiresAt)) === 1;
    },
    async take(kind, key, owner): Promise<TakeResult> {
      const reply = (await run(scripts.take, kind, key, owner)) as [string, ...string[]] | null;
      if (!reply) return null;
      const [word, ...rest] = reply;
      if (word === 'taken') return { taken: toRecord(rest as Reply) };
      if (word === 'gone') return { gone: { outcome: rest[0] as Tombstone['outcome'] } };
      return { notYours: true };
    },
    async rename(kind, oldKey, record) {
      const reply = await run(scripts.rename, kind, oldKey, ...fieldsOf(record), record.version);
      if (reply === 'unique') throw new StorageError('unique');
      return reply === 1;
    },
    async delete(kind, key) {
      const reply = (await run(scripts.delete, kind, key)) as Reply | null;
      return reply && toRecord(reply);
    },
    async listByOwner(kind, owner, skip = 0) {
      return ((await run(scripts.listByOwner, kind, owner, skip)) as Reply[]).map(toRecord);
    },
    async countByOwner(kind, owner) {
      return (await run(scripts.countByOwner, kind, owner)) as number;
    },
    async deleteByOwner(kind, owner) {
      return ((await run(scripts.deleteByOwner, kind, owner)) as Reply[]).map(toRecord);
    },
    async keepNewest(kind, owner, count) {
      await run(scripts.keepNewest, kind, owner, count);
    },
    async endByOwner(kind, owner) {
      await run(scripts.endByOwner, kind, owner);
    },
    /** Redis collects what has ended by itself, and writing to an owner's set what is left there. */
    async sweep() {},
  };
}
