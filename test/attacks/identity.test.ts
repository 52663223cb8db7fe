import { createAccountStore } from '../../src/accounts/account-store.ts';
import { createPublicKey, sign } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { createSigningKeys } from '../../src/sandbox/signing-key.ts';
import { asked, cardOf, hours, openGrants, wipedTokens } from '../sessions/support.ts';
import { listIdentities, pressAndAnswer, profile } from '../accounts/support.ts';
import { type GoBetween, type PassedAnswer, startGoBetween } from '../support/go-between.ts';
import { liveAt } from '../support/live.ts';
import { answerAtProvider, startSignIn } from '../support/visitor.ts';
import { attack } from './attack.ts';
import { type Scene, serviceNames, services, useScenes } from './witness.ts';

const scene = useScenes();

type Json = Record<string, unknown>;

/** Changes the JSON that an endpoint answers, unless it is an error. */
function changing(change: (body: Json) => unknown): GoBetween['change'] {
  return (answer: PassedAnswer) =>
    answer.status >= 400
      ? answer
      : { ...answer, body: JSON.stringify(change(JSON.parse(String(answer.body)) as Json)) };
}

/** The same with every text or number laid anew that has a name which fits. */
function replaceFields(value: unknown, name: RegExp, by: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => replaceFields(one, name, by));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      name.test(key) && typeof one !== 'object' ? by : replaceFields(one, name, by),
    ]),
  );
}

/** Signs in; whatever comes of it. */
async function attempt(place: Scene, name: string, person?: string) {
  const visitor = place.visitor();
  await startSignIn(visitor, place.baseUrl, name);
  const page = await answerAtProvider(visitor, place.baseUrl, person ? { person } : {});
  return { visitor, page };
}

attack('ID-02', () => {
  test.each([['Twitch', 'Mixer', 10000001]])(
    'one at %s and one at %s are two people',
    async (first, second, subject) => {
      const [place, between] = await scene.behind([`${second.toUpperCase()}_USERINFO_ENDPOINT`], {
        env: { MIXIN_TOKEN: 'bearer' },
      });
      between.change = changing((body) => replaceFields(body, /^(?:id|user_id)$/, subject) as Json);
      const one = await place.signedIn([first], { person: 'Ada' });
      const other = await place.signedIn([second], { person: 'Cy' });
      const accounts = await place.accounts();
      expect(accounts).toEqual(
        [[`${first.toLowerCase()} ${subject}`], [`${second.toLowerCase()} ${subject}`]].toSorted((a, b) =>
          a.join() < b.join() ? -1 : 1,
        ),
      );
      // Each comes back to its own, and sees its own alone.
      expect((await profile(place.latchkey, one)).text).toContain(`Signed in with ${first}`);
      expect((await profile(place.latchkey, other)).text).toContain(`Link ${first}`);
      await place.signedIn([first], { person: 'Ada' });
      await place.signedIn([second], { person: 'Cy' });
      expect(await place.accounts()).toEqual(accounts);
    },
  );

  test('what is stored is found by service, mode and subject together', async () => {
    const place = await scene();
    const store = createAccountStore(place.latchkey.database, Date.now);
    const facts = { subject: '42', displayName: 'x', handle: 'x', avatarUrl: null, publicProfileUrl: null };
    const made = [];
    for (const [, provider] of services) {
      for (const mode of ['sandbox', 'live'] as const) {
        made.push(await store.createAccount({ provider, mode, facts, userinfo: {}, grantedScope: [] }));
      }
    }
    expect(new Set(made.map(({ account_id }) => account_id)).size).toBe(8);
    for (const { provider, mode, id } of made) {
      expect((await store.findIdentity(provider, mode as 'live', '42'))!.id).toBe(id);
      expect(await store.findIdentity(provider, mode as 'live', '42 ')).toBeNull();
    }
    await expect(
      store.createAccount({ provider: 'twitch', mode: 'live', facts, userinfo: {}, grantedScope: [] }),
    ).rejects.toThrow();
    expect(await place.accounts()).toHaveLength(8);
  });
});

