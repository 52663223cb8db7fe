/** A map that keeps the newest records and forgets the oldest beyond a limit, so that memory has an end. */
export class Kept<V> extends Map<string, V> {
  readonly limit: number;

  constructor(limit: number) {
    super();
    this.limit = limit;
  }

  override set(key: string, value: V): this {
    super.set(key, value);
    if (this.size > this.limit) this.delete(this.keys().next().value!);
    return this;
  }
}
