import { createMarks } from '../../src/inspector/marks.ts';
import { createRedactor } from '../../src/inspector/redact.ts';
import { type Text, toPlainText } from '../../src/inspector/text.ts';

const marks = createMarks();
const redactor = (sandbox = false, shows: readonly string[] = []) =>
  createRedactor({ marks, sandbox, shows });
const hidden = (value: string) =>
  `[hidden: ${value.length} ${value.length === 1 ? 'character' : 'characters'}, mark ${marks.mark(value)}]`;
const madeUp = (text: Text) => text.map((piece) => (typeof piece === 'string' ? null : piece.madeUp));

test.each(['client_secret', 'code', 'code_verifier', 'state', 'nonce', 'token', 'a_new_parameter', 'PIN'])(
  'the parameter %s is hidden',
  (name) => {
    expect(toPlainText(redactor().parameter(name, 'canary-4711').value)).toBe(hidden('canary-4711'));
  },
);

test.each(['client_id', 'redirect_uri', 'scope', 'grant_type', 'response_type'])(
  'the parameter %s is shown',
  (name) => {
    expect(toPlainText(redactor().parameter(name, 'canary-4711').value)).toBe('canary-4711');
  },
);

test('equal secrets have equal marks, different ones different, and another process other ones', () => {
  expect(marks.mark('one')).toMatch(/^[0-9a-f]{6}$/);
  expect(marks.mark('one')).toBe(marks.mark('one'));
  expect(marks.mark('one')).not.toBe(marks.mark('two'));
  expect(createMarks().whole('one')).not.toBe(marks.whole('one'));
});

test.each(['cookie', 'set-cookie', 'x-integrity-token', 'x-anything', 'proxy-authorization'])(
  'the header %s is hidden',
  (name) => {
    expect(toPlainText(redactor().header(name, 'canary=4711').value)).toBe(hidden('canary=4711'));
  },
);

test('of Authorization the scheme stays, if it is one of ours', () => {
  const value = (text: string) => toPlainText(redactor().header('authorization', text).value);
  expect(value('Bearer canary')).toBe(`Bearer ${hidden('canary')}`);
  expect(value('OAuth canary')).toBe(`OAuth ${hidden('canary')}`);
  expect(value('Basic canary')).toBe(`Basic ${hidden('canary')}`);
  expect(value('Digest canary')).toBe(hidden('Digest canary'));
});

test('a client secret that came in the Authorization header is known again', () => {
  const basic = Buffer.from('client:correct%2Bhorse').toString('base64');
  const one = redactor();
  expect(toPlainText(one.header('authorization', `Basic ${basic}`).value)).toBe(`Basic ${hidden(basic)}`);
  expect(toPlainText(one.sentence('client secret correct+horse is wrong'))).toBe(
    `client secret ${hidden('correct+horse')} is wrong`,
  );
});

test('of an e-mail address the domain stays', () => {
  expect(toPlainText(redactor().parameter('email', 'canary@example.org').value)).toBe(
    `${hidden('canary@example.org')}@example.org`,
  );
});

test('of a JSON answer only what is on the list stays, however deep', () => {
  const answer = {
    token_type: 'bearer',
    access_token: 'canary-1',
    data: [{ id: 'U-1', phone: 4711, deep: { secret: 'canary-2' } }],
    none: null,
  };
  const { text, fields } = redactor(false, ['id']).json(answer);
  const plain = toPlainText(text);
  expect(plain).toContain('"token_type": "bearer"');
  expect(plain).toContain('"id": "U-1"');
  expect(plain).not.toMatch(/canary|4711/);
  expect(fields.map(({ name }) => name)).toEqual(['token_type', 'access_token', 'data', 'none']);
});

test('an error code is a number; as text it is an authorization code', () => {
  const plain = toPlainText(redactor().json({ error: { code: 20121 }, code: 'canary' }).text);
  expect(plain).toContain('20121');
  expect(plain).not.toContain('canary');
});

test('a sentence of the provider that repeats a secret has a hole there, whichever comes first', () => {
  const { text } = redactor().json({ message: 'bad token canary-4711.', access_token: 'canary-4711' });
  expect(toPlainText(text)).not.toContain('4711');
  expect(toPlainText(text)).toContain('bad token ');
});

test('what looks like a secret or an address in a sentence of the provider is hidden', () => {
  const say = (text: string) => toPlainText(redactor().parameter('error_description', text).value);
  expect(say('code 0a1b2c3d4e5f6a7b8c9d is over')).not.toContain('0a1b2c');
  expect(say('no mail to canary@example.org')).toContain('@example.org');
  expect(say('no mail to canary@example.org')).not.toContain('canary@');
  expect(say('The specified client credentials are invalid.')).toBe(
    'The specified client credentials are invalid.',
  );
});

test('a name that is a secret is no name', () => {
  const { text } = redactor().json({ [`x${'7'.repeat(30)}`]: 1, '<b>': 2 });
  expect(toPlainText(text)).not.toContain('7777');
  expect(toPlainText(text)).not.toContain('<b>');
});

test('the sandbox’s made-up values are kept, and only those, and only there', () => {
  const shown = (name: string) => madeUp(redactor(true).parameter(name, 'canary-4711').value);
  for (const name of ['code', 'access_token', 'refresh_token', 'id_token', 'email', 'phone'])
    expect(shown(name)).toEqual(['canary-4711']);
  for (const name of ['client_secret', 'code_verifier', 'state', 'nonce', 'ed25519'])
    expect(shown(name)).toEqual([null]);
  expect(madeUp(redactor(true).header('cookie', 'a=b').value)).toEqual([null]);
  // A token that no answer of this flow has given may be one that we have signed.
  expect(madeUp(redactor(true).header('authorization', 'Bearer canary').value)).toEqual([null, null]);
  for (const name of ['code', 'access_token'])
    expect(madeUp(redactor(false).parameter(name, 'canary-4711').value)).toEqual([null]);
});

test('a long text is cut, and a long list ends with how much is left', () => {
  expect(toPlainText(redactor().parameter('scope', 'a '.repeat(1000)).value).length).toBeLessThan(600);
  const many = Array.from({ length: 100 }, (_, index) => index);
  expect(toPlainText(redactor().json({ scope: many }).text)).toContain('… and 40 more');
});
