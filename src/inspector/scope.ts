import { AsyncLocalStorage } from 'node:async_hooks';
import { createFlows, type FlowLimits, type Flows, type Viewer } from './flows.ts';
import { createMarks, type Marks } from './marks.ts';
import type { Redactor } from './redact.ts';
import type { Flow } from './trace.ts';

/** What is recorded, and for whom. Null in the application when the inspector is off. */
export interface Inspector {
  readonly flows: Flows;
  readonly marks: Marks;
  readonly now: () => number;
  /** The recorder itself has failed. No request hears of it. */
  readonly complain: (error: unknown) => void;
}

export function createInspector(
  now: () => number,
  complain: (error: unknown) => void,
  limits?: FlowLimits,
): Inspector {
  return { flows: createFlows(now, limits), marks: createMarks(), now, complain };
}

/** A request of a browser, as far as it is recorded. */
export interface Visit {
  readonly inspector: Inspector;
  /** The value of its binding cookie. */
  readonly browser: string | null;
  readonly accountId: string | null;
  readonly method: string;
  /** In full, without the query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly at: number;
  /** The login that this request starts or continues. */
  login: Recording | null;
  failure: unknown;
  outcome: string | null;
}

/** A flow being recorded. */
export interface Recording {
  readonly flow: Flow;
  readonly redactor: Redactor;
  readonly client: RecordedClient;
}

/** What a flow needs to know of the client. */
export interface RecordedClient {
  readonly provider: {
    readonly id: string;
    readonly name: string;
    readonly endpoints: object;
    readonly publicEndpoints?: object;
    readonly trace: { readonly shows: readonly string[] };
  };
  readonly mode: string;
  readonly clientSecret: string | null;
  readonly redirectUri: string;
  readonly scope: readonly string[];
}

interface Scope {
  readonly visit: Visit;
  /** A flow that is no login, begun inside of this request. */
  readonly own: Recording | null;
}

/** Parameters cannot carry it: openid-client calls our fetch by itself. */
export const scopes = new AsyncLocalStorage<Scope>();

/** Does the work of one request, recorded. */
export function recordVisit<Result>(visit: Visit, work: () => Result): Result {
  return scopes.run({ visit, own: null }, work);
}

/** True inside of a flow: for what would be work to find out. */
export function isRecording(): boolean {
  return current() !== null;
}

export function current(): Recording | null {
  const scope = scopes.getStore();
  return scope ? (scope.own ?? scope.visit.login) : null;
}

/** Nothing that goes wrong here may reach the login. */
export function guarded(inspector: Inspector | undefined, work: () => void): void {
  try {
    work();
  } catch (error) {
    inspector?.complain(error);
  }
}

/** Does something for the flow under way, if there is one. */
export function record(work: (recording: Recording, visit: Visit) => void): void {
  const scope = scopes.getStore();
  const recording = scope && (scope.own ?? scope.visit.login);
  if (!recording) return;
  const { inspector } = scope.visit;
  guarded(inspector, () => {
    work(recording, scope.visit);
    inspector.flows.grown(recording.flow);
  });
}

/** Whom a browser and an account are known as. */
export function toViewer({ marks }: Inspector, browser: string | null, accountId: string | null): Viewer {
  return [browser === null ? null : `browser ${marks.whole(browser)}`, accountId && `account ${accountId}`];
}

/** The id of the flow under way, for a link to it; null when there is none. */
export function currentFlowId(): string | null {
  return current()?.flow.id ?? null;
}

/** The flow of this request, for a link to it; null when there is none. */
export function currentLogin(): Flow | null {
  return scopes.getStore()?.visit.login?.flow ?? null;
}
