import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

export interface SigningKey {
  privateKey: KeyObject;
  publicJwk: Readonly<Record<string, unknown>>;
}

let generated: Promise<SigningKey> | undefined;

function toSigningKey(privateKey: KeyObject): SigningKey {
  return { privateKey, publicJwk: { ...createPublicKey(privateKey).export({ format: 'jwk' }) } };
}

async function generate(): Promise<SigningKey> {
  const pair = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return toSigningKey(pair.privateKey);
}

/** One RSA key a process: making one takes a noticeable part of a second. */
export function createSigningKey(): Promise<SigningKey> {
  generated ??= generate();
  return generated;
}

export function readSigningKey(pem: string): SigningKey {
  return toSigningKey(createPrivateKey(pem));
}

export function writeSigningKey(key: SigningKey): string {
  return key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** The key set as Twitch and OpenID Connect providers publish it (RFC 7517 5). */
export function toKeySet(key: SigningKey): object {
  const { kty, n, e } = key.publicJwk;
  return { keys: [{ alg: 'RS256', e, kid: '1', kty, n, use: 'sig' }] };
}
