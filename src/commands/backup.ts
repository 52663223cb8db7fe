import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { backup as copyPages, DatabaseSync } from 'node:sqlite';
import { databaseFile } from '../storage/stores.ts';
import { type Command, CommandError } from './command.ts';
import { readStorage, runCommand, storageVariables } from './run.ts';

/** Pages that are copied in one step: all of them, so that a busy server cannot make it begin again. */
const allPages = 2 ** 31 - 1;

export const backup: Command = {
  name: 'backup',
  summary: 'copies the embedded database to a new file, also while the server runs',
  operands: ['<file>'],
  options: {},
  details: ['The copy is one file, complete in itself, readable by its owner alone. No file is overwritten.'],
  variables: { DATA_DIR: storageVariables.DATA_DIR },
  failure: 'there is no backup: the sentence says why',
  async run({ operands: [operand = ''] }) {
    const { dataDir, storage } = readStorage();
    if (storage.databaseUrl !== null)
      throw new CommandError('The data is in PostgreSQL: make a backup of it with pg_dump.');
    const source = databaseFile(dataDir);
    if (!existsSync(source)) throw new CommandError(`There is no database at ${source}.`);
    // SQLite takes what begins with `file:` for an address, which may be that of another file.
    const target = resolve(operand);
    reserve(target);
    try {
      const pages = await copy(source, target);
      return `${target} is a backup of ${source}: ${pages} pages, checked.`;
    } catch (error) {
      rmSync(target, { force: true });
      throw error;
    }
  },
};

/** Creates the file, and only if it is not there yet. */
function reserve(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new CommandError(`${file} is there already and was left as it is.`);
    throw new CommandError(`${file} cannot be written (${code}).`);
  }
}

async function copy(source: string, target: string): Promise<number> {
  const from = openSource(source);
  try {
    const pages = await copyPages(from, target, { rate: allPages });
    check(target);
    return pages;
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${source} could not be copied: ${(error as Error).message}.`);
  } finally {
    from.close();
  }
}

function openSource(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file, { readOnly: true, timeout: 5000 });
  } catch (error) {
    const problem = (error as Error).message;
    throw new CommandError(
      `${file} could not be opened: ${problem}. It has to be a file, and this user has to be allowed to read it.`,
    );
  }
}

function check(file: string): void {
  const copied = new DatabaseSync(file);
  try {
    // One file without companions; the server goes back to WAL when it opens it.
    copied.exec('pragma journal_mode = delete');
    const [row] = copied.prepare('pragma integrity_check').all();
    if (row?.['integrity_check'] !== 'ok')
      throw new CommandError(`${file} would be damaged, and was removed.`);
    copied.prepare('select count(*) from accounts').get();
  } finally {
    copied.close();
  }
}

if (import.meta.main) await runCommand(backup, process.argv.slice(2));
