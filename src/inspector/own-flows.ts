import { beginFlow } from './building.ts';
import { endFailed, isSevere } from './failures.ts';
import { current, guarded, type Inspector, type RecordedClient, type Recording, scopes } from './scope.ts';
import type { Purpose } from './trace.ts';

/**
 * Does work with a provider, as a flow of its own unless one with this provider is under way. A flow
 * in which nothing was sent is forgotten.
 */
export async function inFlow<Result>(
  purpose: Purpose,
  client: RecordedClient,
  work: () => Promise<Result>,
): Promise<Result> {
  const scope = scopes.getStore();
  if (!scope) return work();
  const { visit } = scope;
  const around = current();
  if (around && around.flow.endedAt === null && around.flow.provider.id === client.provider.id) return work();
  let own: Recording | null = null;
  guarded(visit.inspector, () => {
    own = beginFlow(visit, client, purpose, { at: visit.inspector.now() });
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
  const last = flow.steps.at(-1)!;
  const wrong = last.checks.findLast(({ name, result }) => result === 'failed' && isSevere(name));
  if (failure) endFailed(own, inspector, failure);
  else if (wrong) flow.result = { kind: 'failed', step: last.number, code: null, oauthError: null };
  else flow.result = { kind: 'finished', outcome: flow.purpose };
}
