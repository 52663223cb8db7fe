import { type Dialect, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { isObject } from '../json.ts';
import { guard } from './guard.ts';
import { placeOf } from './place.ts';
import { StorageError } from './storage-error.ts';

/** For connecting, or for standing in line for a connection. */
const connectMilliseconds = 800;

/** How long a statement may run: the server's own limit, and a later one for a server that is silent. */
export interface StatementLimits {
  readonly server: number;
  readonly client: number;
}

/** The connections to the server, and who stands in line for one. */
export interface PoolUse {
  readonly most: number;
  readonly open: number;
  readonly idle: number;
  readonly waiting: number;
}

const requestLimits: StatementLimits = { server: 2000, client: 2500 };
/** Migrations wait for those that another node is running. */
export const migrationLimits: StatementLimits = { server: 60_000, client: 65_000 };

/**
 * Kysely on a pool of `size` connections. Connections that end are replaced when they are needed, so
 * a restart of the server costs the queries that were under way.
 */
export function createPostgresqlDialect(
  url: string,
  size: number,
  limits = requestLimits,
): Dialect & { poolUse(): PoolUse } {
  const pool = new pg.Pool({
    connectionString: url,
    max: size,
    connectionTimeoutMillis: connectMilliseconds,
    statement_timeout: limits.server,
    query_timeout: limits.client,
    // Locks of a process that has stopped in the middle of a transaction.
    idle_in_transaction_session_timeout: limits.client * 4,
    keepAlive: true,
    fallback_application_name: 'latchkey',
    types: { getTypeParser },
  });
  // Without a listener the end of a connection, idle or in use, would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const dialect = guard(new PostgresDialect({ pool: adapt(pool) }), toStorageError);
  const poolUse = () => ({
    most: size,
    open: pool.totalCount,
    idle: pool.idleCount,
    waiting: pool.waitingCount,
  });
  return { ...dialect, poolUse };
}

const int8 = 20;

/** Instants and counts are below 2^53: numbers, as from SQLite. */
const getTypeParser = ((type: number, format?: 'text') =>
  type === int8 ? Number : pg.types.getTypeParser(type, format)) as typeof pg.types.getTypeParser;

/** The pool as Kysely uses it, but a connection that went silent or ended is not given back. */
function adapt(pool: pg.Pool): PostgresPool {
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect();
      let broken = false;
      const query = async (text: string, parameters: readonly unknown[]) => {
        try {
          return await client.query(text, [...parameters]);
        } catch (error) {
          broken ||= !isAnswer(error);
          throw error;
        }
      };
      const release = (destroy = false) => client.release(destroy || broken);
      return { query: query as unknown as PostgresPoolClient['query'], release };
    },
  };
}

/** The connection ends, the server shuts down, or it met what it had not expected of itself. */
const endings = /^(?:08|57P|XX)/;

/**
 * True for the server's own words about a statement, after which the connection goes on. By the code,
 * for the severity comes in the server's language.
 */
function isAnswer(error: unknown): boolean {
  return error instanceof pg.DatabaseError && !endings.test(error.code ?? 'XX');
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const kinds: Readonly<Record<string, StorageError['kind']>> = {
  23505: 'unique',
  23503: 'missing-reference',
  // Serialization, deadlock, lock not available.
  40001: 'busy',
  '40P01': 'busy',
  '55P03': 'busy',
};

function toStorageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const code = isObject(error) && typeof error['code'] === 'string' ? error['code'] : null;
  return new StorageError(kinds[code ?? ''] ?? 'unavailable', code);
}

/** The same error in a sentence for the person who starts the process. */
export function describeServerFailure({ kind, code }: StorageError, url: string): StorageError {
  const place = placeOf(url);
  if (code?.startsWith('28'))
    return new StorageError(
      kind,
      code,
      `The database at ${place} does not accept the user name or password.`,
    );
  if (code === '3D000') return new StorageError(kind, code, `There is no such database at ${place}.`);
  // Neither the server's words nor those of a limit: nobody is there. `57P03`: it is still starting.
  if (code === null || !/^[0-9A-Z]{5}$/.test(code) || code === '57P03' || code === 'EPIPE')
    return new StorageError(kind, null, `The database at ${place} does not answer.`);
  return new StorageError(kind, code, `The database at ${place} cannot be used.`);
}