attack('ID-04', () => {
  test.each(serviceNames)(
    'who has the same address and name elsewhere is nobody known, after %s',
    async (first) => {
      const place = await scene();
      await place.signedIn([first], { person: 'Ada' });
      const [victim] = await listIdentities(place.latchkey);
      for (const name of serviceNames.filter((one) => one !== first)) {
        const visitor = await place.signedIn([name], { person: 'Ada' });
        const page = await profile(place.latchkey, visitor);
        expect(page.text).toContain(`Link ${first}`);
        expect(page.text).not.toMatch(
          /same (?:e-mail|address|name)|already (?:have|has) an account|is this you/i,
        );
        for (const secret of [victim!.id, victim!.account_id, victim!.subject]) {
          expect(page.html).not.toContain(secret);
        }
      }
      expect((await place.accounts()).map((linked) => linked.length)).toEqual([1, 1, 1, 1]);
    },
  );

  test.each([true, false])(
    'verified or not (%s), an address from Resonite or Twitch decides nothing',
    async (verified) => {
      const [place, between] = await scene.behind(['RESONITE_USERINFO_ENDPOINT', 'TWITCH_USERINFO_ENDPOINT']);
      between.change = changing(
        (body) =>
          replaceFields(
            { ...body, email: 'victim@example.test', email_verified: verified },
            /^e-?mail$/i,
            'victim@example.test',
          ) as Json,
      );
      await place.signedIn(['Twitch'], { person: 'Ada' });
      await place.signedIn(['Resonite'], { person: 'Cy' });
      await place.signedIn(['Mixer'], { person: 'Ada' });
      expect((await place.accounts()).map((linked) => linked.length)).toEqual([1, 1, 1]);
    },
  );
});

