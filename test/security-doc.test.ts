import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../src/config.ts';
import { transactionMinutes } from '../src/login/transaction.ts';
import { usualLimits } from '../src/oauth/http.ts';
import { madeUpClients } from '../src/sandbox/registrations.ts';
import { sessionsPerAccount } from '../src/web/session-changes.ts';
import { attacks } from './attacks/catalogue.ts';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/security.md'), 'utf8');

interface Row {
  readonly what: string;
  readonly applies: string;
  readonly how: string;
  readonly shownBy: string;
}

/** The rows of the tables below a heading, but for headings inside a table. */
function rowsBelow(heading: string): Row[] {
  const part = page.split(`\n### ${heading}\n`)[1]?.split(/\n##/)[0] ?? '';
  const lines = part
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (?:Section|Requirement|\*\*)/.test(line));
  return lines.map((line) => {
    const [what = '', applies = '', how = '', shownBy = ''] = line
      .replace(/^\||\|$/g, '')
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim());
    return { what, applies, how, shownBy };
  });
}

const tables = ['RFC 9700, what a client has to do', 'RFC 9207 and RFC 7636', 'ASVS 5.0'];
const rows = tables.flatMap((heading) => rowsBelow(heading));

test('every row of the standards says whether it applies and how, and nothing else', () => {
  for (const heading of tables) expect(rowsBelow(heading).length).toBeGreaterThan(5);
  const known = ['yes', 'partly', 'no', 'not met'];
  expect(rows.filter(({ applies, how }) => !known.includes(applies) || how.length < 3)).toEqual([]);
});

test('what is met, wholly or in part, is shown by a test, an attack or by reading', () => {
  const met = rows.filter(({ applies }) => applies === 'yes' || applies === 'partly');
  expect(met.length).toBeGreaterThan(100);
  const shown =
    /^(?:reading|(?:`test\/[\w./-]+\.test\.ts`|[A-Z]+-\d\d)(?:, (?:`test\/[\w./-]+\.test\.ts`|[A-Z]+-\d\d))*)$/;
  expect(
    met.filter(({ shownBy }) => !shown.test(shownBy)).map(({ what, shownBy }) => [what, shownBy]),
  ).toEqual([]);
  expect(rows.filter(({ shownBy }) => shownBy === 'reading').length).toBeLessThan(5);
});

test('every test that is named exists, and so does every attack', () => {
  const files = [...page.matchAll(/`(test\/[\w./-]+\.ts)`/g)].map((match) => match[1]!);
  const ids = [...page.matchAll(/\b(?:START|CB|TOK|ID|LINK|SES|WEB|REL)-\d\d\b/g)].map(([id]) => id);
  expect(Math.min(files.length, ids.length)).toBeGreaterThan(50);
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  const known = new Set(attacks.map(({ id }) => id));
  expect([...new Set(ids)].filter((id) => !known.has(id))).toEqual([]);
});

test('every attack of the catalogue that is critical is named', () => {
  const critical = attacks.filter(({ severity }) => severity === 'critical').map(({ id }) => id);
  expect(critical.length).toBeGreaterThan(10);
  expect(critical.filter((id) => !new RegExp(`\\b${id}\\b`).test(page))).toEqual([]);
});

test('the chapters that were to be looked at are all there, and no requirement twice', () => {
  const ids = rowsBelow('ASVS 5.0').flatMap(({ what }) =>
    [...what.matchAll(/\b\d+\.\d+(?:\.\d+)?\b/g)].map(([id]) => id),
  );
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  const chapters = new Set(ids.map((id) => id.split('.')[0]));
  for (const chapter of ['3', '4', '6', '7', '8', '10', '11', '12', '13', '14', '15', '16'])
    expect(chapters).toContain(chapter);
});

test('what is only partly met or not at all is among the accepted deviations, or says elsewhere why', () => {
  const deviations = page.split('\n## Accepted deviations\n')[1]!.split('\n## ')[0]!;
  const short = rowsBelow('ASVS 5.0').filter(({ applies }) => applies === 'not met' || applies === 'partly');
  const without = short.filter(
    ({ what, how }) =>
      !/\]\(#/.test(how) && ![...what.matchAll(/\b\d+\.\d+\.\d+\b/g)].some(([id]) => deviations.includes(id)),
  );
  expect(without.map(({ what }) => what)).toEqual([]);
});

test('the limits that are written down are those of the code', () => {
  const config = readConfig({}, madeUpClients);
  const hour = 60 * 60 * 1000;
  const limits = page.split('\n### How long a session lasts, and why\n')[1]!.split('\n##')[0]!;
  expect(limits).toContain(`| without use | ${config.sessionLimits.idleMilliseconds / hour} hours |`);
  expect(limits).toContain(
    `| after the sign-in | ${config.sessionLimits.absoluteMilliseconds / hour / 24} days |`,
  );
  expect(limits).toContain(`| sessions for each account | ${sessionsPerAccount} |`);
  expect(limits).toContain(
    `| a sign-in counts as fresh | ${config.reauthenticationMilliseconds / 60_000} minutes |`,
  );
  expect(transactionMinutes).toBe(10);
  expect(page.includes('It lasts ten minutes.')).toBe(true);
  expect(usualLimits).toMatchObject({ totalMilliseconds: 8000, maximumBytes: 256 * 1024 });
  const towards = page.split('\n## Towards the providers\n')[1]!.split('\n## ')[0]!;
  expect(towards).toMatch(/after eight seconds.*at most 256 kB/s);
});

test('the policy for reports says where and by when, and invents no address to write to', () => {
  const policy = readFileSync(join(root, 'SECURITY.md'), 'utf8');
  expect(policy).toContain('Report a vulnerability');
  expect(policy.match(/\| a fix, \w+/g)).toHaveLength(4);
  expect(policy).not.toMatch(/[\w.]+@[\w.]+|mailto:/);
});
