import { toCutAddress, toDeviceWords } from '../../src/sessions/device.ts';
import { type LatchkeyOptions, type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { describeStores } from '../support/stores.ts';
import { until } from '../support/until.ts';
import {
  captureCallback,
  linkProvider,
  type Page,
  signIn,
  startSignIn,
  Visitor,
} from '../support/visitor.ts';
import { anotherTab, hours, minutes, slowDown } from './support.ts';

const firefox = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0';
const iphone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1';
const pixel =
  'Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36';

let latchkey: RunningLatchkey;
/** At a desk, signed in with Twitch. */
let desk: Visitor;

const start = async (options: LatchkeyOptions = {}) => {
  latchkey = await startLatchkey(options);
  desk = aBrowser(firefox);
};
afterEach(() => latchkey.close());

function aBrowser(userAgent: string | null): Visitor {
  const browser = new Visitor();
  browser.userAgent = userAgent;
  return browser;
}

/** Signs in with a new browser. Ada by default, whoever asks: one account. */
async function signInWith(userAgent: string | null, provider = 'Twitch', person = 'Ada'): Promise<Visitor> {
  const browser = aBrowser(userAgent);
  await signIn(browser, latchkey.baseUrl, provider, { person });
  return browser;
}

const sessionsPage = (who: Visitor) => who.open(`${latchkey.baseUrl}/sessions`);
const profile = (who: Visitor, baseUrl = latchkey.baseUrl) => who.open(`${baseUrl}/profile`);
const isSignedIn = async (who: Visitor) => (await profile(who)).heading === 'Your accounts';

/** The table's rows: device, signed in with, started, last active, address, button. */
function rows({ $ }: Page): string[][] {
  return $('tbody tr')
    .toArray()
    .map((row) =>
      $(row)
        .children()
        .toArray()
        .map((cell) => $(cell).text().replace(/\s+/g, ' ').trim()),
    );
}
const devices = (page: Page) => rows(page).map(([device]) => device);

/** Names of the sessions in their forms' addresses, in the order of the page. */
const endAddresses = ({ $, url }: Page) =>
  $('tbody form')
    .toArray()
    .map((form) => new URL($(form).attr('action')!, url).href);

const ownRef = async (who: Visitor) => {
  const all = await latchkey.listRecords('session');
  const facts = all.map(({ value }) => JSON.parse(value) as { ref: string; device: string });
  return facts.find(({ device }) => device === toDeviceWords(who.userAgent ?? undefined))!.ref;
};

describeStores('the page of sessions and devices', (stores) => {
  beforeEach(() => start({ stores }));

  test('shows this session first and marked, then the others, the last active first, and nobody else’s', async () => {
    await signIn(desk, latchkey.baseUrl, 'Twitch');
    latchkey.advance(hours(2));
    const phone = await signInWith(iphone);
    latchkey.advance(hours(1));
    await signInWith(pixel);
    await signInWith('Opera/9.80 (Macintosh; Intel Mac OS X; U; en)', 'Twitch', 'Bo');
    latchkey.advance(minutes(10));
    await profile(phone);
    latchkey.advance(minutes(6));
    const page = await sessionsPage(desk);
    expect([page.status, page.heading]).toEqual([200, 'Sessions and devices']);
    expect(devices(page)).toEqual(['Firefox on Windows This session', 'Safari on iOS', 'Chrome on Android']);
    expect(page.text).not.toMatch(/Opera|macOS|bo_no_mail|Bo\b/);
    const [own, second, third] = rows(page);
    expect(own![1]).toBe('Twitch as Ada');
    expect([own!, second!, third!].map((row) => /\((.+)\)$/.exec(row[2]!)?.[1])).toEqual([
      '3 hours ago',
      '1 hour ago',
      '16 minutes ago',
    ]);
    expect([own!, second!, third!].map((row) => /\((.+)\)$/.exec(row[3]!)?.[1])).toEqual([
      'just now',
      '6 minutes ago',
      '16 minutes ago',
    ]);
    expect([own!, second!, third!].map((row) => row[4])).toEqual(Array(3).fill('127.0.0.x'));
    expect([own!, second!, third!].map((row) => row[5])).toEqual([
      '',
      'Sign out this device (Safari on iOS)',
      'Sign out this device (Chrome on Android)',
    ]);
  });

  test('says when this is the only one, and has no button then', async () => {
    await signIn(desk, latchkey.baseUrl, 'Twitch');
    await signInWith(iphone, 'Twitch', 'Bo');
    const page = await sessionsPage(desk);
    expect(devices(page)).toEqual(['Firefox on Windows This session']);
    expect(page.text).toContain('You are signed in only here.');
    expect(page.$('main form')).toHaveLength(0);
  });

  test('signs one device out: its cookie is dead at once on every node, and its tokens are revoked', async () => {
    await signIn(desk, latchkey.baseUrl, 'Twitch');
    await linkProvider(desk, latchkey.baseUrl, 'Resonite');
    const { accessTokens } = latchkey.sandbox.state;
    const ofDesk = new Set(accessTokens.keys());
    const phone = await signInWith(iphone);
    const ofPhone = [...accessTokens.keys()].filter((token) => !ofDesk.has(token));
    expect(ofPhone).toHaveLength(1);
    const node = await latchkey.startNode();
    expect((await profile(anotherTab(phone), node.baseUrl)).heading).toBe('Your accounts');

    await sessionsPage(desk);
    const page = await desk.press('Sign out this device (Safari on iOS)');
    expect(page.text).toContain('Safari on iOS is signed out.');
    expect(devices(page)).toEqual(['Firefox on Windows This session']);
    expect((await profile(anotherTab(phone), node.baseUrl)).heading).toBe('Sign in');
    expect((await profile(phone)).heading).toBe('Sign in');
    expect([...accessTokens.keys()].filter((token) => ofPhone.includes(token))).toEqual([]);
    expect([...ofDesk].every((token) => accessTokens.has(token))).toBe(true);
    expect(await latchkey.listRecords('grant')).toHaveLength(2);
    expect(await isSignedIn(desk)).toBe(true);
    await node.close();
  });

  test('signs out everywhere else on request, and only this account', async () => {
    await signIn(desk, latchkey.baseUrl, 'Twitch');
    const others = [await signInWith(iphone), await signInWith(pixel)];
    const stranger = await signInWith(iphone, 'Twitch', 'Bo');
    await sessionsPage(desk);
    const page = await desk.press('Sign out everywhere else');
    expect(page.text).toContain('2 other sessions are signed out. You are signed in only here.');
    expect(devices(page)).toEqual(['Firefox on Windows This session']);
    for (const other of others) expect(await isSignedIn(other)).toBe(false);
    expect(await isSignedIn(desk)).toBe(true);
    expect(await isSignedIn(stranger)).toBe(true);
    expect(await latchkey.listRecords('session')).toHaveLength(2);
    expect(await latchkey.listRecords('grant')).toHaveLength(2);
    expect([...latchkey.sandbox.state.accessTokens.values()].map(({ personId }) => personId)).toEqual([
      'ada',
      'bo',
    ]);
  });

  test('knows neither another account’s session nor one that has ended, and then nothing happens', async () => {
    await signIn(desk, latchkey.baseUrl, 'Twitch');
    const stranger = await signInWith(pixel, 'Twitch', 'Bo');
    const ofStranger = `${latchkey.baseUrl}/sessions/${await ownRef(stranger)}/end`;
    const phone = await signInWith(iphone);
    const ended = endAddresses(await sessionsPage(desk))[0]!;
    expect(ended).toContain(await ownRef(phone));
    await desk.press('Sign out this device');
    const before = await latchkey.listRecords('session');
    for (const address of [ofStranger, ended, `${latchkey.baseUrl}/sessions/${'A'.repeat(22)}/end`]) {
      const page = await desk.submit('post', new URL(address), new URLSearchParams());
      expect([page.status, page.heading]).toEqual([200, 'Sessions and devices']);
      expect(page.text).toContain('That session has ended already, so nothing was changed.');
    }
    const keys = (all: typeof before) => all.map(({ key }) => key);
    expect(keys(await latchkey.listRecords('session'))).toEqual(keys(before));
    expect(await latchkey.listRecords('grant')).toHaveLength(2);
    expect(await isSignedIn(stranger)).toBe(true);
  });

  test('does not end the very session that asks: signing out does that', async () => {
    await signIn(desk, latchkey.baseUrl, 'Twitch');
    await signInWith(iphone);
    await sessionsPage(desk);
    const own = new URL(`${latchkey.baseUrl}/sessions/${await ownRef(desk)}/end`);
    expect((await desk.submit('post', own, new URLSearchParams())).status).toBe(400);
    expect(await isSignedIn(desk)).toBe(true);
    expect(await latchkey.listRecords('grant')).toHaveLength(2);
  });

  test('a session of an account beyond the twentieth ends the one unused for longest, with its tokens', async () => {
    const browsers: Visitor[] = [];
    for (let count = 0; count < 20; count++) {
      browsers.push(await signInWith(iphone, 'Resonite'));
      latchkey.advance(minutes(6));
    }
    // The oldest has been used since; the second oldest is the one unused for longest.
    expect(await isSignedIn(browsers[0]!)).toBe(true);
    const grantsBefore = (await latchkey.listRecords('grant')).map(({ key }) => key);
    expect(grantsBefore).toHaveLength(20);
    latchkey.advance(minutes(6));
    const newest = await signInWith(pixel, 'Resonite');
    expect(await isSignedIn(browsers[1]!)).toBe(false);
    for (const browser of [newest, browsers[0]!, ...browsers.slice(2)]) {
      expect(await isSignedIn(browser)).toBe(true);
    }
    const grantsAfter = (await latchkey.listRecords('grant')).map(({ key }) => key);
    expect(grantsAfter).toHaveLength(20);
    expect(grantsBefore.filter((key) => !grantsAfter.includes(key))).toHaveLength(1);
    expect(rows(await sessionsPage(newest))).toHaveLength(20);
  });

  test('a new session comes together with its tokens, so that signing it out elsewhere finds them', async () => {
    await signIn(desk, latchkey.baseUrl, 'Twitch');
    await linkProvider(desk, latchkey.baseUrl, 'Resonite');
    const phone = aBrowser(iphone);
    const callback = await captureCallback(
      phone,
      () => startSignIn(phone, latchkey.baseUrl, 'Twitch'),
      latchkey.baseUrl,
    );
    const before = new Set(latchkey.sandbox.state.accessTokens.keys());
    const slow = slowDown(latchkey, 'putBoth', 'session');
    const signingIn = phone.open(callback.href);
    await until(slow.hasBegun);
    expect(await latchkey.listRecords('grant')).toHaveLength(2);
    expect(devices(await sessionsPage(desk))).toHaveLength(1);
    slow.goOn();
    expect((await signingIn).heading).toBe('Your accounts');
    expect(await latchkey.listRecords('grant')).toHaveLength(3);
    await sessionsPage(desk);
    expect((await desk.press('Sign out everywhere else')).text).toContain('One other session is signed out.');
    expect(await isSignedIn(phone)).toBe(false);
    expect(await latchkey.listRecords('grant')).toHaveLength(2);
    const left = [...latchkey.sandbox.state.accessTokens.keys()].filter((token) => !before.has(token));
    expect(left).toEqual([]);
  });
});

describe('whatever the stores', () => {
  test('the page asks people without a session to sign in, and then is where they arrive', async () => {
    await start();
    const page = await sessionsPage(desk);
    expect(page.heading).toBe('Sign in');
    await desk.press('Continue with Resonite');
    await desk.press('Sign in');
    expect((await desk.press('Allow')).heading).toBe('Sessions and devices');
  });

  test('a form from another site ends nothing', async () => {
    await start();
    await signIn(desk, latchkey.baseUrl, 'Twitch');
    const phone = await signInWith(iphone);
    const url = new URL(endAddresses(await sessionsPage(desk))[0]!);
    const headers = { cookie: desk.cookieHeader(url), 'sec-fetch-site': 'cross-site' };
    expect((await fetch(url, { method: 'POST', redirect: 'manual', headers })).status).toBe(403);
    const others = new URL(`${latchkey.baseUrl}/sessions/end-others`);
    expect((await fetch(others, { method: 'POST', redirect: 'manual', headers })).status).toBe(403);
    expect(await isSignedIn(phone)).toBe(true);
  });

  test('a device without a name that we know is an unknown one', async () => {
    await start();
    await signIn(desk, latchkey.baseUrl, 'Twitch');
    for (const odd of ['', '<script>alert(1)</script>', 'x'.repeat(4000)]) await signInWith(odd);
    const page = await sessionsPage(desk);
    expect(devices(page).slice(1)).toEqual(Array(3).fill('Unknown device'));
    expect(page.html).not.toContain('<script>alert');
  });

  /** Signs in as if through proxies that say where the visitor is, and gives the address that is shown. */
  async function addressOf(forwarded: string): Promise<string> {
    const browser = aBrowser(pixel);
    const callback = await captureCallback(
      browser,
      () => startSignIn(browser, latchkey.baseUrl, 'Twitch'),
      latchkey.baseUrl,
    );
    await fetch(callback, {
      redirect: 'manual',
      headers: { cookie: browser.cookieHeader(callback), 'x-forwarded-for': forwarded, 'user-agent': pixel },
    });
    await signIn(desk, latchkey.baseUrl, 'Twitch');
    return rows(await sessionsPage(desk)).find(([device]) => device === 'Chrome on Android')![4]!;
  }

  test('without trusted proxies nobody can make up the address that is shown', async () => {
    await start();
    expect(await addressOf('203.0.113.77')).toBe('127.0.0.x');
  });

  test.each([
    ['203.0.113.77', '203.0.113.x'],
    // What the visitor has sent along stands on the left and is not believed.
    ['198.51.100.9, 203.0.113.77', '203.0.113.x'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::x'],
    ['::ffff:203.0.113.77', '203.0.113.x'],
    ['not an address', 'unknown'],
  ])('behind a trusted proxy the address is the visitor’s, cut: %s', async (forwarded, shown) => {
    await start({ env: { TRUSTED_PROXIES: 'loopback' } });
    expect(await addressOf(forwarded)).toBe(shown);
  });
});

describe('the words for a device', () => {
  test.each([
    [firefox, 'Firefox on Windows'],
    [iphone, 'Safari on iOS'],
    [pixel, 'Chrome on Android'],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0', 'Firefox on Linux'],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15',
      'Safari on macOS',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0',
      'Microsoft Edge on Windows',
    ],
  ])('of %s', (userAgent, words) => {
    expect(toDeviceWords(userAgent)).toBe(words);
  });

  test.each([undefined, '', ' ', 'Mozilla/5.0', '<script>', '\u0000\u202E', 'é'.repeat(600)])(
    'of something unheard of are “Unknown device”: %j',
    (userAgent) => {
      expect(toDeviceWords(userAgent)).toBe('Unknown device');
    },
  );

  test('are short whatever was sent, and take no time', () => {
    const nasty = [
      'Firefox/'.repeat(100_000),
      `Mozilla/5.0 (${'('.repeat(100_000)}`,
      `Mozilla/5.0 (Windows NT 10.0) ${'x/1 '.repeat(50_000)}Firefox/1`,
      `${' '.repeat(100_000)}Windows NT 10.0; Firefox/143.0`,
    ];
    // Of the processor: the machine may have other things to do.
    const before = process.threadCpuUsage();
    for (const userAgent of nasty) expect(toDeviceWords(userAgent).length).toBeLessThan(60);
    const { user, system } = process.threadCpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(500);
  });
});

describe('an address without its end', () => {
  test.each([
    ['203.0.113.77', '203.0.113.x'],
    ['::ffff:203.0.113.77', '203.0.113.x'],
    ['::FFFF:10.0.0.1', '10.0.0.x'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::x'],
    ['2001:db8::7', '2001:db8:0::x'],
    ['2001::7', '2001:0:0::x'],
    ['::1', '::x'],
    ['::', '::x'],
    ['fe80::1%eth0', 'fe80:0:0::x'],
    ['', 'unknown'],
    ['localhost', 'unknown'],
    ['1.2.3', 'unknown'],
    [undefined, 'unknown'],
  ])('of %s is %s', (address, cut) => {
    expect(toCutAddress(address)).toBe(cut);
  });
});
