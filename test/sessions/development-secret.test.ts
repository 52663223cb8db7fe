import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSecrets } from '../../src/sessions/development-secret.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-secret-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = () => join(folder, 'development-secret');

test('the secret for development is made once, for its owner alone, and kept', () => {
  const [secret] = readSecrets([], folder);
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(readSecrets([], folder)).toEqual([secret]);
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['development-secret']);
});

test.each([
  ['empty', ''],
  ['cut off', 'abc'],
])('one that is %s is made anew', (_how, text) => {
  writeFileSync(file(), text);
  const [secret] = readSecrets([], folder);
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(readFileSync(file(), 'utf8')).toBe(secret);
});

test('configured ones are taken as they are, and nothing is written', () => {
  expect(readSecrets(['new', 'old'], folder)).toEqual(['new', 'old']);
  expect(readdirSync(folder)).toEqual([]);
});
