import { type SQLInputValue, StatementSync } from 'node:sqlite';
import pg from 'pg';

/** One statement as the database was given it. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** How many rows it has inserted, updated or deleted. */
  readonly changed: number;
}

/** What was stored in one step: `insert identities`, `delete expiring_records login`. */
type Commit = readonly string[];

export interface RecordedStatements {
  /** In the order in which they ended. */
  readonly statements: readonly Statement[];
  /** Transactions, and statements of their own, that have changed something. */
  readonly commits: readonly Commit[];
  /** Forgets what was recorded so far. */
  clear(): void;
  stop(): void;
}

/**
 * Listens at the drivers of SQLite and PostgreSQL: whatever the code of this process runs is heard
 * here, however it was built.
 */
export function recordStatements(): RecordedStatements {
  const statements: Statement[] = [];
  const commits: Commit[] = [];
  /** What a connection has changed since its `begin`; nothing for one without a transaction. */
  const open = new WeakMap<object, string[]>();

  function heard(connection: object, sql: string, parameters: readonly unknown[], changed: number): void {
    if (isBegin(sql)) open.set(connection, []);
    statements.push({ sql, parameters, changed });
    const step = changed > 0 && isWrite(sql) ? [toWords(sql, parameters)] : [];
    const transaction = open.get(connection);
    if (transaction) transaction.push(...step);
    else if (step.length > 0) commits.push(step);
    if (!isEnd(sql)) return;
    open.delete(connection);
    if (/^commit/i.test(sql) && transaction && transaction.length > 0) commits.push(transaction);
  }

  const stops = [listenToSqlite(heard), listenToPostgresql(heard)];
  return {
    statements,
    commits,
    clear() {
      statements.length = 0;
      commits.length = 0;
    },
    stop() {
      for (const stop of stops) stop();
    },
  };
}

type Heard = (connection: object, sql: string, parameters: readonly unknown[], changed: number) => void;

/** SQLite has one connection in a process of tests that listens. */
function listenToSqlite(heard: Heard): () => void {
  const { all, get, run } = StatementSync.prototype;
  const connection = {};
  Object.assign(StatementSync.prototype, {
    all(this: StatementSync, ...parameters: SQLInputValue[]) {
      const rows = all.apply(this, parameters as never);
      heard(connection, this.sourceSQL, parameters, rows.length);
      return rows;
    },
    get(this: StatementSync, ...parameters: SQLInputValue[]) {
      const row = get.apply(this, parameters as never);
      heard(connection, this.sourceSQL, parameters, row === undefined ? 0 : 1);
      return row;
    },
    run(this: StatementSync, ...parameters: SQLInputValue[]) {
      const result = run.apply(this, parameters as never);
      // A `begin` or a `pragma` says what the statement before it has changed.
      const { changes } = result;
      heard(connection, this.sourceSQL, parameters, isWrite(this.sourceSQL) ? Number(changes) : 0);
      return result;
    },
  });
  return () => void Object.assign(StatementSync.prototype, { all, get, run });
}

function listenToPostgresql(heard: Heard): () => void {
  const { query } = pg.Client.prototype;
  const listening = async function (this: pg.Client, ...given: Parameters<typeof query>) {
    const result = (await (query as (...all: unknown[]) => unknown).apply(this, given)) as pg.QueryResult;
    const [first, second] = given as unknown as [string | pg.QueryConfig, unknown[] | undefined];
    const { text, values = second ?? [] } = typeof first === 'string' ? { text: first } : first;
    heard(this, text, values, result?.rowCount ?? 0);
    return result;
  };
  pg.Client.prototype.query = listening as unknown as typeof query;
  return () => {
    pg.Client.prototype.query = query;
  };
}

const isBegin = (sql: string) => /^(?:begin|start transaction)/i.test(sql);
const isEnd = (sql: string) => /^(?:commit|rollback)/i.test(sql);
const isWrite = (sql: string) => /^(?:insert|update|delete)/i.test(sql);

const kinds: readonly unknown[] = ['session', 'login', 'grant', 'decision', 'lease', 'probe'];

/** The verb, the table, and the kinds of records. */
function toWords(sql: string, parameters: readonly unknown[]): string {
  const [, verb, table] = /^(insert|update|delete)(?: into| from)? "(\w+)"/i.exec(sql) ?? [];
  if (table !== 'expiring_records') return `${verb} ${table}`;
  const named = parameters.filter((parameter) => kinds.includes(parameter));
  return [verb, ...new Set(named)].join(' ');
}
