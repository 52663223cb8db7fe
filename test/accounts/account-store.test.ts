import {
  type AccountStore,
  createAccountStore,
  IdentityRace,
  type ProvenIdentity,
} from '../../src/accounts/account-store.ts';
import { type Database, openDatabase } from '../../src/storage/database.ts';

let database: Database;
let accounts: AccountStore;

beforeEach(async () => {
  database = await openDatabase(':memory:');
  accounts = createAccountStore(database, () => 1_000);
});
afterEach(() => database.destroy());

const proven = (provider: string, subject: string, mode: 'live' | 'sandbox' = 'live'): ProvenIdentity => ({
  provider,
  mode,
  facts: { subject, displayName: subject, handle: subject, avatarUrl: null, publicProfileUrl: null },
  userinfo: { id: subject },
  grantedScope: [],
});
const rowCount = async (table: 'accounts' | 'identities') =>
  (await database.selectFrom(table).selectAll().execute()).length;
const reasonsOf = (results: PromiseSettledResult<unknown>[]) =>
  results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));

test('one identity that arrives twice at once makes one account, without an orphan', async () => {
  const results = await Promise.allSettled(
    Array.from({ length: 10 }, () => accounts.createAccount(proven('twitch', '1'))),
  );
  expect(reasonsOf(results).map((reason) => reason instanceof IdentityRace)).toEqual(Array(9).fill(true));
  expect([await rowCount('accounts'), await rowCount('identities')]).toEqual([1, 1]);
});

test('two accounts that link one identity at once: one gets it', async () => {
  const [a, b] = [
    await accounts.createAccount(proven('twitch', '1')),
    await accounts.createAccount(proven('twitch', '2')),
  ];
  const results = await Promise.allSettled([
    accounts.linkIdentity(a.account_id, proven('mixin', 'x')),
    accounts.linkIdentity(b.account_id, proven('mixin', 'x')),
  ]);
  expect(reasonsOf(results)).toHaveLength(1);
  expect(reasonsOf(results)[0]).toBeInstanceOf(IdentityRace);
  expect(await rowCount('identities')).toBe(3);
});

test('an account holds one identity of a provider and mode, and one of each mode', async () => {
  const { account_id } = await accounts.createAccount(proven('twitch', '1'));
  await expect(accounts.linkIdentity(account_id, proven('twitch', '2'))).rejects.toBeInstanceOf(IdentityRace);
  await accounts.linkIdentity(account_id, proven('twitch', '1', 'sandbox'));
  expect(await accounts.listIdentities(account_id)).toHaveLength(2);
});

test('sandbox people never match real ones', async () => {
  await accounts.createAccount(proven('twitch', '1', 'sandbox'));
  expect(await accounts.findIdentity('twitch', 'live', '1')).toBeNull();
  expect(await accounts.findIdentity('twitch', 'sandbox', '1')).not.toBeNull();
});

test('subjects are compared byte for byte', async () => {
  await accounts.createAccount(proven('resonite', 'U-Ada'));
  for (const other of ['U-ada', 'U-Ada ', 'U-Ａda', 'U-Ad'])
    expect(await accounts.findIdentity('resonite', 'live', other)).toBeNull();
});

test('of two unlinks at once that would leave no way in, the second is refused', async () => {
  const first = await accounts.createAccount(proven('twitch', '1'));
  const second = await accounts.linkIdentity(first.account_id, proven('mixin', 'x'));
  const unlink = (id: string) => accounts.unlinkIdentity(first.account_id, id, () => true);
  const results = await Promise.allSettled([unlink(first.id), unlink(second.id)]);
  expect(reasonsOf(results)).toMatchObject([{ code: 'last_identity', facts: { provider: 'mixin' } }]);
  expect(await rowCount('identities')).toBe(1);
});

test('an identity that is no way in here does not count as one', async () => {
  const first = await accounts.createAccount(proven('twitch', '1'));
  const retired = await accounts.linkIdentity(first.account_id, proven('mixer', '7'));
  const canSignIn = ({ provider }: { provider: string }) => provider !== 'mixer';
  await expect(accounts.unlinkIdentity(first.account_id, first.id, canSignIn)).rejects.toMatchObject({
    code: 'last_identity',
  });
  await accounts.unlinkIdentity(first.account_id, retired.id, canSignIn);
  expect((await accounts.listIdentities(first.account_id)).map(({ id }) => id)).toEqual([first.id]);
});

test('nobody unlinks an identity of another account', async () => {
  const [mine, theirs] = [
    await accounts.createAccount(proven('twitch', '1')),
    await accounts.createAccount(proven('twitch', '2')),
  ];
  await accounts.unlinkIdentity(mine.account_id, theirs.id, () => true);
  expect(await rowCount('identities')).toBe(2);
});

test('a replacement that loses the race leaves the old identity in place', async () => {
  const mine = await accounts.createAccount(proven('twitch', '1'));
  await accounts.createAccount(proven('twitch', '2'));
  await expect(
    accounts.replaceIdentity(mine.account_id, mine.id, proven('twitch', '2')),
  ).rejects.toBeInstanceOf(IdentityRace);
  expect((await accounts.listIdentities(mine.account_id)).map(({ subject }) => subject)).toEqual(['1']);
});
