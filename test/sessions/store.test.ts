import { type LatchkeyOptions, type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { describeStores } from '../support/stores.ts';
import { until } from '../support/until.ts';
import { captureCallback, linkProvider, signIn, Visitor } from '../support/visitor.ts';
import { anotherTab, ask, hours, minutes, slowDown, tabBeside, whileWaiting } from './support.ts';

let latchkey: RunningLatchkey;
let visitor: Visitor;

const start = async (options: LatchkeyOptions) => {
  latchkey = await startLatchkey(options);
  visitor = new Visitor();
};
afterEach(() => latchkey.close());

const profile = (who: Visitor) => who.open(`${latchkey.baseUrl}/profile`);
const isSignedIn = async (who: Visitor) => (await profile(who)).heading === 'Your accounts';
const adaAtResonite = { id: 'U-1NaAdaSandbox', username: 'Ada' };
const adaAtTwitch = { data: [{ id: '10000001', login: 'ninja_dev', display_name: 'Ada' }] };

interface Facts {
  readonly ref: string;
  readonly identityId: string;
  readonly signedInAt: number;
  readonly check: unknown;
}

const sessions = () => latchkey.listRecords('session');
const factsOf = ({ value }: { value: string }) => JSON.parse(value) as Facts;
/** The record of the only session. */
const onlySession = async () => {
  const all = await sessions();
  expect(all).toHaveLength(1);
  return all[0]!;
};
const identityOf = async (provider: string) =>
  (
    await latchkey.database
      .selectFrom('identities')
      .select('id')
      .where('provider', '=', provider)
      .executeTakeFirstOrThrow()
  ).id;

async function unlink(who: Visitor, name: string): Promise<void> {
  await profile(who);
  await who.press(`Unlink ${name}`);
  await who.press(`Unlink ${name}`);
}

/** A login that gives the session a new id and changes nothing else but when it signed in. */
const confirmation = (who: Visitor) =>
  captureCallback(
    who,
    () =>
      who.submit(
        'post',
        new URL(`${latchkey.baseUrl}/login/twitch`),
        new URLSearchParams({ intent: 'reauthenticate' }),
      ),
    latchkey.baseUrl,
  );

describeStores('requests of one session at once', (stores) => {
  beforeEach(async () => {
    await start({ stores });
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
  });

  test('that change different facts lose none of them', async () => {
    await linkProvider(visitor, latchkey.baseUrl, 'Resonite');
    const slow = tabBeside(visitor);
    await profile(slow);
    // The slow one will leave its message; the fast one changes by whom the session was signed in.
    const page = await whileWaiting(
      latchkey,
      'resonite',
      'userinfo_hang',
      () => slow.press('Read profile again from Resonite'),
      () => unlink(visitor, 'Twitch'),
      adaAtResonite,
    );
    expect(page.text).toContain('We read your Resonite profile again.');
    expect(page.text).toContain('Signed in with Resonite as Ada');
    expect(factsOf(await onlySession())).toMatchObject({
      identityId: await identityOf('resonite'),
      check: null,
    });
  });

  test('do not undo each other when the slower one has changed nothing', async () => {
    await linkProvider(visitor, latchkey.baseUrl, 'Resonite');
    const slow = tabBeside(visitor);
    latchkey.advance(minutes(6));
    let left = await onlySession();
    const page = await whileWaiting(
      latchkey,
      'resonite',
      'userinfo_hang',
      () => profile(slow),
      async () => {
        await unlink(visitor, 'Twitch');
        left = await onlySession();
      },
      adaAtResonite,
    );
    expect(page.heading).toBe('Your accounts');
    const { value, version } = await onlySession();
    expect({ value, version }).toEqual({ value: left.value, version: left.version });
    expect(factsOf(left).identityId).toBe(await identityOf('resonite'));
  });

  test('may be twenty, and each may leave something', async () => {
    await linkProvider(visitor, latchkey.baseUrl, 'Resonite');
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ask(visitor, `${latchkey.baseUrl}/profile/resonite/read`, {})),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(303));
    expect((await profile(visitor)).text).toContain('We read your Resonite profile again.');
    expect(latchkey.logLines.filter((line) => line.includes('"failure"'))).toEqual([]);
  });

  test('lose nothing either while one of them gives the session a new id', async () => {
    await linkProvider(visitor, latchkey.baseUrl, 'Resonite');
    const linked = await captureCallback(
      visitor,
      async () => {
        await profile(visitor);
        await visitor.press('Link Mixer');
      },
      latchkey.baseUrl,
    );
    const other = tabBeside(visitor);
    const slow = slowDown(latchkey, 'rename', 'session');
    const opening = visitor.open(linked.href);
    await until(slow.hasBegun);
    const unlinked = await ask(other, `${latchkey.baseUrl}/profile/twitch/unlink`, { mode: 'sandbox' });
    expect(unlinked.status).toBe(303);
    slow.goOn();
    expect((await opening).text).toContain('is linked. You can now sign in with it.');
    expect(factsOf(await onlySession())).toMatchObject({
      identityId: await identityOf('resonite'),
      check: null,
    });
  });

  test('do not take the cookie away that another tab has got meanwhile', async () => {
    await linkProvider(visitor, latchkey.baseUrl, 'Resonite');
    const slow = tabBeside(visitor);
    await profile(slow);
    // The slow one has a message to leave, and its session has another id by then.
    const page = await whileWaiting(
      latchkey,
      'resonite',
      'userinfo_hang',
      () => slow.press('Read profile again from Resonite'),
      () => linkProvider(visitor, latchkey.baseUrl, 'Mixer'),
      adaAtResonite,
    );
    expect(page.heading).toBe('Your accounts');
    expect(await isSignedIn(visitor)).toBe(true);
    await onlySession();
  });

  test('add to what another tab has made of the session under a new id', async () => {
    latchkey.advance(minutes(10));
    const before = factsOf(await onlySession());
    const confirming = tabBeside(visitor);
    await profile(confirming);
    const confirmed = await confirmation(confirming);
    const linked = await captureCallback(
      visitor,
      async () => {
        await profile(visitor);
        await visitor.press('Link Resonite');
      },
      latchkey.baseUrl,
    );
    const page = await whileWaiting(
      latchkey,
      'twitch',
      'userinfo_hang',
      () => confirming.open(confirmed.href),
      async () => expect((await visitor.open(linked.href)).text).toContain('is linked'),
      adaAtTwitch,
    );
    expect(page.heading).toBe('Your accounts');
    expect(await isSignedIn(visitor)).toBe(true);
    const after = factsOf(await onlySession());
    expect(after.ref).toBe(before.ref);
    expect(after.signedInAt).toBeGreaterThanOrEqual(before.signedInAt + minutes(10));
  });
});

