import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { Random } from './random.ts';
import { rsaKey } from './keys.ts';

export interface SigningKey {
  /** Twitch's is the constant `1`. */
  id: string;
  privateKey: KeyObject;
  publicJwk: Readonly<Record<string, unknown>>;
}

/** The key that signs ID tokens, and another one for the faults that need it. */
export interface SigningKeys {
  current: SigningKey;
  other(): SigningKey;
}

function toSigningKey(id: string, privateKey: KeyObject): SigningKey {
  return { id, privateKey, publicJwk: { ...createPublicKey(privateKey).export({ format: 'jwk' }) } };
}

function makeKey(id: string, random: Random): SigningKey {
  return toSigningKey(id, rsaKey(random));
}

const made = new Map<string, SigningKey>();

/** Keys without a seed are made once a process: each takes about a tenth of a second. */
function keptKey(id: string): SigningKey {
  const key = made.get(id) ?? makeKey(id, Random.secure());
  made.set(id, key);
  return key;
}

/** The other key is made when it is first asked for. */
export function createSigningKeys(seed: string | null): SigningKeys {
  const key = (id: string): SigningKey =>
    seed === null ? keptKey(id) : makeKey(id, Random.seeded(`${seed} key ${id}`));
  let other: SigningKey | undefined;
  return { current: key('1'), other: () => (other ??= key('2')) };
}

export function readSigningKey(pem: string): SigningKey {
  return toSigningKey('1', createPrivateKey(pem));
}

export function writeSigningKey(key: SigningKey): string {
  return key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** The key set as Twitch and OpenID Connect providers publish it (RFC 7517 5). */
export function toKeySet(keys: readonly SigningKey[]): object {
  return {
    keys: keys.map(({ id, publicJwk: { kty, n, e } }) => ({ alg: 'RS256', e, kid: id, kty, n, use: 'sig' })),
  };
}
