import { checks, resultWords } from '../inspector/checks.ts';
import { toDiagram } from '../inspector/diagram.ts';
import { toCurl, toMermaid } from '../inspector/export.ts';
import { readKept } from '../inspector/kept.ts';
import { meaningOf } from '../inspector/meanings.ts';
import { type Field, type Text, toText } from '../inspector/text.ts';
import type { Check, Flow, Message, Step } from '../inspector/trace.ts';
import { toVerdict } from '../inspector/verdict.ts';
import { flowName, laneName, likeOfLogin, purposeWords, stepSource, stepWords } from '../inspector/words.ts';
import type { Departure } from '../providers/provider.ts';
import type { Context } from './context.ts';
import {
  isGivenUp,
  toExactTimeWords,
  toDuration,
  toFlowDuration,
  toFlowHeading,
  toResultTag,
} from './flow-words.ts';
import type { FlowPage, ShownCheck, ShownField, ShownMessage, ShownStep } from './inspector-models.ts';
import { link } from './page.ts';

/** One flow, with the others of the same viewer, newest first. */
export function toFlowPage(context: Context, flow: Flow, all: readonly Flow[]): FlowPage {
  const { paths } = context;
  const now = context.now();
  const provider = findProvider(context, flow);
  const others = all.filter(({ id }) => id !== flow.id);
  return {
    listHref: paths.inspector,
    heading: toFlowHeading(flow),
    verdict: toVerdict(flow, isGivenUp(flow, now)),
    reload: flow.endedAt === null ? link('Reload', paths.flow(flow.id)) : null,
    summary: toSummary(flow),
    result: toResultTag(flow, now),
    notes: flow.notes,
    providerName: flow.provider.name,
    diagram: toDiagram(flow, provider?.trace.phone === true && hasAuthorization(flow)),
    steps: flow.steps.map((step) => toStep(step, flow, provider?.departures ?? [])),
    jsonHref: paths.flowAsJson(flow.id),
    mermaid: toMermaid(flow),
    compare: others.length === 0 ? null : toCompare(paths.compareFlows, flow, others),
    turns: toTurns(context, flow, all),
  };
}

const findProvider = ({ services }: Context, flow: Flow) =>
  services.find(({ provider }) => provider.id === flow.provider.id)?.provider;

const hasAuthorization = ({ steps }: Flow) => steps.some(({ kind }) => kind === 'authorization');

function toSummary(flow: Flow): FlowPage['summary'] {
  const { purpose, mode, requestedScope, grantedScope, redirectUri, id } = flow;
  const words = (label: string, text: string, code = false) => ({ label, words: text, code });
  const scopes = hasAuthorization(flow)
    ? [
        words('Asked for', requestedScope.join(' ') || 'nothing', requestedScope.length > 0),
        words(
          'Granted',
          grantedScope === null ? 'Nothing yet' : grantedScope.join(' ') || 'nothing',
          grantedScope !== null && grantedScope.length > 0,
        ),
        words('Return address', redirectUri, true),
      ]
    : [];
  return [
    words('Purpose', purposeWords[purpose]),
    words('Mode', mode === 'sandbox' ? 'Sandbox' : 'Live'),
    words('Time taken', toFlowDuration(flow)),
    ...scopes,
    words('Reference', id, true),
  ];
}

function toCompare(href: string, flow: Flow, others: readonly Flow[]): FlowPage['compare'] {
  const options = others.map((other) => ({
    value: other.id,
    words: `${flowName(other)} ${toExactTimeWords(other.startedAt)}`,
    chosen: false,
  }));
  return { href, a: flow.id, choice: { name: 'b', label: 'Another flow', options } };
}

function toTurns({ paths }: Context, flow: Flow, all: readonly Flow[]): FlowPage['turns'] {
  const index = all.findIndex(({ id }) => id === flow.id);
  const [older, newer] = [all[index + 1], all[index - 1]];
  return [
    ...(older ? [link('Previous flow', paths.flow(older.id))] : []),
    ...(newer ? [link('Next flow', paths.flow(newer.id))] : []),
  ];
}

function toStep(step: Step, flow: Flow, departures: readonly Departure[]): ShownStep {
  const { number, kind, title, standsFor, milliseconds, request, response } = step;
  return {
    number,
    title,
    standsFor,
    from: laneName(step.from, flow),
    to: laneName(step.to, flow),
    failed: flow.result.kind === 'failed' && flow.result.step === number,
    words: stepWords(step, flow),
    checks: step.checks.map(toCheck),
    messages: [
      ...(request ? [toMessage('Request', readKept(request))] : []),
      ...(response ? [toMessage('Response', readKept(response))] : []),
    ],
    decoded: step.decoded.map(readKept).map((token) => ({
      title: token.title,
      parts: [
        { title: 'Header', fields: token.header.map(toField) },
        { title: 'Claims', fields: token.claims.map(toField) },
      ],
    })),
    departures: departures.filter(({ at }) => at === likeOfLogin(kind)),
    curl: toCurl(step),
    took: milliseconds === null ? null : toDuration(milliseconds),
    source: stepSource(kind),
  };
}

function toCheck({ name, result, actual }: Check): ShownCheck {
  const { title, expected, severity, source } = checks[name];
  const failed = severity === 'warns' ? 'warn' : 'bad';
  const kind = { passed: 'ok', skipped: 'off', failed } as const;
  return { words: resultWords(name, result), kind: kind[result], title, expected, actual, source };
}

function toMessage(title: ShownMessage['title'], message: Message): ShownMessage {
  const { line, headers, parameters, body } = message;
  const lines: Text = [
    ...line,
    ...headers.flatMap(({ name, value }) => [`\n${name}: `, ...value]),
    ...(body.length > 0 ? ['\n\n', ...body] : []),
  ];
  const known = headers.filter(({ name }) => meaningOf(name) !== null);
  return { title, text: toText(lines), fields: [...parameters, ...known].map(toField) };
}

function toField({ name, value }: Field): ShownField {
  return { name, value, meaning: meaningOf(name) };
}
