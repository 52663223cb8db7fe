import { type Compilable, type QueryResult, type RawBuilder, sql } from 'kysely';
import type { Database } from './schema.ts';
import { runAtOnce } from './sqlite.ts';

/** Stands in a prepared query for a value that each call brings. */
class Placeholder {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Names a value that each call brings. */
export type Parameter<Parameters> = <Name extends keyof Parameters & string>(
  name: Name,
) => RawBuilder<Parameters[Name]>;

/**
 * A query whose SQL text is written once, at the first call. Building and writing it takes Kysely
 * longer than SQLite takes to answer: for what every login and every page asks, that counts.
 *
 * The connection is the database itself, or a transaction on it.
 */
export function prepare<Parameters extends object, Row>(
  build: (database: Database, parameter: Parameter<Parameters>) => Compilable<Row>,
): (connection: Database, parameters: Parameters) => Promise<QueryResult<Row>> {
  // One for each kind of database would do; each database that is opened gets its own.
  const written = new WeakMap<object, ReturnType<Compilable<Row>['compile']>>();
  return async (connection, parameters) => {
    const { adapter } = connection.getExecutor();
    let query = written.get(adapter);
    if (!query) {
      query = build(connection, (name) => sql`${new Placeholder(name)}`).compile();
      written.set(adapter, query);
    }
    const values = query.parameters.map((value) =>
      value instanceof Placeholder ? parameters[value.name as keyof Parameters] : value,
    );
    return (
      runAtOnce(connection, query.sql, values) ?? connection.executeQuery({ ...query, parameters: values })
    );
  };
}
