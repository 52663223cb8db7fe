import type { Flow } from './trace.ts';

export interface FlowLimits {
  readonly flows: number;
  readonly bytes: number;
  readonly milliseconds: number;
}

const usualFlowLimits: FlowLimits = {
  flows: 200,
  bytes: 32 * 1024 * 1024,
  milliseconds: 60 * 60 * 1000,
};

/** Who looks: the whole mark of the browser's binding cookie, and the account signed in. */
export type Viewer = readonly (string | null)[];

export interface Flows {
  add(flow: Flow): void;
  /** Has become bigger: makes room. */
  grown(flow: Flow): void;
  remove(flow: Flow): void;
  /** Null also for a flow of somebody else. */
  get(id: string, viewer: Viewer): Flow | null;
  /** The viewer's own, newest first. */
  list(viewer: Viewer): Flow[];
  /** The login that this state was given to, if it was given to this browser. */
  findLogin(stateMark: string, browser: string): Flow | null;
  /** Remembers which login a state belongs to. */
  nameLogin(flow: Flow, stateMark: string): void;
}

/** Flows in memory, oldest first; gone after an hour, or when there are too many. */
export function createFlows(now: () => number, limits: FlowLimits = usualFlowLimits): Flows {
  /** With what they weighed when they were looked at last. */
  const flows = new Map<string, { readonly flow: Flow; bytes: number }>();
  const logins = new Map<string, Flow>();
  let bytes = 0;

  function drop(flow: Flow): void {
    bytes -= flows.get(flow.id)?.bytes ?? 0;
    flows.delete(flow.id);
    if (flow.stateMark !== null) logins.delete(flow.stateMark);
  }

  function weighAgain(flow: Flow): void {
    const known = flows.get(flow.id);
    if (!known) return;
    bytes += flow.bytes - known.bytes;
    known.bytes = flow.bytes;
  }

  /** The oldest go first, and most often none has to. */
  function tidy(): void {
    const end = now() - limits.milliseconds;
    for (const { flow } of flows.values()) {
      const fits = flows.size <= limits.flows && bytes <= limits.bytes;
      if (fits && flow.startedAt > end) return;
      drop(flow);
    }
  }

  const isVisible = (flow: Flow, viewer: Viewer) =>
    viewer.some((who) => who !== null && flow.owners.has(who));

  return {
    add(flow) {
      flows.set(flow.id, { flow, bytes: 0 });
      weighAgain(flow);
      tidy();
    },
    grown(flow) {
      weighAgain(flow);
      tidy();
    },
    remove: drop,
    get(id, viewer) {
      tidy();
      const flow = flows.get(id)?.flow;
      return flow && isVisible(flow, viewer) ? flow : null;
    },
    list(viewer) {
      tidy();
      const all = [...flows.values()].map(({ flow }) => flow);
      return all.filter((flow) => isVisible(flow, viewer)).reverse();
    },
    findLogin(stateMark, browser) {
      tidy();
      const flow = logins.get(stateMark);
      return flow?.owners.has(browser) ? flow : null;
    },
    nameLogin(flow, stateMark) {
      // What has gone already must not be kept by its name.
      if (!flows.has(flow.id)) return;
      flow.stateMark = stateMark;
      logins.set(stateMark, flow);
    },
  };
}