describeStores('a mere visit', (stores) => {
  beforeEach(async () => {
    await start({ stores });
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
  });
  const visit = async () =>
    expect((await visitor.open(`${latchkey.baseUrl}/sessions`)).heading).toBe('Sessions and devices');

  test('within five minutes writes nothing at all', async () => {
    const before = await onlySession();
    for (let count = 0; count < 4; count++) {
      latchkey.advance(minutes(1));
      await visit();
    }
    expect(await onlySession()).toEqual(before);
  });

  test('after that moves the end of the record and rewrites nothing', async () => {
    const before = await onlySession();
    latchkey.advance(minutes(6));
    await visit();
    const after = await onlySession();
    expect(after.expires_at - before.expires_at).toBeGreaterThanOrEqual(minutes(6));
    expect(after).toEqual({ ...before, expires_at: after.expires_at });
  });

  test('prolongs the session to a whole idle limit from then on', async () => {
    for (let day = 0; day < 3; day++) {
      latchkey.advance(hours(23));
      await visit();
    }
    latchkey.advance(hours(24) - minutes(1));
    expect(await isSignedIn(visitor)).toBe(true);
    latchkey.advance(hours(24) + minutes(1));
    expect(await isSignedIn(visitor)).toBe(false);
  });
});

test('limits of one hour and one day are said in the singular', async () => {
  await start({ env: { SESSION_IDLE_HOURS: '1', SESSION_ABSOLUTE_DAYS: '1' } });
  const help = await visitor.open(`${latchkey.baseUrl}/help`);
  expect(help.text).toContain('for an hour without use, and for a day at most.');
  expect(help.text).toContain('and after a day at the latest.');
  await signIn(visitor, latchkey.baseUrl, 'Resonite');
  latchkey.advance(hours(1) + minutes(1));
  expect((await profile(visitor)).text).toContain('after an hour without use, a day after signing in,');
});

