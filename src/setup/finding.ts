export type Status = 'ok' | 'needs-action' | 'not-checked';

/** What one check found, in words for a developer. Never holds the value of a secret. */
export interface Finding {
  readonly name: string;
  readonly status: Status;
  /** One sentence or two: what is so. */
  readonly sentence: string;
  /** What to change; null where there is nothing to do. */
  readonly fix: string | null;
}

export const statusWords: Readonly<Record<Status, string>> = {
  ok: 'OK',
  'needs-action': 'Needs action',
  'not-checked': 'Not checked',
};

export const ok = (name: string, sentence: string): Finding => ({ name, status: 'ok', sentence, fix: null });

export const needsAction = (name: string, sentence: string, fix: string): Finding => ({
  name,
  status: 'needs-action',
  sentence,
  fix,
});

export const notChecked = (name: string, sentence: string, fix: string | null = null): Finding => ({
  name,
  status: 'not-checked',
  sentence,
  fix,
});

/** The name of the check that compares clocks. */
export const clockName = 'Clock';

/** How far apart two clocks may be: Mixin's signed requests live 60 seconds. */
const clockToleranceMilliseconds = 30_000;

/** What two clocks that differ are to a developer. `difference` is theirs minus ours, in milliseconds. */
export function judgeClock(name: string, whose: string, difference: number): Finding {
  const seconds = Math.round(Math.abs(difference) / 1000);
  if (Math.abs(difference) <= clockToleranceMilliseconds)
    return ok(name, `Within ${clockToleranceMilliseconds / 1000} seconds of that of ${whose}.`);
  return needsAction(
    name,
    `The clock of this machine is ${seconds} seconds ${difference > 0 ? 'behind' : 'ahead of'} that of ${whose}. ID tokens and signed requests have to be fresh.`,
    'Set the clock of this machine, by NTP for instance.',
  );
}
