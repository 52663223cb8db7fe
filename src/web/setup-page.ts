import type { Viewer } from '../inspector/flows.ts';
import type { CheckResult, SentMessage } from '../setup/check-now.ts';
import type { Report, ServiceReport } from '../setup/doctor.ts';
import { type Finding, type Status, statusWords } from '../setup/finding.ts';
import { variableName } from '../setup/provider-setup.ts';
import type { Context } from './context.ts';
import { form } from './page.ts';
import { toTimeWords } from './time-words.ts';
import type { CheckRow, SetupPage, SetupService } from './view-models.ts';

/** A network check of this server, and where it was recorded. */
export interface CheckedNow {
  readonly result: CheckResult;
  readonly flowId: string | null;
}

const kinds = { ok: 'ok', 'needs-action': 'warn', 'not-checked': 'plain' } as const satisfies Record<
  Status,
  CheckRow['tag']['kind']
>;

/** The report as a page; `results` are those of the network checks since the start, by provider. */
export function toSetupPage(
  context: Context,
  report: Report,
  results: ReadonlyMap<string, CheckedNow>,
  viewer: Viewer,
): SetupPage {
  const { config, paths } = context;
  const nothingSet = config.services.every(({ provider: { id } }) =>
    ['CLIENT_ID', 'CLIENT_SECRET'].every(
      (suffix) => !config.credentials[variableName({ id }, suffix)]?.length,
    ),
  );
  const isPlayed = report.services.some(({ state }) => state === 'sandbox');
  return {
    verdict: report.verdict,
    sandboxHref: nothingSet && isPlayed ? config.sandbox.url : null,
    homeHref: paths.home,
    server: report.server.map(toRow),
    services: report.services.map((service) =>
      toSetupService(context, service, toChecked(context, results.get(service.id), viewer)),
    ),
  };
}

/** A check, with the way to its trace for whoever may see it: they are kept for an hour. */
function toChecked(
  context: Context,
  checked: CheckedNow | undefined,
  viewer: Viewer,
): SetupService['checked'] {
  if (!checked) return null;
  const { result, flowId } = checked;
  const flow = flowId === null ? null : context.inspector?.flows.get(flowId, viewer);
  return {
    at: toTimeWords(result.at, context.now()),
    rows: result.findings.map(toRow),
    sent: result.sent.map(describeMessage),
    traceHref: flow ? context.paths.flow(flow.id) : null,
  };
}

function toSetupService(
  context: Context,
  service: ServiceReport,
  checked: SetupService['checked'],
): SetupService {
  const { id, name, state, status, summary, redirectUri, where, rules } = service;
  const closed = state === 'live' ? null : service.closed;
  // Of what nobody can set up only where something is wrong.
  const variables = closed === null || status === 'needs-action' ? service.variables : [];
  return {
    provider: { id, name },
    tag: { words: summary, kind: kinds[status] },
    closed,
    redirectUri,
    where: { href: where.url, place: where.place, field: where.field },
    rules,
    variables: variables.map((variable) => ({
      name: variable.name,
      words: variable.words,
      open: variable.status === 'needs-action',
    })),
    snippet: service.snippet,
    message: service.message,
    check: state === 'off' ? null : form(`Check ${name} now`, context.paths.checkNow(id)),
    checked,
  };
}

function toRow({ name, status, sentence, fix }: Finding): CheckRow {
  return { name, tag: { words: statusWords[status], kind: kinds[status] }, sentence, fix };
}

function describeMessage({ method, address, status, failure, milliseconds }: SentMessage): string {
  return `${method} ${address}: ${status === null ? failure : `HTTP ${status}`} after ${milliseconds} ms`;
}
