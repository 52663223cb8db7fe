import { randomBytes, randomInt } from 'node:crypto';

const lowerAlphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
const mixedAlphabet = `ABCDEFGHIJKLMNOPQRSTUVWXYZ${lowerAlphabet}`;

function randomText(length: number, alphabet: string): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}

/** Twitch's codes and tokens are lower-case letters and digits. */
export const randomLower = (length: number): string => randomText(length, lowerAlphabet);

/** Mixer's codes and tokens are letters of both cases and digits. */
export const randomMixed = (length: number): string => randomText(length, mixedAlphabet);

export const randomHex = (bytes: number): string => randomBytes(bytes).toString('hex');
