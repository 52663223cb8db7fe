import {
  type LatchkeyOptions,
  type RunningLatchkey,
  startLatchkey,
  testSecret,
} from '../support/latchkey.ts';
import { describeStores } from '../support/stores.ts';
import { until } from '../support/until.ts';
import { answerAtProvider, linkProvider, signIn, Visitor } from '../support/visitor.ts';
import {
  anotherTab,
  ask,
  asked,
  cardOf,
  hours,
  minutes,
  openGrants,
  tabBeside,
  watch,
  whileWaiting,
  wipedTokens,
} from './support.ts';

let latchkey: RunningLatchkey;
let visitor: Visitor;

const start = async (options: LatchkeyOptions = {}) => {
  latchkey = await startLatchkey(options);
  visitor = new Visitor();
};
afterEach(() => latchkey.close());

const profile = (who: Visitor, baseUrl = latchkey.baseUrl) => who.open(`${baseUrl}/profile`);
const card = async (name = 'Resonite') => cardOf(await profile(visitor), name);
const refreshes = () => asked(latchkey, 'refresh').length;
const userinfo = () => asked(latchkey, 'userinfo').length;
const faults = () => latchkey.sandbox.state.faults;
/** The tokens of the only grant. */
const tokens = async () => {
  const grants = await openGrants(latchkey);
  expect(grants).toHaveLength(1);
  return grants[0]!.tokens;
};
/** An answer of Resonite's to a refresh, and the token in it made to work there. */
function newTokens(accessToken: string) {
  const { accessTokens } = latchkey.sandbox.state;
  const [known] = accessTokens.values();
  accessTokens.set(accessToken, { ...known!, value: accessToken, expiresAt: Date.now() + hours(100) });
  return { access_token: accessToken, token_type: 'Bearer', expires_in: 3599, refresh_token: 'fresh' };
}
const quick = { totalMilliseconds: 1500, maximumBytes: 256 * 1024 };
/** For an answer that comes late, but comes. */
const patient = { ...quick, totalMilliseconds: 30_000 };

/** Resonite's access tokens last an hour, and 3599 seconds as it says. */
const almostAnHour = minutes(60) - 1000;