attack('ID-05', () => {
  test.each(['Twitch', 'Mixer', 'Resonite'])(
    'a refresh of %s that answers for another person is wiped and asks to sign in again',
    async (name) => {
      const place = await scene();
      const visitor = await place.signedIn(['Mixin', name]);
      const before = await listIdentities(place.latchkey);
      const id = name.toLowerCase() as 'twitch';
      place.latchkey.sandbox.state.faults.set(id, 'refresh_other_person');
      place.latchkey.advance(hours(20));
      const page = await profile(place.latchkey, visitor);
      expect(cardOf(page, name)).toContain('Needs attention');
      expect(cardOf(page, name)).toContain(`${name} now answers for another account`);
      expect((await openGrants(place.latchkey)).filter(({ ended }) => ended)).toEqual([
        expect.objectContaining({ tokens: wipedTokens, ended: { at: expect.any(Number), why: 'foreign' } }),
      ]);
      const facts = (list: typeof before) =>
        list.map(({ account_id, subject, userinfo }) => [account_id, subject, userinfo]);
      const [mixin, mine] = [before, await listIdentities(place.latchkey)].map((list) =>
        facts(list.filter(({ provider }) => provider === id)),
      );
      expect(mine).toEqual(mixin);
    },
  );

  test.each(services)('a profile of %s that describes another person is not kept', async (name, id) => {
    const place = await scene();
    const visitor = await place.signedIn([name === 'Mixer' ? 'Resonite' : 'Mixer', name]);
    const before = await listIdentities(place.latchkey);
    place.latchkey.sandbox.state.faults.set(id, 'userinfo_other_person');
    await profile(place.latchkey, visitor);
    const page = await visitor.press(`Read profile again from ${name}`);
    const after = await listIdentities(place.latchkey);
    expect(after.map(({ subject, userinfo }) => [subject, userinfo])).toEqual(
      before.map(({ subject, userinfo }) => [subject, userinfo]),
    );
    expect(cardOf(page, name)).toContain('Needs attention');
    expect((await openGrants(place.latchkey)).filter(({ ended }) => ended)).toEqual([
      expect.objectContaining({ tokens: wipedTokens, ended: { at: expect.any(Number), why: 'foreign' } }),
    ]);
    place.latchkey.sandbox.state.faults.clear();
    expect(place.latchkey.logLines.join()).toMatch(/identity_changed|foreign|another/);
  });

  test.each(services)('a login of %s whose profile is another’s than its tokens', async (name, id) => {
    const place = await scene({ env: { RESONITE_SCOPES: 'openid profile email offline_access' } });
    place.latchkey.sandbox.state.faults.set(id, 'userinfo_other_person');
    const { page } = await attempt(place, name);
    // Where an ID token says whose the tokens are; Mixer and Mixin have nothing else to go by.
    if (name === 'Mixer' || name === 'Mixin') return void expect(page.heading).toBe('Your accounts');
    expect(page.status).toBe(502);
    expect(await place.accounts()).toEqual([]);
  });

  test.each(serviceNames)('a confirmation with another account of %s is refused', async (name) => {
    const place = await scene();
    const visitor = await place.signedIn([name]);
    place.latchkey.advance(hours(1));
    const before = await place.accounts();
    await profile(place.latchkey, visitor);
    await visitor.press('Delete my account');
    expect(visitor.page.heading).toBe('Confirm that it is you');
    const watch = await place.watch();
    // At the provider somebody else is signed in by now; some of them would not ask.
    const jar = visitor.cookies.get('localhost')!;
    for (const cookie of [...jar.keys()]) if (!cookie.startsWith('latchkey')) jar.delete(cookie);
    const page = await pressAndAnswer(place.latchkey, visitor, `Sign in with ${name} as`, { person: 'Cy' });
    expect([page.status, page.heading]).toEqual([409, `You came back as another ${name} account`]);
    expect(await place.accounts()).toEqual(before);
    expect(watch.logged()).toContainEqual(
      expect.objectContaining({ msg: 'login.fail', code: 'identity_changed' }),
    );
    expect((await visitor.open(`${place.baseUrl}/account/delete`)).heading).toBe('Confirm that it is you');
  });
});

