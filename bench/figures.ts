import type { Slice } from './load.ts';
import { median } from './statistics.ts';

/** How much a run does. */
export interface Plan {
  readonly rounds: number;
  readonly connections: number;
  readonly warmUpLogins: number;
  /** V8 has optimised what answers a page after more than ten thousand of them: it counts calls, not time. */
  readonly warmUpPages: number;
  readonly loginSeconds: number;
  readonly pageSeconds: number;
  readonly delayedRounds: number;
  readonly delayedSeconds: number;
  readonly sessionsForMemory: number;
}

/** One contestant in one round. */
export interface Round {
  /** Milliseconds from the start of the process to the first page. */
  readonly firstPageAfter: number;
  readonly logins: Slice;
  readonly pages: Slice;
  /** Characters. */
  readonly pageLength: number;
  /** The page of an account with all four services; null for who has one service only. */
  readonly fullPages: Slice | null;
  readonly fullPageLength: number | null;
}

export interface ContestantFigures {
  readonly id: string;
  readonly name: string;
  readonly store: string;
  readonly binding: string;
  readonly lacks: readonly string[];
  readonly versions: readonly string[];
  readonly rounds: readonly Round[];
  /** Logins with a provider that takes its time, by round; empty where that was left out. */
  readonly delayed: readonly Slice[];
  /** Megabytes after many sessions; null where that was left out. */
  readonly memory: number | null;
}

/** All that a run has measured, as it is kept in figures.json. */
export interface Figures {
  readonly machine: {
    /** ISO 8601. */
    readonly date: string;
    readonly processor: string;
    readonly cores: number;
    readonly memoryGigabytes: number;
    readonly system: string;
    readonly node: string;
    readonly pinned: boolean;
    /** Of the last minute before the run. */
    readonly loadBefore: number;
    readonly version: string;
  };
  readonly plan: Plan & { readonly newcomersInHundred: number; readonly delayMilliseconds: number };
  /** The same of an Express application that does nothing, by round. */
  readonly emptyStarts: readonly number[];
  readonly contestants: readonly ContestantFigures[];
}

/** The medians of a contestant's rounds, field by field. */
export function medianSlice(slices: readonly Slice[]): Slice {
  const of = (read: (slice: Slice) => number) => median(slices.map(read));
  const stores = slices.flatMap(({ storeComputing }) => (storeComputing === null ? [] : [storeComputing]));
  return {
    count: of(({ count }) => count),
    perSecond: of(({ perSecond }) => perSecond),
    p50: of(({ p50 }) => p50),
    p99: of(({ p99 }) => p99),
    computing: of(({ computing }) => computing),
    storeComputing: stores.length > 0 ? median(stores) : null,
    application: of(({ application }) => application),
    driver: of(({ driver }) => driver),
    stub: of(({ stub }) => stub),
  };
}

/** The two that all are compared with. */
const references = ['passport-memory', 'passport-redis'] as const;
export type Reference = (typeof references)[number];

/**
 * The median of the ratios within each round; null where the reference was not measured.
 * `what` reads the figure to compare; `of` the one of the reference, its own by default.
 */
export function ratio(
  figures: Figures,
  contestant: ContestantFigures,
  reference: Reference,
  what: (round: Round) => number,
  of: (round: Round) => number = what,
): number | null {
  const other = figures.contestants.find(({ id }) => id === reference);
  if (!other) return null;
  return median(contestant.rounds.map((round, index) => what(round) / of(other.rounds[index]!)));
}
