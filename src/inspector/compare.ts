import { checks, resultWords } from './checks.ts';
import { type Kept, readKept } from './kept.ts';
import { type Field, toPlainText } from './text.ts';
import type { Flow, Message, Step } from './trace.ts';

/** One line of two flows side by side. */
export interface ComparedLine {
  readonly what: string;
  readonly a: string;
  readonly b: string;
  readonly differs: boolean;
}

export interface ComparedStep {
  /** `token`, and which of several. */
  readonly title: string;
  readonly a: Step | null;
  readonly b: Step | null;
  readonly lines: readonly ComparedLine[];
}

/** Pairs the steps of two flows by what they are, and lines up what is in them. */
export function compareFlows(a: Flow, b: Flow): ComparedStep[] {
  const keys = [...new Set([...keyed(a).keys(), ...keyed(b).keys()])];
  const order = ['start', 'authorization', 'callback', 'validation', 'refresh', 'token', 'keys', 'userinfo'];
  const rank = (key: string) => {
    const found = order.indexOf(key.split(' ')[0]!);
    return found === -1 ? order.length : found;
  };
  return keys
    .toSorted((one, other) => rank(one) - rank(other))
    .map((key) => compareStep(keyed(a).get(key) ?? null, keyed(b).get(key) ?? null));
}

function keyed({ steps }: Flow): Map<string, Step> {
  const counts = new Map<string, number>();
  return new Map(
    steps.map((step) => {
      const count = (counts.get(step.kind) ?? 0) + 1;
      counts.set(step.kind, count);
      return [`${step.kind} ${count}`, step];
    }),
  );
}

const none = 'not there';

function compareStep(a: Step | null, b: Step | null): ComparedStep {
  const title = (a ?? b)!.title;
  if (!a || !b) return { title, a, b, lines: [line('Step', a ? 'there' : none, b ? 'there' : none)] };
  return {
    title,
    a,
    b,
    lines: [
      ...(a.title === b.title ? [] : [line('Message', a.title, b.title)]),
      line('Status', statusOf(a), statusOf(b)),
      ...compareNamed('Sends', parametersOf(a.request), parametersOf(b.request)),
      ...compareNamed('Gets', parametersOf(a.response), parametersOf(b.response)),
      ...compareChecks(a, b),
    ],
  };
}

const parametersOf = (message: Kept<Message> | null) => (message ? readKept(message).parameters : undefined);

const line = (what: string, a: string, b: string): ComparedLine => {
  return { what, a, b, differs: withoutMarks(a) !== withoutMarks(b) };
};

/** Each login has secrets of its own: that they differ is no news. */
const withoutMarks = (text: string) => text.replace(/, mark [0-9a-f]{6}\]/g, ']');

function statusOf({ status, trouble, unsent, response }: Step): string {
  if (unsent !== null) return 'not sent';
  return trouble ?? (status === null ? (response ? 'redirect back' : 'none') : String(status));
}

function compareNamed(what: string, a: readonly Field[] = [], b: readonly Field[] = []): ComparedLine[] {
  const names = [...new Set([...a, ...b].map(({ name }) => name))];
  return names.map((name) => line(`${what} ${name}`, shownValue(a, name), shownValue(b, name)));
}

function shownValue(fields: readonly Field[], name: string): string {
  const found = fields.find((field) => field.name === name);
  return found ? toPlainText(found.value) || 'empty' : none;
}

function compareChecks(a: Step, b: Step): ComparedLine[] {
  const names = [...new Set([...a.checks, ...b.checks].map(({ name }) => name))];
  return names.map((name) => line(checks[name].title, checkOf(a, name), checkOf(b, name)));
}

function checkOf({ checks: made }: Step, name: keyof typeof checks): string {
  const check = made.findLast((one) => one.name === name);
  return check ? resultWords(name, check.result) : 'not made';
}
