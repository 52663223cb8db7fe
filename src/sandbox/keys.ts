import { checkPrimeSync, createPrivateKey, type KeyObject } from 'node:crypto';
import type { Random } from './random.ts';

/**
 * Keys from our own random numbers, so that a seed fixes them: Node's generator cannot be given one,
 * and a key that changes with every start changes every ID token. For a sandbox only.
 */

const publicExponent = 65537n;
const primeBytes = 128;

function toInteger(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}

/** The next prime from a random start with both top bits set, so that the product has full length. */
function findPrime(random: Random): bigint {
  const bytes = random.bytes(primeBytes);
  bytes[0] = bytes[0]! | 0xc0;
  bytes[primeBytes - 1] = bytes[primeBytes - 1]! | 1;
  let candidate = toInteger(bytes);
  while (candidate % publicExponent === 1n || !checkPrimeSync(candidate)) candidate += 2n;
  return candidate;
}

/** By the extended algorithm of Euclid. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [before, now] = [0n, 1n];
  let [dividend, divisor] = [modulus, value % modulus];
  while (divisor !== 0n) {
    const quotient = dividend / divisor;
    [before, now] = [now, before - quotient * now];
    [dividend, divisor] = [divisor, dividend - quotient * divisor];
  }
  return before < 0n ? before + modulus : before;
}

function toBase64url(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url');
}

/** A 2048-bit RSA key with the members that RFC 7518 6.3.2 names. */
export function rsaKey(random: Random): KeyObject {
  const p = findPrime(random);
  const q = findPrime(random);
  const d = inverse(publicExponent, (p - 1n) * (q - 1n));
  const members = {
    n: p * q,
    e: publicExponent,
    d,
    p,
    q,
    dp: d % (p - 1n),
    dq: d % (q - 1n),
    qi: inverse(q, p),
  };
  const jwk = Object.entries(members).map(([name, value]) => [name, toBase64url(value)]);
  return createPrivateKey({ key: { kty: 'RSA', ...Object.fromEntries(jwk) }, format: 'jwk' });
}

/** RFC 8410 7: what stands before the 32 bytes of an Ed25519 key in PKCS #8. */
const ed25519Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

export function ed25519Key(random: Random): KeyObject {
  const key = Buffer.concat([ed25519Prefix, random.bytes(32)]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}
