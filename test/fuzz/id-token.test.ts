import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { helixUser } from '../support/wire-samples/twitch/helix.ts';
import { twitchTokens } from '../support/wire-samples/twitch/token.ts';
import { holds, longestMilliseconds } from './holds.ts';
import {
  alteredFrom,
  jsonAnswer,
  oddAnswer,
  oddNumber,
  oddText,
  oddValue,
  type RawAnswer,
} from './odd-values.ts';
import { cookiesOf, openSite, type Site, type Started } from './site.ts';

/* ID tokens and key sets that nobody should believe. The tests sign them, in Twitch's place. */

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });

interface JsonWebKeySet {
  readonly keys: readonly object[];
}
const keySet = (key: KeyObject): JsonWebKeySet => ({
  keys: [{ ...key.export({ format: 'jwk' }), kid: '1', alg: 'RS256', use: 'sig' }],
});

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value) ?? '').toString('base64url');
const subject = helixUser.body.data[0].id;
const header = { alg: 'RS256', typ: 'JWT', kid: '1' };

type Sign = (input: string) => Buffer;
const bySigningKey: Sign = (input) => sign('sha256', Buffer.from(input), pair.privateKey);
const byStranger: Sign = (input) => sign('sha256', Buffer.from(input), stranger.privateKey);
const byPublicKeyAsSecret: Sign = (input) =>
  createHmac('sha256', pair.publicKey.export({ type: 'spki', format: 'pem' }))
    .update(input)
    .digest();
const byNobody: Sign = () => Buffer.alloc(0);

function toToken(head: unknown, claims: unknown, signWith = bySigningKey): string {
  const input = `${base64url(head)}.${base64url(claims)}`;
  return `${input}.${signWith(input).toString('base64url')}`;
}

function goodClaims(site: Site, { nonce }: Started): Record<string, unknown> {
  const service = site.latchkey.config.services.find(({ provider }) => provider.id === 'twitch')!;
  const seconds = Math.floor(Date.now() / 1000);
  const aud = madeUpClients.twitch.clientId;
  return {
    iss: service.provider.issuer,
    aud,
    azp: aud,
    sub: subject,
    nonce,
    iat: seconds,
    exp: seconds + 900,
  };
}

interface Login {
  readonly signedIn: boolean;
  readonly userinfoAsked: boolean;
}

/** An ID token that is not believed keeps the access token from being used (OpenID Connect Core 3.1.3.7). */
const refusedAtOnce: Login = { signedIn: false, userinfoAsked: false };

/** Signs in at Twitch with an ID token made for this login. */
async function signInWith(site: Site, make: (started: Started) => string): Promise<Login> {
  const started = await site.start('twitch');
  site.takeOutgoing();
  const idToken = make(started);
  site.answerAt('twitch', 'token', jsonAnswer({ ...twitchTokens.body, id_token: idToken }));
  site.answerAt('twitch', 'userinfo', jsonAnswer(helixUser.body));
  const answer = await site.finish(started, `code=good&state=${started.state}`);
  const signedIn = cookiesOf(answer).some((cookie) => cookie.startsWith('latchkey='));
  site.expectCalm(answer, [started.state, started.nonce!, ...(idToken.length > 20 ? [idToken] : [])]);
  expect(answer.status === 303).toBe(signedIn);
  const userinfoAsked = site.takeOutgoing().some((line) => line.endsWith('/helix/users'));
  return { signedIn, userinfoAsked };
}

/** The same text signed, and the same signature; how that is written in base64 is of no meaning. */
function isSame(token: string, other: string): boolean {
  const [header = '', payload = '', ...signature] = token.split('.');
  const beginning = `${header}.${payload}.`;
  const [own, others] = [token, other].map((text) => Buffer.from(text.slice(beginning.length), 'base64url'));
  return signature.length === 1 && other.startsWith(beginning) && own!.equals(others!);
}