describeStores('tokens that have ended', (stores) => {
  beforeEach(async () => {
    await start({ stores });
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
  });

  test('are refreshed once, though twenty pages on each of two nodes want them at once', async () => {
    // Each refresh ends the refresh token it was made with: a second one with the same would be refused.
    const node = await latchkey.startNode();
    const before = await tokens();
    latchkey.advance(hours(2));
    const pages = await Promise.all(
      [latchkey.baseUrl, node.baseUrl].flatMap((baseUrl) =>
        Array.from({ length: 20 }, () => profile(tabBeside(visitor), baseUrl)),
      ),
    );
    expect(pages.map(({ status, heading }) => [status, heading])).toEqual(
      Array(40).fill([200, 'Your accounts']),
    );
    for (const page of pages) expect(cardOf(page, 'Resonite')).toMatch(/Working|Out of date/);
    expect(refreshes()).toBe(1);
    const after = await tokens();
    expect(after.refreshToken).not.toBe(before.refreshToken);
    // Whoever read the profile did so with the new token.
    const used = asked(latchkey, 'userinfo').slice(1);
    expect(used.length).toBeGreaterThan(0);
    for (const { headers } of used) expect(headers['authorization']).toBe(`Bearer ${after.accessToken}`);
    latchkey.advance(minutes(6));
    for (const baseUrl of [latchkey.baseUrl, node.baseUrl]) {
      expect(cardOf(await profile(visitor, baseUrl), 'Resonite')).toContain('Working');
    }
    latchkey.advance(hours(2));
    expect(await card()).toContain('Renews by itself');
    expect(refreshes()).toBe(2);
    await node.close();
  });

  test('are refreshed by one node while the other waits and then uses what that one got', async () => {
    const node = await latchkey.startNode();
    const tries = watch(latchkey, 'create', 'lease');
    latchkey.advance(hours(2));
    const pages = await whileWaiting(
      latchkey,
      'resonite',
      'refresh_hang',
      () => Promise.all([profile(tabBeside(visitor)), profile(tabBeside(visitor), node.baseUrl)]),
      // The one that came too late looks again and again.
      () => until(() => tries() >= 3),
      newTokens('fresh'),
    );
    for (const page of pages) expect(cardOf(page, 'Resonite')).toContain('Working');
    expect(refreshes()).toBe(1);
    const used = asked(latchkey, 'userinfo').map(({ headers }) => headers['authorization']);
    expect(used.slice(1)).toEqual(['Bearer fresh', 'Bearer fresh']);
    expect(await latchkey.listRecords('lease')).toEqual([]);
    await node.close();
  });

  test('are refreshed a minute before their end, and not sooner', async () => {
    latchkey.advance(almostAnHour - minutes(2));
    expect(await card()).toContain('Working');
    expect(refreshes()).toBe(0);
    // The copy of the profile is young: nothing is asked.
    latchkey.advance(minutes(1) + 1000);
    await profile(visitor);
    expect(refreshes()).toBe(0);
    await visitor.press('Read profile again from Resonite');
    expect(visitor.page.text).toContain('We read your Resonite profile again.');
    expect(refreshes()).toBe(1);
  });

  test('or are refused before their end are refreshed, once for refusals one after the other', async () => {
    const tabs = [tabBeside(visitor), tabBeside(visitor), tabBeside(visitor)];
    for (const tab of tabs) await profile(tab);
    latchkey.sandbox.state.expireAccessTokens('resonite');
    const pages = await Promise.all(tabs.map((tab) => tab.press('Read profile again')));
    for (const page of pages) expect(page.heading).toBe('Your accounts');
    expect(refreshes()).toBe(1);
    expect(await card()).toContain('Working');
  });

  test('for good, as the provider says, are wiped and not tried again; the card says what to do', async () => {
    faults().set('resonite', 'refresh_refused');
    latchkey.advance(hours(2));
    for (let visit = 0; visit < 4; visit++) {
      latchkey.advance(minutes(2));
      expect(await card()).toContain('Resonite says this link is no longer valid.');
    }
    expect([refreshes(), userinfo()]).toEqual([1, 1]);
    const [grant] = await openGrants(latchkey);
    expect(grant).toMatchObject({ tokens: wipedTokens, ended: { why: 'refused' } });
    expect(await card()).toContain('Needs attention');
    faults().clear();
    await visitor.press('Link Resonite again');
    await answerAtProvider(visitor, latchkey.baseUrl);
    expect(await card()).toContain('Working');
  });

  test('stay when the provider fails, and work once it is back', async () => {
    const before = await latchkey.listRecords('grant');
    faults().set('resonite', 'refresh_500');
    latchkey.advance(hours(2));
    const page = await profile(visitor);
    expect(cardOf(page, 'Resonite')).toContain('Out of date');
    expect(cardOf(page, 'Resonite')).toContain('We could not reach Resonite.');
    expect(await latchkey.listRecords('grant')).toEqual(before);
    expect(await latchkey.listRecords('lease')).toEqual([]);
    faults().clear();
    latchkey.advance(minutes(1) + 1000);
    expect(await card()).toContain('Working');
    expect(refreshes()).toBe(2);
  });

  test('wait for a lease that a node took and died with, and for no longer', async () => {
    const [grant] = await latchkey.listRecords('grant');
    latchkey.advance(hours(2));
    const expiresAt = Date.now() + hours(2) + 20_000;
    const lease = { key: `grant.${grant!.key}`, owner: 'a-node-that-died', value: '', expiresAt };
    expect(await latchkey.records.create('lease', lease)).toBe(true);
    expect(await card()).toContain('Out of date');
    expect(refreshes()).toBe(0);
    const reading = ask(visitor, `${latchkey.baseUrl}/profile/resonite/read`, {});
    latchkey.advance(21_000);
    expect((await reading).status).toBe(303);
    expect(refreshes()).toBe(1);
    const page = await profile(visitor);
    expect(page.text).toContain('We read your Resonite profile again.');
    expect(cardOf(page, 'Resonite')).toContain('Working');
    expect(await latchkey.listRecords('lease')).toEqual([]);
  });

  test('do not come back over those of a login that ends during the refresh', async () => {
    const tab = tabBeside(visitor);
    await profile(tab);
    latchkey.advance(hours(2));
    const page = await whileWaiting(
      latchkey,
      'resonite',
      'refresh_hang',
      () => tab.press('Read profile again from Resonite'),
      async () => {
        const form = new URLSearchParams({ intent: 'ask' });
        await visitor.open(`${latchkey.baseUrl}/help`);
        await visitor.submit('post', new URL(`${latchkey.baseUrl}/login/resonite`), form);
        await answerAtProvider(visitor, latchkey.baseUrl);
        expect(visitor.page.heading).toBe('Your accounts');
      },
      { access_token: 'late', token_type: 'Bearer', expires_in: 3599, refresh_token: 'late' },
    );
    expect(page.heading).toBe('Your accounts');
    expect(cardOf(page, 'Resonite')).toContain('Working');
    const { accessToken, refreshToken } = await tokens();
    expect(latchkey.sandbox.state.accessTokens.has(accessToken!)).toBe(true);
    expect(latchkey.sandbox.state.refreshTokens.has(refreshToken!)).toBe(true);
    const used = asked(latchkey, 'userinfo').map(({ headers }) => headers['authorization']);
    expect(used).not.toContain('Bearer late');
    expect(used.at(-1)).toBe(`Bearer ${accessToken}`);
  });

  test('that are signed out during the refresh stay gone, and what it brings is given back', async () => {
    await linkProvider(visitor, latchkey.baseUrl, 'Twitch');
    const tab = anotherTab(visitor);
    await profile(tab);
    const { accessTokens, refreshTokens } = latchkey.sandbox.state;
    const ofTwitch = {
      access_token: 'late',
      refresh_token: 'late-too',
      token_type: 'bearer',
      expires_in: 9999,
    };
    const [access] = [...accessTokens.values()].filter(({ service }) => service === 'twitch');
    const [refresh] = [...refreshTokens.values()].filter(({ service }) => service === 'twitch');
    latchkey.advance(hours(5));
    const page = await whileWaiting(
      latchkey,
      'twitch',
      'refresh_hang',
      () => tab.press('Read profile again from Twitch'),
      async () => {
        await visitor.open(`${latchkey.baseUrl}/help`);
        await visitor.press('Sign out');
        accessTokens.set('late', { ...access!, value: 'late', expiresAt: Date.now() + hours(20) });
        refreshTokens.set('late-too', { ...refresh!, value: 'late-too' });
      },
      ofTwitch,
    );
    expect(page.heading).toBe('Sign in');
    expect(await latchkey.listRecords('grant')).toEqual([]);
    expect(await latchkey.listRecords('session')).toEqual([]);
    expect([accessTokens.has('late'), refreshTokens.has('late-too')]).toEqual([false, false]);
    expect([...refreshTokens.values()].filter(({ service }) => service === 'twitch')).toEqual([]);
  });

  test('whose record was tampered with count as not held, and break nothing', async () => {
    const { key } = (await latchkey.listRecords('grant'))[0]!;
    const record = (await latchkey.records.get('grant', key))!;
    const other = (text: string) => (text[0] === 'A' ? 'B' : 'A') + text.slice(1);
    const [version, id, iv, ciphertext, tag] = record.value.split('.') as [
      string,
      string,
      string,
      string,
      string,
    ];
    const forged = [
      [version, id, iv, other(ciphertext), tag].join('.'),
      [version, id, iv, ciphertext, other(tag)].join('.'),
      [version, other(id), iv, ciphertext, tag].join('.'),
      '{"tokens":{}}',
      '',
    ];
    latchkey.advance(hours(2));
    for (const value of forged) {
      await latchkey.records.put('grant', { ...record, value });
      const page = await profile(visitor);
      expect([page.status, cardOf(page, 'Resonite')]).toEqual([
        200,
        expect.stringContaining('Not read in this session'),
      ]);
      const read = await ask(visitor, `${latchkey.baseUrl}/profile/resonite/read`, {});
      expect(read.status).toBe(303);
    }
    expect([refreshes(), userinfo()]).toEqual([0, 1]);
    await profile(visitor);
    await visitor.press('Sign out');
    expect(visitor.page.text).toContain('You are signed out.');
    expect(await latchkey.listRecords('grant')).toEqual([]);
  });
});

