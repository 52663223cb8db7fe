import type { FaultName } from '../../src/sandbox/faults.ts';
import type { Service } from '../../src/sandbox/services.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { until } from '../support/until.ts';
import { answerAtProvider, captureCallback, linkProvider, signIn, Visitor } from '../support/visitor.ts';

let latchkey: RunningLatchkey;
let visitor: Visitor;

beforeEach(async () => {
  latchkey = await startLatchkey();
  visitor = new Visitor();
});
afterEach(() => latchkey.close());

const profile = (who: Visitor) => who.open(`${latchkey.baseUrl}/profile`);
const records = (kind: string) =>
  latchkey.database.selectFrom('expiring_records').selectAll().where('kind', '=', kind).execute();
const providersLinked = async () =>
  (await latchkey.database.selectFrom('identities').select('provider').orderBy('provider').execute()).map(
    ({ provider }) => provider,
  );

/** Another tab of the same browser: the cookies as they are now. */
function anotherTab(of: Visitor): Visitor {
  const tab = new Visitor();
  tab.cookies.set('localhost', new Map(of.cookies.get('localhost')));
  return tab;
}

/** Begins something, holds it where the provider is asked, does something else, and lets it go on. */
async function whileWaiting<Result>(
  service: Service,
  fault: FaultName,
  begin: () => Promise<Result>,
  meanwhile: () => Promise<unknown>,
  answer: object,
): Promise<Result> {
  const { state } = latchkey.sandbox;
  state.faults.set(service, fault);
  const begun = begin();
  await until(() => state.hanging.size > 0);
  state.faults.clear(service);
  await meanwhile();
  for (const response of state.hanging) response.json(answer);
  state.hanging.clear();
  return begun;
}

const adaAtResonite = { id: 'U-1NaAdaSandbox', username: 'Ada' };
const linkCallback = (name: string) =>
  captureCallback(
    visitor,
    async () => {
      await profile(visitor);
      await visitor.press(`Link ${name}`);
    },
    latchkey.baseUrl,
  );

describe('signing out while a login is on its way', () => {
  test('links nothing and brings no session back', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    const callback = await linkCallback('Resonite');
    const late = anotherTab(visitor);
    const page = await whileWaiting(
      'resonite',
      'userinfo_hang',
      () => late.open(callback.href),
      async () => {
        await profile(visitor);
        await visitor.press('Sign out');
      },
      adaAtResonite,
    );
    expect([page.status, page.heading]).toEqual([409, 'You are not signed in as before']);
    expect(await providersLinked()).toEqual(['twitch']);
    expect((await profile(late)).heading).toBe('Sign in');
    expect(await records('session')).toEqual([]);
    expect(await records('grant')).toEqual([]);
  });

  test('does not let the old account back into a browser that has changed hands', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    await visitor.open(`${latchkey.baseUrl}/profile`);
    const callback = await captureCallback(
      visitor,
      () =>
        visitor.submit(
          'post',
          new URL(`${latchkey.baseUrl}/login/resonite`),
          new URLSearchParams({ intent: 'sign-in' }),
        ),
      latchkey.baseUrl,
    );
    const late = anotherTab(visitor);
    const page = await whileWaiting(
      'resonite',
      'userinfo_hang',
      () => late.open(callback.href),
      async () => {
        await profile(visitor);
        await visitor.press('Sign out');
        await signIn(visitor, latchkey.baseUrl, 'Mixin', { person: 'Bo' });
      },
      adaAtResonite,
    );
    expect(page.heading).toBe('You are not signed in as before');
    expect((await profile(visitor)).text).toContain('Signed in with Mixin as Bo');
    expect(await records('session')).toHaveLength(1);
  });
});

test('two links that finish at once leave one session, which signing out ends for both tabs', async () => {
  await signIn(visitor, latchkey.baseUrl, 'Twitch');
  const [one, two] = [await linkCallback('Resonite'), await linkCallback('Mixin')];
  const [first, second] = [anotherTab(visitor), anotherTab(visitor)];
  const pages = await Promise.all([first.open(one.href), second.open(two.href)]);
  expect(pages.map(({ status }) => status)).toEqual([200, 200]);
  expect(await providersLinked()).toEqual(['mixin', 'resonite', 'twitch']);
  expect(await records('session')).toHaveLength(1);
  const signedIn = [first, second].find((tab) => tab.page.heading === 'Your accounts')!;
  await signedIn.press('Sign out');
  for (const tab of [first, second, visitor]) expect((await profile(tab)).heading).toBe('Sign in');
  expect(await records('session')).toEqual([]);
  expect(await records('grant')).toEqual([]);
});

