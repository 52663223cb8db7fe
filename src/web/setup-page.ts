import type { CheckResult, SentMessage } from '../setup/check-now.ts';
import type { Report, ServiceReport } from '../setup/doctor.ts';
import { type Finding, type Status, statusWords } from '../setup/finding.ts';
import { variableName } from '../setup/provider-setup.ts';
import type { Context } from './context.ts';
import { form } from './page.ts';
import { toTimeWords } from './time-words.ts';
import type { CheckRow, SetupPage, SetupService } from './view-models.ts';

const kinds = { ok: 'ok', 'needs-action': 'warn', 'not-checked': 'plain' } as const satisfies Record<
  Status,
  CheckRow['tag']['kind']
>;

/** The report as a page; `results` are those of the network checks since the start, by provider. */
export function toSetupPage(
  context: Context,
  report: Report,
  results: ReadonlyMap<string, CheckResult>,
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
      toSetupService(context, service, results.get(service.id) ?? null),
    ),
  };
}

function toSetupService(context: Context, service: ServiceReport, result: CheckResult | null): SetupService {
  const { id, name, state, status, summary, closed, redirectUri, where, rules } = service;
  const now = context.now();
  return {
    provider: { id, name },
    tag: { words: summary, kind: kinds[status] },
    closed: state === 'live' ? null : closed,
    redirectUri,
    where: { href: where.url, place: where.place, field: where.field },
    rules,
    variables: service.variables.map((variable) => ({
      name: variable.name,
      words: variable.words,
      open: variable.status === 'needs-action',
    })),
    snippet: service.snippet,
    message: service.message,
    check: state === 'off' ? null : form(`Check ${name} now`, context.paths.checkNow(id)),
    checked: result && {
      at: toTimeWords(result.at, now),
      rows: result.findings.map(toRow),
      sent: result.sent.map(describeMessage),
      traceHref: null,
    },
  };
}

function toRow({ name, status, sentence, fix }: Finding): CheckRow {
  return { name, tag: { words: statusWords[status], kind: kinds[status] }, sentence, fix };
}

function describeMessage({ method, address, status, failure, milliseconds }: SentMessage): string {
  return `${method} ${address}: ${status === null ? failure : `HTTP ${status}`} after ${milliseconds} ms`;
}
