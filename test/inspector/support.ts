import { checks, type CheckName } from '../../src/inspector/checks.ts';
import { toViewer } from '../../src/inspector/scope.ts';
import type { CheckResult, Flow } from '../../src/inspector/trace.ts';
import type { RunningLatchkey } from '../support/latchkey.ts';
import type { Page, Visitor } from '../support/visitor.ts';

/** The flows that began in this visitor's browser, newest first. */
export function flowsOf({ inspector }: RunningLatchkey, visitor: Visitor): Flow[] {
  const binding = visitor.cookies.get('localhost')?.get('latchkey-login') ?? null;
  return inspector!.flows.list(toViewer(inspector!, binding, null));
}

/** The last login, whatever is given back after it. */
export function newestLogin(latchkey: RunningLatchkey, visitor: Visitor): Flow | undefined {
  return flowsOf(latchkey, visitor).find(({ purpose }) => purpose !== 'revoke');
}

/** The checks of a flow with this result, by name. */
function checksOf(flow: Flow, result: CheckResult): CheckName[] {
  return flow.steps.flatMap((step) =>
    step.checks.filter((check) => check.result === result).map(({ name }) => name),
  );
}

/** The checks that ended a flow: those that only warn left out. */
export function stoppedBy(flow: Flow): CheckName[] {
  return checksOf(flow, 'failed').filter((name) => checks[name].severity === 'stops');
}

/** Opens the newest flow in the list. */
export async function openNewest(visitor: Visitor, baseUrl: string): Promise<Page> {
  await visitor.open(`${baseUrl}/inspector`);
  const href = visitor.page.$('main table a').first().attr('href');
  if (!href) throw new Error(`no flow in: ${visitor.page.text}`);
  return visitor.open(new URL(href, baseUrl).href);
}
