/** The one of `names` that a slip of the hand made `word` of; null when none is near. */
export function nearest(word: string, names: readonly string[]): string | null {
  const distances = names.map((name) => ({ name, slips: countSlips(word, name) }));
  const best = distances.toSorted((one, other) => one.slips - other.slips)[0];
  return best && best.slips <= word.length / 3 ? best.name : null;
}

/** Characters to insert, to drop or to exchange (Levenshtein). */
function countSlips(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [line, letter] of [...one].entries()) {
    const above = row;
    row = [line + 1];
    for (const [column, otherLetter] of [...other].entries()) {
      const exchanged = above[column]! + (letter === otherLetter ? 0 : 1);
      row.push(Math.min(exchanged, above[column + 1]! + 1, row[column]! + 1));
    }
  }
  return row.at(-1)!;
}
