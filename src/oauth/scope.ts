/** The scopes in a text, by name (RFC 6749 3.3). What is no scope name is left out. */
export function readScope(text: string): string[] {
  return text.split(' ').filter((name) => /^[\x21\x23-\x5B\x5D-\x7E]+$/.test(name));
}