describeStores('keys that are changed', (stores) => {
  const newSecret = 'a-newer-secret-of-the-tests-with-32-bytes-and-more';

  test('a node with the new and the old key reads what the old one wrote, and writes with the new one', async () => {
    await start({ stores });
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    const keyId = async () => (await latchkey.listRecords('grant'))[0]!.value.split('.')[1];
    const oldId = await keyId();
    const node = await latchkey.startNode({ SESSION_SECRET: `${newSecret},${testSecret}` });
    latchkey.advance(hours(2));
    const page = await profile(visitor, node.baseUrl);
    expect(page.heading).toBe('Your accounts');
    expect(cardOf(page, 'Resonite')).toContain('Working');
    expect(refreshes()).toBe(1);
    expect(await keyId()).not.toBe(oldId);
    // A node that has the old key only no longer has the tokens, and says no more than that.
    latchkey.advance(minutes(6));
    const old = await profile(visitor);
    expect([old.status, cardOf(old, 'Resonite')]).toEqual([
      200,
      expect.stringContaining('Not read in this session'),
    ]);
    await node.close();
  });

  test('what it wrote is read by a node that has the new one only', async () => {
    await start({ stores, env: { SESSION_SECRET: `${newSecret},${testSecret}` } });
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    const later = await latchkey.startNode({ SESSION_SECRET: newSecret });
    const earlier = await latchkey.startNode({ SESSION_SECRET: testSecret });
    latchkey.advance(minutes(6));
    expect(cardOf(await profile(visitor, later.baseUrl), 'Resonite')).toContain('Working');
    // Its cookie is signed with the new key.
    expect((await profile(anotherTab(visitor), earlier.baseUrl)).heading).toBe('Sign in');
    await later.close();
    await earlier.close();
  });
});

