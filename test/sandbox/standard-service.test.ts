import request from 'supertest';
import type { StandardService } from '../../src/sandbox/standard-service.ts';
import { browserOf, locationOf, testSandbox, type TestSandbox } from './support.ts';

/** Services of an application's own in the sandbox: two realms of one host, as Keycloak has them. */

const redirectUri = 'http://localhost:3000/back';

function realm(id: string): StandardService {
  return {
    id,
    name: id,
    client: { clientId: `${id}-client`, clientSecret: `${id}-secret` },
    authorization: `keys.example.test/realms/${id}/auth`,
    token: `keys.example.test/realms/${id}/token`,
    userinfo: `keys.example.test/realms/${id}/userinfo`,
    pictures: 'keys.example.test',
    profile: ({ name }) => ({ name, realm: id }),
  };
}

function ownSandbox(ids: readonly string[] = ['one']): Promise<TestSandbox> {
  const services = ids.map(realm);
  return testSandbox({
    more: services.map((service) => ({
      service,
      registration: { ...service.client, redirectUris: [redirectUri] },
    })),
  });
}

function startOf(id: string, scope = 'profile email'): string {
  const { client, authorization } = realm(id);
  const query = { response_type: 'code', client_id: client.clientId, redirect_uri: redirectUri, scope };
  return `/${authorization}?${new URLSearchParams(query)}`;
}

async function redeem(sandbox: TestSandbox, callback: URL, id = 'one') {
  const { client, token } = realm(id);
  const members = {
    grant_type: 'authorization_code',
    client_id: client.clientId,
    client_secret: client.clientSecret,
    redirect_uri: redirectUri,
    code: callback.searchParams.get('code') ?? '',
  };
  return request(sandbox.app).post(`/${token}`).type('form').send(members);
}

async function tokenFor(sandbox: TestSandbox, person: string, id = 'one'): Promise<string> {
  const callback = locationOf(await request(sandbox.app).get(startOf(id)).set('X-Sandbox-Person', person));
  return (await redeem(sandbox, callback, id)).body.access_token;
}

function profile(sandbox: TestSandbox, token: string, id = 'one') {
  const headers = { Authorization: `Bearer ${token}` };
  return request(sandbox.app)
    .get(`/${realm(id).userinfo}`)
    .set(headers);
}

/** Signs in on the pages, as people do. */
async function tokenOnPages(sandbox: TestSandbox, id: string): Promise<string> {
  const browser = browserOf(sandbox);
  const page = await browser.get(startOf(id));
  const person = locationOf(page).pathname;
  const consent = await browser.post(person).type('form').send({ person: 'ada' });
  const address = new URL(consent.headers['location']!, locationOf(page)).pathname;
  const callback = locationOf(await browser.post(address).type('form').send({ answer: 'yes' }));
  return (await redeem(sandbox, callback, id)).body.access_token;
}

describe('what an own service remembers', () => {
  test.each(['ada', 'Dora'])('is gone after a reset, for %s', async (person) => {
    const sandbox = await ownSandbox();
    const browser = browserOf(sandbox);
    const token = await tokenFor(sandbox, person);
    const open = locationOf(await browser.get(startOf('one'))).pathname;
    const unused = locationOf(await browser.get(startOf('one')).set('X-Sandbox-Person', person));
    expect([(await profile(sandbox, token)).status, (await browser.get(open)).status]).toEqual([200, 200]);
    await request(sandbox.app).post('/api/reset');
    expect([(await profile(sandbox, token)).status, (await browser.get(open)).status]).toEqual([401, 404]);
    expect((await redeem(sandbox, unused)).body).toEqual({ error: 'invalid_grant' });
  });

  test('goes with a person who is forgotten', async () => {
    const sandbox = await ownSandbox();
    const token = await tokenFor(sandbox, 'Dora');
    expect((await profile(sandbox, token)).status).toBe(200);
    for (let count = 0; count < 5_000; count += 1) sandbox.state.people.fromName(`Somebody ${count}`);
    expect((await profile(sandbox, token)).status).toBe(401);
  });

  test('has an end: what is over is forgotten, and of logins the newest 2,000 are kept', async () => {
    const sandbox = await ownSandbox();
    const kept = sandbox.state.keepMore('pending');
    for (let count = 0; count < 2_001; count += 1)
      kept.set(`login ${count}`, { personId: null, expiresAt: sandbox.clock.milliseconds });
    expect([kept.size, kept.has('login 0')]).toEqual([2_000, false]);
    sandbox.clock.milliseconds += 61 * 60 * 1000;
    await request(sandbox.app).get('/');
    expect(kept.size).toBe(0);
  });
});

describe('an own service approves by itself', () => {
  test('as the person and with the scopes that a request names', async () => {
    const sandbox = await ownSandbox();
    const named = { 'X-Sandbox-Person': 'Dora', 'X-Sandbox-Scope': 'email' };
    const callback = locationOf(await request(sandbox.app).get(startOf('one')).set(named));
    const { access_token, scope } = (await redeem(sandbox, callback)).body;
    expect(scope).toBe('email');
    expect((await profile(sandbox, access_token)).body).toEqual({ name: 'Dora', realm: 'one' });
  });

  test('with a scope of its own that no other service has', async () => {
    const sandbox = await ownSandbox();
    const named = { 'X-Sandbox-Person': 'ada', 'X-Sandbox-Scope': 'read:own' };
    const path = startOf('one', 'email read:own');
    const callback = locationOf(await request(sandbox.app).get(path).set(named));
    expect((await redeem(sandbox, callback)).body.scope).toBe('read:own');
  });

  test('when the setting says so', async () => {
    const sandbox = await ownSandbox();
    Object.assign(sandbox.state.settings, { autoApprove: true, autoApproveAs: 'bo' });
    const callback = locationOf(await request(sandbox.app).get(startOf('one')));
    expect(callback.href.startsWith(`${redirectUri}?code=`)).toBe(true);
    const { access_token } = (await redeem(sandbox, callback)).body;
    expect((await profile(sandbox, access_token)).body.name).toBe('Bo');
  });
});

test('the request log says why an own service refused', async () => {
  const sandbox = await ownSandbox();
  await redeem(sandbox, new URL(`${redirectUri}?code=unknown`));
  await profile(sandbox, 'unknown');
  expect(sandbox.state.requests.map(({ status, verdict }) => `${status} ${verdict}`)).toEqual([
    '400 invalid_grant',
    '401 no access token that stands',
  ]);
});

describe('several services share a host', () => {
  test('when both are an application’s own', async () => {
    const sandbox = await ownSandbox(['one', 'two']);
    for (const id of ['one', 'two']) {
      const token = await tokenOnPages(sandbox, id);
      expect((await profile(sandbox, token, id)).body).toEqual({ name: 'Ada', realm: id });
      const other = id === 'one' ? 'two' : 'one';
      expect((await profile(sandbox, token, other)).status).toBe(401);
    }
  });

  test('when one of them ships with Latchkey', async () => {
    const service = { ...realm('one'), authorization: 'id.twitch.tv/own/auth' };
    const registration = { ...service.client, redirectUris: [redirectUri] };
    const sandbox = await testSandbox({ more: [{ service, registration }] });
    expect((await request(sandbox.app).get('/id.twitch.tv/oauth2/keys')).status).toBe(200);
    const browser = browserOf(sandbox);
    const { search } = new URL(startOf('one'), 'http://localhost');
    const page = await browser.get(`/${service.authorization}${search}`);
    expect((await browser.get(locationOf(page).pathname)).text).toContain('Sign in to Sandbox one');
  });
});
