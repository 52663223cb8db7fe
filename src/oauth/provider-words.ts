import { looksLikeSecret } from '../inspector/redact.ts';

/**
 * What a provider says about its error, as text for a page: cut, and without words that look like a
 * token or a code. Nothing keeps a provider from repeating in its message what it was sent.
 */
export function toProviderWords(...parts: readonly unknown[]): string {
  const text = parts.filter((part) => typeof part === 'string' && part !== '').join(': ');
  return text
    .slice(0, 300)
    .replaceAll(/[^\s"'<>(),;=&?]+/g, (word) => (looksLikeSecret(word) ? '[hidden]' : word));
}
