const conjunction = new Intl.ListFormat('en-GB', { type: 'conjunction' });
const disjunction = new Intl.ListFormat('en-GB', { type: 'disjunction' });

/** `a`, `a and b`, `a, b and c`. */
export function toList(words: readonly string[]): string {
  return conjunction.format(words);
}

/** `a`, `a or b`, `a, b or c`. */
export function toChoice(words: readonly string[]): string {
  return disjunction.format(words);
}

/** Makes the first letter a capital. */
export function toSentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A name from outside, fenced off where its letters run right to left and would turn the sentence around it. */
export function toNameInSentence(name: string): string {
  return /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC]/.test(name) ? `\u2068${name}\u2069` : name;
}
