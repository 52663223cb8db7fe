import { createMarks } from '../../src/inspector/marks.ts';
import { toDecodedToken, toRequestMessage, toResponseMessage } from '../../src/inspector/messages.ts';
import { createRedactor } from '../../src/inspector/redact.ts';
import { toPlainText } from '../../src/inspector/text.ts';

const redactor = createRedactor({ marks: createMarks(), sandbox: false, shows: [] });
const answer = (type: string, text: string) =>
  toResponseMessage(redactor, { status: 200, headers: { 'content-type': type }, text });

test.each([
  ['a page', 'text/html', '<p>canary</p>'],
  ['JSON that is cut off', 'application/json', '{"access_token":"canary'],
  ['text that calls itself JSON', 'application/json', 'canary'],
  ['JSON that calls itself text', 'text/plain', '{"message":"canary"}'],
])('%s is hidden as a whole', (_, type, text) => {
  const { body, parameters } = answer(type, text);
  expect(toPlainText(body)).toMatch(/^\[hidden: \d+ characters, mark [0-9a-f]{6}\]$/);
  expect(parameters).toEqual([]);
});

test('a request is written as it goes over the wire', () => {
  const { line, headers, body } = toRequestMessage(redactor, {
    method: 'POST',
    url: 'https://one.example/token?scope=a%20b&secret=canary',
    headers: { 'content-type': 'application/x-www-form-urlencoded', Authorization: 'Basic canary' },
    body: 'grant_type=refresh_token&refresh_token=canary',
  });
  expect(toPlainText(line)).toMatch(
    /^POST \/token\?scope=a%20b&secret=\[hidden: 6 characters, .*\] HTTP\/1\.1$/,
  );
  expect(headers.map(({ name }) => name)).toEqual(['host', 'content-type', 'authorization']);
  expect(toPlainText(body)).toMatch(/^grant_type=refresh_token&refresh_token=\[hidden: 6 characters/);
  expect(JSON.stringify({ line, headers, body })).not.toContain('canary');
});

test.each([
  ['https://site.example/?error=x&code=Secret1', 'https://site.example/?error=x&code=[hidden'],
  ['https://site.example/login/service/callback', 'https://site.example/login/service/callback'],
  ['https://site.example/t/aB3dEfGh', 'https://site.example[hidden'],
  ['https://site.example/abcdefghijklmnop', 'https://site.example[hidden'],
  ['/abc?code=Secret1', '[hidden'],
])('a redirect to %s is written as %s', (location, written) => {
  const { headers } = toResponseMessage(redactor, { status: 302, headers: { location }, text: '' });
  const text = toPlainText(headers[0]!.value);
  expect(text.startsWith(written)).toBe(true);
  expect(text).not.toContain('Secret1');
});

test('a token is shown without its signature, and what is no token not at all', () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = `${part({ alg: 'RS256' })}.${part({ iss: 'https://one.example', email: 'canary@one.example' })}.c2lnbmF0dXJl`;
  const decoded = toDecodedToken(redactor, 'ID token', token)!;
  const claims = decoded.claims.map(({ name, value }) => [name, toPlainText(value)]);
  expect(claims[0]).toEqual(['iss', 'https://one.example']);
  expect(claims[1]![1]).toMatch(/^\[hidden: .*\]@one\.example$/);
  expect(JSON.stringify(decoded)).not.toMatch(/canary|c2lnbmF0dXJl|signature/);
  const withoutSignature = token.slice(0, token.lastIndexOf('.'));
  for (const none of ['canary', 'a.b.c', `${token}.more`, withoutSignature, '.'.repeat(999)])
    expect(toDecodedToken(redactor, 'ID token', none)).toBeNull();
});
