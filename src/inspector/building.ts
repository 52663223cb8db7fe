import { randomBytes } from 'node:crypto';
import { type CheckName, checks } from './checks.ts';
import { type Kept, keep } from './kept.ts';
import { createRedactor } from './redact.ts';
import { type RecordedClient, type Recording, toViewer, type Visit } from './scope.ts';
import { type Text, toPlainText } from './text.ts';
import type { CheckResult, Flow, Lane, Purpose, Step, StepKind } from './trace.ts';

const mostSteps = 60;
const mostChecks = 120;
const checkBytes = 150;

/** 12 letters and digits that cannot be mistaken for each other: `K7Q2-9XFA-M4TD`. */
function newFlowId(): string {
  const alphabet = '23456789ABCDEFGHJKMNPQRSTVWXYZ';
  const characters = [...randomBytes(12)].map((byte) => alphabet[byte % alphabet.length]).join('');
  return characters.replace(/(.{4})(?=.)/g, '$1-');
}

export function beginFlow(
  { inspector, browser, accountId, at }: Visit,
  client: RecordedClient,
  purpose: Purpose,
  more: { readonly browser?: string; readonly scope?: readonly string[]; readonly at?: number } = {},
): Recording {
  const { provider, mode, redirectUri, clientSecret } = client;
  const owner = more.browser ?? browser;
  const flow: Flow = {
    id: newFlowId(),
    purpose,
    provider: { id: provider.id, name: provider.name },
    mode,
    startedAt: more.at ?? at,
    endedAt: null,
    owners: new Set(toViewer(inspector, owner, accountId).filter((who) => who !== null)),
    requestedScope: more.scope ?? client.scope,
    grantedScope: null,
    redirectUri,
    usesSecret: clientSecret !== null,
    steps: [],
    result: { kind: 'waiting' },
    notes: [],
    bytes: 1000,
    stateMark: null,
  };
  inspector.flows.add(flow);
  const { shows } = provider.trace;
  const redactor = createRedactor({ marks: inspector.marks, sandbox: mode === 'sandbox', shows });
  return { flow, client, redactor };
}

interface NewStep {
  readonly kind: StepKind;
  readonly from: Lane;
  readonly to: Lane;
  readonly title: string;
  readonly at: number;
  readonly standsFor?: string | null;
}

export function addStep({ flow }: Recording, { standsFor = null, ...step }: NewStep): Step | null {
  if (flow.steps.length >= mostSteps) return null;
  const added: Step = {
    ...step,
    standsFor,
    number: flow.steps.length + 1,
    milliseconds: null,
    request: null,
    response: null,
    status: null,
    trouble: null,
    unsent: null,
    checks: [],
    decoded: [],
  };
  flow.steps.push(added);
  flow.bytes += 500;
  return added;
}

/** Keeps something that belongs to a flow, and adds what it weighs: roughly, two bytes for a character. */
export function keepIn<T>(flow: Flow, value: T): Kept<T> {
  const kept = keep(value);
  flow.bytes += 2 * kept.length;
  return kept;
}

export function addCheck({ flow }: Recording, name: CheckName, result: CheckResult, actual: Text): void {
  const kind = checks[name].step;
  const step = flow.steps.findLast((one) => one.kind === kind) ?? flow.steps.at(-1);
  if (!step || flow.steps.reduce((sum, one) => sum + one.checks.length, 0) >= mostChecks) return;
  const check = { name, result, actual };
  step.checks.push(check);
  flow.bytes += checkBytes + 2 * toPlainText(actual).length;
}

/** The address that a provider is known by, where another one stands in for it. */
export function publicAddress({ provider }: RecordedClient, url: string): string | null {
  const { endpoints, publicEndpoints } = provider;
  if (!publicEndpoints) return null;
  const bare = (address: string) => address.split('?')[0];
  const name = Object.entries(endpoints).find(([, address]) => bare(String(address)) === bare(url))?.[0];
  return (name && (publicEndpoints as Record<string, string>)[name]) || null;
}
