import type { Report } from './try-it-report.ts';

/** A login that Try it started. */
export interface TryItLogin {
  readonly state: string;
  /** Of `playedApis`. */
  readonly api: string;
  /** What the cookie of the browser that started it says. */
  readonly browser: string;
  readonly codeVerifier: string | null;
  /** Filled in by the first callback; a reload shows the same again. */
  report: Promise<Report> | null;
}
