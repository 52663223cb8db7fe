import { readIdentity } from '../../src/accounts/read-profile.ts';
import type { Client } from '../../src/oauth/client.ts';
import { readScope } from '../../src/providers/scope.ts';
import type { IdentityFacts } from '../../src/providers/provider.ts';
import { resonite } from '../../src/providers/resonite.ts';

const plain: IdentityFacts = {
  subject: 'U-somebody',
  displayName: 'Somebody',
  handle: 'U-somebody',
  avatarUrl: null,
  publicProfileUrl: null,
};
/** What comes of a profile whose provider file lets these facts through. */
const read = (facts: Partial<IdentityFacts>) =>
  readIdentity(
    { provider: { ...resonite, toIdentity: () => ({ ...plain, ...facts }) } } as unknown as Client,
    {},
  );

test.each([
  ['empty', ''],
  ['with a NUL, which PostgreSQL does not keep', 'U-\0'],
  ['with a line break', 'U-some\nbody'],
  ['with half of a surrogate pair, which would become another text', 'U-\ud800'],
  ['longer than 255 characters', 'U'.repeat(256)],
])('a subject %s is nobody', (_title, subject) => {
  expect(() => read({ subject })).toThrow('userinfo_response_invalid');
});

test('a subject of other letters is kept to the letter', () => {
  expect(read({ subject: 'U-Zoë-名前' }).subject).toBe('U-Zoë-名前');
});

test('an address of a picture is written as browsers write it, or left out', () => {
  expect(read({ avatarUrl: 'https://a.example/\0x' }).avatarUrl).toBe('https://a.example/%00x');
  expect(read({ avatarUrl: 'no address' }).avatarUrl).toBeNull();
});

test('what is no scope name by RFC 6749 3.3 is no scope', () => {
  expect(readScope('openid user:read:email \0 "quoted" back\\slash')).toEqual(['openid', 'user:read:email']);
});
