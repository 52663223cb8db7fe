import type { MessageKind } from '../inspector/trace.ts';
import type { BreakerState } from './circuit-breaker.ts';

/** How one request to a provider ended. Those that begin with `unsent` were never sent. */
const requestOutcomes = [
  /** A whole answer came, a refusal included. */
  'answered',
  /** 429. */
  'told-to-wait',
  /** 5xx. */
  'server-error',
  /** The time was over before the answer was complete. */
  'timeout',
  /** No connection, one that broke, or a certificate that does not hold. */
  'connection-error',
  /** An answer came that is too large, compressed, a redirect or not UTF-8. */
  'unreadable',
  /** The circuit is open. */
  'unsent-failing',
  /** The provider has asked us to wait at this address. */
  'unsent-told-to-wait',
  /** Too many were under way, or its turn did not come in time. */
  'unsent-too-many',
] as const;
export type RequestOutcome = (typeof requestOutcomes)[number];

export interface FinishedRequest {
  /** The provider's id. */
  readonly provider: string;
  readonly kind: MessageKind;
  readonly outcome: RequestOutcome;
  /** HTTP's own; null when no answer came. */
  readonly status: number | null;
  /** From the wish to send it to the end of the answer, waiting included. */
  readonly milliseconds: number;
}

/** How it stands with the requests of this process to one provider. */
export interface Traffic {
  readonly breaker: BreakerState;
  readonly inFlight: number;
  readonly waiting: number;
}

/** Hears of every request to a provider, for metrics and the log. Must not throw. */
export interface TrafficObserver {
  requestFinished(request: FinishedRequest): void;
  /** The circuit of a provider has opened, let a probe through, or closed. */
  breakerMoved(provider: string, breaker: BreakerState): void;
}

export const nobodyObserves: TrafficObserver = { requestFinished: () => {}, breakerMoved: () => {} };
