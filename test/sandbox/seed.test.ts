import { createPublicKey, generateKeyPairSync, type JsonWebKey, verify } from 'node:crypto';
import jwt from 'jsonwebtoken';
import request, { type Response } from 'supertest';
import { Random } from '../../src/sandbox/random.ts';
import {
  authorizationPath,
  browserOf,
  codeGrant,
  locationOf,
  mixinLogin,
  testSandbox,
  type TestSandbox,
} from './support.ts';

const seeded = (seed: string | null) => testSandbox({ autoApprove: true, seed });

async function twitchLogin({ app }: TestSandbox): Promise<[code: string | null, Response]> {
  const path = authorizationPath('twitch', { scope: 'openid', nonce: 'the-nonce' });
  const code = locationOf(await request(app).get(path)).searchParams.get('code');
  const response = await request(app)
    .post('/id.twitch.tv/oauth2/token')
    .type('form')
    .send(codeGrant('twitch', code));
  return [code, response as unknown as Response];
}

/** Everything random that two logins show. */
async function trail(sandbox: TestSandbox): Promise<unknown[]> {
  const first = await twitchLogin(sandbox);
  const second = await twitchLogin(sandbox);
  const keys = await request(sandbox.app).get('/id.twitch.tv/oauth2/keys');
  return [first[0], first[1].body, second[0], second[1].body, keys.body];
}

test('the same seed gives the same codes, tokens and keys in the same order', async () => {
  expect(await trail(await seeded('a seed'))).toEqual(await trail(await seeded('a seed')));
});

test('two logins of one seed are not the same login', async () => {
  const [code, tokens, nextCode, nextTokens] = (await trail(await seeded('a seed'))) as [
    string,
    { access_token: string },
    string,
    { access_token: string },
  ];
  expect(nextCode).not.toBe(code);
  expect(nextTokens.access_token).not.toBe(tokens.access_token);
});

test.each([
  ['another seed', 'another seed'],
  ['no seed', null],
])('%s gives others', async (_title, seed) => {
  const [code, tokens] = (await trail(await seeded('a seed'))) as [string, { access_token: string }];
  const [otherCode, otherTokens] = (await trail(await seeded(seed))) as [string, { access_token: string }];
  expect(otherCode).not.toBe(code);
  expect(otherTokens.access_token).not.toBe(tokens.access_token);
});

test('who looks at the page or tries a login there does not move what the seed fixes', async () => {
  const looked = await seeded('a seed');
  for (const path of ['/', '/try/twitch', '/try/resonite']) await request(looked.app).get(path);
  expect(await trail(looked)).toEqual(await trail(await seeded('a seed')));
});

test('two sandboxes without a seed have nothing in common but the key of this process', async () => {
  const one = await twitchLogin(await seeded(null));
  const other = await twitchLogin(await seeded(null));
  expect(one[0]).not.toBe(other[0]);
});

test('the seed also fixes the ids of Mixin and the key that signs its answers', async () => {
  const answers = [];
  for (const seed of ['a seed', 'a seed', 'another seed']) {
    const sandbox = await testSandbox({ seed });
    const scopes = ['PROFILE:READ'];
    const path = authorizationPath('mixin', { scope: scopes.join(' ') });
    const callback = await mixinLogin(browserOf(sandbox), path, scopes);
    const ed25519 = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x!;
    const members = { ...codeGrant('mixin', callback.searchParams.get('code')), ed25519 };
    answers.push((await request(sandbox.app).post('/api.mixin.one/oauth/token').send(members)).body.data);
  }
  expect(answers[0]).toMatchObject({ ed25519: expect.stringMatching(/^[\w-]{43}$/) });
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]).not.toEqual(answers[0]);
});

test('a seeded key is a full RSA key that Node takes for its own', async () => {
  const sandbox = await seeded('a seed');
  const [, { body }] = await twitchLogin(sandbox);
  const { body: set } = await request(sandbox.app).get('/id.twitch.tv/oauth2/keys');
  const key = createPublicKey({ key: set.keys[0] as JsonWebKey, format: 'jwk' });
  expect(key.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048, publicExponent: 65537n });
  const [header, payload, signature] = (body.id_token as string).split('.');
  const signed = Buffer.from(`${header}.${payload}`);
  expect(verify('sha256', signed, key, Buffer.from(signature!, 'base64url'))).toBe(true);
  expect(jwt.verify(body.id_token, key, { clockTimestamp: sandbox.clock.milliseconds / 1000 })).toMatchObject(
    { sub: '10000001' },
  );
});

describe('random values', () => {
  const random = Random.seeded('for the tests');

  test('have the alphabet and the length they should have', () => {
    expect(random.lower(50)).toMatch(/^[a-z0-9]{50}$/);
    expect(random.mixed(200)).toMatch(/^[A-Za-z0-9]{200}$/);
    expect(random.mixed(200)).toMatch(/[A-Z]/);
    expect(random.hex(32)).toMatch(/^[0-9a-f]{64}$/);
    expect(random.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('of a range reach both of its ends and nothing beyond', () => {
    const values = new Set(Array.from({ length: 300 }, () => random.integer(5, 8)));
    expect([...values].sort()).toEqual([5, 6, 7]);
  });

  test.each([
    ['seeded', random],
    ['secure', Random.secure()],
  ])('are spread evenly when they are %s', (_title, source) => {
    const counts = new Map<number, number>();
    for (let index = 0; index < 20_000; index += 1) {
      const value = source.integer(0, 10);
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    // Ten standard deviations.
    expect(Math.min(...counts.values())).toBeGreaterThan(1_575);
    expect(Math.max(...counts.values())).toBeLessThan(2_425);
  });
});
