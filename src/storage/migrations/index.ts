import type { Migration } from 'kysely/migration';
import { up as createAccountsAndRecords } from './001-accounts-and-records.ts';

/** In order of their names. One that has been released is never changed. */
export const migrations: Record<string, Migration> = {
  '001-accounts-and-records': { up: createAccountsAndRecords },
};
