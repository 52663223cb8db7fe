/** What can be said about a variable without its value. */
export interface VariableFacts {
  /** Characters of the value as it is used; 0 when it is missing. */
  readonly length: number;
  /** Completes “looks wrong: it …”: `has a space at the end`. */
  readonly oddities: readonly string[];
}

export interface Shape {
  readonly pattern: RegExp;
  /** Completes “is not …”. */
  readonly words: string;
}

interface Oddity {
  readonly words: string;
  readonly test: (raw: string) => boolean;
}

const placeholder =
  /^(?:x{3,}|\.{3,}|…|0+|<.*>|\$\{?\w+\}?|change[-_ ]?(?:me|it)|replace[-_ ].*|your[-_ ].*|my[-_ ](?:client|secret|id).*|todo|tbd|none|null|undefined|example|placeholder|secret|password|(?:client[-_ ]?)?(?:id|secret)|from-the-provider|the-output-of-npm-run-secret)$/i;

/** Spaces at the ends are cut off before a value is used; the other habits are not mended. */
const spaces: readonly Oddity[] = [
  { words: 'has a space at the beginning', test: (raw) => /^\s/.test(raw) },
  { words: 'has a space at the end', test: (raw) => /\s$/.test(raw) },
];

const habits: readonly Oddity[] = [
  { words: 'has quotes around it', test: (raw) => /^\s*(['"`]).*\1\s*$/s.test(raw) },
  { words: 'has a comment behind it', test: (raw) => /\S\s+#/.test(raw) },
  { words: 'is a placeholder', test: (raw) => placeholder.test(raw.trim()) },
];

/**
 * Describes a value as it stands in the environment. A file may end with a line break, as files do.
 * The result never holds the value or a part of it.
 */
export function describeVariable(
  raw: string | undefined,
  shape: Shape | null,
  source: 'environment' | 'file' = 'environment',
): VariableFacts {
  const value = (raw ?? '').trim();
  if (raw === undefined || value === '') return { length: 0, oddities: [] };
  const found = habits.filter(({ test }) => test(raw)).map(({ words }) => words);
  // What is a placeholder or stands in quotes has no right shape either; once is enough.
  const misshapen = shape !== null && found.length === 0 && !shape.pattern.test(value);
  return {
    length: [...value].length,
    oddities: [
      ...(source === 'environment' ? spaces.filter(({ test }) => test(raw)).map(({ words }) => words) : []),
      ...found,
      ...(misshapen ? [`is not ${shape.words}`] : []),
    ],
  };
}
