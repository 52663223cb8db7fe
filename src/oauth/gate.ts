import PQueue from 'p-queue';
import { LoginError, type Unsent } from '../errors.ts';
import { createCircuitBreaker, type BreakerLimits } from './circuit-breaker.ts';
import type { RequestOutcome, Traffic, TrafficObserver } from './traffic.ts';

export interface GateLimits {
  /** Requests to one provider at the same time. */
  readonly inFlight: number;
  /** Requests that wait for their turn; one more is refused at once. */
  readonly waiting: number;
  readonly breaker: BreakerLimits;
}

/** The end of one request. */
export interface Ended<Answer> {
  readonly outcome: RequestOutcome;
  readonly answer: Answer | null;
  /** Null when the answer can be used. */
  readonly error: LoginError | null;
  /** How long the provider wants to be left alone at this address. */
  readonly retryAfterMilliseconds: number | null;
}

export interface Gate {
  /**
   * Runs `exchange` when it may be sent and its turn comes, for which it waits so long and no
   * longer. What is not sent ends as one of the `unsent-…` outcomes.
   */
  pass<Answer>(
    address: string,
    patienceMilliseconds: number,
    exchange: () => Promise<Ended<Answer>>,
  ): Promise<Ended<Answer>>;
  traffic(): Traffic;
}

/** A provider that answers works, whatever it says; one that is only busy says so itself (RFC 6585 4). */
const failures: readonly RequestOutcome[] = ['server-error', 'timeout', 'connection-error'];

/** After this long a visitor may find room again: requests to a provider are over by then. */
const roomAfterSeconds = 10;

/**
 * What keeps one provider's trouble to itself: few requests at once and a short line before them,
 * a circuit breaker, and the provider's own wish to be left alone.
 */
export function createGate(
  provider: string,
  limits: GateLimits,
  now: () => number,
  observer: TrafficObserver,
): Gate {
  const line = new PQueue({ concurrency: limits.inFlight });
  const leftAlone = new Map<string, { readonly from: number; readonly until: number }>();
  const breaker = createCircuitBreaker(limits.breaker, now, (state) =>
    observer.breakerMoved(provider, state),
  );

  function refuse(unsent: Unsent, because: string, seconds: number): Ended<never> {
    const { failingSince } = breaker.state();
    const error = new LoginError(unsent === 'failing' ? 'provider_unreachable' : 'provider_busy', {
      provider,
      reason: because,
      unsent,
      retryAfterSeconds: seconds,
      ...(failingSince === null ? {} : { failingSince }),
    });
    return { outcome: `unsent-${unsent}`, answer: null, error, retryAfterMilliseconds: null };
  }

  function refuseFailing(): Ended<never> {
    const since = new Date(breaker.state().failingSince ?? now()).toISOString().slice(11, 16);
    const milliseconds = breaker.waitMilliseconds() || limits.breaker.openMilliseconds;
    return refuse('failing', `it has been failing since ${since} UTC`, toSeconds(milliseconds));
  }

  function refuseEarly(milliseconds: number): Ended<never> {
    const seconds = toSeconds(milliseconds);
    return refuse('told-to-wait', `it asked us to wait ${seconds} seconds more`, seconds);
  }

  const refuseForRoom = () => refuse('too-many', 'too many requests to it are under way', roomAfterSeconds);

  /** What speaks against sending, whether or not there is room; null when nothing does. */
  function toObjection(address: string): Ended<never> | null {
    const { position } = breaker.state();
    if (position === 'half-open' || breaker.waitMilliseconds() > 0) return refuseFailing();
    const alone = leftAlone.get(address);
    // A clock that was set back must not make it longer.
    const asked = alone !== undefined && now() >= alone.from && now() < alone.until;
    return asked ? refuseEarly(alone.until - now()) : null;
  }

  async function send<Answer>(
    address: string,
    exchange: () => Promise<Ended<Answer>>,
  ): Promise<Ended<Answer>> {
    const objection = toObjection(address);
    if (objection) return objection;
    const reportEnd = breaker.admit();
    if (!reportEnd) return refuseFailing();
    let end: Parameters<typeof reportEnd>[0] = 'failed';
    try {
      const ended = await exchange();
      if (!failures.includes(ended.outcome)) end = 'worked';
      if (ended.retryAfterMilliseconds !== null)
        leftAlone.set(address, { from: now(), until: now() + ended.retryAfterMilliseconds });
      return ended;
    } finally {
      // Whatever happens: a probe that never ended would keep the circuit from closing.
      reportEnd(end);
    }
  }

  async function pass<Answer>(
    address: string,
    patienceMilliseconds: number,
    exchange: () => Promise<Ended<Answer>>,
  ): Promise<Ended<Answer>> {
    const objection = toObjection(address);
    if (objection) return objection;
    if (line.pending >= limits.inFlight && line.size >= limits.waiting) return refuseForRoom();
    const leaving = new AbortController();
    const patience = setTimeout(() => leaving.abort(), patienceMilliseconds);
    const turn = line.add(
      () => {
        // Only who waits can leave: what has begun keeps its place until it has ended.
        clearTimeout(patience);
        // The circuit may have opened since; then this place goes to the next one at once.
        return send(address, exchange);
      },
      { signal: leaving.signal },
    );
    return turn.catch((error: unknown) => {
      if (!leaving.signal.aborted) throw error;
      return toObjection(address) ?? refuseForRoom();
    });
  }

  return {
    pass,
    traffic: () => ({ breaker: breaker.state(), inFlight: line.pending, waiting: line.size }),
  };
}

const toSeconds = (milliseconds: number) => Math.max(1, Math.ceil(milliseconds / 1000));