describe('an ID token', () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
    site.answerAt('twitch', 'jwks', jsonAnswer(keySet(pair.publicKey)));
  });
  afterEach(async () => {
    const { signedIn } = await signInWith(site, (started) => toToken(header, goodClaims(site, started)));
    expect(signedIn).toBe(true);
    await site.signIn();
  });
  afterAll(() => site.close());

  test(
    'with any other issuer, audience, subject, nonce or time is not believed',
    async () => {
      const now = Date.now() / 1000;
      // A text of digits is no number; a number may be a good time.
      const isGoodTime = (value: unknown) => typeof value === 'number' && value > now - 700;
      const change = fc.oneof(
        fc.tuple(fc.constantFrom('iss', 'aud', 'sub', 'nonce'), fc.oneof(oddValue, fc.constant(undefined))),
        fc.tuple(
          fc.constantFrom('iat', 'exp'),
          fc.oneof(oddValue, fc.constant(undefined)).filter((value) => !isGoodTime(value)),
        ),
        fc.tuple(fc.constant('iat'), fc.integer({ min: Math.ceil(now) + 200, max: 2 ** 33 })),
      );
      await holds(
        fc.asyncProperty(change, async ([name, value]) => {
          const make = (started: Started) => toToken(header, { ...goodClaims(site, started), [name]: value });
          const login = await signInWith(site, make);
          expect(login.signedIn).toBe(false);
          // Another subject is one only beside the userinfo.
          if (name !== 'sub') expect(login).toEqual(refusedAtOnce);
        }),
        70,
      );
    },
    longestMilliseconds,
  );

  test(
    'that lasts for any time is met calmly',
    async () => {
      const later = fc
        .oneof(oddNumber, fc.constant(8.64e12))
        .filter((seconds) => seconds > Date.now() / 1000 + 100);
      await holds(
        fc.asyncProperty(later, async (exp) => {
          await signInWith(site, (started) => toToken(header, { ...goodClaims(site, started), exp }));
        }),
        20,
      );
    },
    longestMilliseconds,
  );

  test(
    'signed by anybody else, in any other way, or not at all is not believed',
    async () => {
      const forgery = fc.oneof(
        fc.record({
          head: fc
            .oneof(
              oddText,
              fc.constantFrom('none', 'None', 'HS256', 'HS512', 'ES256', 'PS256', 'RS512', 'EdDSA'),
            )
            .map((alg) => ({ ...header, alg })),
          signWith: fc.constantFrom(bySigningKey, byStranger, byPublicKeyAsSecret, byNobody),
        }),
        fc.record({
          head: alteredFrom(header),
          signWith: fc.constantFrom(byStranger, byPublicKeyAsSecret, byNobody),
        }),
      );
      await holds(
        fc.asyncProperty(forgery, async ({ head, signWith }) => {
          const make = (started: Started) => toToken(head, goodClaims(site, started), signWith);
          expect(await signInWith(site, make)).toEqual(refusedAtOnce);
        }),
        70,
      );
    },
    longestMilliseconds,
  );

  test(
    'whose text was changed anywhere is not believed',
    async () => {
      await holds(
        fc.asyncProperty(fc.nat(10_000), oddText, fc.nat(2), async (place, inserted, cut) => {
          let changed = true;
          const make = (started: Started) => {
            const token = toToken(header, goodClaims(site, started));
            const at = place % token.length;
            const other = token.slice(0, at) + inserted + token.slice(at + cut);
            changed = !isSame(token, other);
            return other;
          };
          const { signedIn } = await signInWith(site, make);
          expect(signedIn && changed).toBe(false);
        }),
        70,
      );
    },
    longestMilliseconds,
  );
});

test(
  'no key set makes somebody believed whose key is not in it',
  async () => {
    const altered = oddAnswer(keySet(stranger.publicKey));
    const ours = alteredFrom(keySet(pair.publicKey)).map(jsonAnswer);
    const { n } = pair.publicKey.export({ format: 'jwk' });
    const hasOurs = ({ body }: RawAnswer) => String(body).includes(String(n));
    await holds(
      fc.asyncProperty(fc.oneof(altered, ours), async (answer) => {
        // A site of its own for each: a key set is kept for some minutes.
        const site = await openSite();
        site.answerAt('twitch', 'jwks', answer);
        const login = await signInWith(site, (started) => toToken(header, goodClaims(site, started)));
        expect(login.signedIn && !hasOurs(answer)).toBe(false);
        site.sandboxAnswers();
        await site.signIn();
        await site.close();
      }),
      25,
    );
  },
  longestMilliseconds,
);
