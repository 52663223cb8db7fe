import type { FaultName } from '../../src/sandbox/faults.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import type { Grant } from '../../src/sessions/grants.ts';
import { createKeyRing } from '../../src/sessions/seal.ts';
import {
  type LatchkeyOptions,
  type RunningLatchkey,
  startLatchkey,
  testSecret,
} from '../support/latchkey.ts';
import { describeStores } from '../support/stores.ts';
import { answerAtProvider, linkProvider, signIn, Visitor } from '../support/visitor.ts';
import { until } from '../support/until.ts';
import {
  anotherTab,
  asked,
  cardOf,
  hours,
  minutes,
  openGrants,
  slowDown,
  tabBeside,
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
const sessionsPage = (who: Visitor) => who.open(`${latchkey.baseUrl}/sessions`);
const fault = (name: FaultName) => latchkey.sandbox.state.faults.set('twitch', name);
const noFaults = () => latchkey.sandbox.state.faults.clear();
const count = (what: Parameters<typeof asked>[1]) => asked(latchkey, what).length;
/** What Twitch was asked since `from`, in order. */
const order = (from: number) =>
  latchkey.sandbox.state.requests
    .slice(from)
    .map(({ path, grantType }) => grantType ?? path.split('/').at(-1));
const identities = () => latchkey.database.selectFrom('identities').selectAll().execute();

/** As if Ada had disconnected the application at Twitch. */
const disconnect = () => latchkey.sandbox.state.revokeAccess('twitch', madeUpClients.twitch.clientId, 'ada');

const overHeading = 'Twitch ended our access, so you are signed out';

describeStores(
  'a session that another tab has taken off Twitch while a page of it waits for a word',
  (stores) => {
    test('goes on through the other account, though this session never held its tokens', async () => {
      await start({ stores, env: { REAUTH_MINUTES: '600' } });
      const elsewhere = new Visitor();
      await signIn(elsewhere, latchkey.baseUrl, 'Twitch');
      await linkProvider(elsewhere, latchkey.baseUrl, 'Resonite');
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      const page = anotherTab(visitor);
      latchkey.advance(minutes(61));
      // The page waits for two seconds; meanwhile the other tab is done.
      const slow = slowDown(latchkey, 'get', 'grant');
      const waiting = page.open(`${latchkey.baseUrl}/profile`);
      await until(slow.hasBegun);
      await profile(visitor);
      await visitor.press('Unlink Twitch');
      await visitor.press('Unlink Twitch');
      expect(visitor.page.text).toContain('Twitch is unlinked');
      expect((await waiting).heading).toBe('Your accounts');
      slow.goOn();
      latchkey.advance(minutes(2));
      expect((await profile(visitor)).heading).toBe('Your accounts');
    });
  },
);

describeStores('a session signed in with Twitch', (stores) => {
  beforeEach(async () => {
    await start({ stores });
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
  });

  test('is not validated within an hour after the login, nor within an hour after the last time', async () => {
    for (let ten = 0; ten < 5; ten++) {
      latchkey.advance(minutes(10));
      await profile(visitor);
    }
    expect(count('validation')).toBe(0);
    latchkey.advance(minutes(11));
    await profile(visitor);
    expect(count('validation')).toBe(1);
    for (let ten = 0; ten < 5; ten++) {
      latchkey.advance(minutes(10));
      await profile(visitor);
    }
    expect(count('validation')).toBe(1);
  });

  test('is validated after an hour, before its token is used and whatever the page', async () => {
    latchkey.advance(minutes(61));
    const from = latchkey.sandbox.state.requests.length;
    expect(cardOf(await profile(visitor), 'Twitch')).toContain('Working');
    expect(order(from)).toEqual(['validate', 'users']);
    const [request] = asked(latchkey, 'validation');
    expect(request!.headers['authorization']).toMatch(/^OAuth \w{30}$/);
    latchkey.advance(minutes(61));
    expect((await sessionsPage(visitor)).heading).toBe('Sessions and devices');
    expect(count('validation')).toBe(2);
  });

  test('is validated by a process that has just started, once, also minutes after the last time', async () => {
    latchkey.advance(minutes(61));
    await profile(visitor);
    latchkey.advance(minutes(6));
    const node = await latchkey.startNode();
    latchkey.advance(1000);
    const from = latchkey.sandbox.state.requests.length;
    await profile(visitor, node.baseUrl);
    expect(order(from)).toEqual(['validate', 'users']);
    await profile(visitor, node.baseUrl);
    await profile(visitor);
    expect(count('validation')).toBe(2);
    await node.close();
  });

  test('is validated once when twenty pages of it on two nodes are opened at once', async () => {
    const node = await latchkey.startNode();
    latchkey.advance(minutes(61));
    const pages = await Promise.all(
      [latchkey.baseUrl, node.baseUrl].flatMap((baseUrl) =>
        Array.from({ length: 10 }, () => profile(tabBeside(visitor), baseUrl)),
      ),
    );
    expect(pages.map(({ status, heading }) => [status, heading])).toEqual(
      Array(20).fill([200, 'Your accounts']),
    );
    expect(count('validation')).toBe(1);
    expect(latchkey.logLines.filter((line) => line.includes('"failure"'))).toEqual([]);
    await node.close();
  });

  test('lives on with a new token when Twitch calls only the access token over', async () => {
    latchkey.sandbox.state.expireAccessTokens('twitch');
    latchkey.advance(minutes(61));
    const from = latchkey.sandbox.state.requests.length;
    const page = await profile(visitor);
    expect(cardOf(page, 'Twitch')).toContain('Working');
    // The new token is validated too before it is used.
    expect(order(from)).toEqual(['validate', 'refresh_token', 'validate', 'users']);
    latchkey.advance(minutes(10));
    expect(cardOf(await profile(visitor), 'Twitch')).toContain('Working');
    expect([count('refresh'), count('validation')]).toEqual([1, 2]);
  });

  test('ends when the person has disconnected the application: everywhere, with all that it held', async () => {
    const node = await latchkey.startNode();
    await linkProvider(visitor, latchkey.baseUrl, 'Resonite');
    // An open decision holds tokens of another person at Twitch.
    await visitor.press('Switch Twitch account');
    await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Bo' });
    expect(visitor.page.heading).toMatch(/^Replace Ada/);
    const other = tabBeside(visitor);
    disconnect();
    latchkey.advance(minutes(61));
    const page = await profile(visitor);
    expect([page.status, page.heading]).toEqual([401, overHeading]);
    expect(page.text).toContain('access_ended');
    expect(page.text).toContain('Nothing that is linked here was changed.');
    expect(await latchkey.listRecords('session')).toEqual([]);
    expect(await latchkey.listRecords('grant')).toEqual([]);
    expect(
      [...latchkey.sandbox.state.accessTokens.values()].filter(({ service }) => service === 'twitch'),
    ).toEqual([]);
    expect((await profile(other)).heading).toBe('Sign in');
    expect((await profile(other, node.baseUrl)).heading).toBe('Sign in');
    expect(await identities()).toHaveLength(2);
    await node.close();
  });

  test('ends when neither token is accepted any more, on whatever page that is noticed', async () => {
    fault('validate_401');
    fault('refresh_refused');
    latchkey.advance(minutes(61));
    const page = await sessionsPage(visitor);
    expect([page.status, page.heading]).toEqual([401, overHeading]);
    expect((await sessionsPage(visitor)).heading).toBe('Sign in');
    expect([count('validation'), count('refresh'), count('userinfo')]).toEqual([1, 1, 1]);
    noFaults();
    await visitor.open(page.url.href);
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    expect(visitor.page.heading).toBe('Your accounts');
    expect(await identities()).toHaveLength(1);
  });

  test('ends within the hour too when reading the profile shows that the tokens are dead', async () => {
    disconnect();
    latchkey.advance(minutes(6));
    const page = await profile(visitor);
    expect([page.status, page.heading]).toEqual([401, overHeading]);
    expect(count('validation')).toBe(0);
    expect((await profile(visitor)).heading).toBe('Sign in');
  });

  test('ends when its token has run out and nothing renews it: nobody could ask about it again', async () => {
    const keys = createKeyRing([testSecret]);
    const [record] = await latchkey.listRecords('grant');
    const { key, value, expires_at: expiresAt, ...rest } = record!;
    const grant = JSON.parse(keys.open('grant', key, value)!) as Grant;
    const unrenewable = { ...grant, tokens: { ...grant.tokens, refreshToken: null } };
    const sealed = keys.seal('grant', key, JSON.stringify(unrenewable));
    await latchkey.records.put('grant', { ...rest, key, value: sealed, expiresAt });
    latchkey.advance(hours(3));
    expect((await profile(visitor)).heading).toBe('Your accounts');
    latchkey.advance(hours(2));
    const page = await profile(visitor);
    expect([page.status, page.heading]).toEqual([401, 'Sign in again']);
    expect(await latchkey.listRecords('session')).toEqual([]);
    expect(await latchkey.listRecords('grant')).toEqual([]);
  });

  test('leaves the account’s other sessions alone when it ends', async () => {
    const known = new Set(latchkey.sandbox.state.accessTokens.keys());
    const knownRefresh = new Set(latchkey.sandbox.state.refreshTokens.keys());
    const other = new Visitor();
    await signIn(other, latchkey.baseUrl, 'Twitch');
    for (const token of known) latchkey.sandbox.state.accessTokens.delete(token);
    for (const token of knownRefresh) latchkey.sandbox.state.refreshTokens.delete(token);
    latchkey.advance(minutes(61));
    expect((await profile(visitor)).heading).toBe(overHeading);
    expect(cardOf(await profile(other), 'Twitch')).toContain('Working');
    expect(await latchkey.listRecords('grant')).toHaveLength(1);
  });

  test.each(['validate_other_client', 'validate_other_person'] as const)(
    'ends when its token is somebody else’s, which is then never used: %s',
    async (name) => {
      fault(name);
      latchkey.advance(minutes(61));
      const before = count('userinfo');
      const page = await profile(visitor);
      expect([page.status, page.heading]).toEqual([401, overHeading]);
      expect([count('userinfo'), count('refresh')]).toEqual([before, 0]);
      expect(await latchkey.listRecords('grant')).toEqual([]);
      expect((await profile(visitor)).heading).toBe('Sign in');
    },
  );

  test('goes on when validation does not work, and asks again after a minute and not before', async () => {
    fault('validate_500');
    latchkey.advance(minutes(61));
    expect((await sessionsPage(visitor)).status).toBe(200);
    expect(count('validation')).toBe(1);
    latchkey.advance(30_000);
    expect((await sessionsPage(visitor)).status).toBe(200);
    expect(count('validation')).toBe(1);
    latchkey.advance(31_000);
    expect((await sessionsPage(visitor)).status).toBe(200);
    expect(count('validation')).toBe(2);
    noFaults();
    latchkey.advance(61_000);
    expect(cardOf(await profile(visitor), 'Twitch')).toContain('Working');
    latchkey.advance(minutes(50));
    await profile(visitor);
    expect([count('validation'), count('refresh')]).toEqual([3, 0]);
  });
});

describeStores('a session that has Twitch only linked', (stores) => {
  beforeEach(async () => {
    await start({ stores });
    await signIn(visitor, latchkey.baseUrl, 'Mixin');
    await linkProvider(visitor, latchkey.baseUrl, 'Twitch');
  });

  test('validates it where it uses it, and not elsewhere', async () => {
    latchkey.advance(minutes(61));
    await sessionsPage(visitor);
    expect(count('validation')).toBe(0);
    const from = latchkey.sandbox.state.requests.length;
    await profile(visitor);
    expect(order(from).filter((path) => path !== 'me')).toEqual(['validate', 'users']);
    const node = await latchkey.startNode();
    latchkey.advance(minutes(6));
    await profile(visitor, node.baseUrl);
    expect(count('validation')).toBe(2);
    await node.close();
  });

  test('validates a token that it has just got for one that was over, before it uses it', async () => {
    latchkey.sandbox.state.expireAccessTokens('twitch');
    latchkey.advance(minutes(61));
    const from = latchkey.sandbox.state.requests.length;
    expect(cardOf(await profile(visitor), 'Twitch')).toContain('Working');
    expect(order(from).filter((path) => path !== 'me')).toEqual([
      'validate',
      'refresh_token',
      'validate',
      'users',
    ]);
  });

  test('lives on when the tokens are dead: the card says so, and they are wiped', async () => {
    const other = new Visitor();
    await signIn(other, latchkey.baseUrl, 'Mixin');
    disconnect();
    await linkProvider(other, latchkey.baseUrl, 'Resonite');
    latchkey.advance(minutes(61));
    const page = await profile(visitor);
    expect(page.heading).toBe('Your accounts');
    expect(cardOf(page, 'Twitch')).toContain('Needs attention');
    expect(cardOf(page, 'Twitch')).toContain('Twitch says this link is no longer valid.');
    const ended = (await openGrants(latchkey)).filter((grant) => grant.ended);
    expect(ended).toEqual([
      expect.objectContaining({ tokens: wipedTokens, ended: { at: expect.any(Number), why: 'refused' } }),
    ]);
    const asks = [count('validation'), count('refresh')];
    latchkey.advance(minutes(61));
    expect(cardOf(await profile(visitor), 'Twitch')).toContain('Needs attention');
    expect([count('validation'), count('refresh')]).toEqual(asks);
    expect(cardOf(await profile(visitor), 'Mixin')).toContain('Working');
    // Linking it again mends it.
    await visitor.press('Link Twitch again');
    await answerAtProvider(visitor, latchkey.baseUrl);
    expect(cardOf(await profile(visitor), 'Twitch')).toContain('Working');
  });

  test('leaves the grants of other sessions alone', async () => {
    const { accessTokens, refreshTokens } = latchkey.sandbox.state;
    const [access, refresh] = [new Set(accessTokens.keys()), new Set(refreshTokens.keys())];
    const other = new Visitor();
    await signIn(other, latchkey.baseUrl, 'Twitch');
    for (const token of access) accessTokens.delete(token);
    for (const token of refresh) refreshTokens.delete(token);
    latchkey.advance(minutes(61));
    expect(cardOf(await profile(visitor), 'Twitch')).toContain('Needs attention');
    expect(cardOf(await profile(other), 'Twitch')).toContain('Working');
  });

  test.each(['validate_other_client', 'validate_other_person'] as const)(
    'never uses a token that is somebody else’s, and wipes it: %s',
    async (name) => {
      fault(name);
      latchkey.advance(minutes(61));
      const before = asked(latchkey, 'userinfo').filter(({ service }) => service === 'twitch').length;
      const page = await profile(visitor);
      expect(page.heading).toBe('Your accounts');
      expect(cardOf(page, 'Twitch')).toContain('Needs attention');
      expect(cardOf(page, 'Twitch')).toContain(
        'Twitch now answers for another account than the one linked here.',
      );
      expect(asked(latchkey, 'userinfo').filter(({ service }) => service === 'twitch')).toHaveLength(before);
      expect((await openGrants(latchkey)).filter((grant) => grant.ended)).toEqual([
        expect.objectContaining({ tokens: wipedTokens, ended: { at: expect.any(Number), why: 'foreign' } }),
      ]);
      noFaults();
      latchkey.advance(minutes(6));
      expect(cardOf(await profile(visitor), 'Twitch')).toContain('Needs attention');
      expect([count('validation'), count('refresh')]).toEqual([1, 0]);
    },
  );
});

describe('a Twitch that takes a validation and never answers', () => {
  test('delays a page by its deadline only, and ends nothing', async () => {
    await start();
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    fault('validate_hang');
    latchkey.advance(minutes(61));
    const begun = performance.now();
    expect((await sessionsPage(visitor)).heading).toBe('Sessions and devices');
    expect(performance.now() - begun).toBeLessThan(3500);
    expect(count('validation')).toBe(1);
    expect(latchkey.sandbox.state.hanging.size).toBe(1);
  });

  test('is asked again after a minute and not before', async () => {
    await start({ httpLimits: { totalMilliseconds: 1500, maximumBytes: 256 * 1024 } });
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    fault('validate_hang');
    latchkey.advance(minutes(61));
    expect((await profile(visitor)).heading).toBe('Your accounts');
    latchkey.advance(30_000);
    expect((await profile(visitor)).heading).toBe('Your accounts');
    expect(count('validation')).toBe(1);
    latchkey.advance(31_000);
    noFaults();
    expect(cardOf(await profile(visitor), 'Twitch')).toContain('Working');
    expect([count('validation'), count('refresh')]).toEqual([2, 0]);
  });

  test('does not undo a new login that comes in between', async () => {
    await start();
    await signIn(visitor, latchkey.baseUrl, 'Mixin');
    await linkProvider(visitor, latchkey.baseUrl, 'Twitch');
    latchkey.advance(minutes(61));
    await whileWaiting(
      latchkey,
      'twitch',
      'validate_hang',
      () => profile(tabBeside(visitor)),
      async () => {
        const ask = new URLSearchParams({ intent: 'ask' });
        await visitor.open(`${latchkey.baseUrl}/help`);
        await visitor.submit('post', new URL(`${latchkey.baseUrl}/login/twitch`), ask);
        await answerAtProvider(visitor, latchkey.baseUrl);
        expect(visitor.page.heading).toBe('Your accounts');
      },
      // About the token of the former login.
      { client_id: 'anotherclient', user_id: '1' },
    );
    expect(cardOf(await profile(visitor), 'Twitch')).toContain('Working');
    expect((await openGrants(latchkey)).filter((grant) => grant.ended)).toEqual([]);
  });
});

describe('Kraken', () => {
  beforeEach(async () => {
    await start({ env: { TWITCH_API: 'kraken' } });
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
  });

  test('is asked at its root: at the login, and after an hour before the token is used', async () => {
    expect(count('validation')).toBe(1);
    latchkey.advance(minutes(61));
    const from = latchkey.sandbox.state.requests.length;
    expect(cardOf(await profile(visitor), 'Twitch')).toContain('Working');
    expect(order(from)).toEqual(['kraken', 'user']);
    expect(asked(latchkey, 'validation').at(-1)!.headers['accept']).toBe('application/vnd.twitchtv.v5+json');
  });

  test('says within a 200 that a token is over: then the session ends', async () => {
    disconnect();
    latchkey.advance(minutes(61));
    const page = await profile(visitor);
    expect([page.status, page.heading]).toEqual([401, overHeading]);
    expect((await profile(visitor)).heading).toBe('Sign in');
  });

  test.each(['validate_other_client', 'validate_other_person'] as const)(
    'ends the session of somebody else’s token: %s',
    async (name) => {
      fault(name);
      latchkey.advance(minutes(61));
      expect((await profile(visitor)).heading).toBe(overHeading);
      expect(count('userinfo')).toBe(1);
    },
  );

  test('going wrong ends nothing', async () => {
    fault('validate_500');
    latchkey.advance(minutes(61));
    expect((await profile(visitor)).heading).toBe('Your accounts');
  });
});

describe('a login without an ID token', () => {
  const withoutIdToken: [string, Record<string, string>][] = [
    ['without the scope openid', { TWITCH_SCOPES: 'user:read:email' }],
    ['at Kraken', { TWITCH_API: 'kraken' }],
  ];

  test.each(withoutIdToken)('%s has its token validated', async (_title, env) => {
    await start({ env });
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    expect(visitor.page.heading).toBe('Your accounts');
    expect(count('validation')).toBe(1);
  });

  test('is the only kind whose token is: an ID token says as much', async () => {
    await start();
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    expect(count('validation')).toBe(0);
  });

  test.each(
    withoutIdToken.flatMap(([title, env]) =>
      (['validate_other_client', 'validate_other_person', 'validate_401'] as const).map(
        (name) => [title, name, env] as const,
      ),
    ),
  )('%s makes no account of a token that is not this person’s here: %s', async (_title, name, env) => {
    await start({ env });
    fault(name);
    const page = await signIn(visitor, latchkey.baseUrl, 'Twitch');
    expect([page.status, page.heading]).toEqual([502, 'Twitch sent a profile we cannot read']);
    expect(await identities()).toEqual([]);
    expect(await latchkey.database.selectFrom('accounts').selectAll().execute()).toEqual([]);
    expect(await latchkey.listRecords('session')).toEqual([]);
    expect(await latchkey.listRecords('grant')).toEqual([]);
  });

  test.each(withoutIdToken)(
    '%s changes nothing about an account that is there already',
    async (_title, env) => {
      await start({ env });
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      const before = await identities();
      latchkey.advance(hours(1));
      fault('validate_other_client');
      await signIn(new Visitor(), latchkey.baseUrl, 'Twitch');
      expect(await identities()).toEqual(before);
    },
  );

  test.each(withoutIdToken)('%s does not go on unvalidated when nobody answers', async (_title, env) => {
    await start({ env });
    fault('validate_500');
    const page = await signIn(visitor, latchkey.baseUrl, 'Twitch');
    expect([page.status, page.heading]).toEqual([503, 'Twitch is not answering']);
    expect(await identities()).toEqual([]);
  });
});
