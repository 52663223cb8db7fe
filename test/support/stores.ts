import { hasRedisServer } from './redis-server.ts';
import { dropFreeDatabases, type StoresKind, storesKinds, whatIsMissing } from './open-stores.ts';

const missing = new Map<StoresKind, string | null>();
for (const kind of storesKinds) missing.set(kind, await whatIsMissing(kind));

afterAll(dropFreeDatabases);

/**
 * Runs a suite once for each kind of stores, against real servers. Where a server is missing its
 * group is skipped with a warning; with `CI` set it fails, so that nothing is left out unnoticed.
 */
export function describeStores(name: string, suite: (stores: StoresKind) => void): void {
  for (const kind of storesKinds) describeWith(kind, `${name}, on ${kind}`, () => suite(kind));
}

/** The same for a suite that only one kind of stores can have. */
export function describeWith(kind: StoresKind, name: string, suite: () => void): void {
  describeUnless(missing.get(kind) ?? null, name, suite);
}

/** For a suite that starts and kills a Redis of its own, beside PostgreSQL. */
export function describeWithRedisServer(name: string, suite: () => void): void {
  const lacking = hasRedisServer() ? null : 'redis-server is not installed here.';
  describeUnless(lacking ?? missing.get('PostgreSQL') ?? null, name, suite);
}

function describeUnless(explanation: string | null, name: string, suite: () => void): void {
  if (explanation === null) return void describe(name, suite);
  if (process.env['CI']) {
    test(name, () => {
      throw new Error(explanation);
    });
    return;
  }
  console.warn(`${explanation} Skipped: ${name}.`);
  describe.skip(name, suite);
}
