/** A scope's name has no space, quotation mark or backslash, and is ASCII (RFC 6749 3.3). */
export function isScopeName(name: string): boolean {
  return /^[\x21\x23-\x5B\x5D-\x7E]+$/.test(name);
}

/** The scopes in a text, by name. What is no scope name is left out. */
export function readScope(text: string): string[] {
  return text.split(' ').filter(isScopeName);
}
