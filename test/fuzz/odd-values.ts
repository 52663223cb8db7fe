import fc from 'fast-check';

/* What nobody expects in a field, a parameter, a header or an answer. */

const knownOddTexts = [
  '',
  ' ',
  '0',
  '-1',
  '1e999',
  'NaN',
  'null',
  'undefined',
  'true',
  '[object Object]',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\udc00\ud800',
  '\u202egnp.exe',
  '\u2028\u2029',
  '\ufeff',
  '\r\nSet-Cookie: latchkey=evil',
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' or 1=1 --",
  '<%= process.env %>',
  '{{7*7}}',
  '../../../etc/passwd',
  '..%2f..%2f',
  '%',
  '%zz',
  '%00',
  '%c0%ae',
  'https://evil.example/',
  '//evil.example',
  'javascript:alert(1)',
  'A'.repeat(43),
  'e\u0301'.repeat(300),
  '👩‍👩‍👧‍👦'.repeat(90),
  '9007199254740993',
  '9'.repeat(400),
];

/** Texts: known troublemakers, any code units, and long ones. */
export const oddText: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...knownOddTexts) },
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  // Halves of surrogate pairs too, which no well-formed text has.
  {
    weight: 1,
    arbitrary: fc.array(fc.nat(0xffff), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
  },
  { weight: 1, arbitrary: fc.constantFrom(1_000, 5_000, 20_000).map((length) => 'x'.repeat(length)) },
);

export const oddNumber: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, -0, -1, 1e21, 1e308, -1e308, 5e-324, 2 ** 53, 2 ** 53 + 2, 2 ** 31, 8.64e15, 8.64e12),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.maxSafeInteger(),
);

/** Anything that JSON can say. Keys may be `__proto__`: the text of such an object has it as its own. */
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: oddText },
  { weight: 3, arbitrary: oddNumber },
  { weight: 2, arbitrary: fc.constantFrom(null, true, false, [], {}, [[]], [null], {}.constructor.name) },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  {
    weight: 1,
    arbitrary: fc.constant(JSON.parse('{"__proto__":{"admin":true},"constructor":{}}') as unknown),
  },
  { weight: 1, arbitrary: fc.constantFrom(200, 3_000).map(nested) },
);

function nested(depth: number): unknown {
  let value: unknown = 'x';
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

type Path = readonly (string | number)[];

/** The place of every member of a value, its own included; not of those far inside. */
function placesIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null || path.length > 6) return [path];
  return [path, ...Object.entries(value).flatMap(([name, member]) => placesIn(member, [...path, name]))];
}

function withChange(value: unknown, [name, ...rest]: Path, change: (old: unknown) => unknown): unknown {
  if (name === undefined) return change(value);
  const copy: Record<string, unknown> = Array.isArray(value)
    ? ([...value] as unknown as Record<string, unknown>)
    : { ...(value as Record<string, unknown>) };
  const changed = withChange(copy[name], rest, change);
  if (changed === undefined) Reflect.deleteProperty(copy, name);
  else copy[name] = changed;
  return copy;
}

/** A good value with one to three members replaced, left out, doubled in a list, or turned into their text. */
export function alteredFrom(good: unknown): fc.Arbitrary<unknown> {
  const change: fc.Arbitrary<(old: unknown) => unknown> = fc.oneof(
    { weight: 5, arbitrary: oddValue.map((value) => () => value) },
    { weight: 2, arbitrary: fc.constant(() => undefined) },
    { weight: 1, arbitrary: fc.constant((old: unknown) => [old, old]) },
    { weight: 1, arbitrary: fc.constant((old: unknown) => String(old)) },
    { weight: 1, arbitrary: fc.constant((old: unknown) => ({ data: old, error: null })) },
  );
  const edit = fc.record({ place: fc.nat(10_000), change });
  return fc.array(edit, { minLength: 1, maxLength: 3 }).map((edits) =>
    edits.reduce<unknown>((value, { place, change: apply }) => {
      const places = placesIn(value);
      return withChange(value, places[place % places.length]!, apply);
    }, good),
  );
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes where it is no text. */
  readonly body: string | Buffer;
}

const contentTypes = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json; charset=utf-16',
  'application/vnd.twitchtv.v5+json',
  'text/html',
  'text/plain',
  'image/png',
  '',
];

const otherHeaders: fc.Arbitrary<Record<string, string>> = fc.constantFrom<Record<string, string>[]>(
  { 'retry-after': '3600' },
  { 'retry-after': '-1' },
  { 'retry-after': 'Wed, 21 Oct 2099 07:28:00 GMT' },
  { 'content-encoding': 'gzip' },
  { 'content-encoding': 'br, gzip, br' },
  { location: 'https://evil.example/' },
  { 'x-request-id': 'another' },
  { 'x-integrity-token': 'a.b.c' },
  { 'x-integrity-token': '..' },
  { 'set-cookie': 'latchkey=evil' },
  { 'www-authenticate': 'Bearer error="invalid_token"' },
);

const statuses = fc.oneof(
  { weight: 6, arbitrary: fc.constant(200) },
  { weight: 2, arbitrary: fc.constantFrom(400, 401, 403, 404) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(201, 202, 204, 206, 301, 302, 303, 307, 308, 418, 429, 500, 503, 999),
  },
);

const oddBytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom('', 'null', '[]', '{', '{"a":1}x', '\ufeff{}', '1e400', '"x"', '<!doctype html>'),
  fc.constant('x'.repeat(300 * 1024)),
);

/** An answer of a provider: mostly a good one that was altered, sometimes bytes. */
export function oddAnswer(good: unknown): fc.Arbitrary<RawAnswer> {
  const body = fc.oneof(
    { weight: 8, arbitrary: alteredFrom(good).map((value) => JSON.stringify(value) ?? '') },
    { weight: 1, arbitrary: oddValue.map((value) => JSON.stringify(value) ?? '') },
    { weight: 1, arbitrary: oddBytes },
  );
  const headers = fc
    .tuple(
      fc.oneof(
        { weight: 8, arbitrary: fc.constant('application/json') },
        { weight: 1, arbitrary: fc.constantFrom(...contentTypes) },
      ),
      fc.oneof({ weight: 6, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: otherHeaders }),
    )
    .map(([type, others]) => ({ ...(type === '' ? {} : { 'content-type': type }), ...others }));
  return (
    fc
      .record({ status: statuses, headers, body })
      // That one is obeyed for ten minutes: whatever came after it would not be asked for at all.
      .filter(({ status, headers: named }) => status !== 429 || !('retry-after' in named))
  );
}

export function jsonAnswer(value: unknown): RawAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(value),
  };
}
