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

describe('functions that a document names', () => {
  const code = ['src', 'test'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.[jt]s$/.test(name))
      .map((name) => ({ name: join(folder, name), text: read(join(folder, name)) })),
  );

  test('exist', () => {
    const all = code.map(({ text }) => text).join('\n');
    const named = documents.flatMap(({ name, text }) =>
      [...text.matchAll(/`(?:\w+\.)*(\w+)\(\)`/g)].map((match) => ({ from: name, function: match[1]! })),
    );
    expect(named.length).toBeGreaterThan(100);
    expect(named.filter((one) => !new RegExp(`\\b${one.function}(?:<[^;]*?>)?\\(`).test(all))).toEqual([]);
  });

  test('are in the file that is named with them', () => {
    const named = documents.flatMap(({ name, text }) =>
      [...text.matchAll(/`(?:\w+\.)*([\w-]+)(?:\(\))?`(?: in | \()`(src\/[\w./-]+\.ts)`/g)].map((match) => ({
        from: name,
        what: match[1]!,
        file: match[2]!,
      })),
    );
    expect(named.length).toBeGreaterThan(60);
    const isThere = ({ what, file }: { what: string; file: string }) =>
      new RegExp(`\\b${what}\\b`).test(code.find(({ name }) => name === file)?.text ?? '');
    expect(named.filter((one) => !isThere(one))).toEqual([]);
  });
});

test('the layout in docs/architecture.md has all that lies in src/, and every folder beside it that is code', () => {
  const layout = read('docs/architecture.md').split('\n## Layout\n')[1]!.split('\n## ')[0]!;
  const entries = readdirSync(join(root, 'src'), { withFileTypes: true }).map((entry) =>
    entry.isDirectory() ? `src/${entry.name}/` : `src/${entry.name}`,
  );
  expect(entries.length).toBeGreaterThan(20);
  const wanted = [...entries, 'views/', 'public/', 'scripts/', 'bench/'];
  expect(wanted.filter((name) => !layout.includes(`\`${name}\``))).toEqual([]);
});

test('docs/architecture.md names every cookie', () => {
  const cookies = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('sandbox'))
    .flatMap((name) =>
      [...read(join('src', name)).matchAll(/'(latchkey-[a-z]+)'/g)].map((match) => match[1]!),
    );
  expect(new Set(cookies).size).toBeGreaterThan(3);
  const text = read('docs/architecture.md');
  expect(cookies.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

test('every decision is in the index, in order, under its own title', () => {
  const rows = [...read('docs/decisions/README.md').matchAll(/^\| \[(\d{3})\]\(([^)]+)\) \| (.+) \|$/gm)];
  const indexed = rows.map(([, number, file, title]) => ({ file, title: `${number} ${title}` }));
  const decisions = readdirSync(join(root, 'docs/decisions'))
    .filter((name) => /^\d{3}-/.test(name))
    .map((name) => ({ file: name, title: /^# (.+)$/m.exec(read(`docs/decisions/${name}`))?.[1] }));
  expect(decisions.length).toBeGreaterThan(30);
  expect(indexed).toEqual(decisions.toSorted((one, other) => one.file.localeCompare(other.file)));
  const numbers = rows.map((row) => row[1]);
  expect(new Set(numbers).size).toBe(numbers.length);
});

test('every decision says what the situation was, what was decided, and what would change it', () => {
  const decisions = documents.filter(({ name }) => /decisions[/\\]\d{3}-/.test(name));
  const without = (part: string) =>
    decisions.filter(({ text }) => !text.includes(`**${part}.**`)).map(({ name }) => name);
  expect(without('Context')).toEqual([]);
  // The one that compares the first plan with the code has a table instead.
  expect(without('Decision')).toEqual([join('docs', 'decisions', '010-where-the-code-left-the-plan.md')]);
  expect(without('What would change it')).toEqual([]);
});

describe('README', () => {
  test('goes from what it is to how it is run, looked up and compared', () => {
    const order = [
      'Quick start',
      'What it does',
      'Services',
      'Add your keys',
      'How a login works',
      'Deploy',
      'Configuration',
      'Tests',
      'FAQ',
      'Beside others',
    ];
    const headings = [...withoutSamples(readme).matchAll(/^## (.+)$/gm)].map((match) => match[1]!);
    expect(headings.filter((heading) => order.includes(heading))).toEqual(order);
    const [picture, start] = [readme.indexOf('<picture>'), readme.indexOf('## Quick start')];
    expect(picture).toBeGreaterThan(0);
    expect(picture).toBeLessThan(start);
  });

  test('compares with others by rows that docs/comparison.md has measured', () => {
    const cells = (row: string) =>
      row
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, -1);
    const measured = new Map(
      [
        ...read('docs/comparison.md').matchAll(
          /^\| (Latchkey|Passport|Auth\.js|Better Auth) (\|[^|\n]+){3}\|$/gm,
        ),
      ].map(([row]) => [cells(row)[0]!, cells(row).slice(1)]),
    );
    const rows = [...readme.matchAll(/^\| .+ \* \|.+\|$/gm)].map(([row]) => cells(row).slice(1));
    expect(rows).toHaveLength(3);
    const names = ['Latchkey', 'Passport', 'Auth.js', 'Better Auth'];
    for (const [row, outcomes] of rows.entries()) {
      for (const [column, name] of names.entries()) {
        const seconds = (text: string) => text.replace(/^(?:an error )?page/, 'page');
        expect([name, seconds(outcomes[column]!)]).toEqual([name, seconds(measured.get(name)![row]!)]);
      }
    }
  });

  test('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...readme.matchAll(/npm (?:run (?:-s )?([\w:-]+)|(start|test)\b)/g)].map(
      (match) => (match[1] ?? match[2])!,
    );
    expect(named).toEqual(expect.arrayContaining(['start', 'test', 'dev', 'check', 'secret']));
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test('explains error pages by the headings that they have', () => {
    const source = read('src/web/error-words.ts');
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
