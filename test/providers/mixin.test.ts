import { createHash } from 'node:crypto';
import { getPublicKeyAsync, utils } from '@noble/ed25519';
import { createClient } from '../../src/oauth/client.ts';
import { requestTokenLifeSeconds } from '../../src/oauth/signed-request.ts';
import type { Tokens } from '../../src/oauth/token-response.ts';
import { sendUserinfoRequest } from '../../src/oauth/userinfo-request.ts';
import { mixin, mixinWithBearerToken } from '../../src/providers/mixin.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { mixinRefusal } from '../support/wire-samples/mixin/errors.ts';
import { mixinProfile } from '../support/wire-samples/mixin/profile.ts';
import {
  mixinSigningGrant,
  mixinSigningGrantOfThePage,
  mixinTokens,
} from '../support/wire-samples/mixin/token.ts';
import { type Stage, useBareClient, useLatchkey, useServer } from './support.ts';

const start = useLatchkey('Mixin');
const startClient = useBareClient();
const startServer = useServer();
const { tokenResponse, userinfoResponse } = mixin.conform;

const sha256 = (value: string | Buffer) => createHash('sha256').update(value);

/** The claims of the request token that the newest userinfo request carried. */
function requestToken(stage: Stage): Record<string, unknown> {
  const [, payload = ''] = String(stage.sent('userinfo').headers['authorization']).split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
}

async function madeUpTokens(): Promise<Tokens> {
  const seed = utils.randomSecretKey();
  const serverPublicKey = Buffer.from(await getPublicKeyAsync(seed)).toString('base64url');
  const signing = {
    seed: Buffer.from(seed).toString('base64url'),
    serverPublicKey,
    authorizationId: '0d9e4b52-7c1e-4c59-8f5a-2b6f3c1d7e88',
    scope: 'PROFILE:READ',
  };
  return { accessToken: null, refreshToken: null, expiresAt: null, grantedScope: null, signing };
}

