import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tokens } from '../../src/oauth/token-response.ts';
import { services } from '../../src/providers/index.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { seededPeople } from '../../src/sandbox/people.ts';
import { createSandbox } from '../../src/sandbox/app.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import {
  answerAtProvider,
  captureCallback,
  linkProvider,
  signIn,
  startSignIn,
  Visitor,
} from '../support/visitor.ts';

void createSandbox;
void ({} as Tokens);
void [
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  tmpdir,
  join,
  services,
  seededPeople,
  answerAtProvider,
  captureCallback,
  startSignIn,
  linkProvider,
  signIn,
  Visitor,
  madeUpClients,
];
void (null as RunningLatchkey | null);
void startLatchkey;
test.todo('canary');
