import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);

/** The version of a package as bench/ finds it. */
export function readVersion(name: string): string {
  for (const folder of require.resolve.paths(name) ?? []) {
    if (existsSync(join(folder, name, 'package.json'))) return readManifest(join(folder, name)).version;
  }
  throw new Error(`${name} is not installed`);
}

/** That of the project itself. */
export function readOwnVersion(): string {
  return readManifest(join(import.meta.dirname, '..')).version;
}

/** Every package of bench/package.json is there, in the very version that it names. */
export function packagesAreInstalled(): boolean {
  const { dependencies } = readManifest(import.meta.dirname);
  return Object.entries(dependencies ?? {}).every(([name, version]) => {
    const folder = join(import.meta.dirname, 'node_modules', name);
    return existsSync(join(folder, 'package.json')) && readManifest(folder).version === version;
  });
}

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}
