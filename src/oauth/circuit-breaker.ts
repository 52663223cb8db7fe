/**
 * `closed`: requests go. `open`: none goes. `half-open`: one goes, the probe, and its end decides.
 */
export type BreakerPosition = 'closed' | 'open' | 'half-open';

/** All instants in milliseconds since 1970. */
export interface BreakerState {
  readonly position: BreakerPosition;
  /** Since when it stands so. An open one stays open until somebody wants to send again. */
  readonly since: number;
  /** The first of the failures that opened it; null while it is closed. */
  readonly failingSince: number | null;
  /** The last failure that was seen; null while it is closed. */
  readonly lastFailureAt: number | null;
}

export interface BreakerLimits {
  /** So many failures within the window open it. */
  readonly failures: number;
  readonly windowMilliseconds: number;
  /** After so long the next request is let through as a probe. */
  readonly openMilliseconds: number;
}

export const usualBreakerLimits: BreakerLimits = {
  failures: 5,
  windowMilliseconds: 10_000,
  openMilliseconds: 15_000,
};

/** Has to be called once, when the request that was let through has ended. */
type ReportEnd = (end: 'worked' | 'failed') => void;

export interface CircuitBreaker {
  state(): BreakerState;
  /** How long until a request can be let through, in milliseconds; 0 when the next one may try. */
  waitMilliseconds(): number;
  /** Lets one request through, or null. */
  admit(): ReportEnd | null;
}

/**
 * Stops asking a provider that fails, so that nobody waits for it and it can recover. What counts
 * as a failure is up to the caller. Requests that were let through before it opened decide nothing
 * afterwards: only the probe does.
 */
export function createCircuitBreaker(
  limits: BreakerLimits,
  now: () => number,
  moved: (state: BreakerState) => void,
): CircuitBreaker {
  const closed = (): BreakerState => ({
    position: 'closed',
    since: now(),
    failingSince: null,
    lastFailureAt: null,
  });
  let state = closed();
  let failures: readonly number[] = [];

  function move(next: BreakerState): void {
    state = next;
    moved(state);
  }

  function open(failingSince: number): void {
    failures = [];
    move({ position: 'open', since: now(), failingSince, lastFailureAt: now() });
  }

  function waitMilliseconds(): number {
    if (state.position !== 'open') return 0;
    const passed = now() - state.since;
    // A clock that was set back must not keep it open for longer.
    return passed < 0 ? 0 : Math.max(0, limits.openMilliseconds - passed);
  }

  const endOfProbe: ReportEnd = (end) => {
    if (end === 'failed') return open(state.failingSince ?? now());
    move(closed());
  };

  const endOfUsual: ReportEnd = (end) => {
    if (end === 'worked' || state.position !== 'closed') return;
    failures = [...failures.filter((at) => now() - at < limits.windowMilliseconds), now()];
    if (failures.length >= limits.failures) open(failures[0]!);
  };

  function admit(): ReportEnd | null {
    if (state.position === 'closed') return endOfUsual;
    if (state.position === 'half-open' || waitMilliseconds() > 0) return null;
    move({ ...state, position: 'half-open', since: now() });
    return endOfProbe;
  }

  return { state: () => state, waitMilliseconds, admit };
}
