import { type ErrorCode, LoginError, RequestError } from '../errors.ts';
import { addCheck } from './building.ts';
import { type CheckName, checkOfCode, checks } from './checks.ts';
import { type Inspector, record, type Recording, scopes, toViewer } from './scope.ts';
import type { Flow, Step } from './trace.ts';

/** A request has failed: kept for the end of its login. */
export function recordFailure(error: unknown): void {
  const visit = scopes.getStore()?.visit;
  if (visit) visit.failure ??= error;
}

/** What became of the login. */
export function recordOutcome(outcome: string): void {
  const visit = scopes.getStore()?.visit;
  if (visit) visit.outcome = outcome;
}

/** Whose login it turned out to be. */
export function recordAccount(accountId: string): void {
  record(({ flow }, { inspector }) => {
    for (const who of toViewer(inspector, null, accountId)) if (who !== null) flow.owners.add(who);
  });
}

export const isSevere = (name: CheckName) => checks[name].severity === 'stops';

export function endFailed(recording: Recording, { now }: Inspector, failure: unknown): void {
  const { flow, redactor } = recording;
  const code = codeOf(failure);
  const facts = failure instanceof LoginError ? failure.facts : {};
  if (!findFailed(flow)) {
    const name = failure instanceof LoginError ? checkOfCode[failure.code] : 'our-side';
    const said = facts.providerSaid ?? facts.reason ?? code;
    addCheck(recording, name, 'failed', redactor.sentence(said));
  }
  const step = findFailed(flow)?.number ?? flow.steps.at(-1)?.number ?? 0;
  flow.endedAt = now();
  flow.result =
    code === 'authorization_denied'
      ? { kind: 'refused', step, code }
      : { kind: 'failed', step, code, oauthError: facts.oauthError ?? null };
}

function codeOf(failure: unknown): ErrorCode {
  if (failure instanceof LoginError || failure instanceof RequestError) return failure.code;
  return failure instanceof Error && failure.name === 'StorageError' ? 'store_unavailable' : 'internal';
}

/** The last step with a check that ends a flow. */
function findFailed({ steps }: Flow): Step | undefined {
  return steps.findLast((step) =>
    step.checks.some(({ name, result }) => result === 'failed' && isSevere(name)),
  );
}
