import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { services } from '../src/providers/index.ts';

const root = join(import.meta.dirname, '..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');

const documents = [
  ...readdirSync(root, { encoding: 'utf8' }),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name)),
]
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: read(name) }));

const readme = read('README.md');

/** Fenced blocks hold samples: what looks like a link or a heading there is none. */
const withoutSamples = (text: string) => text.replace(/^```[\s\S]*?^```$/gm, '');

interface Link {
  readonly from: string;
  readonly target: string;
}

const links: Link[] = documents.flatMap(({ name, text }) =>
  [...withoutSamples(text).matchAll(/\]\(([^()\s]+)\)|(?:src|srcset|href)="([^"\s]+)"/g)].map((match) => ({
    from: name,
    target: (match[1] ?? match[2])!,
  })),
);
const relativeLinks = links.filter(({ target }) => !/^(?:[a-z]+:|\/\/)/i.test(target));

/** As GitHub makes them: small letters, no punctuation, hyphens for spaces. */
function anchorsOf(text: string): string[] {
  const headings = [...withoutSamples(text).matchAll(/^#{1,6} (.+)$/gm)].map((match) => match[1]!);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  );
}

test('the documents that must be there are found', () => {
  const names = documents.map(({ name }) => name);
  for (const name of ['README.md', 'CHANGELOG.md', 'docs/architecture.md', 'docs/decisions/README.md'])
    expect(names).toContain(name);
  expect(relativeLinks.length).toBeGreaterThan(20);
});

test('every relative link leads to a file, and every fragment to a heading', () => {
  const broken = relativeLinks.filter(({ from, target }) => {
    const [path = '', fragment] = target.split('#');
    const file = path === '' ? from : join(dirname(from), decodeURIComponent(path));
    if (!existsSync(join(root, file))) return true;
    return fragment !== undefined && file.endsWith('.md') && !anchorsOf(read(file)).includes(fragment);
  });
  expect(broken).toEqual([]);
});

test('every file that a document names exists', () => {
  const named = documents.flatMap(({ name, text }) =>
    [...text.matchAll(/`((?:src|test|views|public|scripts|docs)\/[\w./-]*)`/g)].map((match) => ({
      from: name,
      path: match[1]!,
    })),
  );
  // The pages of the providers also name files of other projects, as sources: ours end so.
  const isOurs = ({ from, path }: { from: string; path: string }) =>
    !from.startsWith(join('docs', 'providers')) || /\.(?:ts|ejs)$/.test(path);
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter((file) => isOurs(file) && !existsSync(join(root, file.path)))).toEqual([]);
});

test('every decision is in the index', () => {
  const index = read('docs/decisions/README.md');
  const decisions = readdirSync(join(root, 'docs/decisions')).filter((name) => /^\d{3}-/.test(name));
  expect(decisions.length).toBeGreaterThan(0);
  expect(decisions.filter((name) => !index.includes(`(${name})`))).toEqual([]);
});

describe('README', () => {
  test('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...readme.matchAll(/npm (?:run (?:-s )?([\w:-]+)|(start|test)\b)/g)].map(
      (match) => (match[1] ?? match[2])!,
    );
    expect(named).toEqual(expect.arrayContaining(['start', 'test', 'dev', 'check', 'secret']));
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test('explains error pages by the headings that they have', () => {
    const source = read('src/web/error-page.ts');
    const headings = [...source.matchAll(/^\s*heading: (.*)$/gm)].flatMap((line) =>
      [...line[1]!.matchAll(/'([^']+)'|`([^`]+)`/g)].map((match) => (match[1] ?? match[2])!),
    );
    const names = services.map((service) => service.choose({}).name).join('|');
    const known = headings.map((heading) => {
      const parts = heading.split(/\$\{[^}]*\}/).map((part) => part.replace(/[.?()]/g, '\\$&'));
      return new RegExp(`^${parts.join(`(?:${names})`)}$`);
    });
    const faq = /^## FAQ$([\s\S]*?)^## /m.exec(readme)?.[1] ?? '';
    const explained = [...faq.matchAll(/^### (.+)$/gm)].map((match) => match[1]!);
    expect(explained.length).toBeGreaterThan(5);
    expect(explained.filter((heading) => !known.some((pattern) => pattern.test(heading)))).toEqual([]);
  });

  test('names only variables that are read', () => {
    const example = read('.env.example');
    const known = [...example.matchAll(/^(?:# )?([A-Z][A-Z0-9_]*)=/gm)].map((match) => match[1]!);
    const table = /^## Configuration$([\s\S]*?)^## /m.exec(readme)?.[1] ?? '';
    const cells = [...table.matchAll(/^\| (`[^|]*) \|/gm)].flatMap((row) =>
      [...row[1]!.matchAll(/`([A-Z0-9_]+)`/g)].map((match) => match[1]!),
    );
    expect(cells.length).toBeGreaterThan(8);
    expect(cells.filter((name) => !known.includes(name))).toEqual([]);
  });
});

test('the tables of faults are those of the code: npm run docs:faults writes them', async () => {
  const { withFaultTables } = await import('../scripts/fault-table.ts');
  const sandbox = read('docs/sandbox.md');
  expect(sandbox).toBe(withFaultTables(sandbox));
  expect(sandbox.split('`token_wrong_secret`')).toHaveLength(2);
});

test('no document speaks of the machine that it was written on', () => {
  const forbidden = /\/work\/|\/root\/|\/home\/|\/tmp\/|\.\.\/shared|file:\/\/|registry=|localhost:\d+\/npm/i;
  const lines = documents.flatMap(({ name, text }) =>
    text
      .split('\n')
      .filter((line) => forbidden.test(line))
      .map((line) => `${name}: ${line}`),
  );
  expect(lines).toEqual([]);
});