describe('a refresh', () => {
  test('that Twitch answers with another refresh token goes on with that one', async () => {
    await start();
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    faults().set('twitch', 'refresh_token_rotated');
    const node = await latchkey.startNode();
    for (let round = 1; round <= 3; round++) {
      latchkey.advance(hours(5));
      const pages = await Promise.all(
        [latchkey.baseUrl, node.baseUrl, latchkey.baseUrl, node.baseUrl].map((baseUrl) =>
          profile(tabBeside(visitor), baseUrl),
        ),
      );
      for (const page of pages) expect(page.heading).toBe('Your accounts');
      expect(refreshes()).toBe(round);
    }
    expect(await card('Twitch')).toContain('Working');
    await node.close();
  });

  test('that brings no refresh token goes on with the one it was made with', async () => {
    await start();
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    const before = await tokens();
    latchkey.advance(hours(2));
    const { refresh_token: _, ...answer } = newTokens('fresh');
    const page = await whileWaiting(
      latchkey,
      'resonite',
      'refresh_hang',
      () => profile(visitor),
      async () => {},
      answer,
    );
    expect(cardOf(page, 'Resonite')).toContain('Renews by itself');
    expect(await tokens()).toMatchObject({ accessToken: 'fresh', refreshToken: before.refreshToken });
  });

  test('is one within a process, which then asks once whether another one is refreshing', async () => {
    await start();
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    latchkey.advance(hours(2));
    const tries = watch(latchkey, 'create', 'lease');
    await Promise.all(Array.from({ length: 10 }, () => profile(tabBeside(visitor))));
    expect([tries(), refreshes()]).toEqual([1, 1]);
  });

  test('that Twitch answers without rotating keeps the refresh token', async () => {
    await start();
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    const before = await tokens();
    latchkey.advance(hours(5));
    expect(await card('Twitch')).toContain('Working');
    const after = await tokens();
    expect(after.accessToken).not.toBe(before.accessToken);
    expect(after.refreshToken).toBe(before.refreshToken);
  });

  test('that is never answered keeps the tokens, says so on the card, and works again afterwards', async () => {
    await start({ httpLimits: quick });
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    const before = await latchkey.listRecords('grant');
    faults().set('resonite', 'refresh_hang');
    latchkey.advance(hours(2));
    expect(await card()).toContain('We could not reach Resonite.');
    expect(await latchkey.listRecords('grant')).toEqual(before);
    faults().clear();
    latchkey.advance(minutes(1) + 1000);
    expect(await card()).toContain('Working');
  });

  test('that takes longer than a page waits is there for the next page', async () => {
    await start({ httpLimits: patient });
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    latchkey.advance(hours(2));
    await whileWaiting(
      latchkey,
      'resonite',
      'refresh_hang',
      () => Promise.resolve(void profile(tabBeside(visitor))),
      async () => expect(await card()).toContain('We could not reach Resonite.'),
      newTokens('fresh'),
    );
    await until(() => userinfo() > 1);
    latchkey.advance(minutes(1) + 1000);
    expect(await card()).toContain('Working');
    expect(refreshes()).toBe(1);
    expect((await tokens()).accessToken).toBe('fresh');
  });

  test.each([
    ['Resonite, by the ID token', 'Resonite', { RESONITE_SCOPES: 'openid profile offline_access' }],
    ['Twitch, when the new token is validated', 'Twitch', {}],
  ])('of another person’s tokens has them wiped and never used: %s', async (_title, name, env) => {
    await start({ env });
    await signIn(visitor, latchkey.baseUrl, 'Mixin');
    await linkProvider(visitor, latchkey.baseUrl, name);
    const id = name.toLowerCase() as 'resonite' | 'twitch';
    faults().set(id, 'refresh_other_person');
    latchkey.advance(hours(5));
    const read = () => asked(latchkey, 'userinfo').filter(({ service }) => service === id).length;
    const before = read();
    expect(await card(name)).toContain('Needs attention');
    expect(cardOf(visitor.page, name)).toContain(`${name} now answers for another account`);
    expect(read()).toBe(before);
    expect((await openGrants(latchkey)).filter(({ ended }) => ended)).toEqual([
      expect.objectContaining({ tokens: wipedTokens, ended: { at: expect.any(Number), why: 'foreign' } }),
    ]);
    faults().clear();
    latchkey.advance(minutes(6));
    expect(await card(name)).toContain('Needs attention');
    expect(refreshes()).toBe(1);
  });

  test.each(['Mixer', 'Resonite'])(
    'of another person’s tokens is noticed by the profile where nothing says so before: %s',
    async (name) => {
      await start();
      await signIn(visitor, latchkey.baseUrl, name);
      const before = await latchkey.database.selectFrom('identities').selectAll().execute();
      faults().set(name.toLowerCase() as 'mixer' | 'resonite', 'refresh_other_person');
      latchkey.advance(hours(20));
      expect(await card(name)).toContain(`${name} now answers for another account`);
      expect((await openGrants(latchkey))[0]).toMatchObject({
        tokens: wipedTokens,
        ended: { why: 'foreign' },
      });
      expect(await latchkey.database.selectFrom('identities').selectAll().execute()).toEqual(before);
    },
  );

  test('that leads to another person ends a session signed in with Twitch', async () => {
    await start();
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    faults().set('twitch', 'refresh_other_person');
    latchkey.advance(hours(5));
    const page = await profile(visitor);
    expect([page.status, page.heading]).toEqual([401, 'Twitch ended our access, so you are signed out']);
    expect(userinfo()).toBe(1);
    expect(await latchkey.listRecords('grant')).toEqual([]);
  });
});
