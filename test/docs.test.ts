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

describe('operations', () => {
  const text = read('docs/operations.md');
  const sectionOf = (heading: string) => text.split(`\n## ${heading}\n`)[1]?.split(/\n## /)[0] ?? '';
  const namedMetrics = (part: string) => [
    ...new Set(
      [...part.matchAll(/\b(?:latchkey|nodejs|process)_[a-z0-9_]+[a-z0-9]\b/g)].map(([name]) => name),
    ),
  ];

  test('explains every name in the log, and no other', async () => {
    const { logEvents } = await import('../src/web/log.ts');
    const explained = [...sectionOf('The log').matchAll(/^\| (`[^|]*) \|/gm)].flatMap((row) =>
      [...row[1]!.matchAll(/`([^`]+)`/g)].map((match) => match[1]!),
    );
    expect(explained.filter((name) => name !== 'msg').toSorted()).toEqual([...logEvents].toSorted());
  });

  test('names every metric of ours, and none that does not exist', async () => {
    const { createMetrics } = await import('../src/web/metrics.ts');
    const told = await createMetrics(true).text();
    const existing = [...told.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name, type]) =>
      type === 'histogram' ? [name!, `${name}_bucket`, `${name}_count`, `${name}_sum`] : [name!],
    );
    const section = sectionOf('Metrics');
    const own = existing.filter((name) => /^latchkey_/.test(name) && !/_(?:bucket|count|sum)$/.test(name));
    expect(own.length).toBeGreaterThan(12);
    expect(own.filter((name) => !namedMetrics(section.split('### Dashboard')[0]!).includes(name))).toEqual(
      [],
    );
    expect(namedMetrics(section).filter((name) => !existing.includes(name))).toEqual([]);
  });

  test('has alert rules that can be read, each with a reason and with labels that its metric has', async () => {
    const { parse } = await import('yaml');
    const block = /```yaml\n([\s\S]*?)```/.exec(sectionOf('Metrics'))![1]!;
    const { groups } = parse(block) as {
      groups: { rules: { alert: string; expr: string; labels: object; annotations: object }[] }[];
    };
    const { rules } = groups[0]!;
    expect(rules.length).toBeGreaterThan(8);
    for (const rule of rules) {
      expect(rule.labels).toEqual({ severity: expect.stringMatching(/^(?:page|ticket)$/) });
      expect(rule.annotations).toEqual({ summary: expect.any(String), reason: expect.any(String) });
      expect(rule.expr.split('(').length).toBe(rule.expr.split(')').length);
    }
    const codes = [...block.matchAll(/code(?:=|!=)"([a-z_]+)"/g)].map((match) => match[1]!);
    const { loginErrorCodes, requestErrorCodes } = await import('../src/errors.ts');
    const known: readonly string[] = [...loginErrorCodes, ...requestErrorCodes];
    expect(codes.length).toBeGreaterThan(2);
    expect(codes.filter((code) => !known.includes(code))).toEqual([]);
  });

  test('gives the defaults of the rate limits and the limits as they are in the code', async () => {
    const { readConfig } = await import('../src/config.ts');
    const { rateLimits } = readConfig({}, {});
    const row = (name: string, value: number) => `| \`${name}\` | ${value} |`;
    for (const [area, { browser, address }] of Object.entries(rateLimits)) {
      expect(text).toContain(row(`RATE_LIMIT_${area.toUpperCase()}_PER_BROWSER`, browser));
      expect(text).toContain(row(`RATE_LIMIT_${area.toUpperCase()}_PER_ADDRESS`, address));
    }
    const { usualLimits } = await import('../src/listener.ts');
    expect(text).toContain(`| idle connection | ${usualLimits.keepAliveMilliseconds / 1000} seconds |`);
    expect(text).toContain(
      `| time for the headers of a request | ${usualLimits.headersMilliseconds / 1000} seconds |`,
    );
    expect(text).toContain(
      `| time for a whole request | ${usualLimits.requestMilliseconds / 1000} seconds |`,
    );
    expect(text).toContain(
      `| headers of a request, with its address | ${usualLimits.headerBytes / 1024} kB |`,
    );
  });
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
