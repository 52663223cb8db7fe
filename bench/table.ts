import { type ContestantFigures, type Figures, medianSlice, ratio, type Round } from './figures.ts';
import type { Slice } from './load.ts';
import { median } from './statistics.ts';

const head = [
  '',
  '/s',
  '×memory',
  '×redis',
  'CPU ms',
  '×redis by CPU',
  'p50',
  'p99',
  'driver',
  'MB',
  'start ms',
];

const orDash = (value: number | null, digits = 2) => (value === null ? '–' : value.toFixed(digits));

/** One thing that was measured; the references' own is `of`. */
function toRow(
  figures: Figures,
  contestant: ContestantFigures,
  name: string,
  what: (round: Round) => Slice,
  of: (round: Round) => Slice = what,
): string[] {
  const { perSecond, computing, p50, p99, driver } = medianSlice(contestant.rounds.map(what));
  const times = (reference: 'passport-memory' | 'passport-redis', read: (slice: Slice) => number) =>
    orDash(
      ratio(
        figures,
        contestant,
        reference,
        (round) => read(what(round)),
        (round) => read(of(round)),
      ),
    );
  return [
    name,
    perSecond.toFixed(0),
    times('passport-memory', (slice) => slice.perSecond),
    times('passport-redis', (slice) => slice.perSecond),
    computing.toFixed(3),
    // As many logins for the same computing time; steadier than the clock where others use the machine.
    times('passport-redis', (slice) => 1 / slice.computing),
    p50.toFixed(1),
    p99.toFixed(1),
    `${(driver * 100).toFixed(0)} %`,
  ];
}

/** The medians as plain text, for the terminal. */
export function toTable(figures: Figures): string {
  const { contestants } = figures;
  const logins = contestants.map((one) => [
    ...toRow(figures, one, one.name, (round) => round.logins),
    orDash(one.memory, 0),
    median(one.rounds.map(({ firstPageAfter }) => firstPageAfter)).toFixed(0),
  ]);
  const pages = contestants.flatMap((one) => [
    toRow(figures, one, one.name, (round) => round.pages),
    ...(one.rounds[0]!.fullPages === null
      ? []
      : [
          toRow(
            figures,
            one,
            `${one.name}, four cards`,
            (round) => round.fullPages!,
            (round) => round.pages,
          ),
        ]),
  ]);
  const rows = [['Logins', ...head.slice(1)], ...logins, [''], ['Pages', ...head.slice(1, -2)], ...pages];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!);
  return ['', ...rows.map((row) => row.map(pad).join('  ')), ''].join('\n');
}
