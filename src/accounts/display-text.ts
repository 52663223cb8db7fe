const longest = 80;

/**
 * Makes a name from outside fit to show: no control characters, no invisible ones that turn the
 * direction of the text around it, one line, at most 80 characters as a reader counts them.
 */
export function toDisplayText(text: string): string {
  const cleaned = text
    .slice(0, 4000)
    .toWellFormed()
    .replace(/[\p{Cc}\u200B\u200E\u200F\u061C\u202A-\u202E\u2060-\u2069\uFEFF]/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim();
  const graphemes = [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(cleaned)];
  if (graphemes.length <= longest) return cleaned;
  return `${graphemes
    .slice(0, longest - 1)
    .map(({ segment }) => segment)
    .join('')}…`;
}
