import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { describeStores } from '../support/stores.ts';
import { answerAtProvider, linkProvider, type Page, signIn, Visitor } from '../support/visitor.ts';
import {
  accessTokens,
  anotherTab,
  buttonsOf,
  cardOf,
  countRecords,
  everythingLinked,
  linkedByAccount,
  listIdentities,
  minutes,
  post,
  pressAndAnswer,
  profile,
  requestCount,
  subjects,
  untilSomebodyWaits,
  withNode,
} from './support.ts';

const twitchOfBo = `twitch ${subjects.bo.twitch}`;
const resoniteOfCy = `resonite ${subjects.cy.resonite}`;
const mixinOfAda = 'mixin ada00000-0000-4000-8000-000000000001';

/*
 * This account has Ada at Mixin. The other one has Bo at Twitch and, under another name, Cy Faceless
 * at Resonite. Linking Bo at Twitch here is the conflict.
 */
describeStores('an identity of another account', (stores) => {
  let latchkey: RunningLatchkey;
  let visitor: Visitor;
  let other: Visitor;

  beforeEach(async () => {
    latchkey = await startLatchkey({ stores });
    visitor = new Visitor();
    other = new Visitor();
    await signIn(other, latchkey.baseUrl, 'Twitch', { person: 'Bo' });
    await signIn(visitor, latchkey.baseUrl, 'Mixin', { person: 'Ada' });
  });
  afterEach(() => latchkey.close());

  const otherLinks = (name: string, person: string) =>
    linkProvider(other, latchkey.baseUrl, name, { person });
  const conflict = () => linkProvider(visitor, latchkey.baseUrl, 'Twitch', { person: 'Bo' });
  const choose = (choice: string) => visitor.press('Continue', { choice });
  const reload = (who = visitor) => who.open(`${latchkey.baseUrl}/link/conflict`);
  /** Which question the page of the visitor asks: its forms say so. */
  const decisionId = () => String(visitor.page.$('input[name=decision]').attr('value'));
  /** The form of the conflict page, filled in by hand. */
  const answer = (fields: Record<string, string>) =>
    post(latchkey, visitor, '/link/conflict', { decision: decisionId(), ...fields });
  const confirmPath = (choice: string) => `/link/conflict?confirm=${choice}&decision=${decisionId()}`;
  const choicesOf = ({ $ }: Page) =>
    $('main input[type=radio]')
      .toArray()
      .map((input) => $(input).attr('value'));
  /** Where somebody is by now: the heading of the profile, or of the page that stands before it. */
  const where = async (who: Visitor) => (await profile(latchkey, who)).heading;
  /** The cards of somebody's profile. */
  const cardsOf = async (who: Visitor) => {
    const { $ } = await profile(latchkey, who);
    return $('article:has(dl) h3')
      .toArray()
      .map((heading) => $(heading).text())
      .toSorted();
  };
  const nothingToDecide = [410, 'There is nothing to decide any more'];
  /** By then the decision is made, or the session has another id already. */
  const tooLate = [expect.any(Number), expect.stringMatching(/^There is nothing to decide|^Sign in again$/)];
  const seen = ({ status, heading }: Page) => [status, heading];

  describe('the page', () => {
    beforeEach(() => otherLinks('Resonite', 'Cy'));

    test('asks with 409 what to do, offers four ways, and has chosen none of them', async () => {
      const before = await everythingLinked(latchkey);
      const page = await conflict();
      expect(seen(page)).toEqual([409, 'This Twitch account is linked to another account here']);
      expect(page.text).toContain('Bo is already used by another account here. Nothing has been changed.');
      expect(choicesOf(page)).toEqual(['keep', 'other', 'move', 'join']);
      expect(page.$('main input[checked]').length).toBe(0);
      expect(page.headers['cache-control']).toBe('no-store');
      expect(await everythingLinked(latchkey)).toBe(before);
    });

    test('can be reloaded', async () => {
      const page = await conflict();
      const again = await reload();
      expect([again.status, again.$('main').text()]).toEqual([409, page.$('main').text()]);
    });

    test('says nothing of the other account but what the login has just proven', async () => {
      const page = await conflict();
      expect(page.$('main').text()).toContain('Bo');
      expect(page.$('main').html()).not.toMatch(/Resonite|Cy|resonite|Faceless/);
      for (const { id, account_id, subject } of await listIdentities(latchkey)) {
        expect(page.html).not.toContain(id);
        expect(page.html).not.toContain(account_id);
        expect(page.html).not.toContain(subject);
      }
    });

    test('without a choice is shown again with what is missing, and its title says so', async () => {
      await conflict();
      const page = await visitor.press('Continue');
      expect(page.status).toBe(422);
      expect(page.$('title').text()).toMatch(/^Error: /);
      expect(page.$('[role=alert]').text()).toContain('Choose what to do with Bo.');
      expect(page.$('fieldset').attr('aria-describedby')).toBe('problem');
      // It still works.
      expect((await choose('keep')).heading).toBe('Your accounts');
    });

    test('is for who is signed in: others are asked to sign in first', async () => {
      await conflict();
      const stranger = await reload(new Visitor());
      expect([stranger.heading, stranger.url.search]).toEqual(['Sign in', '?return_to=%2Flink%2Fconflict']);
      const forced = new Visitor();
      await forced.open(`${latchkey.baseUrl}/`);
      expect((await post(latchkey, forced, '/link/conflict', { choice: 'join' })).status).toBe(401);
    });

    test('belongs to the session that made it, not to the account', async () => {
      const elsewhere = new Visitor();
      await signIn(elsewhere, latchkey.baseUrl, 'Mixin', { person: 'Ada' });
      await conflict();
      const before = await everythingLinked(latchkey);
      expect(seen(await reload(elsewhere))).toEqual(nothingToDecide);
      for (const choice of ['keep', 'other', 'move', 'join']) {
        const page = await post(latchkey, elsewhere, '/link/conflict', { choice, confirmed: 'yes' });
        expect(seen(page)).toEqual(nothingToDecide);
      }
      expect(await everythingLinked(latchkey)).toBe(before);
      expect((await reload()).status).toBe(409);
    });

    test('is forgotten after ten minutes', async () => {
      await conflict();
      const before = await everythingLinked(latchkey);
      latchkey.advance(minutes(9));
      expect((await reload()).status).toBe(409);
      latchkey.advance(minutes(1));
      expect(seen(await choose('join'))).toEqual(nothingToDecide);
      expect(seen(await reload())).toEqual(nothingToDecide);
      expect(await everythingLinked(latchkey)).toBe(before);
    });

    test('leads to the provider once more, with force where there is one', async () => {
      await conflict();
      visitor.stopBefore = /authorize/;
      await visitor.press('Choose another Twitch account');
      expect(visitor.stoppedAt!.searchParams.get('force_verify')).toBe('true');
      visitor.stopBefore = null;
      await visitor.open(visitor.stoppedAt!.href);
      const page = await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Cy' });
      expect(page.text).toContain('You can now sign in with it.');
      expect(await linkedByAccount(latchkey)).toContainEqual([mixinOfAda, `twitch ${subjects.cy.twitch}`]);
    });

    test('takes the place of an older one, whose tokens are given back', async () => {
      await conflict();
      expect(accessTokens(latchkey, 'twitch')).toEqual(['twitch bo', 'twitch bo']);
      await visitor.press('Choose another Twitch account');
      const page = await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Bo' });
      expect(page.status).toBe(409);
      expect(accessTokens(latchkey, 'twitch')).toEqual(['twitch bo', 'twitch bo']);
    });

    test('is reached by a switch too, where the only choices are to keep or to change over', async () => {
      await linkProvider(visitor, latchkey.baseUrl, 'Twitch', { person: 'Ada' });
      const page = await pressAndAnswer(latchkey, visitor, 'Switch Twitch account', { person: 'Bo' });
      expect([page.status, choicesOf(page)]).toEqual([409, ['keep', 'other']]);
    });
  });

  describe('keeping things as they are', () => {
    test('changes nothing and gives the fresh tokens back', async () => {
      await otherLinks('Resonite', 'Cy');
      const { state } = latchkey.sandbox;
      const tokens = () => [...state.accessTokens.keys(), ...state.refreshTokens.keys()].toSorted();
      const [before, tokensBefore] = [await everythingLinked(latchkey), tokens()];
      await conflict();
      expect(tokens().length).toBeGreaterThan(tokensBefore.length);
      const page = await choose('keep');
      expect([page.url.pathname, page.heading]).toEqual(['/profile', 'Your accounts']);
      expect(page.text).toContain('Nothing was changed. The Twitch account Bo stays where it was.');
      expect(page.$('title').text()).toMatch(/^Nothing changed – /);
      expect(tokens()).toEqual(tokensBefore);
      expect(await everythingLinked(latchkey)).toBe(before);
      expect(await countRecords(latchkey, 'decision')).toBe(0);
      expect(await where(other)).toBe('Your accounts');
    });

    test('is decided once', async () => {
      await conflict();
      const stale = anotherTab(visitor);
      await reload(stale);
      await choose('keep');
      expect(seen(await stale.press('Continue', { choice: 'keep' }))).toEqual(nothingToDecide);
      expect(seen(await reload())).toEqual(nothingToDecide);
    });
  });

  describe('signing in to the other account instead', () => {
    test('changes whose browser this is, and nothing else', async () => {
      await otherLinks('Resonite', 'Cy');
      const before = await linkedByAccount(latchkey);
      await conflict();
      const old = anotherTab(visitor);
      const page = await choose('other');
      expect(page.text).toContain('You were signed in as Ada. Now you are signed in as Bo.');
      expect(page.text).toContain('Signed in with Twitch as Bo');
      expect(await cardsOf(visitor)).toEqual(['Resonite', 'Twitch']);
      expect(await linkedByAccount(latchkey)).toEqual(before);
      expect(await where(old)).toBe('Sign in');
      expect(await where(other)).toBe('Your accounts');
    });

    test('ends the old session with all it held, and counts as a fresh sign-in', async () => {
      latchkey.advance(minutes(25));
      await conflict();
      expect(await countRecords(latchkey, 'session')).toBe(2);
      await choose('other');
      expect(await countRecords(latchkey, 'session')).toBe(2);
      // One for each session: those of the session that is gone are gone.
      expect(await countRecords(latchkey, 'grant')).toBe(2);
      latchkey.advance(minutes(10));
      expect((await linkProvider(visitor, latchkey.baseUrl, 'Mixer')).text).toContain('Mixer account');
    });

    test('is no way any more once the identity was unlinked in this very moment', async () => {
      await otherLinks('Resonite', 'Cy');
      await conflict();
      let pressed: Promise<Page> | undefined;
      await latchkey.database.transaction().execute(async (transaction) => {
        await transaction.deleteFrom('identities').where('subject', '=', subjects.bo.twitch).execute();
        pressed = choose('other');
        await untilSomebodyWaits(latchkey.database);
      });
      expect(seen((await pressed)!)).toEqual(nothingToDecide);
      expect(await cardsOf(visitor)).toEqual(['Mixin']);
      expect(await countRecords(latchkey, 'decision')).toBe(stores === 'SQLite' ? 1 : 0);
    });
  });

  describe('moving it here', () => {
    beforeEach(() => otherLinks('Resonite', 'Cy'));

    test('asks once more first, and changes nothing until then', async () => {
      const before = await everythingLinked(latchkey);
      await conflict();
      const page = await choose('move');
      expect(seen(page)).toEqual([200, 'Move Bo to this account?']);
      expect(page.$('main').html()).not.toMatch(/Resonite|Cy|resonite|Faceless/);
      expect(await everythingLinked(latchkey)).toBe(before);
      expect((await visitor.press('Go back')).status).toBe(409);
      expect((await choose('keep')).heading).toBe('Your accounts');
    });

    test('moves this identity, with all that it can do, and no other', async () => {
      await conflict();
      await choose('move');
      const page = await visitor.press('Move Bo');
      expect(page.text).toContain('Twitch account Bo has moved here. You can now sign in with it.');
      expect(await linkedByAccount(latchkey)).toEqual([[mixinOfAda, twitchOfBo], [resoniteOfCy]]);
      expect(cardOf(page, 'Twitch')).toContain('Working');
      expect((await visitor.press('Read profile again from Twitch')).text).toContain('We read your Twitch');
      const elsewhere = new Visitor();
      await signIn(elsewhere, latchkey.baseUrl, 'Twitch', { person: 'Bo' });
      expect(await cardsOf(elsewhere)).toEqual(['Mixin', 'Twitch']);
    });

    test('signs out the devices that signed in to the other account with it, and no others', async () => {
      const [withIt, without] = [new Visitor(), new Visitor()];
      await signIn(withIt, latchkey.baseUrl, 'Twitch', { person: 'Bo' });
      await signIn(without, latchkey.baseUrl, 'Resonite', { person: 'Cy' });
      await conflict();
      await choose('move');
      await visitor.press('Move Bo');
      expect(await Promise.all([withIt, other].map(where))).toEqual(['Sign in', 'Sign in']);
      expect(await cardsOf(without)).toEqual(['Resonite']);
      expect(await where(visitor)).toBe('Your accounts');
    });

    test('revokes the tokens that others hold for it', async () => {
      await signIn(new Visitor(), latchkey.baseUrl, 'Twitch', { person: 'Bo' });
      const { state } = latchkey.sandbox;
      const old = [...state.accessTokens.values()].filter(({ service }) => service === 'twitch');
      expect(old).toHaveLength(2);
      await conflict();
      await choose('move');
      await visitor.press('Move Bo');
      for (const { value } of old) expect(state.accessTokens.has(value)).toBe(false);
      expect(accessTokens(latchkey)).toEqual(['resonite cy', 'twitch bo']);
      // Ada's at Mixin and Bo's at Twitch, both in this session: the one at Resonite ended with its own.
      expect(await countRecords(latchkey, 'grant')).toBe(2);
    });

    test('reads the choice, and nothing else, from the form', async () => {
      await conflict();
      await choose('move');
      const cy = (await listIdentities(latchkey)).find(({ subject }) => subject === subjects.cy.resonite)!;
      await visitor.press('Move Bo', {
        provider: 'resonite',
        subject: cy.subject,
        identity: cy.id,
        identityId: cy.id,
        account: cy.account_id,
        toAccountId: cy.account_id,
        mode: 'live',
      });
      expect(await linkedByAccount(latchkey)).toEqual([[mixinOfAda, twitchOfBo], [resoniteOfCy]]);
    });

    test('in two tabs at once counts once', async () => {
      await conflict();
      const tabs = [visitor, anotherTab(visitor)];
      const confirm = latchkey.baseUrl + confirmPath('move');
      for (const tab of tabs) await tab.open(confirm);
      const pages = await Promise.all(tabs.map((tab) => tab.press('Move Bo')));
      expect(pages.filter(({ text }) => text.includes('has moved here'))).toHaveLength(1);
      expect(pages.map(seen)).toContainEqual(tooLate);
      expect(await linkedByAccount(latchkey)).toEqual([[mixinOfAda, twitchOfBo], [resoniteOfCy]]);
    });

    test('is not offered when the other account would keep no way in', async () => {
      await profile(latchkey, other);
      await other.press('Unlink Resonite');
      await other.press('Unlink Resonite');
      const page = await conflict();
      expect(choicesOf(page)).toEqual(['keep', 'other', 'join']);
    });

    test('is not offered when only a service that is not in use would be left there', async () => {
      await otherLinks('Mixer', 'Cy');
      await profile(latchkey, other);
      await other.press('Unlink Resonite');
      await other.press('Unlink Resonite');
      expect(choicesOf(await conflict())).toEqual(['keep', 'other', 'move', 'join']);
      await withNode(latchkey, { MIXER: 'off' }, async (nodeUrl) => {
        const page = await anotherTab(visitor).open(`${nodeUrl}/link/conflict`);
        expect(choicesOf(page)).toEqual(['keep', 'other', 'join']);
      });
    });
  });

  describe('joining both accounts', () => {
    const join = async () => {
      await conflict();
      await choose('join');
      return visitor.press('Join both accounts');
    };

    test('asks once more first, and lists what moves by its services alone', async () => {
      await otherLinks('Resonite', 'Cy');
      const before = await everythingLinked(latchkey);
      await conflict();
      const page = await choose('join');
      expect(seen(page)).toEqual([200, 'Join both accounts into this one?']);
      expect(page.text).toContain('This moves here: the Twitch account and the Resonite account.');
      expect(page.text).toContain('This cannot be undone.');
      expect(page.$('main').text()).not.toMatch(/Cy|Faceless/);
      expect(page.html).not.toContain(subjects.cy.resonite);
      expect(await everythingLinked(latchkey)).toBe(before);
    });

    test('moves everything here and deletes the other account', async () => {
      await otherLinks('Resonite', 'Cy');
      const page = await join();
      expect(page.text).toContain(
        'Both accounts are one now. Moved here: the Twitch account and the Resonite account.',
      );
      expect(await linkedByAccount(latchkey)).toEqual([[mixinOfAda, resoniteOfCy, twitchOfBo]]);
      for (const [name, person] of [
        ['Twitch', 'Bo'],
        ['Resonite', 'Cy'],
        ['Mixin', 'Ada'],
      ] as const) {
        const elsewhere = new Visitor();
        await signIn(elsewhere, latchkey.baseUrl, name, { person });
        expect(await cardsOf(elsewhere)).toEqual(['Mixin', 'Resonite', 'Twitch']);
      }
    });

    test('signs out all devices of the other account, on every node, and none of this one', async () => {
      await otherLinks('Resonite', 'Cy');
      const [withResonite, mine] = [new Visitor(), new Visitor()];
      await signIn(withResonite, latchkey.baseUrl, 'Resonite', { person: 'Cy' });
      await signIn(mine, latchkey.baseUrl, 'Mixin', { person: 'Ada' });
      await withNode(latchkey, {}, async (nodeUrl) => {
        const atNode = async (who: Visitor) => (await anotherTab(who).open(`${nodeUrl}/profile`)).heading;
        expect(await Promise.all([other, withResonite, mine].map(atNode))).toEqual(
          Array(3).fill('Your accounts'),
        );
        await join();
        expect(await Promise.all([other, withResonite].map(where))).toEqual(['Sign in', 'Sign in']);
        expect(await Promise.all([other, withResonite].map(atNode))).toEqual(['Sign in', 'Sign in']);
        expect(await Promise.all([mine, visitor].map(atNode))).toEqual(['Your accounts', 'Your accounts']);
        expect(await countRecords(latchkey, 'session')).toBe(2);
      });
    });

    test('revokes the tokens of the other account, and holds the fresh ones', async () => {
      await otherLinks('Resonite', 'Cy');
      await join();
      expect(accessTokens(latchkey, 'twitch')).toEqual(['twitch bo']);
      // Ada's at Mixin and Bo's at Twitch.
      expect(await countRecords(latchkey, 'grant')).toBe(2);
      const page = await profile(latchkey, visitor);
      expect(cardOf(page, 'Twitch')).toContain('Working');
      expect(cardOf(page, 'Resonite')).toContain('Not read in this session');
    });

    test('is offered for an account with one identity, which is then no more', async () => {
      expect((await join()).text).toContain('Moved here: the Twitch account.');
      expect(await linkedByAccount(latchkey)).toEqual([[mixinOfAda, twitchOfBo]]);
    });

    test('is not offered when both hold an identity of one provider', async () => {
      await otherLinks('Mixin', 'Bo');
      expect(choicesOf(await conflict())).toEqual(['keep', 'other', 'move']);
    });

    test('in two tabs at once counts once', async () => {
      await otherLinks('Resonite', 'Cy');
      await conflict();
      const tabs = [visitor, anotherTab(visitor)];
      const confirm = latchkey.baseUrl + confirmPath('join');
      for (const tab of tabs) await tab.open(confirm);
      const pages = await Promise.all(tabs.map((tab) => tab.press('Join both accounts')));
      expect(pages.filter(({ text }) => text.includes('Both accounts are one now.'))).toHaveLength(1);
      expect(pages.map(seen)).toContainEqual(tooLate);
      expect(await linkedByAccount(latchkey)).toEqual([[mixinOfAda, resoniteOfCy, twitchOfBo]]);
    });

    test('from both sides at once ends with one account that has everything', async () => {
      await conflict();
      await choose('join');
      await linkProvider(other, latchkey.baseUrl, 'Mixin', { person: 'Ada' });
      await other.press('Continue', { choice: 'join' });
      const pages = await Promise.all([visitor, other].map((who) => who.press('Join both accounts')));
      expect(pages.filter(({ text }) => text.includes('Both accounts are one now.'))).toHaveLength(1);
      expect(pages.map(seen)).toContainEqual(tooLate);
      expect(await linkedByAccount(latchkey)).toEqual([[mixinOfAda, twitchOfBo]]);
      expect(await countRecords(latchkey, 'session')).toBe(1);
      expect(await countRecords(latchkey, 'decision')).toBe(0);
    });
  });

  describe('what is not offered is refused', () => {
    test.each(['move', 'join'])('by form and by page, as %s', async (choice) => {
      // Both have Mixin, and the other one would have no way in left but for that.
      await linkProvider(visitor, latchkey.baseUrl, 'Twitch', { person: 'Ada' });
      await pressAndAnswer(latchkey, visitor, 'Switch Twitch account', { person: 'Bo' });
      const before = await everythingLinked(latchkey);
      const page = await answer({ choice, confirmed: 'yes' });
      expect([page.status, choicesOf(page)]).toEqual([422, ['keep', 'other']]);
      const confirm = await visitor.open(latchkey.baseUrl + confirmPath(choice));
      expect(seen(confirm)).toEqual(nothingToDecide);
      expect(await everythingLinked(latchkey)).toBe(before);
    });

    test.each(['', 'delete', 'constructor', '__proto__', 'keep,join'])(
      'and so is “%s”, which nobody ever offered',
      async (choice) => {
        await conflict();
        const before = await everythingLinked(latchkey);
        expect((await answer({ choice, confirmed: 'yes' })).status).toBe(422);
        expect(await everythingLinked(latchkey)).toBe(before);
      },
    );

    test.each(['move', 'join'])('%s as the answer to an older question does nothing', async (choice) => {
      // Two more people with an account of two services each.
      await otherLinks('Resonite', 'Cy');
      const third = new Visitor();
      await signIn(third, latchkey.baseUrl, 'Mixer', { person: 'Bo' });
      await conflict();
      await choose(choice);
      const tab = anotherTab(visitor);
      await tab.open(latchkey.baseUrl + visitor.page.url.pathname + visitor.page.url.search);
      // In the meantime another tab meets another conflict.
      await linkProvider(visitor, latchkey.baseUrl, 'Mixer', { person: 'Bo' });
      const before = await everythingLinked(latchkey);
      const page = await tab.press(choice === 'move' ? 'Move Bo' : 'Join both accounts');
      expect(seen(page)).toEqual([409, 'This Mixer account is linked to another account here']);
      expect(await everythingLinked(latchkey)).toBe(before);
    });

    test.each(['move', 'join'])('%s without the confirmation only asks', async (choice) => {
      await otherLinks('Resonite', 'Cy');
      await conflict();
      const before = await everythingLinked(latchkey);
      for (const confirmed of ['', 'no', 'true']) {
        const page = await answer({ choice, confirmed });
        expect([page.status, page.url.pathname + page.url.search]).toEqual([200, confirmPath(choice)]);
      }
      expect(await everythingLinked(latchkey)).toBe(before);
    });
  });

  describe('when things have changed meanwhile there is nothing to decide', () => {
    beforeEach(() => otherLinks('Resonite', 'Cy'));
    const everyChoice = async () => {
      const before = await linkedByAccount(latchkey);
      expect(seen(await reload())).toEqual(nothingToDecide);
      for (const choice of ['keep', 'other', 'move', 'join'])
        expect(seen(await post(latchkey, visitor, '/link/conflict', { choice, confirmed: 'yes' }))).toEqual(
          nothingToDecide,
        );
      expect(await linkedByAccount(latchkey)).toEqual(before);
    };

    test('it was unlinked', async () => {
      await conflict();
      await profile(latchkey, other);
      await other.press('Unlink Twitch');
      await other.press('Unlink Twitch');
      await everyChoice();
    });

    test('it was moved to a third account', async () => {
      await conflict();
      const third = new Visitor();
      await signIn(third, latchkey.baseUrl, 'Mixer', { person: 'Ada' });
      await linkProvider(third, latchkey.baseUrl, 'Twitch', { person: 'Bo' });
      await third.press('Continue', { choice: 'move' });
      await third.press('Move Bo');
      await everyChoice();
    });

    test('it has come here from another session', async () => {
      const elsewhere = new Visitor();
      await signIn(elsewhere, latchkey.baseUrl, 'Mixin', { person: 'Ada' });
      await conflict();
      await linkProvider(elsewhere, latchkey.baseUrl, 'Twitch', { person: 'Bo' });
      await elsewhere.press('Continue', { choice: 'move' });
      await elsewhere.press('Move Bo');
      await everyChoice();
    });

    test('its account was deleted', async () => {
      await conflict();
      await profile(latchkey, other);
      await other.press('Delete my account');
      await other.press('Delete my account');
      await everyChoice();
    });

    test('this account has linked one of the same provider: moving and joining are offered no more', async () => {
      const elsewhere = new Visitor();
      await signIn(elsewhere, latchkey.baseUrl, 'Mixin', { person: 'Ada' });
      await conflict();
      await choose('join');
      await linkProvider(elsewhere, latchkey.baseUrl, 'Twitch', { person: 'Ada' });
      const before = await linkedByAccount(latchkey);
      const page = await visitor.press('Join both accounts');
      expect([page.status, choicesOf(page)]).toEqual([422, ['keep', 'other']]);
      expect(await linkedByAccount(latchkey)).toEqual(before);
    });
  });

  describe.each([
    ['move', 'Move Bo', 'has moved here'],
    ['join', 'Join both accounts', 'Both accounts are one now.'],
  ] as const)('%s with a sign-in of long ago', (choice, button, outcome) => {
    /** The conflict is young enough, the sign-in is not. */
    beforeEach(async () => {
      await otherLinks('Resonite', 'Cy');
      latchkey.advance(minutes(25));
      await conflict();
    });

    test('asks for a fresh one, comes back to the question, and works', async () => {
      latchkey.advance(minutes(6));
      const before = await everythingLinked(latchkey);
      const sent = requestCount(latchkey);
      const place = confirmPath(choice);
      const page = await choose(choice);
      expect(seen(page)).toEqual([403, 'Confirm that it is you']);
      expect(buttonsOf(page)).toContain('Sign in with Mixin as Ada');
      expect(requestCount(latchkey)).toBe(sent);
      const confirm = await pressAndAnswer(latchkey, visitor, 'Sign in with Mixin as Ada', { person: 'Ada' });
      expect([confirm.url.pathname + confirm.url.search, confirm.status]).toEqual([place, 200]);
      expect((await listIdentities(latchkey)).map(({ id, account_id }) => [id, account_id])).toEqual(
        JSON.parse(before)[1].map((row: Record<string, string>) => [row['id'], row['account_id']]),
      );
      expect((await visitor.press(button)).text).toContain(outcome);
    });

    test('asks for a fresh one also when the question was asked in time', async () => {
      await choose(choice);
      latchkey.advance(minutes(6));
      const before = await everythingLinked(latchkey);
      expect(seen(await visitor.press(button))).toEqual([403, 'Confirm that it is you']);
      expect(await everythingLinked(latchkey)).toBe(before);
      await pressAndAnswer(latchkey, visitor, 'Sign in with Mixin as Ada', { person: 'Ada' });
      expect((await visitor.press(button)).text).toContain(outcome);
    });

    test('needs none after 29 minutes', async () => {
      latchkey.advance(minutes(4));
      await choose(choice);
      expect((await visitor.press(button)).text).toContain(outcome);
    });
  });
});
