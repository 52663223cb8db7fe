import { toVerdict } from '../inspector/verdict.ts';
import type { Flow } from '../inspector/trace.ts';
import { flowName, flowResultWords } from '../inspector/words.ts';
import { transactionMinutes } from '../login/transaction.ts';
import type { Tag } from './inspector-models.ts';

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone: 'UTC' });
const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });

/** A login that nobody has come back to in time. */
export function isGivenUp(flow: Flow, now: number): boolean {
  return flow.endedAt === null && now - flow.startedAt > transactionMinutes * 60 * 1000;
}

export function toResultTag(flow: Flow, now: number): Tag {
  const over = isGivenUp(flow, now);
  return { words: flowResultWords(flow.result, over), kind: toVerdict(flow, over).kind };
}

/** `03:43:12`, in UTC. */
export const toExactTimeWords = (instant: number) => clock.format(instant);

/** `Twitch sign-in, 21 November 2026 at 03:43 UTC`. */
export function toFlowHeading(flow: Flow): string {
  const time = toExactTimeWords(flow.startedAt).slice(0, 5);
  return `${flowName(flow)}, ${day.format(flow.startedAt)} at ${time} UTC`;
}

/** `182 ms`, `6.4 s`. */
export function toDuration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

export function toFlowDuration({ startedAt, endedAt }: Flow): string {
  return endedAt === null ? 'not over' : toDuration(endedAt - startedAt);
}
