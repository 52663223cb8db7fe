import type { WireSample } from './wire-samples/sample.ts';

/** What came over the wire, read as `WireSample.body` says. A status of null is not to be compared. */
export interface Answer {
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
}

export type Rules = Pick<WireSample, 'optional' | 'fixed' | 'begins'>;

/**
 * In which places `actual` has another shape than `expected`: a member missing or extra, a value of
 * another JSON type, another text where the rules fix it. Empty when it has the same shape.
 */
export function shapeDifferences(expected: unknown, actual: unknown, rules: Rules = {}, path = ''): string[] {
  const place = path === '' ? 'the body' : path;
  if (expected === undefined) return [];
  if (rules.fixed?.includes(path)) return valueDifferences(expected, actual, place);
  if (typeOf(expected) !== typeOf(actual)) return [`${place} is ${typeOf(actual)}, not ${typeOf(expected)}`];
  if (rules.begins?.includes(path)) {
    return String(actual).startsWith(String(expected))
      ? []
      : [`${place} is ${show(actual)}, not ${show(expected)}…`];
  }
  if (Array.isArray(expected)) return elementDifferences(expected, actual as unknown[], rules, path);
  if (typeOf(expected) === 'object')
    return memberDifferences(expected as object, actual as object, rules, path);
  return [];
}

/** Also status and headers: a sample's headers must be there, others may be. */
export function answerDifferences(sample: WireSample, answer: Answer): string[] {
  const isStatus = sample.status === null || sample.status === answer.status;
  const headers = Object.entries(sample.headers ?? {}).flatMap(([name, value]) =>
    headerDifferences(name, value, answer.headers[name]),
  );
  const body = shapeDifferences(sample.body, answer.body, sample);
  return [...(isStatus ? [] : [`the status is ${answer.status}, not ${sample.status}`]), ...headers, ...body];
}

function typeOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

const show = (value: unknown): string => JSON.stringify(value) ?? 'missing';

/** Members in any order. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeOf(value) !== 'object') return value;
  const members = Object.entries(value as object).map(([name, member]) => [name, canonical(member)] as const);
  return Object.fromEntries(members.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

function valueDifferences(expected: unknown, actual: unknown, place: string): string[] {
  const isSame = show(canonical(expected)) === show(canonical(actual));
  return isSame ? [] : [`${place} is ${show(actual)}, not ${show(expected)}`];
}

/** Each element like the first of the sample; of what nothing is known when the sample has none. */
function elementDifferences(expected: unknown[], actual: unknown[], rules: Rules, path: string): string[] {
  if (expected.length === 0) return [];
  if (actual.length === 0) return [`${path} is empty`];
  return [
    ...new Set(actual.flatMap((element) => shapeDifferences(expected[0], element, rules, `${path}[]`))),
  ];
}

function memberDifferences(expected: object, actual: object, rules: Rules, path: string): string[] {
  const pathOf = (name: string): string => (path === '' ? name : `${path}.${name}`);
  const extra = Object.keys(actual).filter((name) => !Object.hasOwn(expected, name));
  const others = Object.entries(expected).flatMap(([name, value]) => {
    if (Object.hasOwn(actual, name)) {
      return shapeDifferences(value, (actual as Record<string, unknown>)[name], rules, pathOf(name));
    }
    return rules.optional?.includes(pathOf(name)) ? [] : [`${pathOf(name)} is missing`];
  });
  return [...others, ...extra.map((name) => `${pathOf(name)} is extra`)];
}

/** Of a content type only the media type counts. */
function headerDifferences(name: string, expected: string | null, actual: string | undefined): string[] {
  if (actual === undefined) return [`the header ${name} is missing`];
  if (expected === null) return [];
  const read = (value: string) => (name === 'content-type' ? value.split(';')[0]!.trim() : value);
  return read(expected) === read(actual) ? [] : [`the header ${name} is ${actual}, not ${expected}`];
}
