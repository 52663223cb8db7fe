import type { Flow } from './trace.ts';

export interface FlowLimits {
  readonly flows: number;
  readonly bytes: number;
  readonly milliseconds: number;
}

export const usualFlowLimits: FlowLimits = {
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
  const flows = new Map<string, Flow>();
  const logins = new Map<string, string>();

  const sum = () => flows.values().reduce((bytes, flow) => bytes + flow.bytes, 0);

  function drop(flow: Flow): void {
    flows.delete(flow.id);
    for (const [stateMark, id] of logins) if (id === flow.id) logins.delete(stateMark);
  }

  function tidy(): void {
    const end = now() - limits.milliseconds;
    for (const flow of flows.values()) if (flow.startedAt <= end) drop(flow);
    let bytes = sum();
    for (const flow of flows.values()) {
      if (flows.size <= limits.flows && bytes <= limits.bytes) return;
      bytes -= flow.bytes;
      drop(flow);
    }
  }

  const isVisible = (flow: Flow, viewer: Viewer) =>
    viewer.some((who) => who !== null && flow.owners.has(who));

  return {
    add(flow) {
      flows.set(flow.id, flow);
      tidy();
    },
    grown: tidy,
    remove: drop,
    get(id, viewer) {
      tidy();
      const flow = flows.get(id);
      return flow && isVisible(flow, viewer) ? flow : null;
    },
    list(viewer) {
      tidy();
      return [...flows.values()].filter((flow) => isVisible(flow, viewer)).reverse();
    },
    findLogin(stateMark, browser) {
      tidy();
      const flow = flows.get(logins.get(stateMark) ?? '');
      return flow?.owners.has(browser) ? flow : null;
    },
    nameLogin: (flow, stateMark) => void logins.set(stateMark, flow.id),
  };
}
