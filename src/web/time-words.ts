import type { Config } from '../config.ts';
import type { TimeWords } from './view-models.ts';

const date = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  timeZone: 'UTC',
});
const dayMilliseconds = 24 * 60 * 60 * 1000;
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** Largest first: how many milliseconds one unit has. */
const units: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * 24 * 60 * 60 * 1000],
  ['month', 30 * 24 * 60 * 60 * 1000],
  ['day', 24 * 60 * 60 * 1000],
  ['hour', 60 * 60 * 1000],
  ['minute', 60 * 1000],
];

/** Words for an instant, absolute first; today only the clock. Both in milliseconds since 1970. */
export function toTimeWords(instant: number, now: number): TimeWords {
  const iso = new Date(instant).toISOString();
  const time = toClockWords(instant);
  const isToday = Math.floor(instant / dayMilliseconds) === Math.floor(now / dayMilliseconds);
  const words = isToday ? time : `${toDateWords(instant)} at ${time}`;
  return { iso, words, relative: toRelativeWords(instant - now) };
}

/** The same with the day, also today: for what is read out to somebody else later. */
export function toDatedTimeWords(instant: number, now: number): TimeWords {
  return { ...toTimeWords(instant, now), words: `${toDateWords(instant)} at ${toClockWords(instant)}` };
}

const toClockWords = (instant: number) => `${new Date(instant).toISOString().slice(11, 16)} UTC`;

/** The day that was written last, in days since 1970: most of a page's are of the same day. */
let lastDay = { number: Number.NaN, words: '' };

/** `21 November 2026`. */
export function toDateWords(instant: number): string {
  const number = Math.floor(instant / dayMilliseconds);
  if (number !== lastDay.number) lastDay = { number, words: date.format(instant) };
  return lastDay.words;
}

/** How long a session lasts: `24 hours` without use, and `14 days` at most. */
export function toLimitWords(limits: Config['sessionLimits']): { withoutUse: string; atMost: string } {
  const hours = limits.idleMilliseconds / (60 * 60 * 1000);
  const days = limits.absoluteMilliseconds / dayMilliseconds;
  return {
    withoutUse: hours === 1 ? 'an hour' : `${hours} hours`,
    atMost: days === 1 ? 'a day' : `${days} days`,
  };
}

/** `2 hours ago`, `in 3 hours`, `just now`. */
export function toRelativeWords(milliseconds: number): string {
  const unit = units.find(([, size]) => Math.abs(milliseconds) >= size);
  return unit ? relative.format(Math.trunc(milliseconds / unit[1]), unit[0]) : 'just now';
}
