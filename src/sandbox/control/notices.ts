import { Kept } from '../kept.ts';

export interface Notice {
  /** The part of the page that it is about. */
  readonly section: string;
  readonly words: string;
}

/** What just happened, told once on the page that a form leads back to. Its address only has a number. */
export class Notices {
  readonly #waiting = new Kept<Notice>(100);
  #count = 0;

  add(notice: Notice): string {
    this.#count += 1;
    this.#waiting.set(String(this.#count), notice);
    return String(this.#count);
  }

  take(number: unknown): Notice | null {
    const notice = this.#waiting.get(String(number)) ?? null;
    this.#waiting.delete(String(number));
    return notice;
  }
}
