import type { Flow, Lane, Step } from './trace.ts';
import { laneName } from './words.ts';

/** A sequence diagram in numbers; the template draws it. */
export interface Diagram {
  readonly width: number;
  readonly height: number;
  readonly lanes: readonly { readonly x: number; readonly name: string }[];
  readonly steps: readonly DrawnStep[];
}

/** A step: its number, and one or two arrows. All of it leads to the step in the list. */
interface DrawnStep {
  readonly number: number;
  readonly failed: boolean;
  /** What stands at the arrows, and then the whole sentence, for those who do not see it. */
  readonly name: string;
  readonly hit: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  readonly circle: { readonly x: number; readonly y: number };
  readonly arrows: readonly Arrow[];
}

interface Arrow {
  readonly from: number;
  readonly to: number;
  readonly y: number;
  readonly label: string;
  readonly answer: boolean;
}

const top = 54;
const rowHeight = 32;
const longestLabel = 32;

interface Row {
  readonly from: Lane;
  readonly to: Lane;
  readonly label: string;
  readonly answer: boolean;
}

export function toDiagram(flow: Flow, phone: boolean): Diagram {
  const shown: readonly Lane[] = phone
    ? ['phone', 'browser', 'app', 'provider']
    : isLogin(flow)
      ? ['browser', 'app', 'provider']
      : ['app', 'provider'];
  // Four lanes stand closer, so that a wide window shows all of them.
  const { margin, laneGap } = shown.length > 3 ? { margin: 70, laneGap: 142 } : { margin: 92, laneGap: 196 };
  const x = (lane: Lane) => margin + shown.indexOf(lane) * laneGap;
  const failed = 'step' in flow.result ? flow.result.step : 0;
  let y = top;
  const steps = flow.steps.map((step) => {
    const rows = toRows(step, flow, phone, step.number === failed && flow.result.kind === 'failed');
    const ending = step.number === failed ? toEnding(flow) : null;
    const drawn = drawStep(step, rows, flow, x, y, ending);
    y += rows.length * rowHeight + 20;
    return drawn;
  });
  const lanes = shown.map((lane) => ({ x: x(lane), name: laneName(lane, flow) }));
  return { width: margin * 2 + (shown.length - 1) * laneGap, height: y + 8, lanes, steps };
}

/** What the step at which a flow ended did: a no of the person is no failure. */
const toEnding = ({ result }: Flow) => (result.kind === 'refused' ? 'refused' : 'failed');

function isLogin({ steps }: Flow): boolean {
  return steps.some(({ from, to }) => from === 'browser' || to === 'browser');
}

function toRows(step: Step, { provider }: Flow, phone: boolean, failed: boolean): Row[] {
  const { from, to, kind, title, status, trouble, unsent, response } = step;
  const rows: Row[] = [{ from, to, label: title, answer: kind === 'ending' }];
  if (kind === 'authorization' && phone && provider)
    rows.push({ from: 'phone', to: 'provider', label: 'your answer, not seen here', answer: false });
  const end = failed ? ', failed' : '';
  const answer =
    unsent !== null
      ? `not sent${end}`
      : trouble !== null
        ? `no answer${end}`
        : kind === 'authorization'
          ? response && 'redirect back to us'
          : kind === 'start'
            ? status && `${status}, page to ${provider.name}`
            : kind !== 'ending' && status && `${status}${end}`;
  if (answer) rows.push({ from: to, to: from, label: answer, answer: true });
  return rows;
}

function drawStep(
  { number, from, to }: Step,
  rows: readonly Row[],
  flow: Flow,
  x: (lane: Lane) => number,
  y: number,
  ending: string | null,
): DrawnStep {
  const all = rows.flatMap((row) => [x(row.from), x(row.to)]);
  const left = Math.min(...all) - 16;
  const labels = rows.map(({ label }) => toLabel(label));
  return {
    number,
    failed: ending === 'failed',
    name: `${number} ${labels.join(' ')}. Step ${number}${ending ? `, ${ending}` : ''}, from ${laneName(from, flow)} to ${laneName(to, flow)}`,
    hit: { x: left, y: y - 4, width: Math.max(...all) + 16 - left, height: rows.length * rowHeight + 16 },
    circle: { x: x(from), y: y + 26 },
    arrows: rows.map((row, index) => ({
      from: x(row.from),
      to: x(row.to),
      y: y + 26 + index * rowHeight,
      label: labels[index]!,
      answer: row.answer,
    })),
  };
}

const toLabel = (label: string) => (label.length > longestLabel ? `${label.slice(0, longestLabel)}…` : label);
