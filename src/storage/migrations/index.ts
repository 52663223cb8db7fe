import type { Migration } from 'kysely/migration';
import * as m001 from './001-accounts-and-records.ts';

/** In order of their names. One that has been released is never changed. */
export const migrations: Record<string, Migration> = {
  '001-accounts-and-records': m001,
};
