import { type Figures, medianSlice, ratio } from './figures.ts';
import { median } from './statistics.ts';

const orDash = (value: number | null, digits = 2) => (value === null ? '–' : value.toFixed(digits));

/** The medians as plain text, for the terminal. */
export function toTable(figures: Figures): string {
  const head = [
    '',
    'logins/s',
    'p50',
    'p99',
    'CPU ms',
    '×memory',
    '×redis',
    'pages/s',
    'CPU ms',
    '×redis',
    'driver',
    'MB',
    'start',
  ];
  const rows = figures.contestants.flatMap((contestant) => {
    const { rounds, memory, name } = contestant;
    const logins = medianSlice(rounds.map((round) => round.logins));
    const pages = medianSlice(rounds.map((round) => round.pages));
    const loginRatio = (reference: 'passport-memory' | 'passport-redis') =>
      orDash(ratio(figures, contestant, reference, (round) => round.logins.perSecond));
    const row = [
      name,
      logins.perSecond.toFixed(0),
      logins.p50.toFixed(1),
      logins.p99.toFixed(1),
      logins.computing.toFixed(3),
      loginRatio('passport-memory'),
      loginRatio('passport-redis'),
      pages.perSecond.toFixed(0),
      pages.computing.toFixed(4),
      orDash(ratio(figures, contestant, 'passport-redis', (round) => round.pages.perSecond)),
      `${(Math.max(logins.driver, pages.driver) * 100).toFixed(0)} %`,
      orDash(memory, 0),
      median(rounds.map(({ firstPageAfter }) => firstPageAfter)).toFixed(0),
    ];
    if (rounds[0]!.fullPages === null) return [row];
    const full = medianSlice(rounds.map((round) => round.fullPages!));
    const fullRatio = ratio(
      figures,
      contestant,
      'passport-redis',
      (round) => round.fullPages!.perSecond,
      (round) => round.pages.perSecond,
    );
    const fullRow = [
      `${name}, four cards`,
      '',
      '',
      '',
      '',
      '',
      '',
      full.perSecond.toFixed(0),
      full.computing.toFixed(4),
      orDash(fullRatio),
      '',
      '',
      '',
    ];
    return [row, fullRow];
  });
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  ');
  return ['', line(head), ...rows.map(line), ''].join('\n');
}
