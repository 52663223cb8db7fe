import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);

const { files, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  files: string[];
  dependencies: Record<string, string>;
};

/** An application's folder with the packed Latchkey in its node_modules. */
export interface PackedInstall {
  readonly folder: string;
  close(): void;
}

/**
 * Packs the project with `npm pack`, in a copy, and unpacks the tarball into the node_modules of a new
 * folder. npm would now fetch what the package depends on; the tests have no registry, so each package
 * that its package.json names, and no other, is a link to the one installed for the project. What it
 * imports without naming it is missing there, as it would be for a user.
 */
export async function installPacked(alsoInstalled: readonly string[]): Promise<PackedInstall> {
  const base = mkdtempSync(join(tmpdir(), 'latchkey-packed-'));
  const project = join(base, 'project');
  const folder = join(base, 'app');
  mkdirSync(project);
  const wanted = [...files, 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'README.md', 'LICENSE'];
  for (const name of wanted)
    if (name !== 'dist') cpSync(join(root, name), join(project, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'));
  const { stdout } = await run('npm', ['pack', '--silent', '--offline'], { cwd: project });
  const tarball = join(project, stdout.trim().split('\n').at(-1)!);
  const installed = join(folder, 'node_modules', 'latchkey');
  mkdirSync(installed, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
  for (const name of [...Object.keys(dependencies), ...alsoInstalled]) link(folder, name);
  return { folder, close: () => rmSync(base, { recursive: true }) };
}

function link(folder: string, name: string): void {
  const place = join(folder, 'node_modules', name);
  if (existsSync(place)) return;
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(join(root, 'node_modules', name), place);
}
