import { checks, resultWords } from './checks.ts';
import { readKept } from './kept.ts';
import { flowName, laneName, stepSource } from './words.ts';
import { type Field, type Piece, type Text, toPlainText, toText } from './text.ts';
import { type Flow, type Lane, lanes, type Message, type Step } from './trace.ts';
import { toVerdict, verdictSentence } from './verdict.ts';

/** A flow as JSON. Made-up values of the sandbox stay out: what leaves this page is redacted. */
export function toFlowJson(flow: Flow, over: boolean): object {
  return {
    id: flow.id,
    name: flowName(flow),
    purpose: flow.purpose,
    provider: flow.provider.id,
    mode: flow.mode,
    verdict: verdictSentence(toVerdict(flow, over)),
    result: flow.result,
    startedAt: toIso(flow.startedAt),
    endedAt: flow.endedAt === null ? null : toIso(flow.endedAt),
    requestedScope: flow.requestedScope,
    grantedScope: flow.grantedScope,
    redirectUri: flow.redirectUri,
    notes: flow.notes,
    steps: flow.steps.map(toStepJson),
  };
}

const toIso = (instant: number) => new Date(instant).toISOString();

function toStepJson(step: Step): object {
  return {
    number: step.number,
    kind: step.kind,
    from: step.from,
    to: step.to,
    title: step.title,
    standsFor: step.standsFor,
    at: toIso(step.at),
    milliseconds: step.milliseconds,
    status: step.status,
    trouble: step.trouble,
    unsent: step.unsent,
    source: stepSource(step.kind).words,
    request: step.request && toMessageJson(readKept(step.request)),
    response: step.response && toMessageJson(readKept(step.response)),
    checks: step.checks.map(({ name, result, actual }) => ({
      name,
      title: checks[name].title,
      result,
      words: resultWords(name, result),
      severity: checks[name].severity,
      expected: checks[name].expected,
      actual: toPlainText(actual),
      source: checks[name].source.words,
    })),
    decoded: step.decoded.map(readKept).map(({ title, header, claims }) => ({
      title,
      header: toFieldsJson(header),
      claims: toFieldsJson(claims),
    })),
  };
}

function toMessageJson({ line, headers, parameters, body }: Message): object {
  return {
    line: toPlainText(line),
    headers: toFieldsJson(headers),
    parameters: toFieldsJson(parameters),
    body: toPlainText(body),
  };
}

const toFieldsJson = (fields: readonly Field[]) =>
  fields.map(({ name, value }) => ({ name, value: toPlainText(value) }));

/** The diagram as Mermaid text. */
export function toMermaid(flow: Flow): string {
  const used = lanes.filter((lane) => flow.steps.some(({ from, to }) => from === lane || to === lane));
  const participants = used.map((lane) => `  participant ${letter(lane)} as ${plain(laneName(lane, flow))}`);
  return ['sequenceDiagram', ...participants, ...flow.steps.flatMap((step) => toArrows(step, flow))].join(
    '\n',
  );
}

const letter = (lane: Lane) => lane.charAt(0).toUpperCase();

function toArrows(step: Step, { result }: Flow): string[] {
  const [from, to] = [letter(step.from), letter(step.to)];
  if (step.kind === 'ending') return [`  ${from}-->>${to}: ${step.number}. ${plain(step.title)}`];
  const failed = result.kind === 'failed' && result.step === step.number;
  const answer =
    step.trouble !== null ? 'no answer' : (step.status ?? (step.response ? 'redirect back' : null));
  const lines = [`  ${from}->>${to}: ${step.number}. ${plain(step.title)}`];
  if (answer !== null)
    lines.push(`  ${to}-${failed ? '-x' : '->>'}${from}: ${answer}${failed ? ', failed' : ''}`);
  return lines;
}

/** Mermaid ends a statement at `;` and begins a comment or an entity at `#`. */
const plain = (text: string) => text.replace(/[;#\n<>]/g, ' ').slice(0, 100);

/** A back-channel request as a curl command; secrets are variables of the shell. Null for other steps. */
export function toCurl({ from, to, request: kept, title, standsFor }: Step): string | null {
  if (from !== 'app' || to !== 'provider' || !kept) return null;
  const request = readKept(kept);
  const [method = 'GET'] = title.split(' ');
  const target = request.line.flatMap((piece) =>
    typeof piece === 'string' ? piece.replace(/^[A-Z]+ | HTTP\/1\.1$/g, '') : piece,
  );
  const host = request.headers.find(({ name }) => name === 'host')?.value ?? [];
  const known = standsFor === null ? null : new URL(standsFor);
  const scheme = known || !/^(?:localhost|127\.|\[::1\])/.test(toPlainText(host)) ? 'https://' : 'http://';
  const address: Text = known ? [known.href, ...queryOf(target)] : [scheme, ...host, ...target];
  const headers = request.headers.filter(({ name }) => name !== 'host');
  return [
    `curl -X ${method} ${quoted(address)}`,
    ...headers.map(({ name, value }) => `-H ${quoted([`${name}: `, ...value])}`),
    ...(request.body.length > 0 ? [`--data ${quoted(request.body)}`] : []),
  ].join(' \\\n  ');
}

/** The query of a request's target with its `?`, which no piece before it has. */
function queryOf(target: Text): Text {
  const from = target.findIndex((piece) => typeof piece === 'string' && piece.includes('?'));
  const [first, ...rest] = target.slice(from);
  return from < 0 || typeof first !== 'string' ? [] : [first.slice(first.indexOf('?')), ...rest];
}

/** One word of the shell: everything in single quotes, but variables in double ones. */
function quoted(text: Text): string {
  const words = toText(text).map((piece) =>
    typeof piece === 'string' ? `'${piece.replaceAll("'", `'\\''`)}'` : `"$${toVariable(piece)}"`,
  );
  return words.join('') || "''";
}

const toVariable = (piece: Exclude<Piece, string>) => piece.name.toUpperCase().replace(/\W/g, '_');