attack('ID-06', () => {
  const withOpenid = { RESONITE_SCOPES: 'openid profile email offline_access' };
  const key = () => createSigningKeys(null).current;
  const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const now = () => Math.floor(Date.now() / 1000);

  /** A token with this header and these claims, signed as the provider would. */
  const signed = (claims: Json, header: Json = {}) => {
    const content = `${encode({ alg: 'RS256', typ: 'JWT', kid: key().id, ...header })}.${encode(claims)}`;
    return `${content}.${sign('sha256', Buffer.from(content), key().privateKey).toString('base64url')}`;
  };
  const publicPem = () =>
    createPublicKey(key().privateKey).export({ type: 'spki', format: 'pem' }).toString();
  const without = (claims: Json, name: string) =>
    Object.fromEntries(Object.entries(claims).filter(([one]) => one !== name));

  type Forge = (claims: Json, clientSecret: string) => string | null;
  const forged: [string, Forge][] = [
    ['no algorithm and no signature', (claims) => `${encode({ alg: 'none' })}.${encode(claims)}.`],
    ['no algorithm, written otherwise', (claims) => `${encode({ alg: 'nOnE' })}.${encode(claims)}.`],
    ['no algorithm, yet a signature', (claims) => signed(claims, { alg: 'none' })],
    ['a signature taken away', (claims) => `${signed(claims).split('.').slice(0, 2).join('.')}.`],
    [
      'claims changed after signing',
      (claims) => {
        const [header, , signature] = signed(claims).split('.');
        return `${header}.${encode({ ...claims, azp: 'x', extra: 1 })}.${signature}`;
      },
    ],
    [
      'HS256 with the public key',
      (claims) => {
        const content = `${encode({ alg: 'HS256', kid: key().id })}.${encode(claims)}`;
        return `${content}.${jwt.sign({}, publicPem().slice(0, 40)).split('.')[2]}`;
      },
    ],
    [
      'HS256 with the client secret',
      (claims, secret) => jwt.sign(claims, secret, { algorithm: 'HS256', keyid: key().id }),
    ],
    ['RS512', (claims) => jwt.sign(claims, key().privateKey, { algorithm: 'RS512', keyid: key().id })],
    ['PS256', (claims) => jwt.sign(claims, key().privateKey, { algorithm: 'PS256', keyid: key().id })],
    [
      'a key of its own in the header',
      (claims) => {
        const own = createSigningKeys('somebody').current;
        return jwt.sign(claims, own.privateKey, {
          algorithm: 'RS256',
          header: {
            alg: 'RS256',
            jwk: own.publicJwk,
            jku: 'https://evil.example/keys',
          } as unknown as jwt.JwtHeader,
        });
      },
    ],
    ['a key that nobody knows', (claims) => signed(claims, { kid: 'nobody-knows-this-key' })],
    ['another audience', (claims) => signed({ ...claims, aud: 'somebody-else' })],
    ['no audience', (claims) => signed(without(claims, 'aud'))],
    ['an empty list of audiences', (claims) => signed({ ...claims, aud: [] })],
    ['us among strangers', (claims) => signed({ ...claims, aud: [claims['aud'], 'somebody-else'] })],
    [
      'us among strangers, and made for them',
      (claims) => signed({ ...claims, aud: [claims['aud'], 'somebody-else'], azp: 'somebody-else' }),
    ],
    ['another client that it was made for', (claims) => signed({ ...claims, azp: 'somebody-else' })],
    ['another issuer', (claims) => signed({ ...claims, iss: 'https://issuer.invalid' })],
    ['an issuer with a slash more', (claims) => signed({ ...claims, iss: `${claims['iss']}/` })],
    ['no issuer', (claims) => signed(without(claims, 'iss'))],
    ['no subject', (claims) => signed(without(claims, 'sub'))],
    ['an empty subject', (claims) => signed({ ...claims, sub: '' })],
    ['a subject that is a number', (claims) => signed({ ...claims, sub: 10000001 })],
    ['another subject', (claims) => signed({ ...claims, sub: 'somebody-else' })],
    ['no time of issue', (claims) => signed(without(claims, 'iat'))],
    ['no end', (claims) => signed(without(claims, 'exp'))],
    ['an end as text', (claims) => signed({ ...claims, exp: String(claims['exp']) })],
    ['an end an hour ago', (claims) => signed({ ...claims, exp: now() - 3600 })],
    ['a week of age', (claims) => signed({ ...claims, iat: now() - 7 * 24 * 3600 })],
    ['a time of issue in an hour', (claims) => signed({ ...claims, iat: now() + 3600 })],
    ['a beginning in an hour', (claims) => signed({ ...claims, nbf: now() + 3600 })],
    ['a hash of another access token', (claims) => signed({ ...claims, at_hash: 'A'.repeat(22) })],
    ['a hash that is no text', (claims) => signed({ ...claims, at_hash: 7 })],
    ['nothing in it', () => ''],
    ['no three parts', () => 'a.b'],
    ['parts that are no JSON', () => 'a.b.c'],
    ['four parts', (claims) => `${signed(claims)}.x`],
    ['itself left out', () => null],
  ];
  const forTwitch: [string, Forge][] = [
    ['another nonce', (claims) => signed({ ...claims, nonce: 'not-the-nonce' })],
    ['no nonce', (claims) => signed(without(claims, 'nonce'))],
    ['an empty nonce', (claims) => signed({ ...claims, nonce: '' })],
    ['a list of nonces', (claims) => signed({ ...claims, nonce: [claims['nonce']] })],
  ];

  /** The token endpoint’s ID token, forged. */
  function forging(forge: Forge, clientSecret: string) {
    return changing((body) => {
      const claims = JSON.parse(
        Buffer.from(String(body['id_token']).split('.')[1]!, 'base64url').toString(),
      ) as Json;
      const idToken = forge(claims, clientSecret);
      return idToken === null ? without(body, 'id_token') : { ...body, id_token: idToken };
    });
  }

  describe.each([
    ['Twitch', 'twitch', [...forged, ...forTwitch]],
    ['Resonite', 'resonite', forged],
  ] as const)('of %s', (name, id, cases) => {
    const start = () => scene.behind([`${id.toUpperCase()}_TOKEN_ENDPOINT`], { env: withOpenid });

    test('signed anew with the same claims is accepted', async () => {
      const [place, between] = await start();
      between.change = forging((claims) => signed(claims), madeUpClients[id].clientSecret);
      expect((await attempt(place, name)).page.heading).toBe('Your accounts');
    });

    test.each(cases)('with %s is refused', async (_what, forge) => {
      const [place, between] = await start();
      between.change = forging(forge, madeUpClients[id].clientSecret);
      const watch = await place.watch();
      const { page, visitor } = await attempt(place, name);
      expect(page.status).toBe(502);
      expect(page.text).toMatch(/id_token_invalid|token_response_invalid|userinfo_response_invalid/);
      expect(await watch.written()).toEqual(['added login']);
      expect(visitor.cookies.get('localhost')!.has('latchkey')).toBe(false);
    });

    test('new keys are fetched once, and made-up names of keys fetch none', async () => {
      const place = await scene({ env: withOpenid });
      const { faults, requests } = place.latchkey.sandbox.state;
      const fetched = () =>
        requests.filter(({ service, path }) => service === id && /keys|jwks/.test(path)).length;
      const usual = Date.now;
      try {
        expect((await attempt(place, name)).page.heading).toBe('Your accounts');
        expect(fetched()).toBe(1);
        faults.set(id, 'id_token_unknown_key');
        for (let count = 0; count < 5; count++) expect((await attempt(place, name)).page.status).toBe(502);
        expect(fetched()).toBeLessThanOrEqual(2);
        faults.clear();
        faults.set(id, 'keys_rotated');
        Date.now = () => usual() + 6 * 60 * 1000;
        const before = fetched();
        expect((await attempt(place, name)).page.heading).toBe('Your accounts');
        expect((await attempt(place, name)).page.heading).toBe('Your accounts');
        expect(fetched()).toBe(before + 1);
        faults.set(id, 'id_token_unknown_key');
        for (let count = 0; count < 5; count++) await attempt(place, name);
        expect(fetched()).toBe(before + 1);
      } finally {
        Date.now = usual;
      }
    });
  });
});

