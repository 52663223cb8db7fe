import type { TimeWords } from './view-models.ts';

const date = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  timeZone: 'UTC',
});
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });
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
  const day = date.format(instant);
  const time = `${clock.format(instant)} UTC`;
  const words = day === date.format(now) ? time : `${day} at ${time}`;
  return { iso: new Date(instant).toISOString(), words, relative: toRelativeWords(instant - now) };
}

/** The same with the day, also today: for what is read out to somebody else later. */
export function toDatedTimeWords(instant: number, now: number): TimeWords {
  const words = `${date.format(instant)} at ${clock.format(instant)} UTC`;
  return { ...toTimeWords(instant, now), words };
}

/** `21 November 2026`. */
export function toDateWords(instant: number): string {
  return date.format(instant);
}

/** `2 hours ago`, `in 3 hours`, `just now`. */
export function toRelativeWords(milliseconds: number): string {
  const unit = units.find(([, size]) => Math.abs(milliseconds) >= size);
  return unit ? relative.format(Math.trunc(milliseconds / unit[1]), unit[0]) : 'just now';
}
