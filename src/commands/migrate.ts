import { openAndMigrate } from '../storage/database.ts';
import { placeOf } from '../storage/place.ts';
import { databaseFile } from '../storage/stores.ts';
import { run } from './run.ts';

/** `npm run migrate`: brings the configured database up to date, as each start of the server does. */
await run(async ({ dataDir, storage: { databaseUrl } }) => {
  const file = databaseFile(dataDir);
  const { database, applied } = await openAndMigrate(databaseUrl === null ? file : { url: databaseUrl });
  await database.destroy();
  const name = databaseUrl === null ? `The database ${file}` : `The database at ${placeOf(databaseUrl)}`;
  return applied.length === 0
    ? `${name} was up to date already.`
    : `${name} was brought up to date: ${applied.join(', ')}.`;
});
