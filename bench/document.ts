import {
  type ContestantFigures,
  type Figures,
  medianSlice,
  ratio,
  type Reference,
  type Round,
} from './figures.ts';
import type { Slice } from './load.ts';
import { median } from './statistics.ts';

type Row = readonly string[];

function toMarkdownTable(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '--:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

const orDash = (value: number | null, digits: number) => (value === null ? '–' : value.toFixed(digits));
const percent = (share: number) => `${(share * 100).toFixed(0)} %`;
const thousands = (value: number) => Math.round(value).toLocaleString('en-US');

/** Whose figures are those of the driver as well. */
const driverLimit = 0.8;
const mark = ({ driver }: Slice) => (driver > driverLimit ? ' †' : '');

const logins = ({ rounds }: ContestantFigures) => medianSlice(rounds.map((round) => round.logins));

function loginTable(figures: Figures): string {
  const rows = figures.contestants.map((one) => {
    const slice = logins(one);
    const times = (reference: Reference) =>
      orDash(
        ratio(figures, one, reference, (round) => round.logins.perSecond),
        2,
      );
    return [
      one.name,
      thousands(slice.perSecond) + mark(slice),
      `**${times('passport-memory')}**`,
      `**${times('passport-redis')}**`,
      slice.p50.toFixed(1),
      slice.p99.toFixed(1),
      slice.computing.toFixed(2),
      orDash(slice.storeComputing, 2),
      percent(slice.application),
      percent(slice.driver),
    ];
  });
  return toMarkdownTable(
    [
      '',
      'logins/s',
      '× Passport, MemoryStore',
      '× Passport, connect-redis',
      'p50 ms',
      'p99 ms',
      'CPU ms a login',
      'CPU ms of the store',
      'application’s core',
      'driver',
    ],
    rows,
  );
}

function pageRow(
  figures: Figures,
  one: ContestantFigures,
  name: string,
  what: (round: Round) => Slice,
  length: (round: Round) => number,
): Row {
  const slice = medianSlice(one.rounds.map(what));
  const times = (reference: Reference) =>
    orDash(
      ratio(
        figures,
        one,
        reference,
        (round) => what(round).perSecond,
        (round) => round.pages.perSecond,
      ),
      2,
    );
  return [
    name,
    thousands(slice.perSecond) + mark(slice),
    `**${times('passport-memory')}**`,
    `**${times('passport-redis')}**`,
    slice.p50.toFixed(2),
    slice.p99.toFixed(2),
    slice.computing.toFixed(3),
    thousands(median(one.rounds.map(length))),
    percent(slice.application),
    percent(slice.driver),
  ];
}

function pageTable(figures: Figures): string {
  const rows = figures.contestants.flatMap((one) => {
    const plain = pageRow(
      figures,
      one,
      one.name,
      (round) => round.pages,
      (round) => round.pageLength,
    );
    if (one.rounds[0]!.fullPages === null) return [plain];
    const full = pageRow(
      figures,
      one,
      `${one.name}, four cards`,
      (round) => round.fullPages!,
      (round) => round.fullPageLength!,
    );
    return [plain, full];
  });
  return toMarkdownTable(
    [
      '',
      'pages/s',
      '× Passport, MemoryStore',
      '× Passport, connect-redis',
      'p50 ms',
      'p99 ms',
      'CPU ms a page',
      'characters',
      'application’s core',
      'driver',
    ],
    rows,
  );
}

function delayedTable(figures: Figures): string {
  const rows = figures.contestants.map(({ name, delayed }) => {
    const slice = medianSlice(delayed);
    return [
      name,
      thousands(slice.perSecond),
      slice.p50.toFixed(1),
      slice.p99.toFixed(1),
      slice.computing.toFixed(2),
    ];
  });
  return toMarkdownTable(['', 'logins/s', 'p50 ms', 'p99 ms', 'CPU ms a login'], rows);
}

function processTable({ contestants, emptyStarts }: Figures): string {
  const rows = contestants.map(({ name, memory, rounds }) => [
    name,
    orDash(memory, 0),
    median(rounds.map(({ firstPageAfter }) => firstPageAfter)).toFixed(0),
    median(rounds.map(({ firstPageAfter }, round) => firstPageAfter / emptyStarts[round]!)).toFixed(2),
  ]);
  return toMarkdownTable(
    ['', 'MB', 'ms to the first page', '× an empty Express application'],
    [...rows, ['An empty Express application', '–', median(emptyStarts).toFixed(0), '1.00']],
  );
}

function contestantList({ contestants }: Figures): string {
  return contestants
    .map(({ name, store, binding, versions, lacks }) =>
      [
        `- **${name}**: ${versions.join(', ')}. Sessions: ${store}. Each login is bound by ${binding}.`,
        lacks.length > 0 ? ` Does without: ${lacks.join('; ')}.` : '',
      ].join(''),
    )
    .join('\n');
}

/** docs/performance.md. */
export function toDocument(figures: Figures): string {
  const { machine, plan } = figures;
  const newest = Math.max(...figures.contestants.map((one) => logins(one).driver));
  return `# Performance

Written by \`npm run bench\` from figures that it has just measured; whoever edits it by hand loses that
at the next run. The figures of every round: [figures.json](../bench/results/figures.json).

![Logins and pages a second, as multiples of Passport on connect-redis](performance.svg)

## What is measured

Whole logins. Each has a new cookie jar and goes the whole way: start, the provider's authorization
endpoint, callback, and the page behind it, which has to show the person's name. All contestants log in
with the same local provider, which speaks Resonite's wire (OAuth 2.0 with PKCE) and demands the same of
all: \`state\`, PKCE with S256, the client secret, one token request and one user call for each login.
Before each turn the driver sees to it that the callback of another browser signs nobody in, and that
cookies from before a sign-in do not open the page after it. One error ends the run, and so does a token request or user call
too many or too few.

- ${plan.connections} connections that are kept alive, each with one login or page at a time.
- ${machine.pinned ? 'The application alone on one core; provider, driver and Redis on another.' : '**Nothing was pinned to a core, so these figures mean little.**'}
- Rounds: ${plan.rounds}. In each the contestants take turns, another one first each time. A contestant
  begins each of its turns as a new process on empty stores: ${thousands(plan.warmUpLogins)} logins to warm up, ${plan.loginSeconds} s
  of logins, ${thousands(plan.warmUpPages)} pages to warm up, ${plan.pageSeconds} s of pages. Figures are medians over the rounds; a ratio is the median of the ratios within each round.
- People: the first 256 logins are by people who were never there; from then on one in ${Math.round(100 / plan.newcomersInHundred)} is somebody
  new and the rest come back, so that accounts and sessions grow. The same order for all.
- CPU is the application's computing time, from \`/proc\`, all its threads. What Redis computes for it is
  told beside it.
- The driver took at most ${percent(newest)} of its core during logins. A † marks figures for which it took more
  than ${percent(driverLimit)}: there it was as much the limit as the application.

Latchkey runs as shipped, in production mode: SQLite in a file, sealed tokens, security headers, the
inspector off, its log written to a file. Nothing is set but what an operator sets: the endpoints of one
service, and the rate limits for one address raised as far as they go, because all logins come from one.
They count. It runs from its sources, and Node gets the two flags that the image gives it, as nobody else
here does: they halve the memory and cost up to a tenth of the speed
([decision 034](decisions/034-what-a-start-loads.md)).

## Logins

${loginTable(figures)}

## Pages

The page that somebody sees who is signed in, by 256 sessions in turn. Latchkey's has its whole design,
with all four services on; once with one of them linked, and once with four.

${pageTable(figures)}

## Logins with a provider that takes ${plan.delayMilliseconds} ms

For each of its two answers to the application, so no login can take less than ${2 * plan.delayMilliseconds} ms. Rounds: ${plan.delayedRounds}.

${plan.delayedRounds > 0 ? delayedTable(figures) : 'Not measured.'}

## Memory and start

Resident memory after ${thousands(plan.sessionsForMemory)} logins, every session of which is kept; the time from the start of the process
to the first page.

${processTable(figures)}

## The contestants

Each is a small file in [bench/contestants](../bench/contestants). What Latchkey does and another one does
not is said with it; the price of these things is in Latchkey's figures.

${contestantList(figures)}

## The machine

${machine.processor}, ${machine.cores} cores, ${machine.memoryGigabytes} GB; ${machine.system}; Node ${machine.node}; ${machine.date.slice(0, 10)}; Latchkey ${machine.version}. Load before the run:
${machine.loadBefore.toFixed(2)}, what was started for it included.

## Run it

    npm run bench                 the whole, half an hour or more; writes this page
    npm run bench -- --quick      a minute or two, to see that it works
    npm run bench -- --help       the rest

It needs Linux with two cores or more, \`taskset\` and \`redis-server\`. More: [bench/README.md](../bench/README.md).
`;
}
