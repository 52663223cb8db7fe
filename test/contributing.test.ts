import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readConfig } from '../src/config.ts';
import { madeUpClients } from '../src/sandbox/registrations.ts';
import { findDocuments } from './support/code-blocks.ts';

/* What people and machines need to work on the project: nothing of it runs here, but all of it can be read. */

const root = join(import.meta.dirname, '..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');

interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly scripts: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly overrides: Readonly<Record<string, string>>;
}
const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as {
  version: string;
  packages: Record<string, { version: string }>;
};

const filesBelow = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
const settings = ['.github', '.devcontainer', '.vscode'].flatMap(filesBelow);
const documents = findDocuments(root).map(({ name }) => name);
const told = [...new Set([...settings, ...documents])].map((name) => ({ name, text: read(name) }));

/** What is read as YAML or JSON, by its name. */
const parsed = new Map(
  settings.flatMap((name): [string, unknown][] => {
    if (/\.ya?ml$/.test(name)) return [[name, parse(read(name))]];
    return name.endsWith('.json') ? [[name, JSON.parse(read(name))]] : [];
  }),
);
const readParsed = <Shape>(name: string) => parsed.get(name) as Shape;

describe('files for people who work on this', () => {
  test('are there, and can be read', () => {
    expect([...parsed.keys()].toSorted()).toEqual(
      settings.filter((name) => !/(?:\.md|Dockerfile)$/.test(name)).toSorted(),
    );
    expect([...parsed.values()].every((value) => typeof value === 'object' && value !== null)).toBe(true);
    expect(documents).toEqual(
      expect.arrayContaining(['CONTRIBUTING.md', 'CODE_OF_CONDUCT.md', 'SECURITY.md']),
    );
  });

  test('name only npm scripts that exist', () => {
    const named = told.flatMap(({ name, text }) =>
      [...text.matchAll(/\bnpm (?:run (?:-s )?([\w:-]+)|(start|test)\b)/g)].map((match) => ({
        name,
        script: (match[1] ?? match[2])!,
      })),
    );
    expect(named.length).toBeGreaterThan(50);
    // Those of what Latchkey is measured beside are its own.
    const ours = named.filter(({ name }) => !name.startsWith('bench'));
    expect(ours.filter(({ script }) => !(script in manifest.scripts))).toEqual([]);
  });

  test('name only files that exist', () => {
    const places =
      /(?:^|[\s('"`])((?:src|test|docs|views|public|scripts|bench|examples|bin|\.ci)\/[\w./-]*\w)/gm;
    const atTheTop =
      /(?:^|[\s('"`])((?:[A-Z_]{4,}\.md|package(?:-lock)?\.json|biome\.json|compose\.yaml|\.nvmrc))/gm;
    const named = told
      .filter(({ name }) => settings.includes(name) || /^[A-Z_]+\.md$|^docs\/releasing/.test(name))
      .flatMap(({ name, text }) =>
        [places, atTheTop].flatMap((pattern) =>
          [...text.matchAll(pattern)].map((match) => ({ name, path: match[1]! })),
        ),
      );
    expect(named.length).toBeGreaterThan(80);
    expect(named.filter(({ path }) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('name a test by words that are in a title', () => {
    const named = told.flatMap(({ text }) => [...text.matchAll(/npm test -- (\S+\.test\.ts) -t "([^"]+)"/g)]);
    expect(named.length).toBeGreaterThan(0);
    for (const [, file, words] of named)
      expect(read(file!)).toMatch(new RegExp(`\\b(?:test|describe)\\(\\s*'[^']*${words}`));
  });

  test('format as the formatter does', () => {
    const { formatter } = JSON.parse(read('biome.json')) as {
      formatter: { indentStyle: string; indentWidth: number; lineWidth: number };
    };
    const everywhere = read('.editorconfig').split('[*]')[1]!.split('[')[0]!;
    const setting = (name: string) => new RegExp(`^${name} = (.*)$`, 'm').exec(everywhere)?.[1];
    expect({
      indentStyle: setting('indent_style'),
      indentWidth: Number(setting('indent_size')),
      lineWidth: Number(setting('max_line_length')),
    }).toEqual(formatter);
  });
});

describe('one version of Node', () => {
  const { version } = lock.packages['node_modules/node']!;
  const [major] = version.split('.');
  const oldest = /^>=(\d+\.\d+)$/.exec(manifest.engines.node)![1]!;

  test('is that of the lockfile, or its line, wherever one is named', () => {
    expect(oldest.split('.')[0]).toBe(major);
    expect(read('.nvmrc').trim()).toBe(major);
    expect(manifest.devDependencies['@types/node']).toMatch(new RegExp(`^\\^${major}\\.`));
    const bases = [...read('.devcontainer/Dockerfile').matchAll(/^FROM node:(\S+)$/gm)];
    expect(bases.map((match) => match[1])).toEqual([`${version}-bookworm`]);
  });

  test('is the oldest that is supported, wherever that is told to people', () => {
    const named = [...told, { name: 'bin/latchkey.js', text: read('bin/latchkey.js') }].flatMap(
      ({ name, text }) =>
        [...text.matchAll(/Node (\d+\.\d+) or newer/g)].map((match) => ({ name, oldest: match[1] })),
    );
    expect(named.length).toBeGreaterThan(2);
    expect(named.filter((one) => one.oldest !== oldest)).toEqual([]);
  });

  test('and the oldest are what the package is tried on', () => {
    const { jobs } = readParsed<Workflow>('.github/workflows/checks.yml');
    expect(jobs['package']!.strategy?.matrix).toEqual({ node: [oldest, major] });
  });
});

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: unknown;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly permissions?: unknown;
        readonly env?: Readonly<Record<string, string>>;
        readonly services?: Readonly<Record<string, { image: string }>>;
        readonly strategy?: { matrix: object };
        readonly 'timeout-minutes'?: number;
        readonly steps: readonly Step[];
      }
    >
  >;
}

describe('workflows', () => {
  const workflows = [...parsed]
    .filter(([name]) => name.startsWith('.github/workflows/'))
    .map(([name, workflow]) => [name, workflow as Workflow] as const);
  const steps = workflows.flatMap(([, { jobs }]) => Object.values(jobs).flatMap((job) => job.steps));

  test('may read the code and nothing else, but for the one that reports what it found', () => {
    for (const [name, { permissions, jobs }] of workflows) {
      expect([name, permissions]).toEqual([name, { contents: 'read' }]);
      for (const [job, { permissions: more }] of Object.entries(jobs))
        expect([job, more]).toEqual([
          job,
          job === 'codeql' ? { contents: 'read', 'security-events': 'write' } : undefined,
        ]);
    }
  });

  test('end by themselves, use actions of a fixed version, and leave no credentials in the checkout', () => {
    const jobs = workflows.flatMap(([, workflow]) => Object.values(workflow.jobs));
    expect(jobs.filter((job) => !job['timeout-minutes'])).toEqual([]);
    const used = steps.flatMap(({ uses }) => uses ?? []);
    expect(used.length).toBeGreaterThan(5);
    expect(used.filter((action) => !/^[\w-]+\/[\w/-]+@(?:v\d+|[0-9a-f]{40})$/.test(action))).toEqual([]);
    const checkouts = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'));
    expect(checkouts.filter((step) => step.with?.['persist-credentials'] !== false)).toEqual([]);
  });

  test('never run what a stranger has written into a title, nor with the rights of the main branch', () => {
    expect(workflows.filter(([, { on }]) => 'pull_request_target' in on)).toEqual([]);
    expect(steps.filter(({ run = '' }) => run.includes('${{'))).toEqual([]);
  });

  test('check what a clean checkout is checked with', () => {
    const { check } = readParsed<Workflow>('.github/workflows/checks.yml').jobs;
    expect(check!.steps.map(({ run }) => run)).toContain('.ci/run');
    const commands = read('.ci/run')
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('#'));
    expect(commands.slice(-2)).toEqual([
      'npm ci',
      expect.stringMatching(/^timeout -k 30 \d+m npm run check$/),
    ]);
    // The script ends what hangs, and says so, before the workflow does.
    const limit = Number(/ (\d+)m /.exec(commands.at(-1)!)![1]);
    expect(check!['timeout-minutes']).toBeGreaterThanOrEqual(limit + 10);
    const asked = [read('test/support/open-stores.ts'), read('test/support/stores.ts')].join('\n');
    expect(Object.keys(check!.env!).filter((name) => !asked.includes(`'${name}'`))).toEqual([]);
  });

  test('and the dev container use the servers that compose.yaml runs', () => {
    const imagesOf = (text: string) =>
      [...text.matchAll(/image: ((?:postgres|redis):\S+)/g)].map(([, name]) => name);
    const ours = imagesOf(read('compose.yaml'));
    const elsewhere = ['.github/workflows/checks.yml', '.devcontainer/compose.yaml'].flatMap((name) =>
      imagesOf(read(name)),
    );
    expect(elsewhere.length).toBeGreaterThan(2);
    expect(elsewhere.filter((image) => !ours.includes(image))).toEqual([]);
  });
});

describe('issue forms', () => {
  interface Form {
    readonly name: string;
    readonly description: string;
    readonly body: readonly {
      readonly type: string;
      readonly id?: string;
      readonly attributes: { readonly label?: string; readonly value?: string; readonly options?: string[] };
    }[];
  }
  const forms = [...parsed].filter(([name]) => name.startsWith('.github/ISSUE_TEMPLATE/'));

  test.each(forms)('%s has what GitHub wants of a form', (_, form) => {
    const { name, description, body } = form as Form;
    expect([name, description].every((text) => text.length > 3)).toBe(true);
    for (const { type, id, attributes } of body) {
      expect(['markdown', 'textarea', 'input', 'dropdown']).toContain(type);
      if (type === 'markdown') expect(attributes.value).toMatch(/\S/);
      else
        expect({ id, label: attributes.label }).toEqual({
          id: expect.stringMatching(/^[\w-]+$/),
          label: expect.any(String),
        });
      if (type === 'dropdown') expect(new Set(attributes.options).size).toBeGreaterThan(1);
    }
    const ids = body.flatMap(({ id }) => id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('keep secrets and holes out: whoever reports something is told so first', () => {
    const about = (name: string) => read(`.github/ISSUE_TEMPLATE/${name}.yml`);
    expect(about('bug')).toMatch(/SECURITY\.md/);
    for (const name of ['bug', 'provider']) expect(about(name)).toMatch(/Leave tokens, secrets, codes/);
  });
});

describe('Dependabot', () => {
  interface Update {
    readonly 'package-ecosystem': string;
    readonly directory: string;
    readonly ignore?: readonly { 'dependency-name': string; 'update-types'?: string[] }[];
  }
  const { updates } = readParsed<{ updates: readonly Update[] }>('.github/dependabot.yml');

  test('looks where packages are named', () => {
    const file = { npm: 'package.json', docker: 'Dockerfile', 'github-actions': '.github/workflows' };
    for (const { 'package-ecosystem': kind, directory } of updates)
      expect(existsSync(join(root, directory, file[kind as keyof typeof file]))).toBe(true);
    expect(updates.map((update) => update['package-ecosystem'])).toEqual(
      expect.arrayContaining(['npm', 'github-actions', 'docker']),
    );
  });

  test('leaves those alone that are pinned for the sake of every platform', () => {
    const pinned = Object.entries({ ...manifest.devDependencies, ...manifest.overrides })
      .filter(([, range]) => /^\d/.test(range))
      .map(([name]) => name);
    const ignored = updates[0]!.ignore!.filter((rule) => !rule['update-types']);
    expect(ignored.map((rule) => rule['dependency-name']).toSorted()).toEqual(pinned.toSorted());
  });
});

describe('the dev container and the debugger', () => {
  test('start what is there', () => {
    const { configurations } = readParsed<{ configurations: { name: string }[] }>('.vscode/launch.json');
    const named = [...JSON.stringify(configurations).matchAll(/\$\{workspaceFolder\}\/([^"]+)/g)];
    expect(named.length).toBeGreaterThanOrEqual(configurations.length * 2);
    expect(named.map((match) => match[1]!).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('run tests with the flags of npm test', () => {
    const { configurations } = readParsed<{
      configurations: { program: string; runtimeArgs?: string[] }[];
    }>('.vscode/launch.json');
    const jest = configurations.find(({ program }) => program.endsWith('jest.js'))!;
    const command = ['node', ...jest.runtimeArgs!, jest.program.replace(/^\$\{\w+\}\//, '')].join(' ');
    expect(manifest.scripts['test']).toBe(command);
  });

  test('show the ports that are used without a word', () => {
    const { forwardPorts, service, dockerComposeFile } = readParsed<{
      forwardPorts: number[];
      service: string;
      dockerComposeFile: string;
    }>('.devcontainer/devcontainer.json');
    const { port, sandbox } = readConfig({}, madeUpClients);
    expect(forwardPorts).toEqual([port, sandbox.port]);
    const { services } = readParsed<{ services: object }>(`.devcontainer/${dockerComposeFile}`);
    expect(Object.keys(services)).toContain(service);
  });
});

describe('the version', () => {
  test('is the same wherever it stands', () => {
    const { version } = manifest;
    expect([lock.version, lock.packages['']?.version]).toEqual([version, version]);
    const files = [...documents, 'examples/express-app/package.json'].map((name) => ({
      name,
      text: read(name),
    }));
    const tarballs = files.flatMap(({ name, text }) =>
      [...text.matchAll(/latchkey-(\d[\w.-]*)\.tgz/g)].map((match) => ({ name, version: match[1] })),
    );
    expect(tarballs.length).toBeGreaterThan(2);
    expect(tarballs.filter((tarball) => tarball.version !== version)).toEqual([]);
  });

  test('has a section in the changelog, with its day, below the one for what is to come', () => {
    const headings = [...read('CHANGELOG.md').matchAll(/^## (.*)$/gm)].map((match) => match[1]!);
    expect(headings[0]).toBe('[Unreleased]');
    const dated = headings
      .slice(1)
      .map((heading) => /^\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$/.exec(heading));
    expect(dated).not.toContain(null);
    expect(dated[0]![1]).toBe(manifest.version);
    const days = dated.map((match) => match![2]!);
    expect(days).toEqual(days.toSorted().toReversed());
  });
});