describe('access is given back only once the database has agreed', () => {
  test('a replacement that is refused leaves the old identity its tokens', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    await linkProvider(visitor, latchkey.baseUrl, 'Twitch');
    await visitor.press('Switch Twitch account');
    await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Bo' });
    const other = new Visitor();
    await signIn(other, latchkey.baseUrl, 'Twitch', { person: 'Bo' });
    expect((await visitor.press('Replace with')).status).toBe(409);
    await profile(visitor);
    expect((await visitor.press('Read profile again from Twitch')).text).toContain(
      'We read your Twitch profile again.',
    );
  });

  test('an unlink that loses a race leaves its identity the tokens', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    await linkProvider(visitor, latchkey.baseUrl, 'Resonite');
    const unlink = async (provider: string) => {
      const tab = anotherTab(visitor);
      await profile(tab);
      return tab.submit(
        'post',
        new URL(`${latchkey.baseUrl}/profile/${provider}/unlink`),
        new URLSearchParams({ mode: 'sandbox' }),
      );
    };
    const pages = await Promise.all([unlink('twitch'), unlink('resonite')]);
    const lost = pages.find(({ status }) => status === 409)!;
    expect(lost.heading).toMatch(/^(Twitch|Resonite) is your only way in$/);
    expect(await records('grant')).toHaveLength(1);
  });

  test('signing out gives back the tokens of an open decision too', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    await linkProvider(visitor, latchkey.baseUrl, 'Twitch');
    await visitor.press('Switch Twitch account');
    await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Bo' });
    await visitor.press('Sign out');
    expect(
      [...latchkey.sandbox.state.accessTokens.values()].filter(({ service }) => service === 'twitch'),
    ).toEqual([]);
    const open = (await records('decision')).filter(({ value }) => value.startsWith('v1.'));
    expect(open).toEqual([]);
  });
});

test('unlinking while the profile is being read is no mistake of ours', async () => {
  await signIn(visitor, latchkey.baseUrl, 'Twitch');
  await linkProvider(visitor, latchkey.baseUrl, 'Resonite');
  const reader = anotherTab(visitor);
  await profile(reader);
  const page = await whileWaiting(
    'resonite',
    'userinfo_hang',
    () => reader.press('Read profile again from Resonite'),
    async () => {
      await profile(visitor);
      await visitor.press('Unlink Resonite');
      await visitor.press('Unlink Resonite');
    },
    adaAtResonite,
  );
  expect(page.status).toBe(200);
  expect(page.heading).toBe('Your accounts');
  expect(page.text).not.toContain('We read your Resonite profile again.');
  expect(await providersLinked()).toEqual(['twitch']);
});

test('a session without tokens says nothing about the link itself', async () => {
  await signIn(visitor, latchkey.baseUrl, 'Twitch');
  await linkProvider(visitor, latchkey.baseUrl, 'Resonite');
  const other = new Visitor();
  await signIn(other, latchkey.baseUrl, 'Resonite');
  await other.submit('post', new URL(`${latchkey.baseUrl}/profile/twitch/read`), new URLSearchParams());
  expect((await profile(visitor)).text).not.toContain('no longer valid');
});

describe('refreshing', () => {
  const refreshes = () =>
    latchkey.sandbox.state.requests.filter(
      ({ body }) => (body as Record<string, string> | undefined)?.['grant_type'] === 'refresh_token',
    ).length;

  test('after refusals that come one after the other happens once', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    const tabs = [anotherTab(visitor), anotherTab(visitor), anotherTab(visitor)];
    for (const tab of tabs) await profile(tab);
    latchkey.sandbox.state.expireAccessTokens('resonite');
    const pages = await Promise.all(tabs.map((tab) => tab.press('Read profile again')));
    for (const page of pages) expect(page.text).toContain('Your accounts');
    expect(refreshes()).toBe(1);
    expect((await profile(visitor)).text).toContain('Working');
  });

  test('with a token that the provider calls dead is not tried again', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    latchkey.sandbox.state.faults.set('resonite', 'refresh_refused');
    latchkey.advance(2 * 60 * 60 * 1000);
    for (let visit = 0; visit < 4; visit++) {
      latchkey.advance(2 * 60 * 1000);
      expect((await profile(visitor)).text).toContain('Resonite says this link is no longer valid.');
    }
    expect(refreshes()).toBe(1);
    expect(await records('grant')).toEqual([]);
  });
});

test('two session cookies at once are both disbelieved', async () => {
  await signIn(visitor, latchkey.baseUrl, 'Twitch');
  const url = new URL(`${latchkey.baseUrl}/profile`);
  const cookie = visitor.cookies.get('localhost')!.get('latchkey')!;
  const ask = (header: string) => fetch(url, { redirect: 'manual', headers: { cookie: header } });
  expect((await ask(`latchkey=${cookie}`)).status).toBe(200);
  expect((await ask(`latchkey=${cookie}; latchkey=${cookie}`)).status).toBe(303);
});

test('names from providers are fit to show wherever they stand', async () => {
  await signIn(visitor, latchkey.baseUrl, 'Resonite');
  await linkProvider(visitor, latchkey.baseUrl, 'Twitch');
  await visitor.press('Switch Twitch account');
  const page = await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Zo' });
  expect(page.heading).toMatch(/^Replace Ada with Zo/);
  expect(page.html).not.toMatch(/[\u202A-\u202E]/);
  expect(page.$('title').text().length).toBeLessThan(160);
});
