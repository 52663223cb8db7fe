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
  const explanation = missing.get(kind) ?? null;
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
