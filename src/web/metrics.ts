import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from '@prometheus-io/client';
import type { BreakerPosition } from '../oauth/circuit-breaker.ts';
import type { Traffic, TrafficObserver } from '../oauth/traffic.ts';
import type { PoolUse } from '../storage/postgresql.ts';
import type { Log, LogEvent, LogFields } from './log.ts';

/** What is looked at when somebody asks, rather than counted when it happens. */
export interface MetricsSources {
  readonly traffic: () => readonly (Traffic & { readonly provider: string })[];
  /** Null without a pool. */
  readonly poolUse: (() => PoolUse) | null;
  readonly isStopping: () => boolean;
}

export interface Metrics {
  /** The same log, which counts what it is told, whatever its level. */
  counting(log: Log): Log;
  readonly trafficObserver: TrafficObserver;
  /** Names what is looked at from now on. */
  watch(sources: MetricsSources): void;
  /** Everything, in the text format of Prometheus. */
  text(): Promise<string>;
  readonly contentType: string;
}

const requestSeconds = [0.005, 0.025, 0.1, 0.25, 1, 2.5, 10];
const providerSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8];

const breakerPositions: readonly BreakerPosition[] = ['closed', 'half-open', 'open'];

/** Methods that a route has; a client may send thirty others. */
const knownMethods = ['GET', 'HEAD', 'POST'];

/**
 * Creates the metrics of one process. Every label is one of a fixed list: names of routes, events,
 * codes, providers and outcomes, never anything of a person or from a request.
 *
 * `withProcess` adds memory, processor time, event loop and garbage collection of the process.
 */
export function createMetrics(withProcess: boolean): Metrics {
  const registry = new Registry();
  const registers = [registry];
  let sources: MetricsSources = { traffic: () => [], poolUse: null, isStopping: () => false };
  if (withProcess) collectDefaultMetrics({ register: registry });

  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name: `latchkey_${name}`, help, labelNames, registers });
  const gauge = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    read: (gauge: Gauge<Label>) => void,
  ) =>
    new Gauge<Label>({
      name: `latchkey_${name}`,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        read(this);
      },
    });

  const httpRequests = new Histogram({
    name: 'latchkey_http_request_duration_seconds',
    help: 'Requests to this application, by the pattern of their route.',
    labelNames: ['method', 'route', 'status'],
    buckets: requestSeconds,
    registers,
  });
  const events = counter('events_total', 'What was logged, by its name.', ['event']);
  const starts = counter('login_starts_total', 'Logins that were started.', ['provider']);
  const logins = counter(
    'logins_total',
    'Logins that came back from the provider: ok, or the code of the error page.',
    ['provider', 'code'],
  );
  const refusals = counter('request_refusals_total', 'Requests that were refused, by code.', ['code']);
  const limited = counter('rate_limited_total', 'Requests that came too often.', ['area', 'by']);
  const failures = counter('failures_total', 'Requests that failed here: our mistake, or a store.', ['code']);
  // There from the start: what appears at 1 has not increased, in the eyes of Prometheus.
  for (const code of ['internal', 'store_unavailable']) failures.inc({ code }, 0);
  const refreshes = counter('refreshes_total', 'Tokens renewed, by how it ended.', ['provider', 'outcome']);
  const validations = counter('validations_total', 'Tokens validated, by how it ended.', [
    'provider',
    'outcome',
  ]);
  const providerRequests = new Histogram({
    name: 'latchkey_provider_request_duration_seconds',
    help: 'Requests to providers, waiting for a turn included.',
    labelNames: ['provider', 'kind', 'outcome'],
    buckets: providerSeconds,
    registers,
  });
  const breakerMoves = counter('provider_breaker_moves_total', 'Circuits that opened, tried or closed.', [
    'provider',
    'position',
  ]);
  gauge('provider_breaker', '1 for the position that the circuit has.', ['provider', 'position'], (set) => {
    for (const { provider, breaker } of sources.traffic())
      for (const position of breakerPositions)
        set.set({ provider, position }, breaker.position === position ? 1 : 0);
  });
  gauge('provider_requests_in_flight', 'Requests to a provider that are under way.', ['provider'], (set) => {
    for (const { provider, inFlight } of sources.traffic()) set.set({ provider }, inFlight);
  });
  gauge('provider_requests_waiting', 'Requests to a provider that wait for a turn.', ['provider'], (set) => {
    for (const { provider, waiting } of sources.traffic()) set.set({ provider }, waiting);
  });
  gauge('database_connections', 'Connections to PostgreSQL.', ['state'], (set) => {
    if (!sources.poolUse) return;
    const { most, open, idle } = sources.poolUse();
    set.set({ state: 'used' }, open - idle);
    set.set({ state: 'idle' }, idle);
    set.set({ state: 'free' }, most - open);
  });
  gauge('database_waiting', 'Requests that stand in line for a connection.', [], (set) => {
    if (sources.poolUse) set.set(sources.poolUse().waiting);
  });
  gauge('stopping', '1 from the moment the process was told to stop.', [], (set) => {
    set.set(sources.isStopping() ? 1 : 0);
  });

  /** What an event adds to, besides the count of its name. */
  const counts: { readonly [Event in LogEvent]?: (fields: LogFields) => void } = {
    request: ({ method = '', route = '', status = 0, milliseconds = 0 }) =>
      httpRequests.observe(
        { method: knownMethods.includes(method) ? method : 'other', route, status },
        milliseconds / 1000,
      ),
    'login.start': ({ provider = 'none' }) => starts.inc({ provider }),
    'login.ok': ({ provider = 'none' }) => logins.inc({ provider, code: 'ok' }),
    'login.fail': ({ provider = 'none', code = '' }) => logins.inc({ provider, code }),
    refresh: ({ provider = '', outcome = '' }) => refreshes.inc({ provider, outcome }),
    validate: ({ provider = '', outcome = '' }) => validations.inc({ provider, outcome }),
    rate_limited: ({ area = '', reason = '' }) => limited.inc({ area, by: reason }),
    cross_origin: ({ code = '' }) => refusals.inc({ code }),
    'request.refused': ({ code = '' }) => refusals.inc({ code }),
    failure: ({ code = '' }) => failures.inc({ code }),
  };

  function count(event: LogEvent, fields: LogFields): void {
    events.inc({ event });
    counts[event]?.(fields);
  }

  return {
    counting(log) {
      const both = (level: keyof Log) => (event: LogEvent, fields: LogFields) => {
        count(event, fields);
        log[level](event, fields);
      };
      return { debug: both('debug'), info: both('info'), warn: both('warn'), error: both('error') };
    },
    trafficObserver: {
      requestFinished: ({ provider, kind, outcome, milliseconds }) =>
        providerRequests.observe({ provider, kind, outcome }, milliseconds / 1000),
      breakerMoved: (provider, { position }) => breakerMoves.inc({ provider, position }),
    },
    watch: (from) => {
      sources = from;
      for (const { provider } of from.traffic()) refreshes.inc({ provider, outcome: 'foreign' }, 0);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
