import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const source = join(root, 'src');

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: readFileSync(join(source, name), 'utf8') }));

interface Import {
  readonly from: string;
  /** A file below src/, or a package. */
  readonly to: string;
  readonly ours: boolean;
}

const imports: Import[] = files.flatMap(({ name, text }) =>
  [
    ...text.matchAll(
      /(?:^|\n)(?:import|export)[^;]*?from '([^']+)'|(?:^|\n)import '([^']+)'|\bimport\('([^']+)'\)/g,
    ),
  ].map((match) => {
    const target = (match[1] ?? match[2] ?? match[3])!;
    const ours = target.startsWith('.');
    return { from: name, to: ours ? relative(source, join(source, dirname(name), target)) : target, ours };
  }),
);

/** The room of a file: its folder, or its own name at the top. Routes have a room of their own. */
function roomOf(file: string): string {
  if (file.endsWith('routes.ts')) return 'routes';
  return file.includes('/') ? file.split('/')[0]! : file.replace(/\.ts$/, '');
}

const anythingButSandbox = [
  'address-rules',
  'errors',
  'json',
  'paths',
  'config',
  'providers',
  'oauth',
  'storage',
  'accounts',
  'sessions',
  'login',
  'inspector',
  'web',
  'setup',
  'learn',
  'variable-facts',
  'routes',
];

/** What each room may import from, itself included where it is a folder. */
const mayImportFrom: Record<string, readonly string[]> = {
  'address-rules': [],
  errors: [],
  json: [],
  paths: [],
  'variable-facts': [],
  config: ['config', 'address-rules', 'errors', 'providers', 'variable-facts'],
  providers: ['providers', 'json'],
  inspector: ['inspector', 'storage', 'errors', 'json'],
  oauth: ['oauth', 'address-rules', 'providers', 'inspector', 'errors', 'json'],
  storage: ['storage', 'errors', 'json'],
  accounts: ['accounts', 'storage', 'providers', 'oauth', 'inspector', 'errors', 'json'],
  sessions: ['sessions', 'storage', 'providers', 'oauth', 'inspector', 'errors', 'json'],
  login: ['login', 'oauth', 'providers', 'accounts', 'sessions', 'storage', 'inspector', 'errors', 'json'],
  setup: [
    'setup',
    'address-rules',
    'config',
    'providers',
    'oauth',
    'inspector',
    'storage',
    'variable-facts',
    'errors',
    'json',
  ],
  learn: ['learn', 'providers'],
  routes: anythingButSandbox,
  web: anythingButSandbox,
  app: anythingButSandbox,
  sandbox: ['sandbox'],
  server: ['serve'],
  serve: [
    ...anythingButSandbox,
    'app',
    'sandbox',
    'start-sandbox',
    'listener',
    'housekeeping',
    'environment',
  ],
  listener: [],
  housekeeping: ['storage', 'web'],
  nearest: [],
  latchkey: [
    ...anythingButSandbox,
    'app',
    'sandbox',
    'start-sandbox',
    'listener',
    'housekeeping',
    'latchkey-options',
  ],
  'latchkey-options': ['address-rules', 'config', 'nearest', 'providers', 'sandbox', 'web'],
  'start-sandbox': ['sandbox', 'config', 'errors', 'paths'],
  environment: [],
  commands: [
    'commands',
    'setup',
    'oauth',
    'paths',
    'storage',
    'config',
    'errors',
    'environment',
    'sandbox',
    'start-sandbox',
    'listener',
    'nearest',
    'serve',
  ],
};

test('each part imports only from the parts that it may know', () => {
  expect(imports.length).toBeGreaterThan(100);
  const wrong = imports
    .filter(({ from, to, ours }) => ours && !mayImportFrom[roomOf(from)]?.includes(roomOf(to)))
    .map(({ from, to }) => `${from} → ${to}`);
  expect(wrong).toEqual([]);
});

test('Express is known to routes, web, app, serve, latchkey, the session and the sandbox only', () => {
  const allowed = (file: string) =>
    ['routes', 'web', 'app', 'serve', 'latchkey', 'sandbox'].includes(roomOf(file)) ||
    file === 'sessions/session.ts';
  const wrong = imports.filter(({ from, to }) => to === 'express' && !allowed(from)).map(({ from }) => from);
  expect(wrong).toEqual([]);
});

