import fc from 'fast-check';
import { mixerTokens } from '../support/wire-samples/mixer/token.ts';
import { mixerUser } from '../support/wire-samples/mixer/user.ts';
import { holds, longestMilliseconds } from './holds.ts';
import { jsonAnswer, oddText } from './odd-values.ts';
import { cookiesOf, openSite, type Site } from './site.ts';

/* Whatever comes back in the address of a callback. */

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterEach(async () => {
  site.sandboxAnswers();
  await site.signIn();
});
afterAll(() => site.close());

const names = ['code', 'state', 'error', 'error_description', 'iss', 'scope', 'return_to', 'id_token'];

/** A name or a value as it may stand on the wire: encoded, encoded twice, or hardly. */
function onTheWire(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const ways: ((plain: string) => string)[] = [
    encodeURIComponent,
    (plain) => encodeURIComponent(encodeURIComponent(plain)),
    (plain) => plain.replace(/[^\x21-\xff]|[#&=]/gu, ''),
  ];
  return fc.tuple(text, fc.constantFrom(...ways)).map(([plain, write]) => write(plain.toWellFormed()));
}

const parameter = fc
  .tuple(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...names) },
      {
        weight: 1,
        arbitrary: fc.constantFrom('__proto__', 'code[]', 'state[0]', 'constructor[prototype][x]', ''),
      },
      { weight: 1, arbitrary: onTheWire(oddText) },
    ),
    onTheWire(oddText),
  )
  .map(([name, value]) => `${name}=${value}`);

/** Below the 16 kB at which Node refuses by itself. */
const query = fc
  .array(parameter, { maxLength: 8 })
  .filter((parameters) => parameters.join('&').length < 10_000);
const providers = fc.constantFrom('twitch', 'mixin', 'resonite', 'mixer');

test(
  'without a state of ours it asks no provider, signs nobody in, and leaves the open login as it is',
  async () => {
    const open = await site.start('mixer');
    site.takeOutgoing();
    await holds(
      fc.asyncProperty(providers, query, async (provider, parameters) => {
        const answer = await site.finish({ ...open, provider }, parameters.join('&'));
        site.expectCalm(answer, [open.state]);
        expect(answer.status).toBeGreaterThanOrEqual(400);
        expect(cookiesOf(answer)).toEqual([]);
        expect(site.takeOutgoing()).toEqual([]);
      }),
      150,
    );
    site.answerAt('mixer', 'token', jsonAnswer(mixerTokens.body));
    site.answerAt('mixer', 'userinfo', jsonAnswer(mixerUser.body));
    expect((await site.finish(open, `code=good&state=${open.state}`)).status).toBe(303);
  },
  longestMilliseconds,
);

test(
  'with a state of ours it sends one code at most, and only one that came alone and without an error',
  async () => {
    site.answerAt('mixer', 'token', jsonAnswer(mixerTokens.body));
    site.answerAt('mixer', 'userinfo', jsonAnswer(mixerUser.body));
    const reached = { signedIn: 0, refused: 0 };
    await holds(
      fc.asyncProperty(
        query,
        fc.constantFrom(null, 'good', 'good', 'x'.repeat(4097)),
        fc.boolean(),
        async (parameters, code, stateFirst) => {
          const started = await site.start('mixer');
          site.takeOutgoing();
          const own = [`state=${started.state}`, ...(code === null ? [] : [`code=${code}`])];
          const all = (stateFirst ? [...own, ...parameters] : [...parameters, ...own]).join('&');
          const answer = await site.finish(started, all);
          site.expectCalm(answer, [started.state]);
          const outgoing = site.takeOutgoing();
          const read = new URLSearchParams(all);
          const codes = read.getAll('code');
          const mayGoOn =
            read.getAll('state').length === 1 &&
            codes.length === 1 &&
            codes[0] !== '' &&
            codes[0]!.length <= 4096 &&
            !read.has('error') &&
            read.getAll('error_description').length <= 1 &&
            !read.has('iss');
          reached[mayGoOn ? 'signedIn' : 'refused'] += 1;
          expect(cookiesOf(answer).some((pair) => pair.startsWith('latchkey='))).toBe(mayGoOn);
          expect(outgoing.filter((line) => line.endsWith('/token')).length).toBe(mayGoOn ? 1 : 0);
        },
      ),
      100,
    );
    // Neither half of the property is empty.
    expect(Math.min(reached.signedIn, reached.refused)).toBeGreaterThan(5);
  },
  longestMilliseconds,
);
