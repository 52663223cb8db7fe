import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { codeBlocks, findDocuments } from './support/code-blocks.ts';
import { installPacked, type PackedInstall } from './support/package.ts';
import { freePort, type ServerProcess, startProcess, stopProcess } from './support/process.ts';
import { answerAtProvider, Visitor } from './support/visitor.ts';

/** The package as a user gets it, and the example that uses it. */

const root = join(import.meta.dirname, '..');
const example = join(root, 'examples/express-app');
const tsc = join(root, 'node_modules/typescript/bin/tsc');
const run = promisify(execFile);

let install: PackedInstall;
let running: ServerProcess | undefined;
beforeAll(async () => {
  install = await installPacked(['@types/express', '@types/express-session', '@types/node']);
  for (const name of ['server.ts', 'package.json', 'tsconfig.json'])
    cpSync(join(example, name), join(install.folder, name));
}, 240_000);
afterAll(async () => {
  if (running) await stopProcess(running.child, 'SIGKILL');
  install.close();
});

const packed = () => join(install.folder, 'node_modules/latchkey');

test('the example has at most twenty lines, and names the packages that it needs', () => {
  const text = readFileSync(join(example, 'server.ts'), 'utf8').trimEnd();
  expect(text.split('\n').length).toBeLessThanOrEqual(20);
  const { dependencies, engines } = JSON.parse(readFileSync(join(example, 'package.json'), 'utf8'));
  expect(Object.keys(dependencies)).toEqual(['express', 'latchkey']);
  const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(engines).toEqual(own.engines);
  expect(dependencies.express).toBe(own.dependencies.express);
  expect(dependencies.latchkey).toBe(`file:../../latchkey-${own.version}.tgz`);
});

test('its types fit, those of the samples of its use and the library’s own declarations too', async () => {
  const samples = findDocuments(root)
    .filter(({ text }) => codeBlocks(text, 'ts').some((block) => block.text.includes("from 'latchkey'")))
    .flatMap(({ text }) => codeBlocks(text, 'ts'));
  expect(samples.length).toBeGreaterThan(5);
  mkdirSync(join(install.folder, 'samples'));
  for (const [index, { file, text }] of samples.entries())
    writeFileSync(join(install.folder, 'samples', file || `${index}.ts`), text);
  const wrong = readFileSync(join(example, 'server.ts'), 'utf8')
    .replace('SANDBOX_PORT', 'SANDBOX_PROT')
    .replace('account.name', 'account.nmae');
  writeFileSync(join(install.folder, 'wrong.ts'), wrong);
  // No skipLibCheck: a declaration that names what is not there would be found.
  const config = JSON.parse(readFileSync(join(example, 'tsconfig.json'), 'utf8')) as {
    compilerOptions: object;
  };
  writeFileSync(
    join(install.folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: { ...config.compilerOptions, allowImportingTsExtensions: true },
      include: ['*.ts', 'samples'],
    }),
  );
  const checked = await run(process.execPath, [tsc, '--noEmit', '--pretty', 'false'], {
    cwd: install.folder,
  }).catch(({ stdout }: { stdout: string }) => ({ stdout }));
  const errors = checked.stdout.split('\n').filter((line) => line.includes('error TS'));
  expect(errors.map((line) => line.replace(/\(.*/, ''))).toEqual(['wrong.ts', 'wrong.ts']);
  expect(checked.stdout).toMatch(/'SANDBOX_PROT' does not exist/);
  expect(checked.stdout).toMatch(/'nmae' does not exist/);
}, 120_000);

test('a whole sandbox login goes through the example, and it stops at a signal', async () => {
  const ports = { PORT: String(await freePort()), SANDBOX_PORT: String(await freePort()) };
  const origin = `http://localhost:${ports.PORT}`;
  running = await startProcess(install.folder, ports, join(install.folder, 'server.ts'), origin);
  expect(running.output()).toContain(origin);
  const visitor = new Visitor();
  await visitor.open(`${origin}/me`);
  expect(visitor.page.url.pathname).toBe('/login-area/');
  await visitor.press('Continue with Twitch');
  await answerAtProvider(visitor, origin);
  expect(visitor.page.url.pathname).toBe('/me');
  expect(JSON.parse(visitor.page.html)).toEqual({
    id: expect.stringMatching(/^[\w-]{22}$/),
    name: 'Ada',
  });
  expect(running.output()).toContain('Ada signed in');
  expect(existsSync(join(install.folder, 'data/latchkey.sqlite'))).toBe(true);
  expect(await stopProcess(running.child, 'SIGTERM')).toBe(0);
});

test('its command starts the application, as in the image, and stops at a signal', async () => {
  const folder = mkdtempSync(join(install.folder, 'data-of-the-command-'));
  const ports = { PORT: String(await freePort()), SANDBOX_PORT: String(await freePort()) };
  running = await startProcess(folder, ports, join(packed(), 'bin/latchkey.js'));
  const page = await (await fetch(`http://localhost:${ports.PORT}/`)).text();
  expect(page).toContain('Continue with Twitch');
  expect(await stopProcess(running.child, 'SIGTERM')).toBe(0);
});

test('nothing but the entry point can be imported', async () => {
  const tryToImport = (name: string) =>
    run(process.execPath, ['--input-type=module', '--eval', `await import('${name}')`], {
      cwd: install.folder,
    }).then(
      () => 'imported',
      ({ stderr }: { stderr: string }) => /\[(\w+)\]/.exec(stderr)?.[1],
    );
  expect(await tryToImport('latchkey')).toBe('imported');
  for (const name of ['app.js', 'dist/app.js', 'src/app.ts', 'dist/storage/database.js'])
    expect([name, await tryToImport(`latchkey/${name}`)]).toEqual([name, 'ERR_PACKAGE_PATH_NOT_EXPORTED']);
});

test('the package has what runs, compiled, and nothing else', () => {
  expect(readdirSync(packed()).toSorted()).toEqual(
    ['LICENSE', 'README.md', 'bin', 'dist', 'package.json', 'public', 'src', 'views'].toSorted(),
  );
  const names = (folder: string) =>
    readdirSync(join(packed(), folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:ts|js)$/.test(name) && !name.endsWith('.d.ts'))
      .map((name) => name.replace(/\.(?:ts|js)$/, ''));
  expect(names('dist').toSorted()).toEqual(names('src').toSorted());
});
