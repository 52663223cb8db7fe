import { openAndMigrate } from '../storage/database.ts';
import { placeOf } from '../storage/place.ts';
import { databaseFile } from '../storage/stores.ts';
import type { Command } from './command.ts';
import { readStorage, runCommand, storageVariables } from './run.ts';

export const migrate: Command = {
  name: 'migrate',
  summary: 'brings the database up to date',
  operands: [],
  options: {},
  details: ['Each start does the same.'],
  variables: storageVariables,
  failure: 'the database does not answer, or cannot be brought up to date',
  async run() {
    const { dataDir, storage } = readStorage();
    const { databaseUrl } = storage;
    const file = databaseFile(dataDir);
    const { database, applied } = await openAndMigrate(databaseUrl === null ? file : { url: databaseUrl });
    await database.destroy();
    const name = databaseUrl === null ? `The database ${file}` : `The database at ${placeOf(databaseUrl)}`;
    return applied.length === 0
      ? `${name} was up to date already.`
      : `${name} was brought up to date: ${applied.join(', ')}.`;
  },
};

if (import.meta.main) await runCommand(migrate, process.argv.slice(2));
