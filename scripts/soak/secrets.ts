/** Words as tokens, keys and codes are made of; a URL or a JSON text falls apart into them. */
const words = /[A-Za-z0-9_\-.~+/=]{12,}/g;

/** Everything that has been seen on the wire and may not be seen anywhere else. */
export interface Secrets {
  readonly count: number;
  add(value: unknown): void;
  /** A code is in the address that the browser itself has come with, so a page may lead there again; a log may not. */
  addForLogs(value: unknown): void;
  /** How many secrets stand in a page, and how many in a log. */
  countInPage(text: string): number;
  countInLog(text: string): number;
}

export function createSecrets(): Secrets {
  const everywhere = new Set<string>();
  const inLogs = new Set<string>();

  const keep = (known: Set<string>) => (value: unknown) => {
    if (typeof value === 'string' && value.length >= 12) known.add(value);
  };

  /** Words as they stand, or between signs that belong to the text around them. */
  function count(text: string, isKnown: (word: string) => boolean): number {
    let found = 0;
    for (const [word] of text.matchAll(words)) {
      if (isKnown(word) || word.split(/[=/+~.]/).some(isKnown)) found += 1;
    }
    return found;
  }

  return {
    get count() {
      return everywhere.size + inLogs.size;
    },
    add: keep(everywhere),
    addForLogs: keep(inLogs),
    countInPage: (text) => count(text, (word) => everywhere.has(word)),
    countInLog: (text) => count(text, (word) => everywhere.has(word) || inLogs.has(word)),
  };
}
