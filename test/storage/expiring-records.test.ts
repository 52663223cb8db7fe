import type { ExpiringRecord, ExpiringRecords } from '../../src/storage/expiring-records.ts';
import { StorageError } from '../../src/storage/storage-error.ts';
import { openTestStores, type TestStores } from '../support/open-stores.ts';
import { describeStores } from '../support/stores.ts';

const minute = 60 * 1000;
const hour = 60 * minute;

describeStores('expiring records', (kind) => {
  let stores: TestStores;
  let records: ExpiringRecords;
  /** A clock far from the servers' own: only this one may count. */
  let time = Date.UTC(2040, 0, 1);

  beforeAll(async () => {
    stores = await openTestStores(kind);
    records = stores.createRecords(() => time);
  });
  afterAll(() => stores.close());

  let serial = 0;
  /** A record that no other test has, good for a minute. */
  function newRecord(changes: Partial<ExpiringRecord> = {}): ExpiringRecord {
    serial += 1;
    const names = { key: `key-${serial}`, owner: `owner-${serial}`, value: `value-${serial}` };
    return { ...names, version: 1, expiresAt: time + minute, ...changes };
  }
  async function stored(changes: Partial<ExpiringRecord> = {}): Promise<ExpiringRecord> {
    const record = newRecord(changes);
    await records.put('grant', record);
    return record;
  }
  const keysOf = async (owner: string) =>
    (await records.listByOwner('grant', owner)).map(({ key }) => key).toSorted();

  describe('put and get', () => {
    test('give back what was stored, to the letter', async () => {
      const record = await stored({ key: 'é/:*\\', owner: "o'wner:🔑", value: '{"a":"\\u0000 ü\\n🔑"}' });
      expect(await records.get('grant', record.key)).toEqual(record);
    });

    test('know each kind on its own', async () => {
      const record = await stored();
      await records.put('login', { ...record, value: 'another' });
      expect((await records.get('grant', record.key))?.value).toBe(record.value);
      expect((await records.get('login', record.key))?.value).toBe('another');
      expect(await records.get('session', record.key)).toBeNull();
    });

    test('replace a record and count its version on', async () => {
      const record = await stored();
      await records.put('grant', { ...record, owner: 'new-owner', value: 'new' });
      expect(await records.get('grant', record.key)).toEqual({
        ...record,
        owner: 'new-owner',
        value: 'new',
        version: 2,
      });
      expect(await keysOf(record.owner)).toEqual([]);
      expect(await keysOf('new-owner')).toEqual([record.key]);
    });

    test('a record is there until its end and not at it', async () => {
      const record = await stored();
      time += minute - 1;
      expect(await records.get('grant', record.key)).not.toBeNull();
      time += 1;
      expect(await records.get('grant', record.key)).toBeNull();
    });

    test('keys and owners are compared letter by letter', async () => {
      const record = await stored({ key: 'Key', owner: 'Owner' });
      expect(await records.get('grant', 'key')).toBeNull();
      expect(await keysOf('owner')).toEqual([]);
      expect(await keysOf('Owner')).toEqual([record.key]);
    });
  });

  describe('putBoth', () => {
    test('stores two records, of two kinds', async () => {
      const [grant, session] = [newRecord(), newRecord()];
      await records.putBoth({ ...grant, kind: 'grant' }, { ...session, kind: 'session' });
      expect(await records.get('grant', grant.key)).toEqual(grant);
      expect(await records.get('session', session.key)).toEqual(session);
      expect(await records.get('session', grant.key)).toBeNull();
    });

    test('replaces what was there, as put does', async () => {
      const record = await stored();
      await records.putBoth({ ...record, value: 'new', kind: 'grant' }, { ...newRecord(), kind: 'grant' });
      expect(await records.get('grant', record.key)).toMatchObject({ value: 'new', version: 2 });
    });
  });

  describe('create', () => {
    test('stores a record where there is none, and only there', async () => {
      const record = newRecord();
      expect(await records.create('lease', record)).toBe(true);
      expect(await records.create('lease', { ...record, value: 'second' })).toBe(false);
      expect(await records.get('lease', record.key)).toEqual(record);
    });

    test('lets one of many at once', async () => {
      const record = newRecord();
      const created = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          records.create('lease', { ...record, owner: `holder-${index}` }),
        ),
      );
      expect(created.filter(Boolean)).toHaveLength(1);
      expect((await records.get('lease', record.key))?.owner).toBe(`holder-${created.indexOf(true)}`);
    });

    test('replaces a record that has ended', async () => {
      const record = await stored();
      time += minute;
      expect(await records.create('grant', { ...record, owner: 'next', expiresAt: time + 1 })).toBe(true);
      expect(await records.get('grant', record.key)).toMatchObject({ owner: 'next' });
      expect(await keysOf(record.owner)).toEqual([]);
    });

    test('replaces a tombstone', async () => {
      const record = await stored();
      await records.take('grant', record.key, record.owner);
      expect(await records.create('grant', record)).toBe(true);
      expect(await records.get('grant', record.key)).toMatchObject({ value: record.value });
    });
  });

  describe('update', () => {
    test('replaces value, owner and end of the version it has read', async () => {
      const record = await stored();
      const changed = { ...record, owner: 'moved-to', value: 'changed', expiresAt: time + 5 * minute };
      expect(await records.update('grant', changed)).toBe(true);
      expect(await records.get('grant', record.key)).toEqual({ ...changed, version: 2 });
      expect(await keysOf(record.owner)).toEqual([]);
      expect(await keysOf('moved-to')).toEqual([record.key]);
    });

    test('fails when somebody else was first', async () => {
      const record = await stored();
      const outcomes = await Promise.all(
        ['one', 'two', 'three'].map((value) => records.update('grant', { ...record, value })),
      );
      expect(outcomes.filter(Boolean)).toHaveLength(1);
      expect(await records.update('grant', record)).toBe(false);
    });

    test('brings nothing back: not what is gone, has ended or was taken', async () => {
      expect(await records.update('grant', newRecord())).toBe(false);
      const taken = await stored();
      await records.take('grant', taken.key, taken.owner);
      expect(await records.update('grant', taken)).toBe(false);
      const ended = await stored();
      time += minute;
      expect(await records.update('grant', { ...ended, expiresAt: time + minute })).toBe(false);
    });
  });

  describe('prolong', () => {
    test('moves the end and nothing else', async () => {
      const record = await stored();
      expect(await records.prolong('grant', record.key, time + hour)).toBe(true);
      expect(await records.get('grant', record.key)).toEqual({ ...record, expiresAt: time + hour });
      time += minute;
      expect(await keysOf(record.owner)).toEqual([record.key]);
    });

    test('never moves it nearer', async () => {
      const record = await stored();
      expect(await records.prolong('grant', record.key, time + 1)).toBe(true);
      expect(await records.get('grant', record.key)).toEqual(record);
    });

    test('brings nothing back', async () => {
      const record = await stored();
      expect(await records.prolong('grant', 'nowhere', time + hour)).toBe(false);
      time += minute;
      expect(await records.prolong('grant', record.key, time + hour)).toBe(false);
      const taken = await stored();
      await records.take('grant', taken.key, taken.owner);
      expect(await records.prolong('grant', taken.key, time + hour)).toBe(false);
    });
  });

  describe('take', () => {
    test('gives the record once; then it says that it was used', async () => {
      const record = await stored();
      expect(await records.take('grant', record.key, record.owner)).toEqual({ taken: record });
      expect(await records.take('grant', record.key, record.owner)).toEqual({ gone: { outcome: 'used' } });
      expect(await records.take('grant', record.key, 'a stranger')).toEqual({ gone: { outcome: 'used' } });
    });

    test('gives it to one of twenty at once', async () => {
      const record = await stored();
      const takers = Array.from({ length: 20 }, () => records.take('grant', record.key, record.owner));
      const outcomes = await Promise.all(takers);
      expect(outcomes.filter((outcome) => outcome && 'taken' in outcome)).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome && 'gone' in outcome)).toHaveLength(19);
    });

    test('leaves it to its owner', async () => {
      const record = await stored();
      expect(await records.take('grant', record.key, 'a stranger')).toEqual({ notYours: true });
      expect(await records.take('grant', record.key, record.owner)).toEqual({ taken: record });
    });

    test('knows nothing of what never was', async () => {
      expect(await records.take('grant', 'never', 'me')).toBeNull();
    });

    test('says for an hour that a record has expired', async () => {
      const record = await stored();
      time += minute;
      expect(await records.take('grant', record.key, 'a stranger')).toEqual({ notYours: true });
      const expired = { gone: { outcome: 'expired' } };
      expect(await records.take('grant', record.key, record.owner)).toEqual(expired);
      time += hour - 1;
      expect(await records.take('grant', record.key, record.owner)).toEqual(expired);
      time += 1;
      expect(await records.take('grant', record.key, record.owner)).toBeNull();
    });

    test('forgets a record that nobody took in the hour after its end', async () => {
      const record = await stored();
      time += minute + hour;
      expect(await records.take('grant', record.key, record.owner)).toBeNull();
      expect(await records.delete('grant', record.key)).toBeNull();
    });

    test('a tombstone is no record, not even for a clock that is behind', async () => {
      const record = await stored();
      await records.take('grant', record.key, record.owner);
      const behind = stores.createRecords(() => time - 1000);
      expect(await behind.get('grant', record.key)).toBeNull();
      expect(await behind.listByOwner('grant', record.owner)).toEqual([]);
      expect(await behind.create('grant', record)).toBe(true);
    });
  });

  describe('rename', () => {
    test('gives a record another key, value, end and owner in one step', async () => {
      const record = await stored();
      const renamed = { ...newRecord(), expiresAt: time + hour };
      expect(await records.rename('grant', record.key, renamed)).toBe(true);
      expect(await records.get('grant', record.key)).toBeNull();
      expect(await records.get('grant', renamed.key)).toEqual({ ...renamed, version: 2 });
      expect(await keysOf(record.owner)).toEqual([]);
      expect(await keysOf(renamed.owner)).toEqual([renamed.key]);
    });

    test('does not overwrite what was updated since it was read', async () => {
      const record = await stored();
      await records.update('grant', { ...record, value: 'newer' });
      expect(await records.rename('grant', record.key, newRecord())).toBe(false);
      expect(await records.get('grant', record.key)).toMatchObject({ value: 'newer' });
    });

    test('lets one of two at once', async () => {
      const record = await stored();
      const outcomes = await Promise.all([
        records.rename('grant', record.key, newRecord()),
        records.rename('grant', record.key, newRecord()),
      ]);
      expect(outcomes.toSorted()).toEqual([false, true]);
    });

    test('brings nothing back', async () => {
      const record = await stored();
      expect(await records.rename('grant', 'nowhere', newRecord())).toBe(false);
      time += minute;
      expect(await records.rename('grant', record.key, newRecord())).toBe(false);
    });

    test('overwrites nobody', async () => {
      const [one, other] = [await stored(), await stored()];
      const error = await records.rename('grant', one.key, { ...one, key: other.key }).catch((e) => e);
      expect(error).toBeInstanceOf(StorageError);
      expect(error.kind).toBe('unique');
      expect(await records.get('grant', one.key)).toEqual(one);
      expect(await records.get('grant', other.key)).toEqual(other);
    });
  });

  describe('delete', () => {
    test('gives what it was, to one of two at once', async () => {
      const record = await stored();
      const outcomes = await Promise.all([1, 2].map(() => records.delete('grant', record.key)));
      expect(outcomes.filter((outcome) => outcome !== null)).toEqual([record]);
      expect(await records.get('grant', record.key)).toBeNull();
      expect(await keysOf(record.owner)).toEqual([]);
    });

    test('gives a record that has just ended, too', async () => {
      const record = await stored();
      time += minute;
      expect(await records.delete('grant', record.key)).toEqual(record);
    });

    test('gives no tombstone', async () => {
      const record = await stored();
      await records.take('grant', record.key, record.owner);
      expect(await records.delete('grant', record.key)).toBeNull();
      expect(await records.take('grant', record.key, record.owner)).toBeNull();
    });
  });

  describe('all of an owner’s', () => {
    /** Three records that end one after the other. */
    async function threeOf(owner: string): Promise<ExpiringRecord[]> {
      const ends = [2 * minute, minute, 3 * minute];
      return Promise.all(ends.map((end) => stored({ owner, expiresAt: time + end })));
    }

    test('are listed, the one that ends last first, without what has ended or belongs to others', async () => {
      const [middle, first, last] = await threeOf('lister');
      await stored({ owner: 'lister-2' });
      await records.put('session', newRecord({ owner: 'lister' }));
      expect(await records.listByOwner('grant', 'lister')).toEqual([last, middle, first]);
      expect(await records.listByOwner('grant', 'lister', 1)).toEqual([middle, first]);
      expect(await records.listByOwner('grant', 'lister', 3)).toEqual([]);
      expect(await records.countByOwner('grant', 'lister')).toBe(3);
      time += minute;
      expect(await records.countByOwner('grant', 'lister')).toBe(2);
      expect(await records.listByOwner('grant', 'lister')).toEqual([last, middle]);
    });

    test('are deleted and given', async () => {
      const [middle, first, last] = await threeOf('deleter');
      const other = await stored({ owner: 'deleter-2' });
      expect(await records.deleteByOwner('grant', 'deleter')).toEqual([last, middle, first]);
      expect(await records.deleteByOwner('grant', 'deleter')).toEqual([]);
      expect(await records.get('grant', first!.key)).toBeNull();
      expect(await records.get('grant', other.key)).toEqual(other);
    });

    test('are thinned out to the newest; tombstones stay', async () => {
      const [middle, first, last] = await threeOf('hoarder');
      const used = await stored({ owner: 'hoarder', expiresAt: time + hour });
      await records.take('grant', used.key, 'hoarder');
      await records.keepNewest('grant', 'hoarder', 2);
      expect(await keysOf('hoarder')).toEqual([middle!.key, last!.key].toSorted());
      expect(await records.take('grant', first!.key, 'hoarder')).toBeNull();
      expect(await records.take('grant', used.key, 'hoarder')).toEqual({ gone: { outcome: 'used' } });
    });

    test('are ended, and say so; what was used stays used', async () => {
      const used = await stored({ owner: 'leaver' });
      await records.take('grant', used.key, 'leaver');
      const [one] = await threeOf('leaver');
      const other = await stored();
      await records.endByOwner('grant', 'leaver');
      expect(await records.get('grant', one!.key)).toBeNull();
      expect(await keysOf('leaver')).toEqual([]);
      expect(await records.take('grant', one!.key, 'leaver')).toEqual({ gone: { outcome: 'ended' } });
      expect(await records.take('grant', used.key, 'leaver')).toEqual({ gone: { outcome: 'used' } });
      expect(await records.get('grant', other.key)).toEqual(other);
    });
  });

  test('a sweep deletes what ended more than an hour ago and nothing else', async () => {
    const old = await Promise.all(Array.from({ length: 30 }, () => stored({ owner: 'swept' })));
    time += minute + 1;
    const recent = await stored({ expiresAt: time + hour - 1 });
    const live = await stored({ expiresAt: time + 2 * hour });
    time += hour - 1;
    await records.sweep();
    expect(await records.take('grant', recent.key, recent.owner)).toEqual({ gone: { outcome: 'expired' } });
    expect(await records.get('grant', live.key)).toEqual(live);
    const rows = await stores.database.selectFrom('expiring_records').select('key').execute();
    expect(rows.map(({ key }) => key).filter((key) => old.some((record) => record.key === key))).toEqual([]);
  });
});
