import { createCipheriv, createHash, randomBytes } from 'node:crypto';

const lowerAlphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
const mixedAlphabet = `ABCDEFGHIJKLMNOPQRSTUVWXYZ${lowerAlphabet}`;

/** Where all ids, codes, tokens and keys of a sandbox come from. */
export class Random {
  readonly #bytes: (length: number) => Buffer;

  private constructor(bytes: (length: number) => Buffer) {
    this.#bytes = bytes;
  }

  /** From a pool, since every single letter of a token asks. */
  static secure(): Random {
    let pool = Buffer.alloc(0);
    return new Random((length) => {
      if (pool.length < length) pool = randomBytes(Math.max(4096, length));
      const bytes = pool.subarray(0, length);
      pool = pool.subarray(length);
      return bytes;
    });
  }

  /**
   * The same seed gives the same values in the same order: the key stream of AES-256 in counter
   * mode. Whoever knows the seed knows every secret, which in a sandbox is the point of it.
   */
  static seeded(seed: string): Random {
    const key = createHash('sha256').update(`sandbox seed ${seed}`).digest();
    const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
    return new Random((length) => stream.update(Buffer.alloc(length)));
  }

  bytes(length: number): Buffer {
    return this.#bytes(length);
  }

  hex(bytes: number): string {
    return this.#bytes(bytes).toString('hex');
  }

  /** Twitch's codes and tokens are lower-case letters and digits. */
  lower(length: number): string {
    return this.#text(length, lowerAlphabet);
  }

  /** Mixer's codes and tokens are letters of both cases and digits. */
  mixed(length: number): string {
    return this.#text(length, mixedAlphabet);
  }

  /** A whole number from `from` on, below `end`. */
  integer(from: number, end: number): number {
    const range = end - from;
    const usable = 2 ** 32 - (2 ** 32 % range);
    for (;;) {
      const value = this.#bytes(4).readUInt32BE();
      if (value < usable) return from + (value % range);
    }
  }

  /** Version 4 (RFC 9562 5.4). */
  uuid(): string {
    const bytes = this.#bytes(16);
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }

  #text(length: number, alphabet: string): string {
    return Array.from({ length }, () => alphabet[this.integer(0, alphabet.length)]).join('');
  }
}
