import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { findProcesses, readComputingExactly } from './computing.ts';
import { closeLater } from './processes.ts';

/** Somebody who may create databases. */
const administrator = process.env['BENCH_POSTGRES_URL'] ?? 'postgres://root@127.0.0.1:5432/postgres';

export interface BenchDatabase {
  readonly url: string;
  /**
   * Milliseconds of computing time of the server's processes that serve this database, and of those that
   * were seen here before and have ended since: a pool closes connections that it does not need.
   */
  computing(): Promise<number>;
  query(text: string): Promise<Record<string, unknown>[]>;
  drop(): Promise<void>;
}

async function ask(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

/** A new, empty database on a server on this machine. */
export async function createBenchDatabase(): Promise<BenchDatabase> {
  const name = `latchkey_bench_${randomBytes(5).toString('hex')}`;
  const drop = closeLater(() => ask(administrator, `drop database if exists ${name} with (force)`));
  await ask(administrator, `create database ${name} template template0`);
  const url = new URL(administrator);
  url.pathname = name;
  /** By process. */
  const seen = new Map<number, number>();
  return {
    url: url.href,
    async computing() {
      // `postgres: root latchkey_bench_… 127.0.0.1(40312) idle`, before it the cluster's name if it has one.
      const backends = await findProcesses('postgres: ');
      const ours = await findProcesses('postgres: ', name);
      const times = await Promise.all(ours.map(readComputingExactly));
      if (backends.length === 0) throw new Error('the PostgreSQL server is not on this machine');
      // One that ends just now reads as 0.
      for (const [index, pid] of ours.entries()) seen.set(pid, Math.max(seen.get(pid) ?? 0, times[index]!));
      return [...seen.values()].reduce((sum, time) => sum + time, 0);
    },
    query: (text) => ask(url.href, text),
    drop,
  };
}
