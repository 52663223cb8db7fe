import { beginFlow } from './building.ts';
import { endFailed, isSevere } from './failures.ts';
import { current, guarded, type Inspector, type RecordedClient, type Recording, scopes } from './scope.ts';
import type { Purpose } from './trace.ts';

/** Their messages do not build on each other: any of them may be what is wrong. */
const sideBySide: ReadonlySet<Purpose> = new Set<Purpose>(['revoke', 'check']);

/**
 * Does work with a provider, as a flow of its own unless one with this provider is under way. A flow
 * in which nothing was sent is forgotten. `browser` is the binding cookie, where this request sets it.
 */
export async function inFlow<Result>(
  purpose: Purpose,
  client: RecordedClient,
  work: () => Promise<Result>,
  more: { readonly browser?: string } = {},
): Promise<Result> {
  const scope = scopes.getStore();
  if (!scope) return work();
  const { visit } = scope;
  const around = current();
  if (around && around.flow.endedAt === null && around.flow.provider.id === client.provider.id) return work();
  let own: Recording | null = null;
  guarded(visit.inspector, () => {
    own = beginFlow(visit, client, purpose, { ...more, at: visit.inspector.now() });
  });
  if (own === null) return work();
  return scopes.run({ visit, own }, () => watched(own!, visit.inspector, work));
}

async function watched<Result>(
  own: Recording,
  inspector: Inspector,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    const result = await work();
    guarded(inspector, () => endOwn(own, inspector, null));
    return result;
  } catch (error) {
    guarded(inspector, () => endOwn(own, inspector, error));
    throw error;
  }
}

function endOwn(own: Recording, inspector: Inspector, failure: unknown): void {
  const { flow } = own;
  if (flow.steps.length === 0) {
    inspector.flows.remove(flow);
    return;
  }
  flow.endedAt = inspector.now();
  const decisive = sideBySide.has(flow.purpose) ? flow.steps : flow.steps.slice(-1);
  const wrong = decisive.find(({ checks }) =>
    checks.some(({ name, result }) => result === 'failed' && isSevere(name)),
  );
  if (failure) endFailed(own, inspector, failure);
  else if (wrong) flow.result = { kind: 'failed', step: wrong.number, code: null, oauthError: null };
  else flow.result = { kind: 'finished', outcome: flow.purpose };
}
