import { createPublicKey, generateKeyPairSync, randomUUID, verify } from 'node:crypto';
import { load } from 'cheerio';
import request, { type Response } from 'supertest';
import { mixinPkce, mixinSigning } from '../support/wire-samples/mixin/signing.ts';
import {
  bearerToken,
  bothScopes,
  type CallChanges,
  clientId,
  clientSecret,
  errorOf,
  hash,
  postToken,
  scope,
  signedCall,
  type SigningClient,
  signingClient,
} from './mixin-client.ts';
import {
  authorizationPath,
  browserOf,
  callbackOf,
  locationOf,
  mixinLogin,
  start,
  testSandbox,
  type TestSandbox,
} from './support.ts';

async function code(sandbox: TestSandbox, changes: Record<string, string | null> = {}, ticked = bothScopes) {
  const path = authorizationPath('mixin', { scope, ...changes });
  return (await mixinLogin(browserOf(sandbox), path, ticked)).searchParams.get('code') ?? '';
}

const post = async (sandbox: TestSandbox, body: object): Promise<Response> => postToken(sandbox, body);

describe('Mixin authorization', () => {
  test('ignores redirect_uri and glues the state to the registered callback, raw', async () => {
    const { app, state } = await testSandbox({ autoApprove: true });
    const query = `client_id=${clientId}&scope=PROFILE%3AREAD+PHONE%3AREAD&state=a%2Fb%2Bc&redirect_uri=https%3A%2F%2Fattacker.example&return_to=%2Fx%3Fy`;
    const { headers } = await request(app).get(`/mixin.one/oauth/authorize?${query}`);
    const [issued] = [...state.codes.values()];
    expect(headers['location']).toBe(
      `${callbackOf('mixin')}?code=${issued!.code}&state=a/b+c&return_to=%2Fx%3Fy`,
    );
    expect(issued!.scopes).toEqual(bothScopes);
  });

  test('always sends a state, even an empty one', async () => {
    const { app } = await testSandbox({ autoApprove: true });
    const { headers } = await request(app).get(authorizationPath('mixin', { scope, state: null }));
    expect(headers['location']).toMatch(/\?code=[0-9a-f]{64}&state=$/);
  });

  test.each([
    [{ client_id: 'nobody' }, 'Error 400'],
    [{ scope: 'PHONE:READ' }, 'Error 10002'],
    [{ scope: 'PROFILE:READ NONSENSE' }, 'Error 10002'],
  ])('shows an error page for %j', async (changes, text) => {
    const { app } = await testSandbox();
    const response = await request(app).get(authorizationPath('mixin', { scope, ...changes }));
    expect([response.status, response.text.includes(text)]).toEqual([400, true]);
  });

  test('waits, notices the phone, and goes on once it has answered', async () => {
    const sandbox = await testSandbox();
    const browser = browserOf(sandbox);
    const waiting = locationOf(await browser.get(authorizationPath('mixin', { scope }))).pathname;
    const status = async () => (await browser.get(`${waiting}/status`)).body.status;
    const page = load((await browser.get(waiting)).text);
    const phone = new URL(page('a.mono').attr('href')!).pathname;
    expect([await status(), page('h1').text()]).toEqual(['waiting', 'Approve in Mixin']);
    const question = load((await request(sandbox.app).get(phone)).text);
    expect(question('input[value="PROFILE:READ"][disabled]').length).toBe(1);
    // Enter in a field presses the first button of its form (HTML, implicit submission).
    const buttons = question('form button:not([form])').map((_index, each) => question(each).val());
    expect(buttons.get()).toEqual(['yes']);
    expect(await status()).toBe('seen');
    expect((await browser.get(waiting)).text).toContain('Seen on the phone. Waiting for an answer.');
    const answer = { answer: 'yes', person: 'bo', scope: 'PROFILE:READ' };
    const done = await request(sandbox.app).post(phone).type('form').send(answer);
    expect(locationOf(done).pathname).toBe(phone);
    expect((await request(sandbox.app).get(phone)).text).toContain('You can go back to the other screen.');
    expect(await status()).toBe('approved');
    expect(locationOf(await browser.get(waiting)).searchParams.get('code')).toBeTruthy();
  });

  test('denies from the phone, from the waiting page, and with nothing ticked', async () => {
    const sandbox = await testSandbox();
    const denied = `${callbackOf('mixin')}?error=access_denied&state=the-state`;
    const browser = browserOf(sandbox);
    expect((await mixinLogin(browser, authorizationPath('mixin', { scope }), [])).href).toBe(denied);
    const waiting = locationOf(await browser.get(authorizationPath('mixin', { scope }))).pathname;
    expect((await browser.post(`${waiting}/cancel`)).headers['location']).toBe(denied);
  });

  test('offers a new code after ten minutes', async () => {
    const sandbox = await testSandbox();
    const browser = browserOf(sandbox);
    const path = authorizationPath('mixin', { scope });
    const waiting = locationOf(await browser.get(path)).pathname;
    sandbox.clock.milliseconds += 10 * 60 * 1000;
    const page = load((await browser.get(waiting)).text);
    expect(page('h1').text()).toBe('This QR code is too old');
    expect(sandbox.state.requests.at(-1)?.verdict).toBe('the login took too long');
    expect(page('a:contains("Show a new one")').attr('href')).toBe(path);
    expect((await browser.get(`${waiting}/status`)).body).toEqual({ status: 'expired' });
  });

  test('asks every time', async () => {
    const sandbox = await testSandbox();
    const browser = browserOf(sandbox);
    await mixinLogin(browser, authorizationPath('mixin', { scope }), bothScopes);
    const second = locationOf(await browser.get(authorizationPath('mixin', { scope })));
    expect(second.pathname).toMatch(/^\/mixin\.one\/sandbox\//);
  });
});

describe('Mixin token endpoint', () => {
  test('wraps a bearer token in data, and takes empty texts for absent ones', async () => {
    const sandbox = await testSandbox();
    const body = {
      client_id: clientId,
      client_secret: clientSecret,
      code: await code(sandbox),
      code_verifier: '',
      ed25519: '',
    };
    const response = await post(sandbox, body);
    expect(Object.keys(response.body.data)).toEqual(['access_token', 'scope']);
    expect(response.body.data.scope).toBe(scope);
  });

  test('grants what was ticked', async () => {
    const sandbox = await testSandbox();
    const body = {
      client_id: clientId,
      client_secret: clientSecret,
      code: await code(sandbox, {}, ['PROFILE:READ']),
    };
    expect((await post(sandbox, body)).body.data.scope).toBe('PROFILE:READ');
  });

  test('accepts the hash of the decoded verifier and refuses the RFC 7636 one', async () => {
    const sandbox = await testSandbox();
    const code_verifier = mixinPkce.codeVerifier;
    const right = await code(sandbox, { code_challenge: mixinPkce.codeChallenge });
    expect((await post(sandbox, { client_id: clientId, code: right, code_verifier })).body.data.scope).toBe(
      scope,
    );
    const wrong = await code(sandbox, { code_challenge: mixinPkce.rfc7636Challenge });
    expect(errorOf(await post(sandbox, { client_id: clientId, code: wrong, code_verifier }))).toEqual([
      202, 10002,
    ]);
  });

  test('refuses a verifier that is not unpadded base64url', async () => {
    const sandbox = await testSandbox();
    const challenged = await code(sandbox, { code_challenge: mixinPkce.codeChallenge });
    const body = { client_id: clientId, code: challenged, code_verifier: `${mixinPkce.codeVerifier}=` };
    expect(errorOf(await post(sandbox, body))).toEqual([202, 10002]);
  });

  test('wants the verifier where a challenge was sent, and the secret where none was', async () => {
    const sandbox = await testSandbox();
    const challenged = await code(sandbox, { code_challenge: mixinPkce.codeChallenge });
    const withSecret = { client_id: clientId, client_secret: clientSecret, code: challenged };
    expect(errorOf(await post(sandbox, withSecret))).toEqual([202, 10002]);
    const plain = await code(sandbox);
    expect(errorOf(await post(sandbox, { client_id: clientId, code: plain }))).toEqual([202, 401]);
    const verifier = {
      client_id: clientId,
      client_secret: clientSecret,
      code: plain,
      code_verifier: mixinPkce.codeVerifier,
    };
    expect(errorOf(await post(sandbox, verifier))).toEqual([202, 10002]);
  });

  test('refuses a wrong secret, an unknown code, a used one and a late one inside HTTP 202', async () => {
    const sandbox = await testSandbox();
    const body = { client_id: clientId, client_secret: clientSecret, code: await code(sandbox) };
    expect(errorOf(await post(sandbox, { ...body, client_secret: 'wrong' }))).toEqual([202, 401]);
    expect(errorOf(await post(sandbox, { ...body, code: 'unknown' }))).toEqual([202, 401]);
    await post(sandbox, body);
    expect(errorOf(await post(sandbox, body))).toEqual([202, 20121]);
    const late = await code(sandbox);
    sandbox.clock.milliseconds += 10 * 60 * 1000;
    expect(errorOf(await post(sandbox, { ...body, code: late }))).toEqual([202, 20121]);
  });

  test('does not read forms', async () => {
    const { app } = await testSandbox();
    const response = await request(app)
      .post('/api.mixin.one/oauth/token')
      .type('form')
      .send({ client_id: clientId });
    expect(response.body.error).toMatchObject({ status: 202, code: 400 });
  });
});

describe('Mixin profile with a bearer token', () => {
  async function bearer(sandbox: TestSandbox, ticked = bothScopes): Promise<string> {
    return bearerToken(sandbox, await code(sandbox, {}, ticked));
  }

  test.each(['me', 'safe/me'])(
    'is wrapped in data at /%s, with the request id and the time',
    async (path) => {
      const sandbox = await testSandbox();
      const response = await request(sandbox.app)
        .get(`/api.mixin.one/${path}`)
        .set({ Authorization: `Bearer ${await bearer(sandbox)}`, 'X-Request-Id': 'the-id' });
      expect(response.body.data).toMatchObject({
        full_name: 'Ada',
        identity_number: '1052001',
        phone: '+15550100001',
      });
      expect(response.headers['x-request-id']).toBe('the-id');
      expect(response.headers['x-server-time']).toBe(`${start}000000`);
    },
  );

  test('keeps the phone number back without its scope', async () => {
    const sandbox = await testSandbox();
    const token = await bearer(sandbox, ['PROFILE:READ']);
    const response = await request(sandbox.app)
      .get('/api.mixin.one/me')
      .set('Authorization', `Bearer ${token}`);
    expect(response.body.data.phone).toBe('');
  });

  test('is refused after the person removed the application', async () => {
    const sandbox = await testSandbox();
    const token = await bearer(sandbox);
    sandbox.state.revokeAccess('mixin', clientId, 'ada');
    const response = await request(sandbox.app)
      .get('/api.mixin.one/me')
      .set('Authorization', `Bearer ${token}`);
    expect(errorOf(response as unknown as Response)).toEqual([202, 401]);
  });
});

async function signer(): Promise<SigningClient> {
  const sandbox = await testSandbox();
  return signingClient(sandbox, await code(sandbox));
}

describe('Mixin request tokens', () => {
  test('are accepted over the true path, query included', async () => {
    const client = await signer();
    expect((await signedCall(client)).body.data.user_id).toBe('ada00000-0000-4000-8000-000000000001');
    const query = await signedCall(client, { uri: '/safe/me?a=1' });
    expect(query.body.data.full_name).toBe('Ada');
  });

  const now = start / 1000;
  test.each<[string, CallChanges]>([
    ['another path in sig', { uri: '/safe/me', claims: { sig: hash('GET/me') } }],
    ['the prefixed path in sig', { claims: { sig: hash('GET/api.mixin.one/me') } }],
    ['a query that sig does not cover', { uri: '/me?a=1', claims: { sig: hash('GET/me') } }],
    ['another X-Request-Id', { requestId: randomUUID() }],
    ['another issuer', { claims: { iss: randomUUID() } }],
    ['another authorization', { claims: { aid: randomUUID() } }],
    ['an end in the past', { claims: { iat: now - 200, exp: now - 61 } }],
    ['a beginning in the future', { claims: { iat: now + 61, exp: now + 200 } }],
    ['a scope that was not granted', { claims: { scp: `${scope} ASSETS:READ` } }],
    ['another algorithm', { header: { alg: 'none' } }],
  ])('are refused for %s', async (_name, changes) => {
    const response = await signedCall(await signer(), changes);
    expect(errorOf(response as unknown as Response)).toEqual([202, 401]);
    expect(response.headers['x-integrity-token']).toBeUndefined();
  });

  test('are refused with another key, and a second time', async () => {
    const client = await signer();
    const stranger = { ...client, privateKey: generateKeyPairSync('ed25519').privateKey };
    expect((await signedCall(stranger)).body.error.code).toBe(401);
    const jti = randomUUID();
    expect((await signedCall(client, { claims: { jti } })).body.data).toBeTruthy();
    expect((await signedCall(client, { claims: { jti } })).body.error.code).toBe(401);
    expect(client.sandbox.state.requests.at(-1)?.verdict).toBe('401: jti was seen before');
  });

  test('are remembered for as long as they live, but no more than a thousand of them', async () => {
    const client = await signer();
    const grant = [...client.sandbox.state.signingGrants.values()][0]!;
    const seconds = start / 1000;
    grant.seen = Array.from({ length: 1500 }, (_, index) => [`mark-${index}`, seconds + 9e9]);
    const jti = randomUUID();
    expect((await signedCall(client, { claims: { jti } })).body.data).toBeTruthy();
    expect(grant.seen).toHaveLength(1000);
    expect(grant.seen[0]?.[0]).toBe('mark-501');
    expect((await signedCall(client, { claims: { jti } })).body.error.code).toBe(401);
  });

  test.each<[string, CallChanges]>([
    ['a padded signature', { spoil: (token) => `${token}==` }],
    ['a part too many, signed as well', { more: '.e30' }],
    ['no signature', { spoil: (token) => token.slice(0, token.lastIndexOf('.')) }],
    ['an empty signature', { spoil: (token) => token.slice(0, token.lastIndexOf('.') + 1) }],
  ])('are refused with %s', async (_name, changes) => {
    const response = await signedCall(await signer(), changes);
    expect(errorOf(response as unknown as Response)).toEqual([202, 401]);
  });

  test('are refused once the grant is a year old', async () => {
    const client = await signer();
    client.sandbox.clock.milliseconds += 365 * 24 * 60 * 60 * 1000 - 1000;
    expect((await signedCall(client)).body.data).toBeTruthy();
    client.sandbox.clock.milliseconds += 1000;
    expect((await signedCall(client)).body.error.code).toBe(401);
  });

  test('without PROFILE:READ in scp meet a signed 403', async () => {
    const response = await signedCall(await signer(), { claims: { scp: 'PHONE:READ' } });
    expect(response.body.error).toMatchObject({ status: 202, code: 403 });
    expect(response.headers['x-integrity-token']).toBeTruthy();
  });

  test('get an answer that the server signed with the key of this grant', async () => {
    const client = await signer();
    const response = await signedCall(client);
    const token = response.headers['x-integrity-token'] ?? '';
    const [header, payload, signature = ''] = token.split('.');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: client.serverKey }, format: 'jwk' });
    const isSigned = verify(
      null,
      Buffer.from(`${header}.${payload}`),
      key,
      Buffer.from(signature, 'base64url'),
    );
    const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString());
    expect(isSigned).toBe(true);
    expect(claims.jti).toBe(response.headers['x-request-id']);
    expect(claims.sig).toBe(hash(`GET/me${response.text}`));
  });

  test('get an answer whose signature covers something else under the fault integrity_wrong', async () => {
    const client = await signer();
    client.sandbox.state.faults.set('mixin', 'integrity_wrong');
    const response = await signedCall(client);
    const payload = String(response.headers['x-integrity-token']).split('.')[1] ?? '';
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    expect(claims.sig).not.toBe(hash(`GET/me${response.text}`));
  });

  test('of the official SDK are accepted as they are', async () => {
    const { appId, authorizationId, clientPublicKey, getMe } = mixinSigning;
    const sandbox = await testSandbox();
    sandbox.clock.milliseconds = getMe.issuedAtSeconds * 1000;
    const grant = { clientId: appId, personId: 'ada', scopes: ['PROFILE:READ'], clientKey: clientPublicKey };
    const { privateKey } = generateKeyPairSync('ed25519');
    const serverPrivateKey = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    sandbox.state.signingGrants.set(authorizationId, {
      ...grant,
      authorizationId,
      serverPrivateKey,
      serverKey: '',
      seen: [],
      expiresAt: Infinity,
    });
    const response = await request(sandbox.app)
      .get('/api.mixin.one/me')
      .set({ Authorization: `Bearer ${getMe.token}`, 'X-Request-Id': getMe.requestId });
    expect(response.body.data.full_name).toBe('Ada');
  });
});
