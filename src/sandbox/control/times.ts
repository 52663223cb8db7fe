const words = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' });

export interface ShownTime {
  readonly iso: string;
  readonly words: string;
}

export function showTime(milliseconds: number): ShownTime {
  return { iso: new Date(milliseconds).toISOString(), words: `${words.format(milliseconds)} UTC` };
}