attack('ID-07', () => {
  const plain = { TWITCH_SCOPES: 'user:read:email' };

  test.each(['validate_other_client', 'validate_other_person'] as const)(
    'Twitch says so (%s): refused before an account is looked up',
    async (fault) => {
      const place = await scene({ env: plain });
      await place.signedIn(['Twitch'], { person: 'Ada' });
      place.latchkey.sandbox.state.faults.set('twitch', fault);
      const watch = await place.watch();
      const { page, visitor } = await attempt(place, 'Twitch', 'Ada');
      expect(page.status).toBe(502);
      expect(await watch.written()).toEqual(['added login']);
      expect(visitor.cookies.get('localhost')!.has('latchkey')).toBe(false);
    },
  );

  test.each(['validate_401', 'validate_500', 'validate_html', 'validate_empty'] as const)(
    'where Twitch cannot say whose it is (%s) nobody is signed in',
    async (fault) => {
      const place = await scene({ env: plain });
      place.latchkey.sandbox.state.faults.set('twitch', fault);
      const { page } = await attempt(place, 'Twitch');
      expect(page.heading).not.toBe('Your accounts');
      expect(await place.accounts()).toEqual([]);
    },
  );

  test.each(['Twitch', 'Resonite'])('of %s with an ID token for another client: refused', async (name) => {
    const place = await scene({ env: { RESONITE_SCOPES: 'openid profile' } });
    const id = name.toLowerCase() as 'twitch';
    place.latchkey.sandbox.state.faults.set(id, 'id_token_wrong_audience');
    const watch = await place.watch();
    expect((await attempt(place, name)).page.status).toBe(502);
    expect(await watch.written()).toEqual(['added login']);
    expect(asked(place.latchkey, 'userinfo')).toEqual([]);
  });
});

