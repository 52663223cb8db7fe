import fc from 'fast-check';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { mixerTokens } from '../support/wire-samples/mixer/token.ts';
import { mixerUser } from '../support/wire-samples/mixer/user.ts';
import { mixinProfile } from '../support/wire-samples/mixin/profile.ts';
import { mixinSigningGrant } from '../support/wire-samples/mixin/token.ts';
import { resoniteProfile } from '../support/wire-samples/resonite/profile.ts';
import { resoniteTokens } from '../support/wire-samples/resonite/token.ts';
import { helixUser } from '../support/wire-samples/twitch/helix.ts';
import { twitchTokensWithoutOpenid } from '../support/wire-samples/twitch/token.ts';
import { twitchValidation } from '../support/wire-samples/twitch/validation.ts';
import { holds, longestMilliseconds } from './holds.ts';
import { alteredFrom, jsonAnswer, oddAnswer, oddNumber, oddText, type RawAnswer } from './odd-values.ts';
import { type Answer, cookiesOf, openSite, type Site } from './site.ts';

/* Whatever a provider answers: altered good answers, other types, other bytes, other headers. */

const hour = 60 * 60 * 1000;

let site: Site;
beforeAll(async () => {
  // Without openid: ID tokens have properties of their own.
  site = await openSite({ env: { TWITCH_SCOPES: 'user:read:email' } });
});
afterEach(async () => {
  site.sandboxAnswers();
  await site.signIn();
});
afterAll(() => site.close());

const good = {
  mixer: { token: mixerTokens.body, userinfo: mixerUser.body },
  mixin: { token: mixinSigningGrant.body, userinfo: mixinProfile.body },
  resonite: { token: resoniteTokens.body, userinfo: resoniteProfile.body },
  twitch: { token: twitchTokensWithoutOpenid.body, userinfo: helixUser.body },
} as const;
type Service = keyof typeof good;

const validation = {
  ...twitchValidation.body,
  client_id: madeUpClients.twitch.clientId,
  user_id: helixUser.body.data[0].id,
};

/** What opens something, in the good answers. */
const secrets = Object.values(good).flatMap(({ token }) =>
  Object.entries({ ...token, ...('data' in token ? token.data : {}) })
    .filter(([name]) => /^(?:access|refresh)_token$/.test(name))
    .map(([, value]) => String(value)),
);

/** Also lets so much time pass that a provider which failed or asked to be left alone is asked again. */
function answerWell(service: Service): void {
  site.latchkey.advance(hour / 5);
  site.answerAt(service, 'token', jsonAnswer(good[service].token));
  site.answerAt(service, 'userinfo', jsonAnswer(good[service].userinfo));
  if (service === 'twitch') site.answerAt('twitch', 'validation', jsonAnswer(validation));
}

const sessionOf = (answer: Answer) => cookiesOf(answer).find((pair) => pair.startsWith('latchkey='));

/** Signs in with the answers as they are now. Gives the session's cookie, if there is one. */
async function signInAt(service: Service): Promise<string | undefined> {
  const started = await site.start(service);
  site.takeOutgoing();
  const answer = await site.finish(started, `code=good&state=${started.state}`);
  site.expectCalm(answer, [...secrets, started.state]);
  expect(answer.headers.location).toBe(sessionOf(answer) ? '/profile' : undefined);
  return sessionOf(answer);
}

/** Every page that shows what came from a provider. */
async function readPages(cookie: string): Promise<void> {
  for (const path of ['/profile', '/sessions', '/profile/mixer/unlink', '/inspector']) {
    site.expectCalm(await site.send({ path, cookie }), secrets);
  }
  const data = await site.send({ path: '/account/data.json', cookie });
  site.expectCalm(data, secrets);
  expect(() => JSON.parse(data.text)).not.toThrow();
}

const parse = ({ body }: RawAnswer): Record<string, unknown> => {
  const value: unknown = JSON.parse(body.toString());
  const inner = (value as { data?: unknown }).data;
  return { ...(value as object), ...(typeof inner === 'object' ? inner : {}) };
};

const services = Object.keys(good) as Service[];

/** What a token endpoint can say: an answer that was altered, a refusal of any name, tokens for any time. */
function oddTokenAnswer(service: Service): fc.Arbitrary<RawAnswer> {
  const refusal = fc.record({ error: oddText, error_description: oddText, message: oddText });
  const lasting = oddNumber.map((expires_in) => ({ ...good[service].token, expires_in }));
  return fc.oneof(
    { weight: 4, arbitrary: oddAnswer(good[service].token) },
    { weight: 1, arbitrary: refusal.map((value) => ({ ...jsonAnswer(value), status: 400 })) },
    { weight: 1, arbitrary: lasting.map(jsonAnswer) },
  );
}

