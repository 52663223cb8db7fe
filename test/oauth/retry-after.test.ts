import { readRetryAfter } from '../../src/oauth/retry-after.ts';

const now = Date.UTC(2026, 10, 21, 3, 40, 0);

test.each([
  ['seconds', '30', 30_000],
  ['seconds with blanks around them', ' 30 ', 30_000],
  ['a date', 'Sat, 21 Nov 2026 03:41:30 GMT', 90_000],
  ['a day', '86400', 600_000],
  ['a date of next year', 'Sun, 21 Nov 2027 03:40:00 GMT', 600_000],
  ['more seconds than a number can hold', '9'.repeat(400), 600_000],
])('%s is kept, for ten minutes at most', (_title, value, milliseconds) => {
  expect(readRetryAfter(value, now)).toBe(milliseconds);
});

test.each([
  ['nothing', undefined],
  ['an empty text', ''],
  ['no time at all', '0'],
  ['less than nothing', '-5'],
  ['a date that has passed', 'Sat, 21 Nov 2026 03:39:59 GMT'],
  ['words', 'soon'],
])('%s asks for nothing', (_title, value) => {
  expect(readRetryAfter(value, now)).toBeNull();
});
