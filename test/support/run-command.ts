import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { killAtEnd } from './close-at-end.ts';

const root = join(import.meta.dirname, '../..');

/** What `package.json` says of the commands. */
export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  bin: { latchkey: string };
  scripts: Record<string, string>;
};

/** What a command has left behind when it is over. */
export interface Outcome {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs a file of the project in `folder`, which has no `.env`, with nobody at the keyboard. */
export function runCommand(
  folder: string,
  [file, ...words]: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const options = { cwd: folder, env: { PATH: process.env['PATH'] ?? '', DATA_DIR: folder, ...env } };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join(root, file!), ...words],
      options,
      (error, output, errors) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, output, errors });
      },
    );
    killAtEnd(child);
    child.stdin!.end();
  });
}

/** Runs what the npm script runs. */
export function runScript(
  folder: string,
  script: string,
  env: Readonly<Record<string, string>> = {},
  words: readonly string[] = [],
): Promise<Outcome> {
  const [node, ...line] = manifest.scripts[script]!.split(' ');
  expect(node).toBe('node');
  return runCommand(folder, [...line, ...words], env);
}
