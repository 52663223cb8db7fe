import { createKeyRing } from '../../src/sessions/seal.ts';

const older = 'an-older-secret-that-is-long-enough-for-this';
const newer = 'a-newer-secret-that-is-long-enough-for-this!';

test('what was sealed opens in its place and for its purpose', () => {
  const keys = createKeyRing([newer]);
  expect(keys.open('grant', 'place', keys.seal('grant', 'place', 'Zoë'))).toBe('Zoë');
});

test('nothing opens in another place or for another purpose', () => {
  const keys = createKeyRing([newer]);
  const sealed = keys.seal('grant', 'place', 'secret');
  expect(keys.open('grant', 'elsewhere', sealed)).toBeNull();
  expect(keys.open('login', 'place', sealed)).toBeNull();
});

test('the same text is sealed differently each time, and never in the clear', () => {
  const keys = createKeyRing([newer]);
  const [first, second] = [keys.seal('grant', 'place', 'secret'), keys.seal('grant', 'place', 'secret')];
  expect(first).not.toBe(second);
  expect(Buffer.from(first.split('.')[3]!, 'base64url').toString()).not.toContain('secret');
});

test('a change of any one character is noticed', () => {
  const keys = createKeyRing([newer]);
  const sealed = keys.seal('grant', 'place', 'secret');
  for (let at = 0; at < sealed.length; at++) {
    const other = sealed[at] === 'A' ? 'B' : 'A';
    const changed = sealed.slice(0, at) + other + sealed.slice(at + 1);
    const bytes = (text: string) =>
      text
        .split('.')
        .map((part) => Buffer.from(part, 'base64url').toString('hex'))
        .join('.');
    // The last character of base64url may hold unused bits: the bytes are then the same.
    if (bytes(changed) === bytes(sealed)) continue;
    expect(keys.open('grant', 'place', changed)).toBeNull();
  }
});

test('a tag that was cut short is refused', () => {
  const keys = createKeyRing([newer]);
  const parts = keys.seal('grant', 'place', 'secret').split('.');
  parts[4] = Buffer.from(parts[4]!, 'base64url').subarray(0, 4).toString('base64url');
  expect(keys.open('grant', 'place', parts.join('.'))).toBeNull();
});

test.each(['', 'v1', 'v1....', 'v2.a.b.c.d', 'not sealed at all'])(
  'text that is no seal is refused: %j',
  (text) => {
    expect(createKeyRing([newer]).open('grant', 'place', text)).toBeNull();
  },
);

test('after a rotation the old secret still opens and the new one seals', () => {
  const before = createKeyRing([older]);
  const rotated = createKeyRing([newer, older]);
  const after = createKeyRing([newer]);
  const sealedBefore = before.seal('grant', 'place', 'secret');
  expect(rotated.open('grant', 'place', sealedBefore)).toBe('secret');
  expect(after.open('grant', 'place', sealedBefore)).toBeNull();
  expect(after.open('grant', 'place', rotated.seal('grant', 'place', 'secret'))).toBe('secret');
  expect(rotated.cookieKeys).toEqual([...after.cookieKeys, ...before.cookieKeys]);
});
