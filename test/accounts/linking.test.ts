import { sql } from 'kysely';
import {
  accessTokens,
  accountOf,
  anotherTab,
  cardOf,
  countRecords,
  everythingLinked,
  linkedByAccount,
  listIdentities,
  minutes,
  post,
  subjects,
  untilSomebodyWaits,
  watch,
  whileWaiting,
  withNode,
} from './support.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { describeStores } from '../support/stores.ts';
import { until } from '../support/until.ts';
import { answerAtProvider, linkProvider, type Page, signIn, Visitor } from '../support/visitor.ts';

describeStores('linking', (stores) => {
  let latchkey: RunningLatchkey;
  let visitor: Visitor;

  beforeEach(async () => {
    latchkey = await startLatchkey({ stores });
    visitor = new Visitor();
  });
  afterEach(() => latchkey.close());

  const identities = () => listIdentities(latchkey);
  const twitchSubjects = async () =>
    (await identities()).filter(({ provider }) => provider === 'twitch').map(({ subject }) => subject);
  const profile = () => visitor.open(`${latchkey.baseUrl}/profile`);
  /** The card of a linked provider, as text. */
  const card = (name: string) => cardOf(visitor.page, name);

  describe('an identity of another account', () => {
    test('stays there: nothing moves before the person has chosen', async () => {
      await signIn(new Visitor(), latchkey.baseUrl, 'Resonite');
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      const before = await everythingLinked(latchkey);
      const page = await linkProvider(visitor, latchkey.baseUrl, 'Resonite');
      expect([page.status, page.heading, page.url.pathname]).toEqual([
        409,
        'This Resonite account is linked to another account here',
        '/link/conflict',
      ]);
      expect(await everythingLinked(latchkey)).toBe(before);
      expect((await profile()).text).toContain('Link Resonite');
    });
  });

  describe('switching with force', () => {
    beforeEach(async () => {
      await signIn(visitor, latchkey.baseUrl, 'Resonite');
      await linkProvider(visitor, latchkey.baseUrl, 'Twitch');
    });

    test('sends the provider’s force parameter, so that a known person is asked again', async () => {
      visitor.stopBefore = /authorize/;
      await visitor.press('Switch Twitch account');
      expect(visitor.stoppedAt!.searchParams.get('force_verify')).toBe('true');
      visitor.stopBefore = null;
      await visitor.open(visitor.stoppedAt!.href);
      expect(visitor.page.heading).toBe('Sign in to Sandbox Twitch');
    });

    test('says so when the same account comes back, and how to get another', async () => {
      await visitor.press('Switch Twitch account');
      const page = await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Ada' });
      expect(page.text).toContain('Twitch sent back the same account');
      expect(page.text).toContain('sign out at twitch.tv first');
    });

    test('asks before it replaces, on a page that can be reloaded', async () => {
      await visitor.press('Switch Twitch account');
      const page = await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Bo' });
      expect(page.heading).toMatch(/^Replace Ada with \S+\?$/);
      expect((await visitor.open(page.url.href)).heading).toBe(page.heading);
      expect((await identities()).map(({ subject }) => subject)).toContain('10000001');
    });

    test('replaces one by the other when told so, once', async () => {
      await visitor.press('Switch Twitch account');
      const decision = await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Bo' });
      const page = await visitor.press('Replace with');
      expect(page.text).toContain('is linked in place of Ada');
      expect(await twitchSubjects()).toEqual(['10000002']);
      const again = await visitor.open(decision.url.href);
      expect([again.status, again.heading]).toEqual([410, 'There is nothing to decide any more']);
    });

    test('keeps the old one when told so, and gives the new tokens back', async () => {
      await visitor.press('Switch Twitch account');
      await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Bo' });
      await visitor.press('Keep Ada');
      expect(visitor.page.heading).toBe('Your accounts');
      expect(await twitchSubjects()).toEqual(['10000001']);
      expect(accessTokens(latchkey, 'twitch')).toEqual(['twitch ada']);
      expect(await countRecords(latchkey, 'decision')).toBe(0);
    });

    test('cannot be decided by another session of the same account', async () => {
      await visitor.press('Switch Twitch account');
      await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Bo' });
      const elsewhere = new Visitor();
      await signIn(elsewhere, latchkey.baseUrl, 'Resonite');
      const page = await post(latchkey, elsewhere, '/link/replace', { choice: 'replace' });
      expect(page.status).toBe(410);
      expect((await identities()).map(({ subject }) => subject)).toContain('10000001');
    });

    test('is forgotten after ten minutes', async () => {
      await visitor.press('Switch Twitch account');
      await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Bo' });
      latchkey.advance(minutes(11));
      expect((await visitor.press('Replace with')).heading).toBe('There is nothing to decide any more');
    });

    test('to an account that was linked elsewhere meanwhile is refused', async () => {
      await visitor.press('Switch Twitch account');
      await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Bo' });
      await signIn(new Visitor(), latchkey.baseUrl, 'Twitch', { person: 'Bo' });
      const page = await visitor.press('Replace with');
      expect(page.status).toBe(409);
      expect(page.heading).toBe('This Twitch account is linked to another account here');
      expect((await identities()).filter(({ provider }) => provider === 'twitch')).toHaveLength(2);
    });

    test('reads the choice, and nothing else, from the form', async () => {
      await visitor.press('Switch Twitch account');
      await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Bo' });
      await visitor.press('Replace with', { provider: 'mixer', subject: '99', account: 'x' });
      expect(await twitchSubjects()).toEqual(['10000002']);
    });
  });

  describe('permissions', () => {
    test('that were unticked are named on the card, and can be asked for again', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Mixin', { untick: ['PHONE:READ'] });
      expect(card('Mixin')).toContain('Mixin did not give us: read your phone number.');
      await visitor.press('Ask Mixin for the missing permission');
      const page = await answerAtProvider(visitor, latchkey.baseUrl);
      expect(page.text).toContain('Mixin now lets us read your phone number.');
      expect(card('Mixin')).toContain('Working');
    });

    test('that are refused once more are said to be the person’s choice', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Mixin', { untick: ['PHONE:READ'] });
      await visitor.press('Ask Mixin for the missing permission');
      const page = await answerAtProvider(visitor, latchkey.baseUrl, { untick: ['PHONE:READ'] });
      expect(page.text).toContain(
        'Mixin still does not give us: read your phone number. That is your choice; everything else works.',
      );
    });

    test('that were given before and not this time are named', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Mixin');
      await visitor.press('Scan again with another Mixin account');
      await answerAtProvider(visitor, latchkey.baseUrl, { untick: ['PHONE:READ'] });
      await visitor.press('Ask Mixin for the missing permission');
      await answerAtProvider(visitor, latchkey.baseUrl);
      latchkey.sandbox.state.faults.set('mixin', 'userinfo_401');
      await visitor.press('Read profile again');
      latchkey.sandbox.state.faults.clear('mixin');
      await visitor.press('Link Mixin again');
      const page = await answerAtProvider(visitor, latchkey.baseUrl, { untick: ['PHONE:READ'] });
      expect(page.text).toContain(
        'Mixin gave fewer permissions than last time. No longer allowed: read your phone number.',
      );
    });

    test('of an identity that is linked already are renewed by linking it again', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Resonite');
      await post(latchkey, visitor, '/login/resonite');
      const page = await answerAtProvider(visitor, latchkey.baseUrl);
      expect(page.text).toContain('That Resonite account was already linked here. We renewed its access.');
    });
  });

  describe('asking again', () => {
    const more = 'openid user:read:email user:read:follows';
    const scopeOf = (url: URL | null) => url!.searchParams.get('scope')!.split(' ').toSorted();

    /** The same browser at a node that is configured otherwise; stops where it would leave for Twitch. */
    async function askAt(env: Record<string, string>, press: () => Promise<unknown>): Promise<URL | null> {
      visitor = anotherTab(visitor);
      await withNode(latchkey, env, async (nodeUrl) => {
        await visitor.open(`${nodeUrl}/profile`);
        visitor.stopBefore = /authorize/;
        await press();
      });
      return visitor.stoppedAt;
    }

    test('asks for what is missing and for what was granted, so that nothing gets lost', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      const asked = await askAt({ TWITCH_SCOPES: 'openid user:read:follows' }, () =>
        visitor.press('Ask Twitch for the missing permission'),
      );
      expect(scopeOf(asked)).toEqual(more.split(' '));
      expect(asked!.searchParams.get('force_verify')).toBe('true');
    });

    test('keeps what was granted when the server wants less by now', async () => {
      await latchkey.close();
      latchkey = await startLatchkey({ stores, env: { TWITCH_SCOPES: more } });
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      const intent = (name: string) => () =>
        visitor.submit(
          'post',
          new URL('/login/twitch', visitor.page.url),
          new URLSearchParams({ intent: name }),
        );
      const configured = { TWITCH_SCOPES: 'openid' };
      expect(scopeOf(await askAt(configured, intent('ask')))).toEqual(more.split(' '));
      // Any other login asks for what is configured.
      expect(scopeOf(await askAt(configured, intent('switch')))).toEqual(['openid']);
    });

    test('is refused once the identity was unlinked: only linking links', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Resonite');
      await linkProvider(visitor, latchkey.baseUrl, 'Mixin');
      const tab = anotherTab(visitor);
      await tab.open(`${latchkey.baseUrl}/profile`);
      await visitor.press('Unlink Mixin');
      await visitor.press('Unlink Mixin');
      await post(latchkey, tab, '/login/mixin', { intent: 'ask' });
      const page = await answerAtProvider(tab, latchkey.baseUrl);
      expect([page.status, page.heading]).toEqual([409, 'You came back as another Mixin account']);
      expect(await identities()).toHaveLength(1);
    });
  });

  describe('unlinking', () => {
    beforeEach(async () => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      await linkProvider(visitor, latchkey.baseUrl, 'Resonite');
    });

    /** The confirm page, and its button. */
    async function unlink(name: string, who = visitor) {
      await who.open(`${latchkey.baseUrl}/profile`);
      await who.press(`Unlink ${name}`);
      return who.press(`Unlink ${name}`);
    }

    test('says what will happen, and GET changes nothing', async () => {
      const page = await visitor.press('Unlink Twitch');
      expect(page.heading).toBe('Unlink Twitch?');
      expect(page.text).toContain('You can no longer sign in with Ada.');
      expect(page.text).toContain('Other devices that signed in with it are signed out.');
      expect(page.text).toContain('We ask Twitch to cancel our access.');
      expect(await identities()).toHaveLength(2);
      await visitor.press('Keep it');
      expect(await identities()).toHaveLength(2);
      expect(accessTokens(latchkey)).toEqual(['resonite ada', 'twitch ada']);
    });

    test('revokes at the provider, deletes tokens and profile copy, and keeps the session', async () => {
      const page = await unlink('Twitch');
      expect(page.text).toContain('Twitch is unlinked. Our access there is cancelled.');
      expect(page.$('title').text()).toBe('Twitch unlinked – Your accounts – Latchkey');
      expect(accessTokens(latchkey)).toEqual(['resonite ada']);
      expect(await countRecords(latchkey, 'grant')).toBe(1);
      expect(page.text).toContain('Signed in with Resonite as');
    });

    test('asks the provider first: until it has answered the identity is still there', async () => {
      const before = await everythingLinked(latchkey);
      let meanwhile = '';
      const page = await whileWaiting(
        latchkey,
        'twitch',
        'revoke_hang',
        () => unlink('Twitch'),
        async () => {
          meanwhile = await everythingLinked(latchkey);
        },
        {},
      );
      expect(meanwhile).toBe(before);
      expect(page.text).toContain('Twitch is unlinked. Our access there is cancelled.');
      expect(await linkedByAccount(latchkey)).toEqual([[`resonite ${subjects.ada.resonite}`]]);
    });

    test('revokes the tokens of the other sessions too', async () => {
      await signIn(new Visitor(), latchkey.baseUrl, 'Twitch');
      await unlink('Twitch');
      expect(accessTokens(latchkey)).toEqual(['resonite ada']);
    });

    test('signs out the other devices that signed in with it, and no others', async () => {
      const [withTwitch, withResonite] = [new Visitor(), new Visitor()];
      await signIn(withTwitch, latchkey.baseUrl, 'Twitch');
      await signIn(withResonite, latchkey.baseUrl, 'Resonite');
      await unlink('Twitch');
      expect((await withTwitch.open(`${latchkey.baseUrl}/profile`)).heading).toBe('Sign in');
      expect((await withResonite.open(`${latchkey.baseUrl}/profile`)).heading).toBe('Your accounts');
      expect((await profile()).heading).toBe('Your accounts');
      expect(await countRecords(latchkey, 'session')).toBe(2);
    });

    test('says so when the provider did not confirm', async () => {
      latchkey.sandbox.state.faults.set('twitch', 'revoke_500');
      const page = await unlink('Twitch');
      expect(page.text).toContain(
        'Twitch is unlinked, but Twitch did not confirm that our access is cancelled. Check twitch.tv/settings/connections.',
      );
      expect(await identities()).toHaveLength(1);
      expect(await countRecords(latchkey, 'grant')).toBe(1);
    });

    test.each([
      [
        'Resonite',
        'Resonite is unlinked. Resonite offers no way for us to cancel our access. Look at account.resonite.com for it.',
      ],
      ['Mixer', 'Mixer is unlinked. Nothing to cancel: Mixer is gone.'],
      [
        'Mixin',
        'Mixin is unlinked. Open Mixin, go to Settings, Authorizations, and remove this app there too',
      ],
    ])('says what the person can do where the provider offers nothing, as %s', async (name, words) => {
      if (name !== 'Resonite') await linkProvider(visitor, latchkey.baseUrl, name);
      expect((await unlink(name)).text).toContain(words);
    });

    test('what nobody holds access to says that nothing was cancelled, and where to look', async () => {
      await visitor.press('Sign out');
      await signIn(visitor, latchkey.baseUrl, 'Resonite');
      const page = await unlink('Twitch');
      const words =
        'Twitch is unlinked. We held no access there any more, so there was nothing to cancel. Check twitch.tv/settings/connections.';
      expect(page.text).toContain(words);
    });

    test('tokens that no key opens any more are not called cancelled', async () => {
      await signIn(new Visitor(), latchkey.baseUrl, 'Twitch');
      await visitor.press('Sign out');
      await signIn(visitor, latchkey.baseUrl, 'Resonite');
      const grants = await latchkey.listRecords('grant');
      for (const { expires_at: expiresAt, ...grant } of grants)
        await latchkey.records.put('grant', { ...grant, expiresAt, value: 'sealed.with.another.key' });
      const page = await unlink('Twitch');
      expect(page.text).toContain('Twitch did not confirm that our access is cancelled.');
    });

    test('of the way in that a session has come to lean on meanwhile leaves it signed in', async () => {
      const [resonite] = await identities();
      const key = `account.${await accountOf(latchkey, subjects.ada.twitch)}`;
      const lease = { key, owner: 'somebody else', value: '', expiresAt: Date.now() + minutes(1) };
      await latchkey.records.create('lease', lease);
      // It has read who is signed in, with Twitch, and waits for its turn.
      const tab = anotherTab(visitor);
      await tab.open(`${latchkey.baseUrl}/profile`);
      const tries = watch(latchkey, 'create', 'lease');
      const page = post(latchkey, tab, '/profile/resonite/unlink', { mode: 'sandbox' });
      await until(() => tries() > 0);
      const { value, expires_at: expiresAt, ...session } = (await latchkey.listRecords('session'))[0]!;
      const facts = { ...JSON.parse(value), identityId: resonite!.id, check: null };
      await latchkey.records.update('session', { ...session, value: JSON.stringify(facts), expiresAt });
      await latchkey.records.deleteByOwner('lease', 'somebody else');
      expect((await page).text).toContain('Resonite is unlinked.');
      expect((await profile()).text).toContain('Signed in with Twitch as Ada');
    });

    test('the last way in is refused by page and by form', async () => {
      await unlink('Resonite');
      const page = await visitor.press('Unlink Twitch');
      expect(page.text).toContain('This is the only account you can sign in with.');
      expect(page.$('main form').length).toBe(0);
      const forced = await post(latchkey, visitor, '/profile/twitch/unlink', { mode: 'sandbox' });
      expect([forced.status, forced.heading]).toEqual([409, 'Twitch is your only way in']);
      expect(await identities()).toHaveLength(1);
      expect(accessTokens(latchkey, 'twitch')).toEqual(['twitch ada']);
    });

    test('two at once leave one way in, and that one its tokens', async () => {
      const tabs = [anotherTab(visitor), anotherTab(visitor)];
      for (const tab of tabs) await tab.open(`${latchkey.baseUrl}/profile`);
      const pages = await Promise.all(
        ['twitch', 'resonite'].map((provider, index) =>
          post(latchkey, tabs[index]!, `/profile/${provider}/unlink`, { mode: 'sandbox' }),
        ),
      );
      const lost = pages.find(({ status }) => status === 409)!;
      expect(lost.heading).toMatch(/^(?:Twitch|Resonite) is your only way in$/);
      const [left, ...others] = await identities();
      expect(others).toEqual([]);
      expect(await countRecords(latchkey, 'grant')).toBe(1);
      expect(accessTokens(latchkey)).toContain(`${left!.provider} ada`);
      visitor = tabs.find((tab) => tab.page.heading === 'Your accounts')!;
      expect((await visitor.press('Read profile again')).text).toMatch(/We read your \w+ profile again/);
    });

    // SQLite has one line for everything: nothing comes in between there.
    if (stores !== 'SQLite')
      test('signs out no tab that asked for a page a moment before its way in changed', async () => {
        const [resonite, twitch] = await identities();
        const [session] = await latchkey.listRecords('session');
        const { key, owner, value, version, expires_at: expiresAt } = session!;
        const facts = { ...JSON.parse(value), identityId: resonite!.id, check: null };
        let page: Promise<Page> | undefined;
        await latchkey.database.transaction().execute(async (transaction) => {
          // The tab's request has read its session, and has to wait for what is linked.
          await sql`lock table identities in access exclusive mode`.execute(transaction);
          page = anotherTab(visitor).open(`${latchkey.baseUrl}/profile`);
          await untilSomebodyWaits(latchkey.database);
          // What unlinking in another tab changes.
          await transaction.deleteFrom('identities').where('id', '=', twitch!.id).execute();
          const record = { key, owner, value: JSON.stringify(facts), version, expiresAt };
          expect(await latchkey.records.update('session', record)).toBe(true);
        });
        expect((await page)!.heading).toBe('Your accounts');
        expect((await profile()).text).toContain('Signed in with Resonite as Ada');
      });

    test('waits while another change is under way, and gives up after some seconds', async () => {
      const key = `account.${await accountOf(latchkey, subjects.ada.twitch)}`;
      const lease = { key, owner: 'somebody else', value: '', expiresAt: Date.now() + minutes(1) };
      expect(await latchkey.records.create('lease', lease)).toBe(true);
      const before = await everythingLinked(latchkey);
      const page = await unlink('Twitch');
      expect([page.status, page.heading]).toEqual([409, 'Another change is under way']);
      expect(await everythingLinked(latchkey)).toBe(before);
      expect(accessTokens(latchkey)).toEqual(['resonite ada', 'twitch ada']);
      await latchkey.records.deleteByOwner('lease', 'somebody else');
      expect((await unlink('Twitch')).text).toContain('Twitch is unlinked');
      expect(await latchkey.listRecords('lease')).toEqual([]);
    });

    test('what is not linked any more is called that, on a page or on the profile, and nothing is changed', async () => {
      await profile();
      const before = await everythingLinked(latchkey);
      const requests = [
        () => post(latchkey, visitor, '/profile/mixer/unlink', { mode: 'sandbox' }),
        () => post(latchkey, visitor, '/profile/mixer/read', {}),
      ];
      for (const send of requests) {
        const page = await send();
        expect([page.status, page.heading]).toEqual([200, 'Your accounts']);
        expect(page.text).toContain('Mixer is not linked here any more, so nothing was changed.');
      }
      for (const [name, path] of [
        ['Mixer', '/profile/mixer/unlink'],
        ['Twitch', '/profile/twitch/unlink?mode=live'],
      ]) {
        const page = await visitor.open(latchkey.baseUrl + path);
        expect([page.status, page.heading]).toEqual([200, `${name} is not linked here any more`]);
      }
      expect(await everythingLinked(latchkey)).toBe(before);
    });

    test('of what the provider called over asks nobody, and does not say that anything was cancelled', async () => {
      const bo = new Visitor();
      await signIn(bo, latchkey.baseUrl, 'Mixin', { person: 'Bo' });
      await linkProvider(bo, latchkey.baseUrl, 'Twitch', { person: 'Bo' });
      latchkey.sandbox.state.faults.set('twitch', 'userinfo_other_person');
      latchkey.advance(minutes(6));
      await bo.open(`${latchkey.baseUrl}/profile`);
      latchkey.sandbox.state.faults.clear('twitch');
      await bo.press('Unlink Twitch');
      const page = await bo.press('Unlink Twitch');
      expect(page.text).toContain('We held no access there any more, so there was nothing to cancel.');
      expect(latchkey.sandbox.state.requests.filter(({ path }) => path.includes('revoke'))).toEqual([]);
    });

    test('makes the identity unknown: signing in with it starts a new profile', async () => {
      await unlink('Twitch');
      await signIn(new Visitor(), latchkey.baseUrl, 'Twitch');
      expect(await linkedByAccount(latchkey)).toEqual([
        [`resonite ${subjects.ada.resonite}`],
        [`twitch ${subjects.ada.twitch}`],
      ]);
    });
  });

  describe('the card', () => {
    test('shows the stored copy, marked, when the provider fails, and reads again when it works', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Resonite');
      latchkey.advance(minutes(6));
      latchkey.sandbox.state.faults.set('resonite', 'userinfo_500');
      await profile();
      expect(card('Resonite')).toContain('We could not reach Resonite. This is the copy from');
      latchkey.sandbox.state.faults.clear('resonite');
      await visitor.press('Try again');
      expect(visitor.page.text).toContain('We read your Resonite profile again.');
      expect(card('Resonite')).toContain('Working');
    });

    test('of a provider that fails says nothing of the others', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Resonite');
      await linkProvider(visitor, latchkey.baseUrl, 'Twitch');
      latchkey.advance(minutes(6));
      latchkey.sandbox.state.faults.set('resonite', 'userinfo_html');
      await profile();
      expect(card('Resonite')).toContain('Resonite sent a profile we cannot read.');
      expect(card('Twitch')).toContain('Working');
    });

    test('asks the provider again only after five minutes, and after a failure only after one', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Resonite');
      const reads = () =>
        latchkey.sandbox.state.requests.filter(({ path }) => path.endsWith('/api/user/profile')).length;
      expect(reads()).toBe(1);
      latchkey.advance(minutes(4));
      await profile();
      expect(reads()).toBe(1);
      latchkey.advance(minutes(2));
      latchkey.sandbox.state.faults.set('resonite', 'userinfo_500');
      await profile();
      await profile();
      expect(reads()).toBe(2);
      latchkey.advance(minutes(1));
      await profile();
      expect(reads()).toBe(3);
    });

    test('says that a link is no longer valid when the person has removed the app there', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Mixer');
      await linkProvider(visitor, latchkey.baseUrl, 'Twitch');
      latchkey.sandbox.state.revokeAccess('twitch', 'sandboxtwitchclientid000000000', 'ada');
      latchkey.advance(minutes(6));
      await profile();
      expect(card('Twitch')).toContain('Twitch says this link is no longer valid.');
      await visitor.press('Link Twitch again');
      await answerAtProvider(visitor, latchkey.baseUrl);
      expect(card('Twitch')).toContain('Working');
    });

    test('says that access has ended where nothing renews it', async () => {
      await latchkey.close();
      latchkey = await startLatchkey({ stores, env: { RESONITE_SCOPES: 'profile' } });
      await signIn(visitor, latchkey.baseUrl, 'Resonite');
      expect(card('Resonite')).toContain('Ends in 59 minutes');
      latchkey.advance(minutes(70));
      await profile();
      expect(card('Resonite')).toContain('Access ended');
      expect(card('Resonite')).toContain('You can still sign in with it; we ask again then.');
      expect(card('Resonite')).toContain('Ask Resonite again');
    });

    test('keeps the old copy when the provider suddenly speaks of somebody else', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Resonite');
      latchkey.sandbox.state.faults.set('resonite', 'userinfo_other_person');
      await visitor.press('Read profile again');
      expect(card('Resonite')).toContain(
        'Resonite now answers for another account than the one linked here.',
      );
      expect((await identities()).map(({ subject }) => subject)).toEqual(['U-1NaAdaSandbox']);
    });

    test('does not wait for a provider that hangs', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Resonite');
      latchkey.advance(minutes(6));
      latchkey.sandbox.state.faults.set('resonite', 'userinfo_hang');
      const startedAt = performance.now();
      await profile();
      expect(performance.now() - startedAt).toBeLessThan(4000);
      expect(card('Resonite')).toContain('We could not reach Resonite.');
    });

    test('of a sign-in with another account says that this session holds no access', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      await linkProvider(visitor, latchkey.baseUrl, 'Mixin');
      const elsewhere = new Visitor();
      visitor = elsewhere;
      await signIn(elsewhere, latchkey.baseUrl, 'Twitch');
      expect(card('Mixin')).toContain('Not held in this session');
      await visitor.press('Ask Mixin again');
      await answerAtProvider(visitor, latchkey.baseUrl);
      expect(card('Mixin')).toContain('Working');
    });

    test('hides private values, whoever looks over the shoulder', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      const [identity] = await identities();
      const { email } = JSON.parse(identity!.userinfo) as { email: string };
      expect(email).toContain('@');
      expect(visitor.page.html).not.toContain(email);
      expect(visitor.page.text).toContain(`"email": "[hidden]@${email.split('@')[1]}"`);
    });

    test.each(['Twitch', 'Mixin', 'Resonite', 'Mixer'])(
      'of %s bears a hostile name: one line, no markup, nothing invisible',
      async (name) => {
        const page = await signIn(visitor, latchkey.baseUrl, name, { person: 'Zo' });
        expect(page.heading).toBe('Your accounts');
        const [identity] = await identities();
        expect(identity!.display_name).not.toMatch(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/u);
        expect([...new Intl.Segmenter('en').segment(identity!.display_name)].length).toBeLessThanOrEqual(80);
        expect(page.html).not.toMatch(/<b>|<script>alert/);
      },
    );

    test('of a person without e-mail or picture works all the same', async () => {
      for (const person of ['Bo', 'Cy']) {
        visitor = new Visitor();
        const page = await signIn(visitor, latchkey.baseUrl, 'Twitch', { person });
        expect(page.heading).toBe('Your accounts');
        expect(card('Twitch')).toContain('Working');
      }
    });
  });

  test('a service that this server does not use now is not said to have been asked', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    await linkProvider(visitor, latchkey.baseUrl, 'Twitch');
    await withNode(latchkey, { TWITCH: 'off' }, async (nodeUrl) => {
      const tab = anotherTab(visitor);
      const words = 'This server does not use Twitch now, so we cannot ask it to cancel our access.';
      expect((await tab.open(`${nodeUrl}/profile/twitch/unlink?mode=sandbox`)).text).toContain(words);
      expect((await tab.press('Unlink Twitch')).text).toContain(`Twitch is unlinked. ${words}`);
    });
  });

  describe('a retired service', () => {
    test('keeps its card when the sandbox is off: name and id, nothing to read, unlink only', async () => {
      await signIn(visitor, latchkey.baseUrl, 'Twitch');
      await linkProvider(visitor, latchkey.baseUrl, 'Mixer');
      await withNode(latchkey, { MIXER: 'off' }, async (nodeUrl) => {
        visitor = anotherTab(visitor);
        await visitor.open(`${nodeUrl}/profile`);
        expect(card('Mixer')).toContain('Retired');
        expect(card('Mixer')).toContain(
          'Mixer closed on 22 July 2020. We keep the name and id you had; nothing can be read any more.',
        );
      });
    });
  });
});