attack('ID-08', () => {
  test('Mixin: unticked permissions are missing and said so', async () => {
    const place = await scene();
    const visitor = await place.signedIn(['Mixin'], { untick: ['PHONE:READ'] });
    const page = await profile(place.latchkey, visitor);
    expect(page.text).toMatch(/Mixin did not give us|Ask Mixin for the missing permission/);
    expect((await listIdentities(place.latchkey))[0]!.granted_scope).toBe('PROFILE:READ');
  });

  test.each([
    ['Twitch', 'TWITCH_TOKEN_ENDPOINT', ['openid'], 'openid'],
    ['Twitch', 'TWITCH_TOKEN_ENDPOINT', [], ''],
    [
      'Twitch',
      'TWITCH_TOKEN_ENDPOINT',
      ['openid', 'user:read:email', 'channel:manage:broadcast'],
      'openid user:read:email channel:manage:broadcast',
    ],
    ['Resonite', 'RESONITE_TOKEN_ENDPOINT', 'profile', 'profile'],
    [
      'Resonite',
      'RESONITE_TOKEN_ENDPOINT',
      'profile email offline_access admin',
      'profile email offline_access admin',
    ],
  ])('%s: what is granted is kept as it came (%s %j)', async (name, endpoint, scope, kept) => {
    const [place, between] = await scene.behind([endpoint]);
    between.change = changing((body) => ({ ...body, scope }));
    const { page, visitor } = await attempt(place, name);
    expect(page.heading).toBe('Your accounts');
    expect((await listIdentities(place.latchkey))[0]!.granted_scope).toBe(kept);
    // What is more than was asked for is used for nothing: no other address is asked.
    await profile(place.latchkey, visitor);
    const paths = new Set(place.latchkey.sandbox.state.requests.map(({ path }) => path));
    expect([...paths].filter((path) => /channel|broadcast|admin/.test(path))).toEqual([]);
  });

  test.each(['Twitch', 'Resonite'])('a refresh of %s that narrows them is believed', async (name) => {
    const [place, between] = await scene.behind([`${name.toUpperCase()}_TOKEN_ENDPOINT`]);
    const visitor = await place.signedIn(['Mixin', name]);
    between.change = changing((body) => ({ ...body, scope: name === 'Twitch' ? ['openid'] : 'profile' }));
    place.latchkey.advance(hours(20));
    await profile(place.latchkey, visitor);
    const scopes = (await openGrants(place.latchkey)).map(({ tokens }) => tokens.grantedScope);
    expect(scopes).toContainEqual(name === 'Twitch' ? ['openid'] : ['profile']);
  });
});

const hostileNames: [string, string][] = [
  ['a script', '<script>alert(1)</script>'],
  ['an end of an attribute', '"><img src=x onerror=alert(1)>'],
  ['an end of an attribute in single quotes', "' autofocus onfocus=alert(1) x='"],
  ['a template', '<%= 7*7 %><%- include("/etc/passwd") %>'],
  ['another template', ['{{7*7}}', '$', '{7*7}#{7*7}'].join('')],
  ['an end of the title', '</title><script>alert(1)</script>'],
  ['an end of a comment', '--><svg/onload=alert(1)>'],
  ['a turn of direction', '\u202Egnp.exe\u202C\u2066x\u2069'],
  ['a zero byte', 'a\u0000b<\u0000script>'],
  ['lines', 'one\r\ntwo\nSet-Cookie: a=b\u2028three'],
  ['only spaces', '   \u00a0\u3000 '],
  ['only invisible signs', '\u200B\u2060\uFEFF'],
  ['half a character', 'a\uD800b'],
  ['marks upon marks', `a${'\u0301'.repeat(3000)}`],
  ['10,000 letters', 'W'.repeat(10_000)],
];

