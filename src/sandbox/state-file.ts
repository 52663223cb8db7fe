import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { personSchema } from './people.ts';
import {
  access,
  accessToken,
  appToken,
  authorizationCode,
  mixinAuthorization,
  pendingAuthorization,
  refreshToken,
  signingGrant,
} from './records.ts';
import { readSigningKey, type SigningKey, writeSigningKey } from './signing-key.ts';
import type { SandboxState } from './state.ts';

const fileSchema = z.object({
  version: z.literal(3),
  signingKey: z.string(),
  people: z.array(personSchema),
  pending: z.array(pendingAuthorization),
  mixinAuthorizations: z.array(mixinAuthorization),
  codes: z.array(authorizationCode),
  accessTokens: z.array(accessToken),
  appTokens: z.array(appToken),
  refreshTokens: z.array(refreshToken),
  signingGrants: z.array(signingGrant),
  remembered: z.array(access),
});

function toText(state: SandboxState, signingKey: SigningKey): string {
  const file: z.infer<typeof fileSchema> = {
    version: 3,
    signingKey: writeSigningKey(signingKey),
    people: [...state.people.list()],
    pending: [...state.pending.values()],
    mixinAuthorizations: [...state.mixinAuthorizations.values()],
    codes: [...state.codes.values()],
    accessTokens: [...state.accessTokens.values()],
    appTokens: [...state.appTokens.values()],
    refreshTokens: [...state.refreshTokens.values()],
    signingGrants: [...state.signingGrants.values()],
    remembered: [...state.remembered.values()],
  };
  return JSON.stringify(file);
}

function fill<V>(records: Map<string, V>, values: readonly V[], keyOf: (value: V) => string): void {
  for (const value of values) records.set(keyOf(value), value);
}

/** Throws when a record belongs to a person nobody knows. */
function checkPeople(file: z.infer<typeof fileSchema>, { people }: SandboxState): void {
  const { pending, codes, accessTokens, refreshTokens, signingGrants, remembered } = file;
  for (const { personId } of [
    ...pending,
    ...codes,
    ...accessTokens,
    ...refreshTokens,
    ...signingGrants,
    ...remembered,
  ]) {
    if (personId !== null) people.get(personId);
  }
}

function readText(text: string, state: SandboxState): SigningKey {
  const file = fileSchema.parse(JSON.parse(text));
  const signingKey = readSigningKey(file.signingKey);
  for (const person of file.people) state.people.put(person);
  checkPeople(file, state);
  fill(state.pending, file.pending, (record) => record.id);
  fill(state.mixinAuthorizations, file.mixinAuthorizations, (record) => record.authorizationId);
  fill(state.codes, file.codes, (record) => record.code);
  fill(state.accessTokens, file.accessTokens, (record) => record.value);
  fill(state.appTokens, file.appTokens, (record) => record.value);
  fill(state.refreshTokens, file.refreshTokens, (record) => record.value);
  fill(state.signingGrants, file.signingGrants, (record) => record.authorizationId);
  for (const entry of file.remembered) state.remember(entry, entry.scopes);
  return signingKey;
}

/**
 * Fills `state` from the file and gives the key it was signed with, or null when there is no file.
 * A file that cannot be read is put aside under another name, and the sandbox begins anew.
 */
export async function loadState(path: string, state: SandboxState): Promise<SigningKey | null> {
  try {
    return readText(await readFile(path, 'utf8'), state);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return null;
    await rename(path, `${path}.broken`);
    return null;
  }
}

export interface StateSaver {
  /** Saves a little later, together with what else changes until then. */
  schedule(): void;
  flush(): Promise<void>;
}

export const noSaver: StateSaver = { schedule: () => {}, flush: async () => {} };

const debounceMilliseconds = 250;

export function createStateSaver(path: string, state: SandboxState, signingKey: SigningKey): StateSaver {
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    const partial = `${path}.partial`;
    await writeFile(partial, toText(state, signingKey), { mode: 0o600 });
    await rename(partial, path);
  }

  /** A disk that is full costs the memory of this sandbox, not the login that is under way. */
  function save(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(write).catch(() => {});
    return writing;
  }

  return {
    schedule: () => {
      timer ??= setTimeout(save, debounceMilliseconds).unref();
    },
    flush: save,
  };
}
