import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');

const manifest = JSON.parse(read('package.json')) as {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  allowScripts: Record<string, boolean>;
};
const locked = Object.entries(
  (JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> }).packages,
);

interface Locked {
  readonly version: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

const page = read('docs/dependencies.md');

/** The rows of the table below a heading, cell by cell. */
function rowsBelow(heading: string): string[][] {
  const part = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...part.matchAll(/^\| (`.*) \|$/gm)].map((row) => row[1]!.split(' | ').map((cell) => cell.trim()));
}

const nameIn = ([cell = '']: readonly string[]) => cell.replaceAll('`', '');

/** As its own package.json says; old ones have a list. */
function licenceOf(name: string): string {
  const { license, licenses } = JSON.parse(read(`node_modules/${name}/package.json`)) as {
    license?: string;
    licenses?: { type: string }[];
  };
  return license ?? licenses?.map(({ type }) => type).join(' OR ') ?? '';
}

describe.each([
  ['In production', manifest.dependencies],
  ['In development', manifest.devDependencies],
] as const)('%s', (heading, dependencies) => {
  const rows = rowsBelow(heading);

  test('every package has a row with its purpose, its release and what else there was', () => {
    expect(Object.keys(dependencies).filter((name) => !rows.some((row) => nameIn(row) === name))).toEqual([]);
    expect(rows.filter((row) => row.length !== 5 || row.some((cell) => cell.length < 3))).toEqual([]);
    const names = rows.map(nameIn);
    expect(names).toEqual([...new Set(names)].toSorted());
  });

  test('no row is about a package that is not installed, or names another licence than its own', () => {
    const wrong = rows.filter((row) => row[2] !== licenceOf(nameIn(row)));
    expect(wrong).toEqual([]);
  });

  test('every row names the release that is locked', () => {
    const wrong = Object.keys(dependencies).filter((name) => {
      const version = locked.find(([path]) => path === `node_modules/${name}`)?.[1].version;
      return !rows.find((row) => nameIn(row) === name)?.[3]?.startsWith(`${version}`);
    });
    expect(wrong).toEqual([]);
  });
});

describe('install scripts', () => {
  const withScript = locked.filter(([, { hasInstallScript }]) => hasInstallScript);
  const nameOf = (path: string) => path.split('node_modules/').at(-1)!;

  test('each is allowed or refused by name, and said so', () => {
    expect(withScript.length).toBeGreaterThan(0);
    const said = rowsBelow('Install scripts').map((row) => [nameIn(row), row[1] === 'yes']);
    expect(Object.fromEntries(said)).toEqual(manifest.allowScripts);
    expect(withScript.map(([path]) => nameOf(path)).toSorted()).toEqual(
      Object.keys(manifest.allowScripts).toSorted(),
    );
  });

  test('no package of production has one', () => {
    expect(withScript.filter(([, { dev }]) => !dev).map(([path]) => nameOf(path))).toEqual([]);
  });
});

test('no package of production is under a licence that asks for more than a notice', () => {
  const rows = rowsBelow('In production').map((row) => row[2]);
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.filter((licence) => !['MIT', 'ISC', 'Apache-2.0', 'BSD-3-Clause'].includes(licence!))).toEqual(
    [],
  );
  const others = locked
    .filter(([path, { dev }]) => path !== '' && !dev)
    .map(([path, entry]) => [path, (entry as { license?: string }).license])
    .filter(([, licence]) => !/^(?:MIT|ISC|Apache-2\.0|BSD-[23]-Clause|0BSD)$/.test(licence ?? ''));
  expect(others).toEqual([]);
});