describe.each(services)('at %s', (service) => {
  test(
    'no answer to the code does harm, and only one with usable tokens and no error signs in',
    async () => {
      await holds(
        fc.asyncProperty(oddTokenAnswer(service), async (answer) => {
          answerWell(service);
          site.answerAt(service, 'token', answer);
          const cookie = await signInAt(service);
          const outgoing = site.takeOutgoing();
          // Sent once and never again; a session that makes room may be revoked beside it.
          expect(outgoing.filter((line) => /^POST .*token$/.test(line)).length).toBe(1);
          if (!cookie) return;
          await readPages(cookie);
          const { access_token, ed25519, error } = parse(answer);
          expect(answer.status < 300).toBe(true);
          expect([undefined, null]).toContain(error);
          expect(service === 'mixin' ? ed25519 : access_token).toEqual(expect.stringMatching(/./s));
        }),
        30,
      );
    },
    longestMilliseconds,
  );

  test(
    'no profile does harm, and only one with a usable subject signs in',
    async () => {
      await holds(
        fc.asyncProperty(oddAnswer(good[service].userinfo), async (answer) => {
          answerWell(service);
          site.answerAt(service, 'userinfo', answer);
          const cookie = await signInAt(service);
          if (!cookie) return;
          await readPages(cookie);
          const subjects = await site.latchkey.database
            .selectFrom('identities')
            .select(['subject', 'display_name', 'handle'])
            .execute();
          for (const { subject, display_name, handle } of subjects) {
            expect(subject).toMatch(/^\P{Cc}{1,255}$/u);
            expect(`${display_name}${handle}`).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
          }
          expect(answer.status < 300).toBe(true);
        }),
        30,
      );
    },
    longestMilliseconds,
  );
});

test(
  'no answer to a validation does harm, and none but a refusal or another person’s ends the session',
  async () => {
    const ends = { kept: 0, ended: 0 };
    const foreign = oddText.map((client_id) => jsonAnswer({ ...validation, client_id }));
    const answers = fc.oneof(
      { weight: 3, arbitrary: oddAnswer(validation) },
      { weight: 1, arbitrary: foreign },
    );
    await holds(
      fc.asyncProperty(answers, async (answer) => {
        answerWell('twitch');
        const cookie = await signInAt('twitch');
        site.latchkey.advance(hour + 1000);
        site.answerAt('twitch', 'validation', answer);
        // A token that is over is renewed once, and asked about again: that one is refused here.
        site.answerAt('twitch', 'token', {
          ...jsonAnswer({ status: 400, message: 'Invalid refresh token' }),
          status: 400,
        });
        const page = await site.send({ path: '/profile', cookie: cookie! });
        site.expectCalm(page, secrets);
        ends[page.status === 200 ? 'kept' : 'ended'] += 1;
        if (page.status === 200) return;
        const { client_id, user_id } = answer.status === 401 ? {} : parse(answer);
        expect([validation.client_id, validation.user_id]).not.toEqual([client_id, user_id]);
      }),
      40,
    );
    expect(Math.min(ends.kept, ends.ended)).toBeGreaterThan(3);
  },
  longestMilliseconds,
);

test(
  'no answer to a refresh does harm; the page is shown and the session goes on',
  async () => {
    await holds(
      fc.asyncProperty(oddTokenAnswer('mixer'), async (answer) => {
        answerWell('mixer');
        const cookie = await signInAt('mixer');
        site.latchkey.advance(7 * hour);
        site.answerAt('mixer', 'token', answer);
        site.takeOutgoing();
        const page = await site.send({ path: '/profile', cookie: cookie! });
        site.expectCalm(page, secrets);
        expect(page.status).toBe(200);
        expect(site.takeOutgoing().filter((line) => /^POST .*token$/.test(line)).length).toBe(1);
        await readPages(cookie!);
      }),
      40,
    );
  },
  longestMilliseconds,
);

test(
  'no profile that is read later does harm, or changes whose it is',
  async () => {
    await holds(
      fc.asyncProperty(
        fc.oneof(oddAnswer(mixerUser.body), alteredFrom(mixerUser.body).map(jsonAnswer)),
        async (answer) => {
          answerWell('mixer');
          const cookie = await signInAt('mixer');
          site.latchkey.advance(hour / 6);
          site.answerAt('mixer', 'userinfo', answer);
          const page = await site.send({ path: '/profile', cookie: cookie! });
          site.expectCalm(page, secrets);
          expect(page.status).toBe(200);
          await readPages(cookie!);
          const own = await site.latchkey.database
            .selectFrom('identities')
            .select('id')
            .where('provider', '=', 'mixer')
            .where('subject', '=', String(mixerUser.body.id))
            .execute();
          expect(own.length).toBe(1);
        },
      ),
      40,
    );
  },
  longestMilliseconds,
);

test(
  'no answer to a revocation keeps anybody signed in',
  async () => {
    await holds(
      fc.asyncProperty(oddAnswer({ status: 400, message: 'Invalid token' }), async (answer) => {
        answerWell('twitch');
        const cookie = await signInAt('twitch');
        site.answerAt('twitch', 'revocation', answer);
        const out = await site.send({ method: 'POST', path: '/logout', cookie: cookie! });
        site.expectCalm(out, secrets);
        expect(out.status).toBe(303);
        expect((await site.send({ path: '/profile', cookie: cookie! })).status).toBe(303);
      }),
      40,
    );
  },
  longestMilliseconds,
);
