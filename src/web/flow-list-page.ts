import { type Flow, purposes } from '../inspector/trace.ts';
import { flowName, purposeWords } from '../inspector/words.ts';
import type { Context } from './context.ts';
import { isGivenUp, toExactTimeWords, toFlowDuration, toResultTag } from './flow-words.ts';
import type { Choice, FlowListPage, FlowRow } from './inspector-models.ts';
import { form, link } from './page.ts';
import { serviceLabel } from './services.ts';
import { toTimeWords } from './time-words.ts';

const perPage = 25;

export interface FlowFilter {
  readonly service: string;
  readonly result: string;
  readonly purpose: string;
  /** From 1. */
  readonly page: number;
}

const results = {
  finished: 'Finished',
  refused: 'Refused by you',
  failed: 'Failed',
  waiting: 'Waiting',
  'given-up': 'Given up',
} as const;

/** The purposes that a step of another flow can have too: a renewal inside of a validation. */
const kindOfPurpose: Readonly<Record<string, string>> = { renew: 'refresh', revoke: 'revocation' };

export function toFlowListPage(context: Context, flows: readonly Flow[], filter: FlowFilter): FlowListPage {
  const { paths } = context;
  const now = context.now();
  const found = flows.filter((flow) => fits(flow, filter, now));
  const last = Math.max(1, Math.ceil(found.length / perPage));
  const page = Math.min(Math.max(1, filter.page), last);
  return {
    href: paths.inspector,
    filters: toFilters(context, filter),
    rows: found.slice((page - 1) * perPage, page * perPage).map((flow) => toRow(context, flow, now)),
    empty: found.length > 0 ? null : toEmpty(context, flows.length > 0),
    turns: [
      ...(page > 1 ? [link('Newer flows', toHref(paths.inspector, filter, page - 1))] : []),
      ...(page < last ? [link('Older flows', toHref(paths.inspector, filter, page + 1))] : []),
    ],
    limits:
      'Only your own, of the last hour. They are kept in memory: flows are forgotten when the server restarts.',
  };
}

function fits(flow: Flow, { service, result, purpose }: FlowFilter, now: number): boolean {
  const kind = isGivenUp(flow, now) ? 'given-up' : flow.result.kind;
  const hasStep = flow.steps.some((step) => step.kind === kindOfPurpose[purpose]);
  return (
    (service === '' || flow.provider.id === service) &&
    (result === '' || kind === result) &&
    (purpose === '' || flow.purpose === purpose || hasStep)
  );
}

function toHref(base: string, { service, result, purpose }: FlowFilter, page: number): string {
  const query = new URLSearchParams({ service, result, purpose, page: String(page) });
  return `${base}?${query}`;
}

function toFilters({ services }: Context, filter: FlowFilter): Choice[] {
  const ofServices = services.map(({ provider }) => [provider.id, provider.name] as const);
  const ofPurposes = purposes.map((purpose) => [purpose, purposeWords[purpose]] as const);
  return [
    toChoice('service', 'Service', 'All services', ofServices, filter.service),
    toChoice('result', 'Result', 'All results', Object.entries(results), filter.result),
    toChoice('purpose', 'Purpose', 'All purposes', ofPurposes, filter.purpose),
  ];
}

function toChoice(
  name: string,
  label: string,
  all: string,
  options: readonly (readonly [string, string])[],
  chosen: string,
): Choice {
  const every = [['', all] as const, ...options];
  return {
    name,
    label,
    options: every.map(([value, words]) => ({ value, words, chosen: value === chosen })),
  };
}

function toRow({ paths }: Context, flow: Flow, now: number): FlowRow {
  return {
    name: flowName(flow),
    href: paths.flow(flow.id),
    clock: toExactTimeWords(flow.startedAt),
    started: toTimeWords(flow.startedAt, now),
    service: flow.provider.name,
    purpose: purposeWords[flow.purpose],
    result: toResultTag(flow, now),
    steps: flow.steps.length,
    took: toFlowDuration(flow),
  };
}

function toEmpty({ services, paths }: Context, some: boolean): FlowListPage['empty'] {
  if (some) {
    return { words: 'No flow matches.', actions: [link('Clear filters', paths.inspector)] };
  }
  const played = services.filter(({ client }) => client?.mode === 'sandbox');
  const actions = played.map((service) =>
    form(`Continue with ${serviceLabel(service)}`, paths.login(service.provider.id), {
      return_to: paths.inspector,
    }),
  );
  return { words: 'No flows yet. Start one and come back.', actions };
}