describeStores('the limits', (stores) => {
  beforeEach(async () => {
    await start({ stores });
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
  });

  test('without use a session ends after the idle limit, and the page says so', async () => {
    latchkey.advance(hours(24) + minutes(1));
    const page = await profile(visitor);
    expect(page.heading).toBe('Sign in');
    expect(page.text).toContain(
      'You were signed out. That happens after 24 hours without use, 14 days after signing in, and when you sign out this device from another one.',
    );
  });

  test('with use it ends at the absolute limit, which neither a link nor a confirmation moves', async () => {
    await linkProvider(visitor, latchkey.baseUrl, 'Twitch');
    for (let half = 1; half < 28; half++) {
      latchkey.advance(hours(12));
      expect(await isSignedIn(visitor)).toBe(true);
    }
    await visitor.open((await confirmation(visitor)).href);
    await linkProvider(visitor, latchkey.baseUrl, 'Mixer');
    expect(await isSignedIn(visitor)).toBe(true);
    latchkey.advance(hours(12) + minutes(1));
    expect(await isSignedIn(visitor)).toBe(false);
  });

  test('past the absolute limit a session is on no list, however lately it was used', async () => {
    latchkey.advance(hours(12));
    expect(await isSignedIn(visitor)).toBe(true);
    latchkey.advance(hours(11));
    const phone = new Visitor();
    await signIn(phone, latchkey.baseUrl, 'Resonite');
    for (let half = 1; half < 27; half++) {
      expect(await isSignedIn(visitor)).toBe(true);
      latchkey.advance(hours(12));
      expect(await isSignedIn(visitor)).toBe(true);
      expect(await isSignedIn(phone)).toBe(true);
    }
    const rows = async () => (await phone.open(`${latchkey.baseUrl}/sessions`)).$('tbody tr').length;
    expect(await rows()).toBe(2);
    latchkey.advance(hours(2));
    expect(await rows()).toBe(1);
  });
});

describeStores('a session that is ended', (stores) => {
  let phone: Visitor;
  beforeEach(async () => {
    await start({ stores });
    phone = new Visitor();
    await signIn(phone, latchkey.baseUrl, 'Twitch');
  });

  /** Where the phone's session is ended from another device. */
  async function endAddress(): Promise<string> {
    const { ref } = factsOf(await onlySession());
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    return `${latchkey.baseUrl}/sessions/${ref}/end`;
  }

  test('is not revived by a request that had begun before and has something to write', async () => {
    await linkProvider(phone, latchkey.baseUrl, 'Resonite');
    const end = await endAddress();
    const copy = anotherTab(phone);
    const page = await whileWaiting(
      latchkey,
      'resonite',
      'userinfo_hang',
      () => phone.press('Read profile again from Resonite'),
      async () => expect((await ask(visitor, end, {})).status).toBe(303),
      adaAtResonite,
    );
    expect(page.heading).toBe('Sign in');
    expect(await isSignedIn(copy)).toBe(false);
    await onlySession();
    expect(await latchkey.listRecords('grant')).toHaveLength(1);
  });

  test('just before it gets a new id stays ended, and the login undoes itself', async () => {
    const end = await endAddress();
    const { accessTokens } = latchkey.sandbox.state;
    const before = new Set(accessTokens.keys());
    const confirmed = await confirmation(phone);
    const slow = slowDown(latchkey, 'rename', 'session');
    const opening = phone.open(confirmed.href);
    await until(slow.hasBegun);
    const newTokens = () => [...accessTokens.keys()].filter((token) => !before.has(token));
    expect(newTokens()).toHaveLength(1);
    expect((await ask(visitor, end, {})).status).toBe(303);
    slow.goOn();
    const page = await opening;
    expect([page.status, page.heading]).toEqual([409, 'You are not signed in as before']);
    expect(await isSignedIn(phone)).toBe(false);
    await onlySession();
    expect(await latchkey.listRecords('grant')).toHaveLength(1);
    // The login had got a token; it is gone again.
    expect(newTokens()).toEqual([]);
  });

  test('is looked for again when it has got a new id in that very moment', async () => {
    const end = await endAddress();
    const confirmed = await confirmation(phone);
    const slow = slowDown(latchkey, 'delete', 'session');
    const ending = ask(visitor, end, {});
    await until(slow.hasBegun);
    expect((await phone.open(confirmed.href)).heading).toBe('Your accounts');
    slow.goOn();
    expect((await ending).status).toBe(303);
    expect(await isSignedIn(phone)).toBe(false);
    await onlySession();
    expect(await latchkey.listRecords('grant')).toHaveLength(1);
  });

  test('is found and ended while it gets a new id, whoever comes first', async () => {
    for (let round = 0; round < 6; round++) {
      const end = await endAddress();
      const confirmed = await confirmation(phone);
      const [, ended] = await Promise.all([phone.open(confirmed.href), ask(visitor, end, {})]);
      expect(ended.status).toBe(303);
      expect(await isSignedIn(phone)).toBe(false);
      await onlySession();
      expect(await latchkey.listRecords('grant')).toHaveLength(1);
      await profile(visitor);
      await visitor.press('Sign out');
      await signIn(phone, latchkey.baseUrl, 'Twitch');
    }
  });
});

test('a clock that jumps back does not revive a session that has ended and was swept', async () => {
  await start({});
  await signIn(visitor, latchkey.baseUrl, 'Twitch');
  latchkey.advance(hours(26));
  await latchkey.records.sweep();
  latchkey.advance(-hours(26));
  expect(await isSignedIn(visitor)).toBe(false);
});
