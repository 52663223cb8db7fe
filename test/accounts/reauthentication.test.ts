import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { describeStores } from '../support/stores.ts';
import { answerAtProvider, linkProvider, type Page, signIn, Visitor } from '../support/visitor.ts';
import {
  anotherTab,
  buttonsOf,
  everythingLinked,
  linkedByAccount,
  listIdentities,
  minutes,
  post,
  pressAndAnswer,
  profile,
  requestCount,
  subjects,
  withNode,
} from './support.ts';

const twitchOfAda = `twitch ${subjects.ada.twitch}`;
const resoniteOfAda = `resonite ${subjects.ada.resonite}`;

describeStores('a change of how an account is reached', (stores) => {
  let latchkey: RunningLatchkey;
  let visitor: Visitor;

  /** Signed in with Resonite; Twitch is linked. */
  async function start(env: Record<string, string> = {}): Promise<void> {
    latchkey = await startLatchkey({ stores, env });
    visitor = new Visitor();
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    await linkProvider(visitor, latchkey.baseUrl, 'Twitch');
  }
  beforeEach(() => start());
  afterEach(() => latchkey.close());

  const confirmWith = (name: string, person = 'Ada', who = visitor) =>
    pressAndAnswer(latchkey, who, `Sign in with ${name} as Ada`, { person });
  const isStale = { status: 403, heading: 'Confirm that it is you' };
  const seen = ({ status, heading }: Page) => ({ status, heading });
  const placeOf = ({ url }: Page) => url.pathname + url.search;
  const unlinkTwitchPage = () => visitor.open(`${latchkey.baseUrl}/profile/twitch/unlink`);

  interface Change {
    /** What is done while the sign-in is young. Nothing by default. */
    readonly prepare?: () => Promise<unknown>;
    /** What wants a recent sign-in. */
    readonly attempt: () => Promise<Page>;
    /** Where the person is after the fresh sign-in. */
    readonly place: string;
    readonly heading: string;
    /** Presses on from there, to the end. */
    readonly finish: () => Promise<unknown>;
    /** Who is linked to what then. */
    readonly outcome: readonly (readonly string[])[];
    /** When the sign-in is young enough, `attempt` is all of it. */
    readonly attemptIsAll?: true;
  }

  const untilReplaced = () => visitor.press('Replace with');
  const untilDeleted = () => visitor.press('Delete my account');

  const changes: Record<string, Change> = {
    'linking one more': {
      attempt: () => visitor.press('Link Mixer'),
      place: '/login/mixer?intent=link',
      heading: 'Link Mixer',
      finish: () =>
        visitor.page.heading === 'Link Mixer'
          ? pressAndAnswer(latchkey, visitor, 'Link Mixer')
          : answerAtProvider(visitor, latchkey.baseUrl),
      outcome: [[`mixer ${subjects.ada.mixer}`, resoniteOfAda, twitchOfAda]],
    },
    'switching to another': {
      attempt: () => visitor.press('Switch Twitch account'),
      place: '/login/twitch?intent=switch',
      heading: 'Switch Twitch account',
      async finish() {
        if (visitor.page.heading === 'Switch Twitch account') await visitor.press('Switch Twitch account');
        await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Bo' });
        await untilReplaced();
      },
      outcome: [[resoniteOfAda, `twitch ${subjects.bo.twitch}`]],
    },
    'asking to unlink': {
      attempt: () => visitor.press('Unlink Twitch'),
      place: '/profile/twitch/unlink?mode=sandbox',
      heading: 'Unlink Twitch?',
      finish: () => visitor.press('Unlink Twitch'),
      outcome: [[resoniteOfAda]],
    },
    unlinking: {
      prepare: () => visitor.press('Unlink Twitch'),
      attempt: () => visitor.press('Unlink Twitch'),
      attemptIsAll: true,
      place: '/profile/twitch/unlink?mode=sandbox',
      heading: 'Unlink Twitch?',
      finish: () => visitor.press('Unlink Twitch'),
      outcome: [[resoniteOfAda]],
    },
    replacing: {
      async prepare() {
        latchkey.advance(minutes(22));
        await profile(latchkey, visitor);
        await pressAndAnswer(latchkey, visitor, 'Switch Twitch account', { person: 'Bo' });
        latchkey.advance(minutes(-22));
      },
      attempt: untilReplaced,
      attemptIsAll: true,
      place: '/link/replace',
      heading: 'Replace Ada with Bo?',
      finish: untilReplaced,
      outcome: [[resoniteOfAda, `twitch ${subjects.bo.twitch}`]],
    },
    'asking to delete everything': {
      attempt: untilDeleted,
      place: '/account/delete',
      heading: 'Delete your account here?',
      finish: untilDeleted,
      outcome: [],
    },
    'deleting everything': {
      prepare: untilDeleted,
      attempt: untilDeleted,
      attemptIsAll: true,
      place: '/account/delete',
      heading: 'Delete your account here?',
      finish: untilDeleted,
      outcome: [],
    },
    // Moving and joining: conflict.test.ts.
  };

  describe.each(Object.keys(changes))('%s', (name) => {
    const { prepare, attempt, place, heading, finish, outcome, attemptIsAll } = changes[name]!;

    test('wants a fresh sign-in after half an hour, then goes on where it was', async () => {
      await prepare?.();
      latchkey.advance(minutes(31));
      if (!prepare) await profile(latchkey, visitor);
      const [before, sent] = [await everythingLinked(latchkey), requestCount(latchkey)];
      const page = await attempt();
      expect(seen(page)).toEqual(isStale);
      expect(await everythingLinked(latchkey)).toBe(before);
      expect(requestCount(latchkey)).toBe(sent);
      // The one that signed in comes first.
      expect(buttonsOf(page).slice(0, 2)).toEqual([
        'Sign in with Resonite as Ada',
        'Sign in with Twitch as Ada',
      ]);
      const back = await confirmWith('Resonite');
      expect([placeOf(back), back.heading]).toEqual([place, heading]);
      expect(back.text).toContain('Resonite confirmed that you are Ada.');
      await finish();
      expect(await linkedByAccount(latchkey)).toEqual(outcome);
    });

    test('works without one after 29 minutes', async () => {
      await prepare?.();
      latchkey.advance(minutes(29));
      if (!prepare) await profile(latchkey, visitor);
      await attempt();
      if (!attemptIsAll) await finish();
      expect(await linkedByAccount(latchkey)).toEqual(outcome);
    });
  });

  test('is told apart from what changes nothing of the kind, which goes on working', async () => {
    latchkey.advance(minutes(31));
    await profile(latchkey, visitor);
    expect((await visitor.press('Read profile again from Twitch')).text).toContain('We read your Twitch');
    for (const intent of ['ask', 'sign-in', 'reauthenticate']) {
      visitor.stopBefore = /authorize/;
      visitor.stoppedAt = null;
      await post(latchkey, visitor, '/login/twitch', { intent });
      expect(visitor.stoppedAt).not.toBeNull();
    }
    visitor.stopBefore = null;
    expect((await visitor.open(`${latchkey.baseUrl}/account/data.json`)).status).toBe(200);
    expect((await visitor.open(`${latchkey.baseUrl}/sessions`)).status).toBe(200);
  });

  test('keeping what is there needs no fresh sign-in', async () => {
    latchkey.advance(minutes(25));
    await profile(latchkey, visitor);
    await pressAndAnswer(latchkey, visitor, 'Switch Twitch account', { person: 'Bo' });
    latchkey.advance(minutes(6));
    expect((await visitor.press('Keep Ada')).heading).toBe('Your accounts');
    expect(await linkedByAccount(latchkey)).toEqual([[resoniteOfAda, twitchOfAda]]);
  });

  test('that was begun in time may be finished later', async () => {
    latchkey.advance(minutes(29));
    await profile(latchkey, visitor);
    await visitor.press('Link Mixer');
    latchkey.advance(minutes(5));
    expect((await answerAtProvider(visitor, latchkey.baseUrl)).text).toContain(
      'Mixer account AdaPlays is linked',
    );
  });

  describe('how long a sign-in counts as fresh', () => {
    test('is what REAUTH_MINUTES says, and the page says it too', async () => {
      await latchkey.close();
      await start({ REAUTH_MINUTES: '5' });
      latchkey.advance(minutes(4));
      expect((await unlinkTwitchPage()).heading).toBe('Unlink Twitch?');
      latchkey.advance(minutes(2));
      const page = await unlinkTwitchPage();
      expect(seen(page)).toEqual(isStale);
      expect(page.text).toContain('your last sign-in was more than 5 minutes ago');
    });

    test('is half an hour otherwise', async () => {
      latchkey.advance(minutes(31));
      expect((await unlinkTwitchPage()).text).toContain('your last sign-in was more than 30 minutes ago');
    });

    test('begins anew with a fresh sign-in, for this session alone', async () => {
      const elsewhere = new Visitor();
      await signIn(elsewhere, latchkey.baseUrl, 'Resonite');
      latchkey.advance(minutes(31));
      await unlinkTwitchPage();
      await confirmWith('Resonite');
      latchkey.advance(minutes(29));
      expect((await unlinkTwitchPage()).heading).toBe('Unlink Twitch?');
      expect(seen(await elsewhere.open(`${latchkey.baseUrl}/profile/twitch/unlink`))).toEqual(isStale);
      latchkey.advance(minutes(2));
      expect(seen(await unlinkTwitchPage())).toEqual(isStale);
    });

    test('is not prolonged by linking or by asking again', async () => {
      latchkey.advance(minutes(20));
      await linkProvider(visitor, latchkey.baseUrl, 'Mixer');
      await post(latchkey, visitor, '/login/twitch', { intent: 'ask' });
      await answerAtProvider(visitor, latchkey.baseUrl);
      latchkey.advance(minutes(11));
      expect(seen(await unlinkTwitchPage())).toEqual(isStale);
    });
  });

  describe('signing in once more from the front page’s form', () => {
    beforeEach(() => latchkey.advance(minutes(31)));
    const signInAgain = async (fields: Record<string, string>, provider = 'twitch') => {
      await profile(latchkey, visitor);
      await post(latchkey, visitor, `/login/${provider}`, { intent: 'sign-in', ...fields });
      await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Ada' });
      return unlinkTwitchPage();
    };

    test('makes no old session recent when the provider may have answered from memory', async () => {
      expect(seen(await signInAgain({}))).toEqual(isStale);
    });

    test('makes it recent when the provider was to ask', async () => {
      expect((await signInAgain({ force: 'true' })).heading).toBe('Unlink Twitch?');
    });

    test('makes none recent where the provider cannot be made to ask, whatever the form says', async () => {
      expect(seen(await signInAgain({ force: 'true' }, 'resonite'))).toEqual(isStale);
    });
  });

  describe('the fresh sign-in', () => {
    beforeEach(async () => {
      await linkProvider(visitor, latchkey.baseUrl, 'Mixer');
      latchkey.advance(minutes(31));
    });

    test('may be with any identity of the account, which then is the one that signed in', async () => {
      await unlinkTwitchPage();
      const page = await confirmWith('Twitch');
      expect([placeOf(page), page.heading]).toEqual([
        '/profile/twitch/unlink?mode=sandbox',
        'Unlink Twitch?',
      ]);
      expect((await profile(latchkey, visitor)).text).toContain('Signed in with Twitch as Ada');
    });

    test('is offered with every identity that can sign in here, and no other', async () => {
      expect(buttonsOf(await unlinkTwitchPage()).filter((words) => words.startsWith('Sign in'))).toEqual([
        'Sign in with Resonite as Ada',
        'Sign in with Twitch as Ada',
        'Sign in with Mixer as AdaPlays',
      ]);
      await withNode(latchkey, { MIXER: 'off' }, async (nodeUrl) => {
        const page = await anotherTab(visitor).open(`${nodeUrl}/profile/twitch/unlink`);
        expect(buttonsOf(page).filter((words) => words.startsWith('Sign in'))).toEqual([
          'Sign in with Resonite as Ada',
          'Sign in with Twitch as Ada',
        ]);
      });
    });

    test.each([{}, { force: 'false' }])(
      'forces the provider to ask, whatever the form says: %p',
      async (fields) => {
        await unlinkTwitchPage();
        visitor.stopBefore = /authorize/;
        await post(latchkey, visitor, '/login/twitch', { intent: 'reauthenticate', ...fields });
        expect(visitor.stoppedAt!.searchParams.get('force_verify')).toBe('true');
      },
    );

    test('gives the session a new id and lets the old one die', async () => {
      await unlinkTwitchPage();
      const copy = anotherTab(visitor);
      const cookie = () => visitor.cookies.get('localhost')!.get('latchkey');
      const before = cookie();
      await confirmWith('Resonite');
      expect(cookie()).not.toBe(before);
      expect((await profile(latchkey, copy)).heading).toBe('Sign in');
      expect((await profile(latchkey, visitor)).heading).toBe('Your accounts');
    });

    test('by somebody whom nobody knows counts for nothing and makes nothing', async () => {
      await unlinkTwitchPage();
      const before = await everythingLinked(latchkey);
      const page = await confirmWith('Twitch', 'Cy');
      expect(seen(page)).toEqual({ status: 409, heading: 'You came back as another Twitch account' });
      expect(page.text).toContain('Cy is not the one that is linked here. Nothing was changed.');
      expect(await everythingLinked(latchkey)).toBe(before);
      expect(seen(await unlinkTwitchPage())).toEqual(isStale);
    });

    test('by somebody of another account counts for nothing, there and here', async () => {
      const bo = new Visitor();
      await signIn(bo, latchkey.baseUrl, 'Twitch', { person: 'Bo' });
      await unlinkTwitchPage();
      const before = await everythingLinked(latchkey);
      expect(seen(await confirmWith('Twitch', 'Bo'))).toEqual({
        status: 409,
        heading: 'You came back as another Twitch account',
      });
      expect(await everythingLinked(latchkey)).toBe(before);
      expect(seen(await unlinkTwitchPage())).toEqual(isStale);
      expect((await profile(latchkey, bo)).text).toContain('Signed in with Twitch as Bo');
    });

    test('that went wrong can be tried once more, and comes back to the same place', async () => {
      await unlinkTwitchPage();
      await confirmWith('Twitch', 'Cy');
      const page = await pressAndAnswer(latchkey, visitor, 'Start again with Twitch', { person: 'Ada' });
      expect([placeOf(page), page.heading]).toEqual([
        '/profile/twitch/unlink?mode=sandbox',
        'Unlink Twitch?',
      ]);
    });

    test('that was refused at the provider changes nothing', async () => {
      await unlinkTwitchPage();
      const page = await pressAndAnswer(latchkey, visitor, 'Sign in with Twitch as Ada', { deny: true });
      expect(page.heading).toBe('You said no at Twitch');
      expect(seen(await unlinkTwitchPage())).toEqual(isStale);
      expect(await listIdentities(latchkey)).toHaveLength(3);
    });

    test('comes back to our own pages only', async () => {
      await unlinkTwitchPage();
      for (const path of ['//evil.example/', 'https://evil.example/', '/\\evil.example']) {
        await post(latchkey, visitor, '/login/resonite', { intent: 'reauthenticate', return_to: path });
        const page = await answerAtProvider(visitor, latchkey.baseUrl);
        expect(page.url.href).toBe(`${latchkey.baseUrl}/profile`);
      }
    });
  });

  describe('the page on the way to a provider', () => {
    const open = (path: string, who = visitor) => who.open(latchkey.baseUrl + path);

    test('starts nothing by itself, and can be left', async () => {
      const sent = requestCount(latchkey);
      const page = await open('/login/mixer?intent=link');
      expect(page.heading).toBe('Link Mixer');
      expect(page.text).toContain('You go to Mixer now, sign in there, and come back here.');
      expect(requestCount(latchkey)).toBe(sent);
      expect((await visitor.press('Not now')).heading).toBe('Your accounts');
    });

    test('is there for what wants a fresh sign-in, and for nothing else', async () => {
      for (const path of ['', '?intent=sign-in', '?intent=ask', '?intent=reauthenticate', '?intent=steal'])
        expect((await open(`/login/mixer${path}`)).status).toBe(404);
      expect((await open('/login/myspace?intent=link')).status).toBe(404);
    });

    test('asks whoever is not signed in to sign in, and whose sign-in is old to confirm it', async () => {
      const page = await open('/login/mixer?intent=link', new Visitor());
      expect([page.heading, page.url.searchParams.get('return_to')]).toEqual([
        'Sign in',
        '/login/mixer?intent=link',
      ]);
      latchkey.advance(minutes(31));
      expect(seen(await open('/login/mixer?intent=link'))).toEqual(isStale);
    });
  });
});
