import type { ExpiringRecords } from '../../src/storage/expiring-records.ts';
import { StorageError } from '../../src/storage/storage-error.ts';
import { withDeadline, withinDeadline } from '../../src/storage/with-deadline.ts';

test('what is done in time is passed on, results and errors alike', async () => {
  expect(await withinDeadline(Promise.resolve(7))).toBe(7);
  await expect(withinDeadline(Promise.reject(new StorageError('busy')))).rejects.toMatchObject({
    kind: 'busy',
  });
});

test('what takes too long fails as unavailable, and what becomes of it later harms nobody', async () => {
  let fail: (error: Error) => void = () => {};
  const work = new Promise<never>((_, reject) => {
    fail = reject;
  });
  await expect(withinDeadline(work, 20)).rejects.toMatchObject({ name: 'StorageError', kind: 'unavailable' });
  fail(new Error('much later'));
  // An unhandled rejection would end the process.
  await new Promise((resolve) => setTimeout(resolve, 20));
});

test('every operation of the records has a deadline, but the sweep takes its time', async () => {
  const never = new Promise<never>(() => {});
  const silent = new Proxy({}, { get: () => () => never }) as ExpiringRecords;
  const records = withDeadline(silent, 20);
  const record = { key: 'k', owner: 'o', value: 'v', version: 1, expiresAt: 1 };
  const operations: Record<Exclude<keyof ExpiringRecords, 'sweep'>, () => Promise<unknown>> = {
    put: () => records.put('grant', record),
    putBoth: () => records.putBoth({ ...record, kind: 'grant' }, { ...record, kind: 'session' }),
    create: () => records.create('grant', record),
    get: () => records.get('grant', 'k'),
    update: () => records.update('grant', record),
    prolong: () => records.prolong('grant', 'k', 2),
    take: () => records.take('grant', 'k', 'o'),
    rename: () => records.rename('grant', 'k', record),
    delete: () => records.delete('grant', 'k'),
    listByOwner: () => records.listByOwner('grant', 'o'),
    countByOwner: () => records.countByOwner('grant', 'o'),
    deleteByOwner: () => records.deleteByOwner('grant', 'o'),
    keepNewest: () => records.keepNewest('grant', 'o', 1),
    endByOwner: () => records.endByOwner('grant', 'o'),
  };
  for (const [name, operate] of Object.entries(operations)) {
    const outcome = await operate().catch((error: StorageError) => error.kind);
    expect([name, outcome]).toEqual([name, 'unavailable']);
  }
  expect(Object.keys(records).toSorted()).toEqual([...Object.keys(operations), 'sweep'].toSorted());
  const sweep = Promise.race([records.sweep(), new Promise((resolve) => setTimeout(resolve, 60, 'still'))]);
  expect(await sweep).toBe('still');
});
