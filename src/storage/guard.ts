import type {
  CompiledQuery,
  DatabaseConnection,
  Dialect,
  Driver,
  QueryCompiler,
  QueryResult,
  TransactionSettings,
} from 'kysely';

/**
 * A dialect whose errors leave as what `convert` makes of them. A rollback never throws: the error
 * that caused it is the one to tell, and a connection that cannot roll back is not used again.
 */
export function guard(dialect: Dialect, convert: (error: unknown) => unknown): Dialect {
  return {
    createDriver: () => new GuardedDriver(dialect.createDriver(), convert),
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (database) => dialect.createIntrospector(database),
    createQueryCompiler: () => dialect.createQueryCompiler(),
  };
}

class GuardedDriver implements Driver {
  private readonly inner: Driver;
  private readonly convert: (error: unknown) => unknown;

  constructor(inner: Driver, convert: (error: unknown) => unknown) {
    this.inner = inner;
    this.convert = convert;
  }

  private async attempt<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw this.convert(error);
    }
  }

  init() {
    return this.attempt(() => this.inner.init());
  }

  async acquireConnection(): Promise<GuardedConnection> {
    const connection = await this.attempt(() => this.inner.acquireConnection());
    return new GuardedConnection(connection, (work) => this.attempt(work));
  }

  beginTransaction({ inner }: GuardedConnection, settings: TransactionSettings) {
    return this.attempt(() => this.inner.beginTransaction(inner, settings));
  }

  commitTransaction({ inner }: GuardedConnection) {
    return this.attempt(() => this.inner.commitTransaction(inner));
  }

  async rollbackTransaction({ inner }: GuardedConnection) {
    await this.inner.rollbackTransaction(inner).catch(() => {});
  }

  savepoint({ inner }: GuardedConnection, name: string, compile: QueryCompiler['compileQuery']) {
    return this.attempt(async () => this.inner.savepoint?.(inner, name, compile));
  }

  rollbackToSavepoint({ inner }: GuardedConnection, name: string, compile: QueryCompiler['compileQuery']) {
    return this.attempt(async () => this.inner.rollbackToSavepoint?.(inner, name, compile));
  }

  releaseSavepoint({ inner }: GuardedConnection, name: string, compile: QueryCompiler['compileQuery']) {
    return this.attempt(async () => this.inner.releaseSavepoint?.(inner, name, compile));
  }

  releaseConnection({ inner }: GuardedConnection) {
    return this.attempt(() => this.inner.releaseConnection(inner));
  }

  destroy() {
    return this.attempt(() => this.inner.destroy());
  }
}

class GuardedConnection implements DatabaseConnection {
  readonly inner: DatabaseConnection;
  private readonly attempt: <Result>(work: () => Promise<Result>) => Promise<Result>;

  constructor(inner: DatabaseConnection, attempt: GuardedConnection['attempt']) {
    this.inner = inner;
    this.attempt = attempt;
  }

  executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    return this.attempt(() => this.inner.executeQuery<Row>(query));
  }

  /** All rows in one piece: nothing here streams, but Kysely wants the method. */
  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    yield await this.executeQuery<Row>(query);
  }
}