attack('ID-09', () => {
  test.each(['Twitch', 'Mixin', 'Resonite', 'Mixer'])(
    'of %s are text on every page',
    async (name) => {
      const field = /^(?:display_name|login|username|full_name|name|normalizedUsername|token)$/;
      const [place, between] = await scene.behind([`${name.toUpperCase()}_USERINFO_ENDPOINT`], {
        env: { MIXIN_TOKEN: 'bearer' },
      });
      for (const [what, hostile] of hostileNames) {
        between.change = changing((body) => replaceFields(body, field, hostile) as Json);
        const { visitor, page } = await attempt(place, name);
        // No name can be that; it may be refused as well.
        if (what === 'half a character' && page.status === 502) continue;
        expect([what, page.heading]).toEqual([what, 'Your accounts']);
        const pages = [page];
        for (const path of [
          '/profile',
          '/sessions',
          `/profile/${name.toLowerCase()}/unlink`,
          '/account/delete',
        ]) {
          pages.push(await visitor.open(place.baseUrl + path));
        }
        for (const { $, html, url } of pages) {
          const at = `${what} ${url.pathname}`;
          expect([
            at,
            $('script:not([src])').length,
            $('svg[onload], [onerror], [onfocus], iframe, object').length,
          ]).toEqual([at, 0, 0]);
          expect([
            at,
            $('img')
              .toArray()
              .filter((image) => $(image).attr('src') === 'x').length,
          ]).toEqual([at, 0]);
          expect([at, html.split('</title>').length, $('title').length]).toEqual([at, 2, 1]);
          expect([at, /[\u202A-\u202E\u2066-\u2069]/.test($('h1, h2, h3, header, .flash').text())]).toEqual([
            at,
            false,
          ]);
        }
        const [identity] = await listIdentities(place.latchkey);
        const shown = identity!.display_name;
        expect([what, [...new Intl.Segmenter('en').segment(shown)].length <= 80]).toEqual([what, true]);
        expect([what, shown.length > 0 && shown.length < 500]).toEqual([what, true]);
        expect([what, shown]).toEqual([
          what,
          expect.not.stringMatching(
            /[\p{Cc}\u200B\u200E\u200F\u061C\u202A-\u202E\u2060-\u2069\u2028\u2029\uFEFF]/u,
          ),
        ]);
        expect(place.latchkey.logLines.join()).not.toContain('alert(1)');
        await visitor.open(`${place.baseUrl}/profile`);
        await visitor.press('Sign out');
      }
    },
    120_000,
  );

  test('a megabyte of a name is more than is read', async () => {
    const [place, between] = await scene.behind(['RESONITE_USERINFO_ENDPOINT']);
    between.change = changing((body) => ({ ...body, username: 'W'.repeat(1024 * 1024) }));
    const { page } = await attempt(place, 'Resonite');
    expect(page.status).toBe(502);
    expect(await place.accounts()).toEqual([]);
  });
});

