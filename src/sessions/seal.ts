import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

/** Each use of the secrets has a key of its own, so that what one made never opens as another. */
type Purpose = 'login' | 'grant' | 'decision';

export interface KeyRing {
  /** Keys that sign the session cookie, newest first. */
  readonly cookieKeys: readonly string[];
  /** Encrypts text for one purpose and one place; `place` is the record's key. */
  seal(purpose: Purpose, place: string, text: string): string;
  /** Decrypts; null when anything was changed, moved to another place, or sealed by an unknown key. */
  open(purpose: Purpose, place: string, sealed: string): string | null;
}

interface Key {
  readonly id: string;
  readonly forPurpose: (purpose: Purpose) => KeyObject;
}

/**
 * Makes the key ring of SESSION_SECRET's values, newest first: the newest seals, all open.
 * AES-256-GCM, keys by HKDF-SHA-256; sealed text is `v1.<key id>.<iv>.<ciphertext>.<tag>`.
 */
export function createKeyRing(secrets: readonly string[]): KeyRing {
  const keys = secrets.map(createKey);
  const newest = keys[0];
  if (!newest) throw new TypeError('a key ring needs a secret');
  return {
    cookieKeys: secrets.map((secret) => derive(secret, 'session cookie').toString('base64url')),
    seal: (purpose, place, text) => seal(newest, purpose, place, text),
    open: (purpose, place, sealed) => {
      const id = sealed.split('.')[1];
      const key = keys.find((candidate) => candidate.id === id);
      return key ? open(key, purpose, place, sealed) : null;
    },
  };
}

function createKey(secret: string): Key {
  // A key object is made ready once; of a buffer each encryption would make a new one.
  const derived = new Map<Purpose, KeyObject>();
  const forPurpose = (purpose: Purpose) => {
    const key = derived.get(purpose) ?? createSecretKey(derive(secret, `seal ${purpose}`));
    derived.set(purpose, key);
    return key;
  };
  return { id: derive(secret, 'key id').toString('base64url').slice(0, 8), forPurpose };
}

function derive(secret: string, use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'latchkey', use, 32));
}

function seal(key: Key, purpose: Purpose, place: string, text: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key.forPurpose(purpose), iv, { authTagLength: 16 });
  cipher.setAAD(Buffer.from(`${purpose}:${place}`));
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return [
    'v1',
    key.id,
    ...[iv, ciphertext, cipher.getAuthTag()].map((part) => part.toString('base64url')),
  ].join('.');
}

function open(key: Key, purpose: Purpose, place: string, sealed: string): string | null {
  const [version, , iv = '', ciphertext = '', tag = ''] = sealed.split('.');
  if (version !== 'v1') return null;
  try {
    // Without `authTagLength` Node accepts a tag cut to four bytes.
    const decipher = createDecipheriv('aes-256-gcm', key.forPurpose(purpose), Buffer.from(iv, 'base64url'), {
      authTagLength: 16,
    });
    decipher.setAAD(Buffer.from(`${purpose}:${place}`));
    decipher.setAuthTag(Buffer.from(tag, 'base64url'));
    return Buffer.concat([decipher.update(Buffer.from(ciphertext, 'base64url')), decipher.final()]).toString(
      'utf8',
    );
  } catch {
    return null;
  }
}
