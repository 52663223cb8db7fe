import { type RunningLatchkey, startLatchkey, testSecret } from '../support/latchkey.ts';
import { describeStores } from '../support/stores.ts';
import { captureCallback, linkProvider, signIn, startSignIn, Visitor } from '../support/visitor.ts';
import { failOnce } from '../sessions/support.ts';
import {
  accessTokens,
  anotherTab,
  buttonsOf,
  countRecords,
  everythingLinked,
  linkedByAccount,
  listIdentities,
  post,
  pressAndAnswer,
  profile,
  subjects,
  whileWaiting,
  withNode,
} from './support.ts';

describeStores('my data', (stores) => {
  let latchkey: RunningLatchkey;
  let visitor: Visitor;
  let other: Visitor;

  beforeEach(async () => {
    latchkey = await startLatchkey({ stores });
    visitor = new Visitor();
    other = new Visitor();
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    await linkProvider(visitor, latchkey.baseUrl, 'Resonite');
  });
  afterEach(() => latchkey.close());

  const where = async (who: Visitor) => (await profile(latchkey, who)).heading;
  const deletePage = (who = visitor) => who.open(`${latchkey.baseUrl}/account/delete`);
  const deleteAccount = async (who = visitor) => {
    await deletePage(who);
    return who.press('Delete my account');
  };
  const linkCallback = (name: string) =>
    captureCallback(
      visitor,
      async () => {
        await profile(latchkey, visitor);
        await visitor.press(`Link ${name}`);
      },
      latchkey.baseUrl,
    );
  const nothingLeft = async () => {
    expect(await linkedByAccount(latchkey)).toEqual([]);
    expect(await listIdentities(latchkey)).toEqual([]);
    for (const kind of ['session', 'grant', 'decision'] as const)
      expect([kind, await countRecords(latchkey, kind)]).toEqual([kind, 0]);
  };

  describe('to take away', () => {
    const download = async () => {
      await profile(latchkey, visitor);
      const page = await visitor.press('Download my data');
      return { page, data: JSON.parse(page.html) };
    };

    test('is a JSON file that nobody keeps a copy of', async () => {
      const { page } = await download();
      expect(page.status).toBe(200);
      expect(page.headers['content-type']).toMatch(/^application\/json\b/);
      expect(page.headers['content-disposition']).toBe('attachment; filename="latchkey-data.json"');
      expect(page.headers['cache-control']).toBe('no-store');
    });

    test('holds every identity with its profile and what it granted, and every session', async () => {
      visitor.userAgent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
      await signIn(new Visitor(), latchkey.baseUrl, 'Twitch');
      const { data } = await download();
      const [resonite, twitch] = await listIdentities(latchkey);
      expect(data.account).toEqual({
        id: twitch!.account_id,
        created_at: expect.stringMatching(/^\d{4}-.*Z$/),
      });
      expect(data.identities).toMatchObject([
        {
          provider: 'twitch',
          mode: 'sandbox',
          subject: subjects.ada.twitch,
          display_name: 'Ada',
          granted_scope: ['openid', 'user:read:email'],
          profile: JSON.parse(twitch!.userinfo),
          access_in_this_session: { renewable: true, ended_at: null },
        },
        {
          provider: 'resonite',
          subject: subjects.ada.resonite,
          profile: JSON.parse(resonite!.userinfo),
          access_in_this_session: { renewable: true, ended_at: null },
        },
      ]);
      // Their own e-mail address is theirs to have.
      expect(data.identities[0].profile.email).toBe('ada@example.test');
      expect(data.sessions).toHaveLength(2);
      const own = data.sessions.filter((session: Record<string, unknown>) => session['this_session']);
      expect(own).toHaveLength(1);
      for (const session of data.sessions)
        expect(Object.keys(session).toSorted()).toEqual([
          'address',
          'device',
          'last_active_at',
          'signed_in_at',
          'started_at',
          'this_session',
        ]);
    });

    test('says where this session holds no access', async () => {
      visitor = new Visitor();
      await signIn(visitor, latchkey.baseUrl, 'Resonite');
      const { data } = await download();
      expect(data.identities[0]).toMatchObject({ provider: 'twitch', access_in_this_session: null });
    });

    test('holds no token, no key, no session id and no secret', async () => {
      await linkProvider(visitor, latchkey.baseUrl, 'Mixin');
      await linkProvider(visitor, latchkey.baseUrl, 'Mixer');
      const { page } = await download();
      const { state } = latchkey.sandbox;
      const sessions = await latchkey.listRecords('session');
      const grants = await latchkey.listRecords('grant');
      const cookies = [...visitor.cookies.get('localhost')!]
        .filter(([name]) => name === 'latchkey' || name === 'latchkey-login')
        .flatMap(([, value]) => [value, decodeURIComponent(value), decodeURIComponent(value).slice(2, 45)]);
      const secrets = [
        ...state.accessTokens.keys(),
        ...state.refreshTokens.keys(),
        ...state.codes.keys(),
        ...[...state.signingGrants.values()].flatMap((grant) => [
          grant.authorizationId,
          grant.clientKey,
          grant.serverKey,
          grant.serverPrivateKey,
        ]),
        ...sessions.flatMap(({ key, value }) => [key, (JSON.parse(value) as { ref: string }).ref]),
        ...grants.flatMap(({ key, value }) => [key, value]),
        ...(await listIdentities(latchkey)).map(({ id }) => id),
        ...cookies,
        testSecret,
      ];
      expect(secrets.length).toBeGreaterThan(15);
      for (const secret of secrets) expect(page.html).not.toContain(secret);
    });

    test('is nobody else’s', async () => {
      await signIn(other, latchkey.baseUrl, 'Twitch', { person: 'Bo' });
      const { page, data } = await download();
      expect(page.html).not.toContain(subjects.bo.twitch);
      expect(data.sessions).toHaveLength(1);
    });

    test('is for who is signed in', async () => {
      const page = await other.open(`${latchkey.baseUrl}/account/data.json`);
      expect([page.heading, page.url.search]).toEqual(['Sign in', '?return_to=%2Fprofile']);
      expect(page.headers['content-disposition']).toBeUndefined();
    });
  });

  describe('to delete', () => {
    test('asks first, says what happens, and changes nothing until then', async () => {
      const before = await everythingLinked(latchkey);
      const page = await deletePage();
      expect(page.heading).toBe('Delete your account here?');
      expect(page.$('main').text()).toMatch(/Twitch[^.]*Resonite[^.]*all sessions/);
      expect(page.text).toContain('This cannot be undone.');
      expect(buttonsOf(page)).toEqual(['Delete my account', 'Keep it', 'Download my data first']);
      expect((await visitor.press('Keep it')).heading).toBe('Your accounts');
      expect(await everythingLinked(latchkey)).toBe(before);
    });

    test.each([{}, { confirmed: 'no' }, { confirmed: 'true' }])(
      'without the confirmation is refused: %p',
      async (fields) => {
        const before = await everythingLinked(latchkey);
        await deletePage();
        const page = await post(latchkey, visitor, '/account/delete', fields as Record<string, string>);
        expect([page.status, page.heading]).toEqual([400, 'We cannot read this request']);
        expect(await everythingLinked(latchkey)).toBe(before);
        expect(accessTokens(latchkey)).toEqual(['resonite ada', 'twitch ada']);
        expect(await where(visitor)).toBe('Your accounts');
      },
    );

    test('is for who is signed in', async () => {
      const page = await deletePage(other);
      expect([page.heading, page.url.search]).toEqual(['Sign in', '?return_to=%2Faccount%2Fdelete']);
      expect((await post(latchkey, other, '/account/delete', { confirmed: 'yes' })).status).toBe(401);
      expect(await listIdentities(latchkey)).toHaveLength(2);
    });

    test('leaves nothing behind, in no store', async () => {
      await signIn(new Visitor(), latchkey.baseUrl, 'Resonite');
      const page = await deleteAccount();
      expect(page.url.pathname).toBe('/');
      expect(page.text).toContain('Your account here is deleted, and you are signed out everywhere.');
      expect(page.text).not.toContain('did not confirm');
      await nothingLeft();
    });

    test('cancels the access of all sessions where the provider offers that', async () => {
      await signIn(new Visitor(), latchkey.baseUrl, 'Twitch');
      await deleteAccount();
      expect(accessTokens(latchkey, 'twitch')).toEqual([]);
      const { refreshTokens } = latchkey.sandbox.state;
      expect([...refreshTokens.values()].filter(({ service }) => service === 'twitch')).toEqual([]);
    });

    test('takes along what waits for a decision, in this session and in others', async () => {
      const elsewhere = new Visitor();
      await signIn(elsewhere, latchkey.baseUrl, 'Twitch');
      await pressAndAnswer(latchkey, elsewhere, 'Switch Twitch account', { person: 'Bo' });
      await signIn(other, latchkey.baseUrl, 'Mixer', { person: 'Bo' });
      await linkProvider(visitor, latchkey.baseUrl, 'Mixer', { person: 'Bo' });
      expect(await countRecords(latchkey, 'decision')).toBe(2);
      await deleteAccount();
      expect(await countRecords(latchkey, 'decision')).toBe(0);
      expect(accessTokens(latchkey, 'twitch')).toEqual([]);
    });

    test('signs out every device, on every node, at its next request', async () => {
      const elsewhere = new Visitor();
      await signIn(elsewhere, latchkey.baseUrl, 'Resonite');
      await withNode(latchkey, {}, async (nodeUrl) => {
        const atNode = [anotherTab(visitor), anotherTab(elsewhere)];
        for (const who of atNode)
          expect((await who.open(`${nodeUrl}/profile`)).heading).toBe('Your accounts');
        await deleteAccount();
        for (const who of atNode) expect((await who.open(`${nodeUrl}/profile`)).heading).toBe('Sign in');
        expect(await where(elsewhere)).toBe('Sign in');
        expect(await where(visitor)).toBe('Sign in');
      });
    });

    test('makes the browser forget', async () => {
      const url = new URL(`${latchkey.baseUrl}/account/delete`);
      const response = await fetch(url, {
        method: 'POST',
        redirect: 'manual',
        headers: { cookie: visitor.cookieHeader(url), 'sec-fetch-site': 'same-origin' },
        body: new URLSearchParams({ confirmed: 'yes' }),
      });
      expect([response.status, response.headers.get('location')]).toEqual([303, '/?account_deleted']);
      expect(response.headers.get('clear-site-data')).toBe('"cache", "storage"');
      const expired = response.headers.getSetCookie().filter((line) => /Expires=Thu, 01 Jan 1970/.test(line));
      expect(expired.map((line) => line.split('=')[0]).toSorted()).toEqual(['latchkey', 'latchkey-login']);
    });

    test('names who did not confirm that our access is cancelled, and deletes all the same', async () => {
      latchkey.sandbox.state.faults.set('twitch', 'revoke_500');
      const page = await deleteAccount();
      expect(page.text).toContain(
        'Your account here is deleted, and you are signed out everywhere. Twitch did not confirm that our access is cancelled. Check twitch.tv/settings/connections.',
      );
      await nothingLeft();
    });

    test('is done although a store fails right after it', async () => {
      await deletePage();
      const failing = failOnce(latchkey, 'endByOwner', 'login');
      const page = await visitor.press('Delete my account');
      expect(failing.hasFailed()).toBe(true);
      expect([page.status, page.heading]).toEqual([200, 'Sign in']);
      expect(page.text).toContain('Your account here is deleted, and you are signed out everywhere.');
      for (const event of ['account.delete', 'not tidied up'])
        expect(latchkey.logLines.filter((line) => line.includes(`"${event}"`))).toHaveLength(1);
      await nothingLeft();
    });

    test('touches nobody else', async () => {
      await signIn(other, latchkey.baseUrl, 'Twitch', { person: 'Bo' });
      await linkProvider(other, latchkey.baseUrl, 'Mixer', { person: 'Bo' });
      await deleteAccount();
      expect(await linkedByAccount(latchkey)).toEqual([
        [`mixer ${subjects.bo.mixer}`, `twitch ${subjects.bo.twitch}`],
      ]);
      expect(accessTokens(latchkey, 'twitch')).toEqual(['twitch bo']);
      await profile(latchkey, other);
      expect((await other.press('Read profile again from Twitch')).text).toContain('We read your Twitch');
    });

    test('can be followed by a new beginning', async () => {
      const [before] = await listIdentities(latchkey);
      await deleteAccount();
      const page = await signIn(visitor, latchkey.baseUrl, 'Twitch');
      expect(page.text).toContain('This is a new profile');
      const [identity, ...others] = await listIdentities(latchkey);
      expect(others).toEqual([]);
      expect(identity!.account_id).not.toBe(before!.account_id);
    });

    test('ends the logins that this browser has open', async () => {
      const link = await linkCallback('Mixer');
      await profile(latchkey, visitor);
      await deleteAccount();
      const page = await visitor.open(link.href);
      // The cookie that the login belongs to is gone as well.
      expect([page.status, page.heading]).toEqual([409, 'You are not signed in as before']);
      await nothingLeft();
    });

    test('does not touch a sign-in under way elsewhere, which begins a new profile', async () => {
      const begun = await captureCallback(
        other,
        () => startSignIn(other, latchkey.baseUrl, 'Twitch'),
        latchkey.baseUrl,
      );
      await deleteAccount();
      expect((await other.open(begun.href)).text).toContain('This is a new profile');
      expect(await linkedByAccount(latchkey)).toEqual([[`twitch ${subjects.ada.twitch}`]]);
    });

    test('twice at once deletes once, and neither is a mistake of ours', async () => {
      const tabs = [visitor, anotherTab(visitor)];
      for (const tab of tabs) await deletePage(tab);
      const pages = await Promise.all(tabs.map((tab) => tab.press('Delete my account')));
      for (const { status } of pages) expect(status).toBeLessThan(500);
      expect(pages.map(({ text }) => text).join()).toContain('Your account here is deleted');
      await nothingLeft();
    });

    test('while a link is on its way leaves no orphan: the link comes too late', async () => {
      const link = await linkCallback('Mixer');
      const late = anotherTab(visitor);
      const { id, username } = { id: 101000001, username: 'AdaPlays' };
      const page = await whileWaiting(
        latchkey,
        'mixer',
        'userinfo_hang',
        () => late.open(link.href),
        () => deleteAccount(),
        { id, username },
      );
      expect([page.status, page.heading]).toEqual([409, 'You are not signed in as before']);
      await nothingLeft();
    });

    test('takes along what is linked while the provider is asked to cancel our access', async () => {
      const link = await linkCallback('Mixer');
      const tab = anotherTab(visitor);
      await deletePage();
      const page = await whileWaiting(
        latchkey,
        'twitch',
        'revoke_hang',
        () => visitor.press('Delete my account'),
        async () => {
          expect((await tab.open(link.href)).text).toContain('Mixer account AdaPlays is linked');
        },
        {},
      );
      expect(page.text).toContain('Your account here is deleted');
      expect(await where(tab)).toBe('Sign in');
      await nothingLeft();
    });
  });
});
