import { LoginError } from '../../src/errors.ts';
import { toStandardTokenAnswer } from '../../src/oauth/token-response.ts';
import { resonite } from '../../src/providers/resonite.ts';

const answer = (body: unknown, status = 200, type = 'application/json') =>
  toStandardTokenAnswer(resonite, {
    status,
    headers: { 'content-type': type },
    text: typeof body === 'string' ? body : JSON.stringify(body),
  });
const tokens = { access_token: 'a', token_type: 'Bearer' };
const codeOf = (work: () => unknown) => {
  try {
    return work();
  } catch (error) {
    return error instanceof LoginError ? error.code : error;
  }
};

test.each([
  ['a number of seconds', { expires_in: 3600 }, { expires_in: 3600 }],
  ['a number of seconds as text', { expires_in: '3600' }, { expires_in: 3600 }],
  ['null for no end', { expires_in: null }, {}],
  ['null for no refresh token', { refresh_token: null }, {}],
  ['an empty refresh token', { refresh_token: '' }, {}],
  ['an empty scope', { scope: '' }, { scope: '' }],
  ['fields that nobody asked for', { extra: { deep: true } }, {}],
])('a token response with %s is read', (_title, given, kept) => {
  expect(answer({ ...tokens, ...given })).toEqual({ status: 200, body: { ...tokens, ...kept } });
});

test.each(['Bearer', 'bearer', 'BEARER'])('the token type may be written %s', (token_type) => {
  expect(answer({ ...tokens, token_type }).status).toBe(200);
});

test.each([
  ['no access token', { token_type: 'bearer' }],
  ['an access token that is a number', { ...tokens, access_token: 7 }],
  ['another kind of token', { ...tokens, token_type: 'mac' }],
  ['a negative life', { ...tokens, expires_in: -1 }],
  ['a list', [tokens]],
  ['a text', '"tokens"'],
  ['null', 'null'],
  ['nothing', ''],
  ['half of itself', '{"access_token":"a"'],
  ['something behind it', '{"access_token":"a","token_type":"bearer"}x'],
  ['an error that is no text', { error: { code: 1 } }],
])('a token response with %s is refused', (_title, body) => {
  expect(codeOf(() => answer(body))).toBe('token_response_invalid');
});

test.each(['text/html', 'text/plain', 'image/png', ''])('JSON that calls itself %j is no answer', (type) => {
  expect(codeOf(() => answer(tokens, 200, type))).toBe('token_response_invalid');
});

test('an error counts whatever the status, and also beside tokens', () => {
  expect(answer({ error: 'invalid_grant' })).toEqual({ status: 400, body: { error: 'invalid_grant' } });
  expect(answer({ ...tokens, error: 'server_error' }).status).toBe(400);
});
