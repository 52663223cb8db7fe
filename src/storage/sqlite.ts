import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { isObject } from '../json.ts';
import { guard } from './guard.ts';
import { StorageError } from './storage-error.ts';

/** SQLite itself waits for a lock only this long: while it waits, nothing else in the process moves. */
const busyMilliseconds = 10;
/**
 * From asking for the connection on; then the answer is `busy`. Shorter than the deadline of records:
 * who is told that it did not work must not have it done a moment later.
 */
const patienceMilliseconds = 700;
/** Between two tries, in which everything else goes on. */
const pauseMilliseconds = 20;

/**
 * Kysely on node:sqlite. `file` is a path, or `:memory:`.
 *
 * One connection in WAL mode, so those who use it in this process stand in line. A lock that another
 * process holds is asked for again and again, letting other work go on in between.
 */
export function createSqliteDialect(file: string): Dialect {
  const driver = new SqliteDriver(file);
  const dialect: Dialect = {
    createDriver: () => driver,
    createAdapter: () => new NodeSqliteAdapter(driver),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
  return guard(dialect, toStorageError);
}

// biome-ignore lint/suspicious/noExplicitAny: which tables it has does not matter here
export function isSqlite(database: Kysely<any>): boolean {
  return database.getExecutor().adapter instanceof SqliteAdapter;
}

/**
 * Runs one statement at once where nothing else is under way: SQLite answers in microseconds, and
 * Kysely's way to it, made for servers that one waits for, takes three times as long. Null when it has
 * to wait for its turn or for a lock, and on other databases. Throws `StorageError`.
 */
export function runAtOnce<Row>(
  // biome-ignore lint/suspicious/noExplicitAny: which tables it has does not matter here
  database: Kysely<any>,
  sql: string,
  parameters: readonly unknown[],
): QueryResult<Row> | null {
  const { adapter } = database.getExecutor();
  if (!(adapter instanceof NodeSqliteAdapter)) return null;
  try {
    return adapter.driver.runAtOnce(sql, parameters) as QueryResult<Row> | null;
  } catch (error) {
    throw toStorageError(error);
  }
}

/**
 * Reads from a file that this process has not open. Leaves nothing beside it, but the index (`-shm`) that
 * SQLite makes for a `-wal` which has none. Throws `StorageError`, whose message is a sentence that names
 * the file.
 */
export function readDatabaseFile<Result>(
  file: string,
  work: (read: (sql: string) => Record<string, unknown>[]) => Result,
): Result {
  const address = pathToFileURL(file);
  // Nobody has it open, and it is complete without companions: SQLite would make some to read it.
  if (!existsSync(`${file}-wal`)) address.searchParams.set('immutable', '1');
  try {
    const database = new DatabaseSync(address, { readOnly: true, timeout: patienceMilliseconds });
    try {
      return work((sql) => database.prepare(sql).all());
    } finally {
      database.close();
    }
  } catch (error) {
    const failure = toStorageError(error);
    throw failure instanceof StorageError ? describeFileFailure(failure, file) : failure;
  }
}

/** What Kysely is told about this driver. */
class NodeSqliteAdapter extends SqliteAdapter {
  readonly driver: SqliteDriver;

  constructor(driver: SqliteDriver) {
    super();
    this.driver = driver;
  }

  /** The line is kept here, where the time in it counts. */
  override get supportsMultipleConnections() {
    return true;
  }

  /** Migrations run in one `begin immediate`: of two processes that start at once, one migrates. */
  override get supportsTransactionalDdl() {
    return true;
  }
}

class SqliteDriver implements Driver {
  private readonly file: string;
  private readonly line = new Line();
  private readonly statements = new Statements();
  private database: DatabaseSync | null = null;

  constructor(file: string) {
    this.file = file;
  }

  async init() {
    if (this.file !== ':memory:') createForOwner(this.file);
    const database = new DatabaseSync(this.file, {
      timeout: busyMilliseconds,
      enableForeignKeyConstraints: true,
    });
    this.database = database;
    await untilFree(database, performance.now() + patienceMilliseconds, () =>
      database.exec('pragma journal_mode = wal; pragma synchronous = normal;'),
    );
  }

  async acquireConnection() {
    const deadline = performance.now() + patienceMilliseconds;
    const waits = this.line.isTaken;
    await this.line.enter(patienceMilliseconds);
    // Those who have waited in line and come to their turn too late go at once: their tries, one after
    // the other, would add up. Who has not waited tries at least once, even if the machine stood still.
    if (waits && isOver(deadline)) {
      this.line.leave();
      throw new StorageError('busy');
    }
    return new SqliteConnection(this.database!, this.statements, deadline);
  }

  /** Null when somebody holds the connection, or another process the lock. */
  runAtOnce(sql: string, parameters: readonly unknown[]): QueryResult<unknown> | null {
    if (this.database === null || this.line.isTaken) return null;
    try {
      return this.statements.get(this.database, sql)(parameters as SQLInputValue[]);
    } catch (error) {
      if (isBusy(error)) return null;
      throw error;
    }
  }

  async beginTransaction(connection: SqliteConnection) {
    await connection.begin();
  }

  async commitTransaction(connection: SqliteConnection) {
    await connection.commit();
  }

  async rollbackTransaction(connection: SqliteConnection) {
    connection.rollback();
  }

  async releaseConnection() {
    this.line.leave();
  }

  async destroy() {
    this.statements.clear();
    this.database?.close();
  }
}

/**
 * A new file is for its owner alone. SQLite gives its companions (`-wal`, `-shm`) the same rights. One that
 * is there is not opened: to close it would end the locks that SQLite has on it for another connection of
 * this process (https://www.sqlite.org/howtocorrupt.html, 2.2).
 */
function createForOwner(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if (!isObject(error) || error['code'] !== 'EEXIST') throw error;
  }
}