describe('Mixin', () => {
  test('hashes the decoded bytes of the code verifier', async () => {
    const stage = await start();
    await stage.signIn();
    const verifier = String(stage.sent('token').body['code_verifier']);
    const challenge = stage.authorizationUrl().searchParams.get('code_challenge');
    expect(Buffer.from(verifier, 'base64url').length).toBe(32);
    expect(challenge).toBe(sha256(Buffer.from(verifier, 'base64url')).digest('base64url'));
    expect(challenge).not.toBe(sha256(verifier).digest('base64url'));
  });

  test('refuses the code challenge of the standard', async () => {
    const { login } = await startClient({ ...mixin, pkce: 'S256' }, { clientSecret: null });
    await expect(login()).rejects.toMatchObject({
      code: 'token_request_refused',
      facts: { oauthError: 'invalid_grant' },
    });
  });

  test('gets PKCE and no client secret with MIXIN_CLIENT_AUTH=pkce', async () => {
    const stage = await start({ MIXIN_CLIENT_AUTH: 'pkce' });
    const page = await stage.signIn();
    expect(page.heading).toBe('Your accounts');
    expect(stage.authorizationUrl().searchParams.get('code_challenge_method')).toBe('S256');
    expect(stage.sent('token').bodyNames.toSorted()).toEqual([
      'client_id',
      'code',
      'code_verifier',
      'ed25519',
    ]);
  });

  test('gets the client secret and no PKCE with MIXIN_CLIENT_AUTH=secret', async () => {
    const stage = await start({ MIXIN_CLIENT_AUTH: 'secret' });
    const page = await stage.signIn();
    expect(page.heading).toBe('Your accounts');
    expect(stage.authorizationUrl().searchParams.has('code_challenge')).toBe(false);
    const { body, bodyNames } = stage.sent('token');
    expect(bodyNames.toSorted()).toEqual(['client_id', 'client_secret', 'code', 'ed25519']);
    expect(body['client_secret']).toBe(madeUpClients.mixin.clientSecret);
  });

  test('takes the client secret for the way of authentication when one is configured', async () => {
    const { clientId, clientSecret } = madeUpClients.mixin;
    const registration = { provider: mixin, mode: 'live', clientId, scope: ['PROFILE:READ'] } as const;
    const redirectUri = 'https://login.example.org/login/mixin/callback';
    expect(createClient({ ...registration, redirectUri, clientSecret }).pkce).toBeNull();
    expect(createClient({ ...registration, redirectUri, clientSecret: null }).pkce).toBe('S256-decoded');
  });

  test('gets the token request as JSON, without grant_type and redirect_uri', async () => {
    for (const kind of ['ed25519', 'bearer']) {
      const stage = await start({ MIXIN_TOKEN: kind });
      await stage.signIn();
      const { headers, bodyNames } = stage.sent('token');
      expect(headers['content-type']).toBe('application/json');
      expect(bodyNames).toContain('code');
      expect(bodyNames).not.toContain('grant_type');
      expect(bodyNames).not.toContain('redirect_uri');
    }
  });

  test('wraps every success in data', () => {
    const { data } = mixinSigningGrant.body;
    expect(userinfoResponse!(mixinProfile)).toEqual({ status: 200, body: mixinProfile.body.data });
    expect(tokenResponse!(mixinSigningGrant)).toEqual({ status: 200, body: data });
    expect(tokenResponse!(mixinSigningGrantOfThePage)).toEqual({ status: 200, body: data });
  });

  test('refuses with HTTP 202', async () => {
    const stage = await start();
    stage.sandbox.faults.set('mixin', 'token_code_expired');
    const page = await stage.signIn();
    expect(stage.sent('token').status).toBe(202);
    expect(page.heading).toBe('The code from Mixin was too old');
    expect(page.text).toContain('invalid_grant: 20121 Authorization code expired.');
  });

  test('may refuse with any HTTP status', () => {
    for (const status of [200, 202, 400, 401, 403]) {
      expect(tokenResponse!({ status, body: mixinRefusal(401) })).toMatchObject({
        status: 401,
        body: { error: 'invalid_client' },
      });
      expect(userinfoResponse!({ status, body: mixinRefusal(401) }).status).toBe(401);
    }
  });

  test('has numbers for errors', () => {
    const standardFor = (code: number) => {
      const { status, body } = tokenResponse!({ status: 202, body: mixinRefusal(code, 'why') });
      return [status, body];
    };
    const table: [code: number, status: number, error: string][] = [
      [400, 400, 'invalid_request'],
      [401, 401, 'invalid_client'],
      [403, 403, 'invalid_client'],
      [404, 400, 'invalid_request'],
      [429, 429, 'temporarily_unavailable'],
      [10002, 400, 'invalid_grant'],
      [20121, 400, 'invalid_grant'],
      [500, 503, 'invalid_request'],
      [7000, 503, 'invalid_request'],
      [7001, 503, 'invalid_request'],
      [20117, 400, 'invalid_request'],
    ];
    for (const [code, status, error] of table) {
      expect(standardFor(code)).toEqual([status, { error, error_description: `${code} why` }]);
    }
  });

  test('refuses a token with HTTP 202 too', async () => {
    const stage = await start();
    stage.sandbox.faults.set('mixin', 'userinfo_401');
    const page = await stage.signIn();
    expect(stage.sent('userinfo').status).toBe(202);
    expect(page.heading).toBe('We are in, but Mixin gave us no profile');
  });

  test('sends the browser to the registered return address whatever redirect_uri says', async () => {
    const registered = 'http://localhost:1/registered';
    const { client, login, sandbox } = await startClient(mixin, {
      registration: { redirectUris: [registered] },
    });
    const { location, response } = await login();
    const asked = sandbox.requests.find(({ path }) => path === '/oauth/authorize')?.query['redirect_uri'];
    expect(asked).toBe(client.redirectUri);
    expect(location.split('?')[0]).toBe(registered);
    expect(response.tokens.signing).not.toBeNull();
  });

  test('glues the state back without encoding it', async () => {
    const stage = await start();
    await stage.signIn();
    const state = stage.authorizationUrl().searchParams.get('state');
    expect(state).toMatch(/^[\w-]{43}$/);
    expect(stage.callbackUrl().search).toMatch(new RegExp(`^\\?code=[0-9a-f]{64}&state=${state}$`));
  });

  test('never passes with a state that was damaged on the way', async () => {
    const stage = await start();
    stage.sandbox.faults.set('mixin', 'authorize_wrong_state');
    const page = await stage.signIn();
    expect(page.heading).toBe('We do not know this sign-in');
    expect(stage.allSent('token')).toEqual([]);
  });

  test('gets a fresh key pair with each login', async () => {
    const stage = await start();
    await stage.signIn();
    await stage.pressAndAnswer('Scan again with another Mixin account');
    const keys = stage.allSent('token').map(({ body }) => String(body['ed25519']));
    expect(keys).toEqual([expect.stringMatching(/^[\w-]{43}$/), expect.stringMatching(/^[\w-]{43}$/)]);
    expect(keys[0]).not.toBe(keys[1]);
  });

  test('gives no access token with ed25519, so each request is signed', async () => {
    const stage = await start();
    await stage.signIn();
    const { headers, status } = stage.sent('userinfo');
    const [header = ''] = String(headers['authorization']).replace('Bearer ', '').split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'EdDSA', typ: 'JWT' });
    expect(status).toBe(200);
    expect(stage.sandbox.accessTokens.size).toBe(0);
    expect(requestToken(stage)).toMatchObject({
      iss: madeUpClients.mixin.clientId,
      aid: [...stage.sandbox.signingGrants.keys()][0],
    });
  });

  test('wants the signature over the true path, without the prefix of the sandbox', async () => {
    const stage = await start();
    await stage.signIn();
    expect(stage.provider.endpoints.userinfo).toBe(`${stage.latchkey.sandboxUrl}/api.mixin.one/me`);
    expect(requestToken(stage)['sig']).toBe(sha256('GET/me').digest('hex'));
  });

  test('wants the signature over the path together with its query', async () => {
    const { client, login, sandbox } = await startClient(mixin, {
      change: (played) => ({
        ...played,
        endpoints: { ...played.endpoints, userinfo: `${played.endpoints.userinfo}?locale=en&n=1` },
        publicEndpoints: { ...mixin.endpoints, userinfo: 'https://api.mixin.one/me?locale=en&n=1' },
      }),
    });
    const { response } = await login();
    await expect(sendUserinfoRequest(client, response.tokens, Date.now())).resolves.toMatchObject({
      type: 'user',
    });
    expect(sandbox.requests.at(-1)).toMatchObject({ path: '/me', query: { locale: 'en', n: '1' } });
  });

  test('wants the id of the request in the token and in X-Request-Id', async () => {
    const stage = await start();
    await stage.signIn();
    const first = requestToken(stage)['jti'];
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(stage.sent('userinfo').headers['x-request-id']).toBe(first);
    await stage.visitor.press('Read profile again');
    expect(stage.visitor.page.text).toContain('We read your Mixin profile again.');
    expect(requestToken(stage)['jti']).not.toBe(first);
  });

  test('gets request tokens that live 60 seconds at most', async () => {
    const stage = await start();
    await stage.signIn();
    const { iat, exp } = requestToken(stage) as { iat: number; exp: number };
    expect(requestTokenLifeSeconds).toBeLessThanOrEqual(60);
    expect(exp - iat).toBe(requestTokenLifeSeconds);
    expect(Math.abs(stage.sent('userinfo').time / 1000 - iat)).toBeLessThan(5);
  });

  test('wants the granted scope in the request token and not the one asked for', async () => {
    const stage = await start();
    await stage.signIn({ untick: ['PHONE:READ'] });
    expect(stage.authorizationUrl().searchParams.get('scope')).toBe('PROFILE:READ PHONE:READ');
    expect(requestToken(stage)['scp']).toBe('PROFILE:READ');
  });

  test('is not believed when X-Integrity-Token does not fit the answer', async () => {
    const stage = await start();
    stage.sandbox.faults.set('mixin', 'integrity_wrong');
    const page = await stage.signIn();
    expect(page.heading).toBe('Mixin sent a profile we cannot read');
    expect(await stage.accounts()).toEqual([]);
  });

  test('is not believed when X-Request-Id of the answer is another one', async () => {
    const stage = await start();
    stage.sandbox.faults.set('mixin', 'request_id_wrong');
    const page = await stage.signIn();
    expect(page.heading).toBe('Mixin sent a profile we cannot read');
    expect(stage.latchkey.logLines.join('')).toContain('the answer is for another request');
  });

  test('may leave out X-Integrity-Token and X-Request-Id', async () => {
    const origin = await startServer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(mixinProfile.body));
    });
    const endpoints = { ...mixin.endpoints, token: `${origin}/oauth/token`, userinfo: `${origin}/me` };
    const client = createClient({
      provider: { ...mixin, endpoints },
      mode: 'live',
      ...madeUpClients.mixin,
      redirectUri: 'http://localhost:1/callback',
      scope: ['PROFILE:READ'],
    });
    const userinfo = await sendUserinfoRequest(client, await madeUpTokens(), Date.now());
    await client.http.close();
    expect(userinfo).toEqual(mixinProfile.body.data);
  });

  test('gives a plain access token with MIXIN_TOKEN=bearer', async () => {
    const stage = await start({ MIXIN_TOKEN: 'bearer' });
    const page = await stage.signIn();
    expect(page.heading).toBe('Your accounts');
    expect(stage.sent('token').bodyNames).not.toContain('ed25519');
    const [accessToken] = stage.sandbox.accessTokens.keys();
    expect(stage.sent('userinfo').headers['authorization']).toBe(`Bearer ${accessToken}`);
  });

  test('leaves token_type out of the token answer', () => {
    const { data } = mixinTokens.body;
    const answer = mixinWithBearerToken.conform.tokenResponse!(mixinTokens);
    expect(answer.body).toEqual({ ...data, token_type: 'bearer' });
  });

  test('lets people untick single permissions', async () => {
    const stage = await start();
    const page = await stage.signIn({ untick: ['PHONE:READ'] });
    expect((await stage.identity()).granted_scope).toBe('PROFILE:READ');
    expect(page.text).toContain('Mixin did not give us: read your phone number.');
  });

  test('reports a denial when nothing is ticked', async () => {
    const stage = await start();
    const page = await stage.signIn({ deny: true });
    expect(stage.callbackUrl().searchParams.get('error')).toBe('access_denied');
    expect(page.heading).toBe('You closed the request in Mixin');
    expect(page.text).toContain('Mixin reports this also when every permission was unticked.');
  });

  test('asks every time, forced or not', async () => {
    const stage = await start();
    await stage.signIn();
    const names = [...stage.authorizationUrl().searchParams.keys()];
    await stage.pressAndAnswer('Scan again with another Mixin account', { person: 'Bo' });
    expect([...stage.authorizationUrl().searchParams.keys()]).toEqual(names);
    const questions = stage.visitor.visited.filter((url) => url.includes('/mixin.one/codes/'));
    expect(new Set(questions).size).toBe(2);
    expect(stage.visitor.page.heading).toMatch(/^Replace /);
  });

  test('names no end of the access and gives nothing to renew it', async () => {
    const stage = await start();
    const page = await stage.signIn();
    expect(page.text).toContain('No end date given (Mixin)');
    expect(page.text).not.toContain('Renews by itself');
    expect(stage.sandbox.refreshTokens.size).toBe(0);
  });

  test('gives no e-mail address and is keyed on user_id', async () => {
    const stage = await start();
    await stage.signIn();
    const { subject, handle, userinfo } = await stage.identity();
    expect([subject, handle]).toEqual(['ada00000-0000-4000-8000-000000000001', '1052001']);
    expect(JSON.parse(userinfo)).not.toHaveProperty('email');
  });

  test('may leave out or empty the name, the number and the picture', () => {
    const { user_id } = mixinProfile.body.data;
    const bare = { user_id };
    const facts = { subject: user_id, displayName: 'Mixin 0', handle: user_id, avatarUrl: null };
    expect(mixin.toIdentity(bare)).toMatchObject(facts);
    expect(mixin.toIdentity({ ...bare, full_name: ' ', identity_number: '0', avatar_url: '' })).toMatchObject(
      facts,
    );
  });

  test('sends an empty phone number without its permission', async () => {
    const stage = await start();
    await stage.signIn({ untick: ['PHONE:READ'] });
    expect(JSON.parse((await stage.identity()).userinfo).phone).toBe('');
  });

  test('cannot be told to cancel the access', async () => {
    const stage = await start();
    await stage.signIn();
    await stage.pressAndAnswer('Link Resonite');
    const before = stage.sandbox.requests.filter(({ host }) => host === 'api.mixin.one').length;
    const question = await stage.visitor.press('Unlink Mixin');
    expect(question.text).toContain(
      'Open Mixin, go to Settings, Authorizations, and remove this app there too',
    );
    const page = await stage.visitor.press('Unlink Mixin');
    expect(page.text).toContain('Mixin is unlinked.');
    expect(stage.sandbox.requests.filter(({ host }) => host === 'api.mixin.one').length).toBe(before);
  });

  test('ends no access because of a clock that is wrong', async () => {
    const stage = await start();
    await stage.signIn();
    for (const fault of ['clock_ahead', 'clock_behind'] as const) {
      stage.sandbox.faults.set('mixin', fault);
      const failed = await stage.visitor.press('Read profile again');
      expect(stage.sandbox.requests.at(-1)?.failedCheck).not.toBeNull();
      expect(failed.text).toContain('We could not reach Mixin.');
      stage.sandbox.faults.clear();
      expect((await stage.visitor.press('Try again')).text).not.toContain('We could not reach Mixin.');
    }
    stage.sandbox.faults.set('mixin', 'access_revoked');
    expect((await stage.visitor.press('Read profile again')).text).toContain('Needs attention');
  });
});
