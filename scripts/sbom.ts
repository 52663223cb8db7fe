import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * npm run sbom [file]   writes what production installs as a CycloneDX bill of materials,
 *                       by default to sbom.cdx.json
 */

const root = join(import.meta.dirname, '..');

interface Bom {
  readonly metadata: { readonly component: object };
}

/** Has npm read the lockfile, development left out. Nothing is asked of the network. */
export function buildSbom(): string {
  const options = ['--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only', '--omit=dev'];
  const text = execFileSync('npm', ['sbom', ...options], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
    // On Windows npm is a script of the shell.
    shell: process.platform === 'win32',
  });
  const bom = JSON.parse(text) as Bom;
  const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { name: string };
  // npm names the root after the folder that it happens to lie in.
  const component = { ...bom.metadata.component, name };
  return `${JSON.stringify({ ...bom, metadata: { ...bom.metadata, component } }, null, 2)}\n`;
}

if (import.meta.main) {
  const file = process.argv[2] ?? 'sbom.cdx.json';
  writeFileSync(file, buildSbom());
  console.log(`Written: ${file}`);
}
