import request from 'supertest';
import { issueAccessToken, issueCode, issueRefreshToken } from '../../src/sandbox/tokens.ts';
import { noClaims, type PendingAuthorization } from '../../src/sandbox/records.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { Kept } from '../../src/sandbox/kept.ts';
import { Random } from '../../src/sandbox/random.ts';
import { authorizationPath, codeGrant, locationOf, testSandbox, type TestSandbox } from './support.ts';

const hour = 60 * 60 * 1000;
const random = Random.secure();

function pendingOf(number: number, now: number): PendingAuthorization {
  return {
    id: `pending-${number}`,
    service: 'twitch',
    api: 'twitch',
    clientId: madeUpClients.twitch.clientId,
    redirectUri: 'http://localhost:3000/login/twitch/callback',
    responseType: 'code',
    scopes: ['openid'],
    state: 'the-state',
    nonce: null,
    claims: noClaims,
    codeChallenge: null,
    force: false,
    parameters: [],
    createdAt: now,
    personId: null,
    answeredWith: null,
  };
}

/** What a whole login leaves behind, without the wire: it is the records that are counted here. */
function leaveLogin({ state, clock }: TestSandbox, number: number): void {
  const now = (): number => clock.milliseconds;
  const parts = { state, now } as unknown as Parameters<typeof issueCode>[0];
  const person = state.people.fromName(`Visitor ${number}`);
  const pending = pendingOf(number, now());
  state.pending.set(pending.id, pending);
  const granted = { code: random.lower(30), personId: person.id, scopes: ['openid'] };
  const code = issueCode(parts, pending, granted);
  state.remember(code, pending.scopes);
  issueAccessToken(parts, code, random.lower(30), 14_000);
  issueRefreshToken(parts, code, random.lower(50), null);
}

const sizesOf = ({ state }: TestSandbox): Record<string, number> => ({
  people: state.people.list().length,
  pending: state.pending.size,
  codes: state.codes.size,
  accessTokens: state.accessTokens.size,
  refreshTokens: state.refreshTokens.size,
  remembered: state.remembered.size,
});

describe('100,000 logins of 100,000 people within an hour', () => {
  let sandbox: TestSandbox;
  let halfway: Record<string, number>;

  beforeAll(async () => {
    sandbox = await testSandbox();
    for (let number = 0; number < 50_000; number += 1) leaveLogin(sandbox, number);
    halfway = sizesOf(sandbox);
    for (let number = 50_000; number < 100_000; number += 1) leaveLogin(sandbox, number);
  });

  test('leave no more behind than half as many do', () => {
    const sizes = sizesOf(sandbox);
    expect(Math.max(...Object.values(sizes))).toBeLessThanOrEqual(10_000);
    for (const [kind, size] of Object.entries(sizes)) expect(size).toBeLessThanOrEqual(halfway[kind]! + 500);
  });

  test('leave nothing that belongs to somebody who is forgotten', () => {
    const { codes, accessTokens, refreshTokens, remembered, people } = sandbox.state;
    const owners = [codes, accessTokens, refreshTokens, remembered].flatMap((kind) =>
      [...kind.values()].map(({ personId }) => personId),
    );
    expect(owners.length).toBeGreaterThan(1_000);
    expect(owners.filter((id) => !people.find(id))).toEqual([]);
  });

  test('never push out the people who were there from the start', () => {
    const ids = sandbox.state.people.list().map(({ id }) => id);
    expect(ids.slice(0, 4)).toEqual(['ada', 'bo', 'cy', 'zoe']);
  });

  test('leave the newest of everything', () => {
    const newest = sandbox.state.people.fromName('Visitor 99999');
    expect([...sandbox.state.refreshTokens.values()].at(-1)?.personId).toBe(newest.id);
    expect(sandbox.state.pending.has('pending-99999')).toBe(true);
  });

  test('are gone an hour after they ended, but for what does not end by itself', () => {
    sandbox.state.forgetOld(sandbox.clock.milliseconds + 6 * hour);
    expect(sizesOf(sandbox)).toMatchObject({ pending: 0, codes: 0, accessTokens: 0 });
    expect(sandbox.state.refreshTokens.size).toBeGreaterThan(0);
  });
});

