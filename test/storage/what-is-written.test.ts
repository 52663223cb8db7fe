import { anotherTab, minutes } from '../accounts/support.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { type RecordedStatements, recordStatements } from '../support/statements.ts';
import { describeStores } from '../support/stores.ts';
import { type AtProvider, captureCallback, signIn, startSignIn, Visitor } from '../support/visitor.ts';

/** What a callback asks the providers, by the last part of each path. The keys are then known. */
const askedInALogin = {
  Twitch: ['token', 'users'],
  Mixer: ['token', 'current'],
  Mixin: ['token', 'me'],
  Resonite: ['token', 'profile'],
} as const;

describeStores('what is written', (stores) => {
  const recordsAreHere = stores !== 'PostgreSQL and Redis';
  let latchkey: RunningLatchkey;
  let recorded: RecordedStatements;
  let visitor: Visitor;

  // One for all tests, who each bring people of their own where it matters that they are new.
  beforeAll(async () => {
    latchkey = await startLatchkey({ stores });
    recorded = recordStatements();
  });
  afterAll(async () => {
    recorded.stop();
    await latchkey.close();
  });
  beforeEach(() => {
    visitor = new Visitor();
  });

  /** What is stored while something is done, a line for each commit. In Redis it is no commit here. */
  async function commitsOf(work: () => Promise<unknown>): Promise<string[]> {
    recorded.clear();
    await work();
    return recorded.commits.map((commit) => commit.join(', '));
  }
  const expectedHere = (...commits: string[]) =>
    recordsAreHere ? commits : commits.filter((commit) => /accounts|identities/.test(commit));

  const open = (path: string) => visitor.open(latchkey.baseUrl + path);

  /** Delivers a callback and stops before the page that it leads to. */
  async function deliver(callback: URL): Promise<void> {
    visitor.stopBefore = /\/profile/;
    await visitor.open(callback.href);
    visitor.stopBefore = null;
  }
  function callbackOf(name: string, answer?: AtProvider): Promise<URL> {
    const start = () => startSignIn(visitor, latchkey.baseUrl, name);
    return captureCallback(visitor, start, latchkey.baseUrl, answer);
  }

  test('a page that nobody is signed in for writes nothing, and reads nothing either', async () => {
    recorded.clear();
    for (const path of ['/', '/help', '/nothing-there']) await open(path);
    expect(recorded.statements).toEqual([]);
  });

  test('the start of a login stores the transaction, in one commit', async () => {
    visitor.stopBefore = /authorize/;
    const commits = await commitsOf(() => startSignIn(visitor, latchkey.baseUrl, 'Twitch'));
    expect(commits).toEqual(expectedHere('insert login'));
  });

  test('the login of a newcomer is three commits', async () => {
    const callback = await callbackOf('Resonite', { person: 'Bo' });
    const commits = await commitsOf(() => deliver(callback));
    expect(commits).toEqual(
      expectedHere('update login', 'insert accounts, insert identities', 'insert grant session'),
    );
    expect(recorded.statements.length).toBeLessThanOrEqual(12);
  });

  test('the login of somebody known is three commits', async () => {
    await signIn(new Visitor(), latchkey.baseUrl, 'Twitch');
    const callback = await callbackOf('Twitch');
    const commits = await commitsOf(() => deliver(callback));
    expect(commits).toEqual(expectedHere('update login', 'update identities', 'insert grant session'));
    expect(recorded.statements.length).toBeLessThanOrEqual(7);
  });

  test('a link is four: the tokens are kept before the session gets its new id', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Mixin', { person: 'Bo' });
    const link = () => visitor.press('Link Twitch');
    const callback = await captureCallback(visitor, link, latchkey.baseUrl, { person: 'Bo' });
    const commits = await commitsOf(() => deliver(callback));
    expect(commits).toEqual(
      expectedHere('update login', 'insert identities', 'insert grant', 'update session'),
    );
  });

  test('the page after a login takes its message away; every other page writes nothing', async () => {
    await deliver(await callbackOf('Resonite', { person: 'Cy' }));
    expect(await commitsOf(() => open('/profile'))).toEqual(expectedHere('update session'));
    expect(visitor.page.text).toContain('You are signed in with Resonite');
    for (const path of ['/profile', '/sessions', '/', '/account/data.json'])
      expect([path, await commitsOf(() => open(path))]).toEqual([path, []]);
  });

  test('a visit is written down once in a while, not with each page', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Mixin');
    const pages = () => Promise.all(['/sessions', '/help'].map(open));
    latchkey.advance(minutes(4));
    expect(await commitsOf(pages)).toEqual([]);
    latchkey.advance(minutes(26));
    expect(await commitsOf(() => open('/sessions'))).toEqual(expectedHere('update session'));
    expect(await commitsOf(() => open('/sessions'))).toEqual([]);
  });

  test('signing out ends the session and its tokens, in two commits', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Mixin');
    const commits = await commitsOf(() => visitor.press('Sign out'));
    expect(commits).toEqual(expectedHere('delete session', 'delete grant'));
  });

  test('a callback that comes twice changes nothing the second time', async () => {
    const callback = await callbackOf('Mixin');
    const again = anotherTab(visitor);
    await deliver(callback);
    expect(await commitsOf(() => again.open(callback.href))).toEqual([]);
    expect([again.page.status, again.page.heading]).toEqual([400, 'This sign-in was already finished']);
  });

  test.each(Object.entries(askedInALogin))('a login asks %s twice: %j', async (name, asked) => {
    // Whoever is first has the keys fetched that ID tokens are signed with.
    await signIn(new Visitor(), latchkey.baseUrl, name);
    const callback = await callbackOf(name);
    const from = latchkey.sandbox.state.requests.length;
    await deliver(callback);
    await open('/profile');
    const requests = latchkey.sandbox.state.requests.slice(from);
    expect(requests.map(({ path }) => path.split('/').at(-1))).toEqual([...asked]);
  });
});
