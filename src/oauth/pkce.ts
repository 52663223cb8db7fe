import { createHash, randomBytes } from 'node:crypto';
import type { Provider } from '../providers/provider.ts';

/** 32 random bytes as base64url: 43 characters of the unreserved set (RFC 7636 4.1). */
export function createCodeVerifier(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * Computes the code challenge: over the verifier's ASCII text for `S256` (RFC 7636 4.2), over its
 * decoded bytes for `S256-decoded` (Mixin).
 */
export function toCodeChallenge(verifier: string, method: NonNullable<Provider['pkce']>): string {
  const hashed = method === 'S256' ? Buffer.from(verifier, 'ascii') : Buffer.from(verifier, 'base64url');
  return createHash('sha256').update(hashed).digest('base64url');
}