test('a request after an hour and a minute finds expired codes and tokens gone, without being told', async () => {
  const sandbox = await testSandbox({ autoApprove: true });
  const callback = locationOf(await request(sandbox.app).get(authorizationPath('twitch')));
  const members = codeGrant('twitch', callback.searchParams.get('code'));
  await request(sandbox.app).post('/id.twitch.tv/oauth2/token').type('form').send(members);
  expect(sizesOf(sandbox)).toMatchObject({ codes: 1, accessTokens: 1 });
  sandbox.clock.milliseconds += 6 * hour;
  await request(sandbox.app).get('/id.twitch.tv/oauth2/keys');
  expect(sizesOf(sandbox)).toMatchObject({ codes: 0, accessTokens: 0, refreshTokens: 1 });
});

test('whatever the sandbox keeps by a key has an end', async () => {
  const { state } = await testSandbox();
  const maps = Object.entries(state).filter(([, value]) => value instanceof Map);
  expect(maps.map(([name]) => name)).toEqual(
    expect.arrayContaining(['appTokens', 'mixinAuthorizations', 'signingGrants', 'remembered']),
  );
  const limits = maps.map(([, map]) => (map as Kept<unknown>).limit);
  expect(Math.min(...limits)).toBeGreaterThan(100);
  expect(Math.max(...limits)).toBeLessThanOrEqual(10_000);
});

test('a map with an end forgets the oldest, and what is set again does not push anything out', () => {
  const kept = new Kept<number>(3);
  for (const [index, key] of ['a', 'b', 'c', 'c', 'd'].entries()) kept.set(key, index);
  expect([...kept.keys()]).toEqual(['b', 'c', 'd']);
});

test('pages list the people from the start and the newest, however many there are', async () => {
  const { app, state } = await testSandbox();
  for (let number = 0; number < 200; number += 1) state.people.fromName(`Visitor ${number}`);
  const { text } = await request(app).get(authorizationPath('twitch'));
  expect(text.match(/type="radio"/g)).toHaveLength(60);
  for (const name of ['Ada', 'Visitor 199', 'Visitor 144']) expect(text).toContain(`<bdi>${name}</bdi>`);
  expect(text).not.toContain('<bdi>Visitor 143</bdi>');
});

test('the request log keeps the newest 500', async () => {
  const sandbox = await testSandbox();
  for (let index = 0; index < 510; index += 1) {
    await request(sandbox.app).get('/id.twitch.tv/oauth2/keys').query({ index });
  }
  expect(sandbox.state.requests.length).toBe(500);
  expect(sandbox.state.requests.at(-1)?.query).toEqual({ index: '509' });
});

test('a reset leaves nothing but the people from the start', async () => {
  const sandbox = await testSandbox({ autoApprove: true });
  sandbox.state.people.edit('ada', { name: 'Somebody else', email: null });
  for (let number = 0; number < 10; number += 1) leaveLogin(sandbox, number);
  await request(sandbox.app).get(authorizationPath('mixin', { scope: 'PROFILE:READ' }));
  Object.assign(sandbox.state.settings, { autoApprove: false, stepMode: true, autoApproveAs: 'bo' });
  sandbox.state.reset();
  expect(sizesOf(sandbox)).toEqual({
    people: 4,
    pending: 0,
    codes: 0,
    accessTokens: 0,
    refreshTokens: 0,
    remembered: 0,
  });
  expect([sandbox.state.mixinAuthorizations.size, sandbox.state.requests.length]).toEqual([0, 0]);
  expect(sandbox.state.people.get('ada')).toMatchObject({ name: 'Ada', email: 'ada@example.test' });
  expect(sandbox.state.settings).toEqual({
    autoApprove: true,
    autoApproveAs: null,
    autoApproveScopes: null,
    stepMode: false,
  });
});
