import { randomBytes } from 'node:crypto';
import type { Command } from './command.ts';
import { runCommand } from './run.ts';

export const secret: Command = {
  name: 'secret',
  summary: 'prints a new random value for SESSION_SECRET',
  operands: [],
  options: {},
  details: ['32 random bytes. Nothing is stored.'],
  variables: {},
  failure: 'it could not be done',
  run: async () => randomBytes(32).toString('base64url'),
};

if (import.meta.main) await runCommand(secret, process.argv.slice(2));