/** Lets one in at a time, in the order in which they came. */
class Line {
  private taken = false;
  private readonly waiting = new Set<() => void>();

  get isTaken() {
    return this.taken;
  }

  /** Throws `busy` when it is still not its turn after so long. */
  enter(milliseconds: number): Promise<void> {
    if (!this.taken) {
      this.taken = true;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const go = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiting.delete(go);
        reject(new StorageError('busy'));
      }, milliseconds);
      this.waiting.add(go);
    });
  }

  leave(): void {
    const [next] = this.waiting;
    if (!next) {
      this.taken = false;
      return;
    }
    this.waiting.delete(next);
    next();
  }
}

/** The connection as one holder has it, from asking for it until giving it back. */
class SqliteConnection implements DatabaseConnection {
  private readonly database: DatabaseSync;
  private readonly statements: Statements;
  private readonly deadline: number;
  private inTransaction = false;

  constructor(database: DatabaseSync, statements: Statements, deadline: number) {
    this.database = database;
    this.statements = statements;
    this.deadline = deadline;
  }

  async begin() {
    // Deferred transactions fail half-way when another one writes first.
    await this.run('begin immediate', []);
    this.inTransaction = true;
  }

  async commit() {
    await this.run('commit', []);
    this.inTransaction = false;
  }

  /** After some errors, a full disk among them, SQLite has rolled back already. */
  rollback() {
    this.inTransaction = false;
    if (this.database.isTransaction) this.database.exec('rollback');
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    return (await this.run(sql, parameters)) as QueryResult<Row>;
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    yield await this.executeQuery<Row>(query);
  }

  private run(sql: string, parameters: readonly unknown[]): Promise<QueryResult<unknown>> {
    return untilFree(this.database, this.deadline, () => {
      // What follows would be stored on its own, outside the transaction that it belongs to.
      if (this.inTransaction && !this.database.isTransaction) throw new StorageError('unavailable');
      return this.statements.get(this.database, sql)(parameters as SQLInputValue[]);
    });
  }
}

/** What SQLite has made of each SQL text, once. */
class Statements {
  private readonly known = new Map<string, Statement>();

  get(database: DatabaseSync, sql: string): Statement {
    const known = this.known.get(sql);
    if (known) return known;
    const statement = toStatement(database.prepare(sql));
    this.known.set(sql, statement);
    return statement;
  }

  clear() {
    this.known.clear();
  }
}

type Statement = (parameters: SQLInputValue[]) => QueryResult<unknown>;

function toStatement(statement: StatementSync): Statement {
  if (statement.columns().length > 0) return (parameters) => ({ rows: statement.all(...parameters) });
  return (parameters) => {
    const { changes, lastInsertRowid } = statement.run(...parameters);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  };
}

/** Tries again while another process holds the lock, until the deadline. Within a transaction once only. */
async function untilFree<Result>(
  database: DatabaseSync,
  deadline: number,
  attempt: () => Result,
): Promise<Result> {
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error) || database.isTransaction) throw error;
      if (isOver(deadline)) throw error;
    }
    await sleep(pauseMilliseconds);
  }
}

/** True when there is no time left for another try. */
function isOver(deadline: number): boolean {
  return performance.now() + busyMilliseconds >= deadline;
}

/** SQLITE_BUSY or SQLITE_LOCKED; the higher bits say more. */
function isBusy(error: unknown): boolean {
  const code = isObject(error) ? Number(error['errcode']) & 0xff : 0;
  return code === 5 || code === 6;
}

/** `SQLITE_CONSTRAINT_UNIQUE`, `…_PRIMARYKEY`, `…_ROWID` and `…_FOREIGNKEY`. */
const uniqueCodes = [2067, 1555, 2579];
const foreignKeyCode = 787;

/** The same error in a sentence for the person who starts the process. */
export function describeFileFailure({ kind, code }: StorageError, file: string): StorageError {
  const problem = kind === 'busy' ? 'is in use by another process' : 'cannot be used';
  return new StorageError(kind, code, `The database file ${file} ${problem}.`);
}

/** Wrong use of node:sqlite is no failure of the database, and stays what it is. */
function toStorageError(error: unknown): unknown {
  if (!isObject(error)) return error;
  const { code, errcode } = error;
  // The second: what the operating system says of the folder.
  if (code === 'ERR_INVALID_STATE' || (typeof code === 'string' && 'syscall' in error))
    return new StorageError('unavailable', code);
  if (code !== 'ERR_SQLITE_ERROR' || typeof errcode !== 'number') return error;
  const name = `SQLITE_${errcode}`;
  if (isBusy(error)) return new StorageError('busy', name);
  if (uniqueCodes.includes(errcode)) return new StorageError('unique', name);
  return new StorageError(errcode === foreignKeyCode ? 'missing-reference' : 'unavailable', name);
}
