import {
  type AccountStore,
  createAccountStore,
  type Identity,
  IdentityRace,
  type Move,
  type ProvenIdentity,
} from '../../src/accounts/account-store.ts';
import type { Database } from '../../src/storage/database.ts';
import { openTestStores, type TestStores } from '../support/open-stores.ts';
import { describeStores } from '../support/stores.ts';
import { untilSomebodyWaits } from './support.ts';

const proven = (provider: string, subject: string, mode: 'live' | 'sandbox' = 'live'): ProvenIdentity => ({
  provider,
  mode,
  facts: { subject, displayName: subject, handle: subject, avatarUrl: null, publicProfileUrl: null },
  userinfo: { id: subject },
  grantedScope: [],
});
const reasonsOf = (results: PromiseSettledResult<unknown>[]) =>
  results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
const everyWay = () => true;

describeStores('the accounts', (kind) => {
  let stores: TestStores;
  let database: Database;
  let accounts: AccountStore;
  let time: number;

  beforeAll(async () => {
    stores = await openTestStores(kind);
    database = stores.database;
    accounts = createAccountStore(database, () => time);
  });
  afterAll(() => stores.close());
  beforeEach(async () => {
    time = 1_000;
    await database.deleteFrom('accounts').execute();
  });

  const rowCount = async (table: 'accounts' | 'identities') =>
    (await database.selectFrom(table).selectAll().execute()).length;
  /** Every identity with its account, as `provider subject`. */
  const everything = async () => {
    const rows = await database.selectFrom('identities').selectAll().execute();
    const found: Record<string, string[]> = {};
    for (const { account_id, provider, subject } of rows)
      found[account_id] = [...(found[account_id] ?? []), `${provider} ${subject}`].toSorted();
    return found;
  };
  /** An account with these identities, written `provider subject`; gives them in this order. */
  async function account(...names: string[]): Promise<[Identity, ...Identity[]]> {
    const [first, ...others] = names.map((name) => name.split(' ') as [string, string]);
    const identity = await accounts.createAccount(proven(...first!));
    const linked: Identity[] = [];
    for (const other of others)
      linked.push(await accounts.linkIdentity(identity.account_id, proven(...other)));
    return [identity, ...linked];
  }

  /** Holds a new identity of an account uncommitted until `begin` has begun and can go no further. */
  async function whileLinking<Result>(
    accountId: string,
    name: string,
    begin: () => Promise<Result>,
  ): Promise<Result> {
    const [provider, subject] = name.split(' ') as [string, string];
    const [linked] = await accounts.listIdentities(accountId);
    let begun: Promise<Result> | undefined;
    await database.transaction().execute(async (transaction) => {
      const row = { ...linked!, id: `under way ${name}`, provider, subject };
      await transaction.insertInto('identities').values(row).execute();
      begun = begin();
      begun.catch(() => {});
      await untilSomebodyWaits(database);
    });
    return begun!;
  }

  const move = (identity: Identity, to: Identity): Move => ({
    identityId: identity.id,
    fromAccountId: identity.account_id,
    toAccountId: to.account_id,
  });
  /** The identity proves the account that is joined into the other one. */
  const join = (proof: Identity, into: Identity) => {
    const { provider, subject, mode } = proof;
    return accounts.joinAccounts(move(proof, into), proven(provider, subject, mode as 'live' | 'sandbox'));
  };

  describe('of two that want the same', () => {
    test('fifty sign-ins with one new identity at once make one account, without an orphan', async () => {
      const attempts = Array.from({ length: 50 }, () => accounts.createAccount(proven('twitch', '1')));
      const reasons = reasonsOf(await Promise.allSettled(attempts));
      expect(reasons.map((reason) => reason instanceof IdentityRace)).toEqual(Array(49).fill(true));
      expect([await rowCount('accounts'), await rowCount('identities')]).toEqual([1, 1]);
    });

    test('two accounts that link one identity at once: one gets it', async () => {
      const [[a], [b]] = [await account('twitch 1'), await account('twitch 2')];
      const results = await Promise.allSettled([
        accounts.linkIdentity(a.account_id, proven('mixin', 'x')),
        accounts.linkIdentity(b.account_id, proven('mixin', 'x')),
      ]);
      expect(reasonsOf(results)).toEqual([expect.any(IdentityRace)]);
      expect(await rowCount('identities')).toBe(3);
    });

    test('an account that links two identities of one provider at once gets one', async () => {
      const [mine] = await account('twitch 1');
      const results = await Promise.allSettled([
        accounts.linkIdentity(mine.account_id, proven('mixin', 'x')),
        accounts.linkIdentity(mine.account_id, proven('mixin', 'y')),
      ]);
      expect(reasonsOf(results)).toEqual([expect.any(IdentityRace)]);
      expect(await rowCount('identities')).toBe(2);
    });
  });

  test('an account holds one identity of a provider and mode, and one of each mode', async () => {
    const [{ account_id }] = await account('twitch 1');
    await expect(accounts.linkIdentity(account_id, proven('twitch', '2'))).rejects.toBeInstanceOf(
      IdentityRace,
    );
    await accounts.linkIdentity(account_id, proven('twitch', '1', 'sandbox'));
    expect(await accounts.listIdentities(account_id)).toHaveLength(2);
  });

  test('sandbox people never match real ones', async () => {
    await accounts.createAccount(proven('twitch', '1', 'sandbox'));
    expect(await accounts.findIdentity('twitch', 'live', '1')).toBeNull();
    expect(await accounts.findIdentity('twitch', 'sandbox', '1')).not.toBeNull();
  });

  test('subjects are compared byte for byte', async () => {
    await account('resonite U-Ada');
    for (const other of ['U-ada', 'U-Ada ', 'U-Ａda', 'U-Ad'])
      expect(await accounts.findIdentity('resonite', 'live', other)).toBeNull();
  });

  test('nothing is linked to an account that is gone', async () => {
    await expect(accounts.linkIdentity('gone', proven('twitch', '1'))).rejects.toBeInstanceOf(IdentityRace);
    expect(await rowCount('identities')).toBe(0);
  });

  test('an account remembers when it was made, until it is gone', async () => {
    const [{ account_id }] = await account('twitch 1');
    expect(await accounts.getAccountStart(account_id)).toBe(1_000);
    await accounts.deleteAccount(account_id);
    expect(await accounts.getAccountStart(account_id)).toBeNull();
  });

  describe('unlinking', () => {
    test('twice at once so that no way in would be left: the second is refused', async () => {
      const [first, second] = await account('twitch 1', 'mixin x');
      const unlink = (id: string) => accounts.unlinkIdentity(first.account_id, id, everyWay);
      const reasons = reasonsOf(await Promise.allSettled([unlink(first.id), unlink(second!.id)]));
      expect(reasons).toMatchObject([{ code: 'last_identity' }]);
      expect(await rowCount('identities')).toBe(1);
    });

    test('counts only what is a way in here', async () => {
      const [first, retired] = await account('twitch 1', 'mixer 7');
      const canSignIn = ({ provider }: { provider: string }) => provider !== 'mixer';
      await expect(accounts.unlinkIdentity(first.account_id, first.id, canSignIn)).rejects.toMatchObject({
        code: 'last_identity',
        facts: { provider: 'twitch' },
      });
      await accounts.unlinkIdentity(first.account_id, retired!.id, canSignIn);
      expect((await accounts.listIdentities(first.account_id)).map(({ id }) => id)).toEqual([first.id]);
    });

    test('never touches an identity of another account', async () => {
      const [[mine], [theirs]] = [await account('twitch 1', 'mixin x'), await account('twitch 2', 'mixin y')];
      await accounts.unlinkIdentity(mine.account_id, theirs.id, everyWay);
      expect(await rowCount('identities')).toBe(4);
    });
  });

  test('a replacement that loses the race leaves the old identity in place', async () => {
    const [mine] = await account('twitch 1');
    await account('twitch 2');
    await expect(
      accounts.replaceIdentity(mine.account_id, mine.id, proven('twitch', '2')),
    ).rejects.toBeInstanceOf(IdentityRace);
    expect((await accounts.listIdentities(mine.account_id)).map(({ subject }) => subject)).toEqual(['1']);
  });

  describe('moving an identity', () => {
    test('brings it over with what its login said, and leaves the rest where it is', async () => {
      const [[kept, moving], [mine]] = [await account('twitch 1', 'mixin x'), await account('resonite U-1')];
      time = 9_000;
      const newest = proven('mixin', 'x');
      const said = { ...newest, facts: { ...newest.facts, displayName: 'Newest' }, grantedScope: ['a', 'b'] };
      const moved = await accounts.moveIdentity(move(moving!, mine), said, everyWay);
      expect(moved).toMatchObject({
        id: moving!.id,
        account_id: mine.account_id,
        display_name: 'Newest',
        granted_scope: 'a b',
        linked_at: 9_000,
        last_used_at: 9_000,
      });
      expect(await everything()).toEqual({
        [kept.account_id]: ['twitch 1'],
        [mine.account_id]: ['mixin x', 'resonite U-1'],
      });
    });

    test('is refused when the other account would keep no way in', async () => {
      const [[only, retired], [mine]] = [await account('twitch 1', 'mixer 7'), await account('mixin x')];
      const canSignIn = ({ provider }: { provider: string }) => provider !== 'mixer';
      const before = await everything();
      await expect(
        accounts.moveIdentity(move(only, mine), proven('twitch', '1'), canSignIn),
      ).rejects.toMatchObject({ code: 'last_identity', facts: { provider: 'twitch' } });
      expect(await everything()).toEqual(before);
      await accounts.moveIdentity(move(retired!, mine), proven('mixer', '7'), canSignIn);
    });

    test('loses to whoever was faster: gone, moved elsewhere, or its place is taken', async () => {
      const [from, moving] = await account('twitch 1', 'mixin x');
      const [[mine], [third]] = [await account('resonite U-1', 'mixin y'), await account('resonite U-2')];
      const attempt = (to: Identity) =>
        accounts.moveIdentity(move(moving!, to), proven('mixin', 'x'), everyWay);
      // The place is taken.
      await expect(attempt(mine)).rejects.toBeInstanceOf(IdentityRace);
      // The account it should come to is gone.
      await expect(attempt({ ...mine, account_id: 'gone' })).rejects.toBeInstanceOf(IdentityRace);
      // It has moved.
      await attempt(third);
      await expect(attempt(third)).rejects.toBeInstanceOf(IdentityRace);
      // It was unlinked.
      await accounts.unlinkIdentity(third.account_id, moving!.id, everyWay);
      await expect(attempt(third)).rejects.toBeInstanceOf(IdentityRace);
      expect(await everything()).toEqual({
        [from.account_id]: ['twitch 1'],
        [mine.account_id]: ['mixin y', 'resonite U-1'],
        [third.account_id]: ['resonite U-2'],
      });
    });

    test('to two accounts at once brings it to one', async () => {
      const [, moving] = await account('twitch 1', 'mixin x');
      const [[a], [b]] = [await account('resonite U-1'), await account('resonite U-2')];
      const results = await Promise.allSettled(
        [a, b].map((to) => accounts.moveIdentity(move(moving!, to), proven('mixin', 'x'), everyWay)),
      );
      expect(reasonsOf(results)).toEqual([expect.any(IdentityRace)]);
      expect(await rowCount('identities')).toBe(4);
    });

    test('of both ways in to two accounts at once leaves one behind', async () => {
      const [first, second] = await account('twitch 1', 'mixin x');
      const [[a], [b]] = [await account('resonite U-1'), await account('resonite U-2')];
      const results = await Promise.allSettled([
        accounts.moveIdentity(move(first, a), proven('twitch', '1'), everyWay),
        accounts.moveIdentity(move(second!, b), proven('mixin', 'x'), everyWay),
      ]);
      expect(reasonsOf(results)).toMatchObject([{ code: 'last_identity' }]);
      expect(await accounts.listIdentities(first.account_id)).toHaveLength(1);
    });

    test('while the other way in is unlinked leaves one behind', async () => {
      const [first, second] = await account('twitch 1', 'mixin x');
      const [mine] = await account('resonite U-1');
      const results = await Promise.allSettled([
        accounts.moveIdentity(move(first, mine), proven('twitch', '1'), everyWay),
        accounts.unlinkIdentity(first.account_id, second!.id, everyWay),
      ]);
      expect(reasonsOf(results)).toMatchObject([{ code: 'last_identity' }]);
      expect(await accounts.listIdentities(first.account_id)).toHaveLength(1);
    });

    test('there and back between two accounts at once ends without a deadlock', async () => {
      for (let round = 0; round < 5; round++) {
        const [a, moving] = await account(`twitch a${round}`, `mixin a${round}`);
        const [b, other] = await account(`twitch b${round}`, `resonite b${round}`);
        const results = await Promise.allSettled([
          accounts.moveIdentity(move(moving!, b), proven('mixin', `a${round}`), everyWay),
          accounts.moveIdentity(move(other!, a), proven('resonite', `b${round}`), everyWay),
        ]);
        expect(reasonsOf(results)).toEqual([]);
      }
    });
  });

  test('nothing is put in the place of an identity that has left the account', async () => {
    const [[kept, moving], [mine]] = [await account('twitch 1', 'mixin x'), await account('mixer 7')];
    await accounts.moveIdentity(move(moving!, mine), proven('mixin', 'x'), everyWay);
    const replacing = accounts.replaceIdentity(kept.account_id, moving!.id, proven('mixin', 'y'));
    await expect(replacing).rejects.toBeInstanceOf(IdentityRace);
    expect(await everything()).toEqual({
      [kept.account_id]: ['twitch 1'],
      [mine.account_id]: ['mixer 7', 'mixin x'],
    });
  });

  describe('joining two accounts', () => {
    test('is refused when the identity that proved the other one has left it', async () => {
      const [[proof, other], [here]] = [await account('twitch 1', 'mixin x'), await account('resonite U')];
      await accounts.unlinkIdentity(proof.account_id, proof.id, everyWay);
      await expect(join(proof, here)).rejects.toBeInstanceOf(IdentityRace);
      expect(await everything()).toEqual({
        [other!.account_id]: ['mixin x'],
        [here.account_id]: ['resonite U'],
      });
    });

    test('moves everything, and deletes the emptied one', async () => {
      const [[there], [here]] = [
        await account('twitch 1', 'mixin x', 'mixer 7'),
        await account('resonite U'),
      ];
      const moved = await join(there, here);
      expect(moved.map(({ provider, account_id }) => [provider, account_id]).toSorted()).toEqual([
        ['mixer', here.account_id],
        ['mixin', here.account_id],
        ['twitch', here.account_id],
      ]);
      expect(await everything()).toEqual({
        [here.account_id]: ['mixer 7', 'mixin x', 'resonite U', 'twitch 1'],
      });
      expect(await accounts.getAccountStart(there.account_id)).toBeNull();
    });

    test('moves nothing at all when both hold one of the same provider', async () => {
      const [[there], [here]] = [
        await account('twitch 1', 'mixin x'),
        await account('resonite U', 'mixin y'),
      ];
      const before = await everything();
      await expect(join(there, here)).rejects.toBeInstanceOf(IdentityRace);
      expect(await everything()).toEqual(before);
      expect(await rowCount('accounts')).toBe(2);
    });

    test('is possible with one of the same provider in another mode', async () => {
      const [[there], [here]] = [await account('twitch 1'), await account('mixin x')];
      await accounts.linkIdentity(here.account_id, proven('twitch', '1', 'sandbox'));
      await join(there, here);
      expect(await accounts.listIdentities(here.account_id)).toHaveLength(3);
    });

    test('with one that is gone changes nothing', async () => {
      const [mine] = await account('twitch 1');
      await expect(join({ ...mine, account_id: 'gone' }, mine)).rejects.toBeInstanceOf(IdentityRace);
      await expect(join(mine, { ...mine, account_id: 'gone' })).rejects.toBeInstanceOf(IdentityRace);
      expect(await everything()).toEqual({ [mine.account_id]: ['twitch 1'] });
    });

    test('each into the other at once ends with one account that has everything', async () => {
      for (let round = 0; round < 5; round++) {
        const [[a], [b]] = [await account(`twitch ${round}`), await account(`mixin ${round}`)];
        const results = await Promise.allSettled([join(a, b), join(b, a)]);
        expect(reasonsOf(results)).toEqual([expect.any(IdentityRace)]);
        const left = Object.values(await everything()).filter((held) => held.includes(`twitch ${round}`));
        expect(left).toEqual([[`mixin ${round}`, `twitch ${round}`]]);
      }
      expect(await rowCount('accounts')).toBe(5);
    });

    test('in a ring of three at once ends without a deadlock, and nothing is lost', async () => {
      const [[a], [b], [c]] = [await account('twitch 1'), await account('mixin x'), await account('mixer 7')];
      const reasons = reasonsOf(await Promise.allSettled([join(a, b), join(b, c), join(c, a)]));
      for (const reason of reasons) expect(reason).toBeInstanceOf(IdentityRace);
      expect(await rowCount('identities')).toBe(3);
      expect(await rowCount('accounts')).toBe(Object.keys(await everything()).length);
    });

    test('takes along what is being linked to the emptied one in this very moment', async () => {
      const [[there], [here]] = [await account('twitch 1'), await account('mixin x')];
      await whileLinking(there.account_id, 'mixer 7', () => join(there, here));
      expect(await everything()).toEqual({ [here.account_id]: ['mixer 7', 'mixin x', 'twitch 1'] });
    });

    test('while one of the same provider is being linked here changes nothing', async () => {
      const [[there], [here]] = [await account('twitch 1'), await account('mixin x')];
      const joining = whileLinking(here.account_id, 'twitch 2', () => join(there, here));
      await expect(joining).rejects.toBeInstanceOf(IdentityRace);
      expect(await everything()).toEqual({
        [there.account_id]: ['twitch 1'],
        [here.account_id]: ['mixin x', 'twitch 2'],
      });
    });
  });

  describe('deleting an account', () => {
    test('deletes its identities with it, and nobody else’s', async () => {
      const [[mine], [theirs]] = [await account('twitch 1', 'mixin x'), await account('twitch 2')];
      const deleted = await accounts.deleteAccount(mine.account_id);
      expect(deleted.map(({ subject }) => subject).toSorted()).toEqual(['1', 'x']);
      expect(await everything()).toEqual({ [theirs.account_id]: ['twitch 2'] });
      expect(await rowCount('accounts')).toBe(1);
    });

    test('that is gone already is no mistake', async () => {
      const [{ account_id }] = await account('twitch 1');
      await Promise.all([accounts.deleteAccount(account_id), accounts.deleteAccount(account_id)]);
      expect(await rowCount('accounts')).toBe(0);
    });

    test('while an identity is linked to it leaves no orphan, whoever is faster', async () => {
      for (let round = 0; round < 10; round++) {
        const [{ account_id }] = await account(`twitch ${round}`);
        const work = [
          () => accounts.deleteAccount(account_id),
          () => accounts.linkIdentity(account_id, proven('mixin', `${round}`)),
        ];
        const results = await Promise.allSettled((round % 2 ? work : work.toReversed()).map((one) => one()));
        for (const reason of reasonsOf(results)) expect(reason).toBeInstanceOf(IdentityRace);
      }
      expect([await rowCount('accounts'), await rowCount('identities')]).toEqual([0, 0]);
    });

    test('while one of its identities is replaced ends without a deadlock', async () => {
      for (let round = 0; round < 10; round++) {
        const [old] = await account(`twitch ${round}`, `mixin ${round}`);
        const work = [
          () => accounts.deleteAccount(old.account_id),
          () => accounts.replaceIdentity(old.account_id, old.id, proven('twitch', `new ${round}`)),
        ];
        const results = await Promise.allSettled((round % 2 ? work : work.toReversed()).map((one) => one()));
        for (const reason of reasonsOf(results)) expect(reason).toBeInstanceOf(IdentityRace);
      }
      expect([await rowCount('accounts'), await rowCount('identities')]).toEqual([0, 0]);
    });

    test('waits for a link to it that is under way, and deletes that too', async () => {
      const [{ account_id }] = await account('twitch 1');
      const deleted = await whileLinking(account_id, 'mixin x', () => accounts.deleteAccount(account_id));
      expect(deleted.map(({ subject }) => subject).toSorted()).toEqual(['1', 'x']);
      expect([await rowCount('accounts'), await rowCount('identities')]).toEqual([0, 0]);
    });

    test('while another one joins it leaves one account, or none', async () => {
      const [[mine], [other]] = [await account('twitch 1'), await account('mixin x')];
      const results = await Promise.allSettled([join(other, mine), accounts.deleteAccount(mine.account_id)]);
      for (const reason of reasonsOf(results)) expect(reason).toBeInstanceOf(IdentityRace);
      expect(await rowCount('accounts')).toBe(Object.keys(await everything()).length);
    });
  });

  test('a reading of the profile that comes too late brings nothing back', async () => {
    const [, identity] = await account('twitch 1', 'mixin x');
    await accounts.unlinkIdentity(identity!.account_id, identity!.id, everyWay);
    expect(await accounts.storeProfile(identity!.id, proven('mixin', 'x').facts, {})).toBeNull();
    await expect(
      accounts.renewIdentity(identity!.account_id, identity!.id, proven('mixin', 'x')),
    ).rejects.toBeInstanceOf(IdentityRace);
    expect(await rowCount('identities')).toBe(1);
  });
});
