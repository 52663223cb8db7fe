const longest = 80;
/** What a reader counts as one can carry any number of marks, which then cover half a page. */
const longestOfOne = 16;

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** Of such text every letter stands for itself. */
const plain = new RegExp(`^[!-~](?:[ -~]{0,${longest - 2}}[!-~])?$`);

/**
 * Makes a name from outside fit to show: no control characters, no invisible ones that turn the
 * direction of the text around it, one line, at most 80 characters as a reader counts them, none of
 * them with more marks than a language has.
 */
export function toDisplayText(text: string): string {
  if (plain.test(text) && !text.includes('  ')) return text;
  const cleaned = text
    .slice(0, 4000)
    .toWellFormed()
    .replace(/[\p{Cc}\u200B\u200E\u200F\u061C\u202A-\u202E\u2060-\u2069\uFEFF]/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim();
  const graphemes = [...segmenter.segment(cleaned)].map(({ segment }) =>
    [...segment].slice(0, longestOfOne).join(''),
  );
  if (graphemes.length <= longest) return graphemes.join('');
  return `${graphemes.slice(0, longest - 1).join('')}…`;
}