attack('ID-10', () => {
  const hash = 'ada0'.repeat(16);
  /** A good picture as the service tells it, and where it then is. */
  const pictures: Record<(typeof serviceNames)[number], [told: string, shown: string]> = {
    Twitch: withoutChange('https://static-cdn.jtvnw.net/user-default-pictures-uv/ada.png'),
    Mixer: withoutChange('https://uploads.mixer.com/avatar/ada.png'),
    Mixin: withoutChange('https://mixin-images.zeromesh.net/ada'),
    Resonite: [`resdb:///${hash}.webp`, `https://assets.resonite.com/${hash}`],
  };
  function withoutChange(address: string): [string, string] {
    return [address, address];
  }

  test.each(services)(
    'of %s: only its own hosts get onto the page, and nobody is asked',
    async (name) => {
      const canary = await startGoBetween();
      canary.instead = (_request, response) => response.writeHead(200).end('picture');
      const local = canary.url.slice('http://'.length);
      const hostile: unknown[] = [
        'javascript:alert(1)',
        'JAVASCRIPT:alert(1)',
        'data:image/svg+xml,<svg onload=alert(1)>',
        'data:text/html,<script>alert(1)</script>',
        'blob:https://evil.example/x',
        `http://${local}/a.png`,
        `https://${local}/a.png`,
        `//${local}/a.png`,
        '//evil.example/a.png',
        'https://evil.example/a.png',
        'http://static-cdn.jtvnw.net/a.png',
        'https://user:pw@static-cdn.jtvnw.net/a.png',
        'https://static-cdn.jtvnw.net@evil.example/a.png',
        'https://static-cdn.jtvnw.net.evil.example/a.png',
        'https://static-cdn.jtvnw.net:8443/a.png',
        'https://evil.example/https://static-cdn.jtvnw.net/a.png',
        'http://169.254.169.254/latest/meta-data',
        'https://[::ffff:127.0.0.1]/a.png',
        'https://localhost./a.png',
        'https://0x7f.1/a.png',
        'file:///etc/passwd',
        '"><script>alert(1)</script>',
        `https://static-cdn.jtvnw.net/${'a'.repeat(10_000)}`,
        7,
        true,
        ['https://static-cdn.jtvnw.net/a.png'],
        { url: 'https://static-cdn.jtvnw.net/a.png' },
      ];
      const [place, between] = await scene.behind([`${name.toUpperCase()}_USERINFO_ENDPOINT`], {
        env: (sandboxUrl) => ({
          ...liveAt(sandboxUrl),
          MIXIN_TOKEN: 'bearer',
          TWITCH_SCOPES: 'user:read:email',
        }),
      });
      const field = /avatar|image|icon|picture/i;
      for (const value of hostile) {
        between.change = changing((body) => replaceFields(body, field, value) as Json);
        const { page, visitor } = await attempt(place, name);
        // What is no text may also be refused as a whole.
        if (page.heading !== 'Your accounts') {
          expect([value, typeof value !== 'string', page.status]).toEqual([value, true, 502]);
          continue;
        }
        const sources = page
          .$('[src], [srcset], [poster], [background]')
          .toArray()
          .map((one) => page.$(one).attr('src')!);
        const foreign = sources.filter((source) => !source.startsWith('/'));
        expect([value, foreign]).toEqual([value, []]);
        expect(page.html).not.toContain('<script>alert');
        const links = page
          .$('a[href]')
          .toArray()
          .map((one) => page.$(one).attr('href')!);
        expect(links.filter((href) => /^\s*(?:javascript|data|file|blob):/i.test(href))).toEqual([]);
        await visitor.press('Sign out');
      }
      expect(canary.seen).toEqual([]);
      await canary.close();
      const policy = String((await place.request('/')).headers['content-security-policy']);
      const images = /img-src ([^;]+)/
        .exec(policy)![1]!
        .split(' ')
        .filter((source) => !/^('self'|data:)$/.test(source));
      const allowed = place.latchkey.config.services.flatMap(({ provider }) => provider.imageSources);
      expect(images.toSorted()).toEqual([...new Set(allowed)].toSorted());
      expect(images.every((source) => source.startsWith('https://'))).toBe(true);
      const [told, shown] = pictures[name];
      between.change = changing((body) => replaceFields(body, field, told) as Json);
      const { page } = await attempt(place, name);
      expect(page.heading).toBe('Your accounts');
      expect(page.$('main img.face').attr('src')).toBe(shown);
    },
    120_000,
  );
});