test('every package that is imported is a dependency', () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const packages = imports
    .filter(({ to, ours }) => !ours && !to.startsWith('node:'))
    .map(({ to }) =>
      to
        .split('/')
        .slice(0, to.startsWith('@') ? 2 : 1)
        .join('/'),
    );
  expect([...new Set(packages)].filter((name) => !(name in dependencies))).toEqual([]);
  // And the other way round: nothing is installed that nothing uses.
  expect(Object.keys(dependencies).filter((name) => !packages.includes(name))).toEqual([]);
});

test('no file outside providers and the sandbox tests a provider’s name', () => {
  const names = /['"`](?:twitch|mixer|mixin|resonite|kraken)['"`]/i;
  const wrong = files
    .filter(({ name, text }) => !['providers', 'sandbox'].includes(roomOf(name)) && names.test(text))
    .map(({ name }) => name);
  expect(wrong).toEqual([]);
});

test('templates print values escaped; unescaped output is an include or our own QR code', () => {
  const views = join(root, 'views');
  const raw = readdirSync(views, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ejs'))
    .flatMap((name) =>
      [...readFileSync(join(views, name), 'utf8').matchAll(/<%-\s*(\S+)/g)].map(
        (match) => `${name}: ${match[1]}`,
      ),
    );
  expect(raw.length).toBeGreaterThan(5);
  expect(raw.filter((line) => !/: include\(/.test(line) && line !== 'sandbox/mixin-qr.ejs: qrCode')).toEqual(
    [],
  );
});

test('process.env is read in one place', () => {
  const readers = files.filter(({ text }) => text.includes('process.env')).map(({ name }) => name);
  expect(readers).toEqual(['environment.ts']);
  // What is started from the command line asks there; everything else is handed what it needs.
  const asking = imports.filter(({ to }) => to === 'environment.ts').map(({ from }) => from);
  expect(asking.toSorted()).toEqual([
    'commands/doctor.ts',
    'commands/run.ts',
    'commands/sandbox.ts',
    'serve.ts',
  ]);
});

test('only the wrapper in oauth/http.ts sends requests, the probe of the checks, and the switch of the sandbox', () => {
  const senders = files
    .filter(
      ({ name, text }) =>
        roomOf(name) !== 'sandbox' && /\bfetch\(|(?:from |import\()'undici'|node:https?'/.test(text),
    )
    .map(({ name }) => name);
  // Three of them only know servers and what these are asked.
  const servers = ['latchkey.ts', 'listener.ts', 'web/account-reader.ts'];
  const allowed = ['learn/sandbox-steps.ts', 'oauth/http.ts', 'setup/probe.ts', ...servers];
  expect(senders.toSorted()).toEqual(allowed.toSorted());
});

test('in the sandbox only Try it sends requests, and only to the sandbox itself', () => {
  const sends =
    /\bfetch\(|from 'undici'|\{[^}]*\b(?:request|get|connect)\b[^}]*\} from 'node:(?:https?|http2|net|tls)'/;
  const senders = files
    .filter(({ name, text }) => roomOf(name) === 'sandbox' && sends.test(text))
    .map(({ name }) => name);
  expect(senders).toEqual(['sandbox/control/loopback.ts']);
});

test('docs/architecture.md says the same of who may import whom', () => {
  const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  const section = page.split('\n## Who may import whom\n')[1]!.split('\n## ')[0]!;
  const words = (cell: string) => [...cell.matchAll(/`([\w-]+)`/g)].map((match) => match[1]!);
  const rows = [...section.matchAll(/^\| (.+) \| (.+) \|$/gm)].slice(1);
  const named = rows.flatMap(([, parts, allowed]) => words(parts!).map((part) => [part, allowed!] as const));
  const others = (part: string) => mayImportFrom[part]!.filter((other) => other !== part).toSorted();
  // Routes are files, told in words; and some may import almost everything, which is told the other way round.
  expect([...named.map(([part]) => part), 'routes'].toSorted()).toEqual(
    Object.keys(mayImportFrom).toSorted(),
  );
  const listed = named.filter(([, allowed]) => !/thing but/.test(allowed));
  expect(listed.length).toBeGreaterThan(15);
  for (const [part, allowed] of listed)
    expect([part, words(allowed).toSorted()]).toEqual([part, others(part)]);
});
