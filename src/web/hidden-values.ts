/**
 * The stored profile as JSON text for the page, private values hidden: the person knows them, but
 * screens are shared on streams. Of an e-mail address the domain stays.
 */
export function toRawProfile(userinfo: string, privateFields: readonly string[]): string {
  const hide = (name: string, value: unknown) => (privateFields.includes(name) ? toHidden(value) : value);
  return JSON.stringify(JSON.parse(userinfo), hide, 2);
}

function toHidden(value: unknown): unknown {
  if (typeof value !== 'string') return value === null || value === undefined ? value : '[hidden]';
  if (value === '') return value;
  const at = value.lastIndexOf('@');
  return `[hidden]${at > 0 ? value.slice(at) : ''}`;
}
