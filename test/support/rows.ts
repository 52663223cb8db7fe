import type { RecordKind } from '../../src/storage/expiring-records.ts';
import type { RunningLatchkey } from './latchkey.ts';

const recordKinds = Object.keys({
  session: true,
  login: true,
  grant: true,
  decision: true,
  lease: true,
  probe: true,
} satisfies Record<RecordKind, true>) as RecordKind[];

/** Everything that is stored, as text: for each row its table, or its kind of record, and its key. */
export async function readRows(latchkey: RunningLatchkey): Promise<ReadonlyMap<string, string>> {
  const { database } = latchkey;
  const rows = new Map<string, string>();
  for (const { name } of await database.introspection.getTables()) {
    // Read below, wherever they are kept.
    if (name === 'expiring_records') continue;
    const all = (await database
      .selectFrom(name as 'accounts')
      .selectAll()
      .execute()) as { id?: string }[];
    for (const row of all) rows.set(`${name} ${row.id ?? JSON.stringify(row)}`, JSON.stringify(row));
  }
  for (const kind of recordKinds) {
    for (const record of await latchkey.listRecords(kind))
      rows.set(`${kind} ${record.key}`, JSON.stringify(record));
  }
  return rows;
}

/** What was written between two readings: `added identities`, `changed login`, `removed session`. */
export function differences(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  const place = (key: string) => key.split(' ')[0]!;
  return [
    ...[...after.keys()].filter((key) => !before.has(key)).map((key) => `added ${place(key)}`),
    ...[...after]
      .filter(([key, row]) => before.has(key) && before.get(key) !== row)
      .map(([key]) => `changed ${place(key)}`),
    ...[...before.keys()].filter((key) => !after.has(key)).map((key) => `removed ${place(key)}`),
  ].toSorted();
}
