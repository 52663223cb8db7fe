import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { describeStores } from '../support/stores.ts';
import { answerAtProvider, linkProvider, signIn, Visitor } from '../support/visitor.ts';

const providers = ['Twitch', 'Mixin', 'Resonite', 'Mixer'];

describeStores('a login', (stores) => {
  let latchkey: RunningLatchkey;

  beforeEach(async () => {
    latchkey = await startLatchkey({ stores });
  });
  afterEach(() => latchkey.close());

  describe.each(providers)('signing in with %s', (name) => {
    test('makes a profile for a new person', async () => {
      const visitor = new Visitor();
      const page = await signIn(visitor, latchkey.baseUrl, name);
      expect(page.heading).toBe('Your accounts');
      expect(page.text).toContain(`Signed in with ${name} as`);
    });

    test('brings a known person back to the same profile', async () => {
      const first = new Visitor();
      await signIn(first, latchkey.baseUrl, name);
      const other = name === 'Twitch' ? 'Resonite' : 'Twitch';
      await linkProvider(first, latchkey.baseUrl, other);
      const again = new Visitor();
      const page = await signIn(again, latchkey.baseUrl, name);
      expect(
        page
          .$('article h3')
          .toArray()
          .map((h) => page.$(h).text()),
      ).toContain(other);
      expect(await latchkey.database.selectFrom('accounts').selectAll().execute()).toHaveLength(1);
    });
  });

  test('links all four, switches one with force, unlinks one, signs out', async () => {
    const { baseUrl } = latchkey;
    const visitor = new Visitor();
    await signIn(visitor, baseUrl, 'Twitch');
    for (const name of ['Mixin', 'Resonite', 'Mixer']) {
      const page = await linkProvider(visitor, baseUrl, name);
      expect(page.text).toContain(`${name} account`);
      // The outcome is the first thing that a screen reader says of the page.
      expect(page.$('title').text()).toBe(`${name} linked – Your accounts – Latchkey`);
    }
    await visitor.press('Switch Twitch account');
    let page = await answerAtProvider(visitor, baseUrl, { person: 'Bo' });
    expect(page.heading).toMatch(/^Replace .* with .*\?$/);
    page = await visitor.press('Replace with');
    expect(page.text).toContain('in place of');
    await visitor.press('Unlink Mixer');
    page = await visitor.press('Unlink Mixer');
    expect(page.text).toContain('Mixer is unlinked.');
    page = await visitor.press('Sign out');
    expect(page.text).toContain('You are signed out.');
  });
});
