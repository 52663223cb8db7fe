import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * npm run sbom [file]   writes what production installs as a CycloneDX bill of materials,
 *                       by default to sbom.cdx.json
 */

const root = join(import.meta.dirname, '..');

interface Component {
  readonly 'bom-ref': string;
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

interface Bom {
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}

const read = <Value>(name: string) => JSON.parse(readFileSync(join(root, name), 'utf8')) as Value;

/** What the lockfile has for production, as `name@version`. */
function listProduction(): ReadonlySet<string> {
  const { packages } = read<{ packages: Record<string, { version: string; dev?: boolean }> }>(
    'package-lock.json',
  );
  const production = Object.entries(packages).filter(([path, { dev }]) => path !== '' && !dev);
  return new Set(production.map(([path, { version }]) => `${path.split('node_modules/').at(-1)}@${version}`));
}

/**
 * Has npm read the lockfile, and keeps what is for production. Nothing is asked of the network. npm's own
 * `--omit=dev` is of no use here: it also leaves out what development needs as well as production.
 */
export function buildSbom(): string {
  const options = ['--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only'];
  const text = execFileSync('npm', ['sbom', ...options], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
    // On Windows npm is a script of the shell.
    shell: process.platform === 'win32',
  });
  const bom = JSON.parse(text) as Bom;
  const { component } = bom.metadata;
  const production = listProduction();
  const isKept = (ref: string) => ref === component['bom-ref'] || production.has(ref);
  const kept = {
    ...bom,
    // npm names the root after the folder that it happens to lie in.
    metadata: {
      ...bom.metadata,
      component: { ...component, name: read<{ name: string }>('package.json').name },
    },
    components: bom.components.filter((one) => isKept(one['bom-ref'])).map(withoutDevelopment),
    dependencies: bom.dependencies
      .filter(({ ref }) => isKept(ref))
      .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter(isKept) })),
  };
  return `${JSON.stringify(kept, null, 2)}\n`;
}

/** npm tells one release that lies in two places once, and calls it one of development if the first is. */
function withoutDevelopment({ properties, ...component }: Component): Component {
  const others = properties?.filter(({ name }) => name !== 'cdx:npm:package:development') ?? [];
  return others.length > 0 ? { ...component, properties: others } : component;
}

if (import.meta.main) {
  const file = process.argv[2] ?? 'sbom.cdx.json';
  writeFileSync(file, buildSbom());
  console.log(`Written: ${file}`);
}
