import { createPublicKey, verify } from 'node:crypto';
import request, { type Response } from 'supertest';
import type { Registration } from '../../src/sandbox/registrations.ts';
import {
  approvedCode,
  bearerToken,
  clientId,
  errorOf,
  hash,
  postToken,
  scope,
  signedCall,
  signingClient,
} from './mixin-client.ts';
import {
  authorizationPath,
  callbackOf,
  codeGrant,
  locationOf,
  registrations,
  testSandbox,
  type TestSandbox,
} from './support.ts';

const other: Registration = {
  service: 'mixin',
  clientId: 'facade00-0000-4000-8000-00000000000f',
  clientSecret: 'another-secret',
  name: 'Another',
  redirectUris: ['https://another.example/back'],
};

const quick = (): Promise<TestSandbox> =>
  testSandbox({ autoApprove: true, registrations: [...registrations, other] });

async function get({ app }: TestSandbox, path: string, token: string): Promise<Response> {
  return request(app).get(`/api.mixin.one${path}`).set('Authorization', `Bearer ${token}`);
}

async function tokenOfOther(sandbox: TestSandbox): Promise<string> {
  const code = await approvedCode(sandbox, { client_id: other.clientId, scope: 'PROFILE:READ' });
  const client = { client_id: other.clientId, client_secret: other.clientSecret };
  return (await postToken(sandbox, { ...client, code })).body.data.access_token;
}

async function tokenOf(sandbox: TestSandbox, person = 'ada'): Promise<string> {
  sandbox.state.settings.autoApproveAs = person;
  return bearerToken(sandbox, await approvedCode(sandbox));
}

/** The same person has accounts elsewhere. */
async function tokenAtMixer({ app }: TestSandbox): Promise<void> {
  const path = authorizationPath('mixer', { scope: 'chat:connect' });
  const code = locationOf(await request(app).get(path)).searchParams.get('code');
  await request(app).post('/mixer.com/api/v1/oauth/token').send(codeGrant('mixer', code)).expect(200);
}

async function cancel({ app }: TestSandbox, token: string, client_id: string): Promise<Response> {
  const call = request(app).post('/api.mixin.one/oauth/cancel').set('Authorization', `Bearer ${token}`);
  return call.send({ client_id });
}

const idsOf = (response: Response) => response.body.data.map((entry: { app: object }) => entry.app);

describe('Mixin authorizations', () => {
  test('are listed as one object for each application', async () => {
    const sandbox = await quick();
    const token = await tokenOf(sandbox);
    const [authorization] = [...sandbox.state.mixinAuthorizations.values()];
    expect((await get(sandbox, '/authorizations', token)).body).toEqual({
      data: [
        {
          type: 'authorization',
          authorization_id: authorization!.authorizationId,
          authorization_code: '',
          scopes: ['PROFILE:READ', 'PHONE:READ'],
          code_id: authorization!.codeId,
          app: expect.objectContaining({
            type: 'app',
            app_id: clientId,
            name: 'Latchkey',
            redirect_uri: callbackOf('mixin'),
            home_uri: 'http://localhost:3000',
          }),
          user: {},
          created_at: '2026-01-01T00:00:00.000Z',
          accessed_at: '2026-01-01T00:00:00.000Z',
        },
      ],
    });
  });

  test('are those of the person, of both kinds, and of one application where that is asked for', async () => {
    const sandbox = await quick();
    await tokenAtMixer(sandbox);
    const token = await tokenOf(sandbox);
    const ofBo = await tokenOf(sandbox, 'bo');
    await signingClient(sandbox, await approvedCode(sandbox));
    sandbox.state.settings.autoApproveAs = 'ada';
    await tokenOfOther(sandbox);
    await signingClient(sandbox, await approvedCode(sandbox));
    const all = idsOf(await get(sandbox, '/authorizations', token));
    expect(all).toEqual([
      expect.objectContaining({ app_id: clientId }),
      expect.objectContaining({ app_id: other.clientId }),
    ]);
    expect(idsOf(await get(sandbox, '/authorizations', ofBo))).toEqual([
      expect.objectContaining({ app_id: clientId }),
    ]);
    const one = idsOf(await get(sandbox, `/authorizations?app=${other.clientId}`, token));
    expect(one).toEqual([expect.objectContaining({ app_id: other.clientId })]);
  });

  test('are left out once they have ended', async () => {
    const sandbox = await quick();
    await tokenOfOther(sandbox);
    sandbox.clock.milliseconds += 60_000;
    const token = await tokenOf(sandbox);
    const list = async () => idsOf(await get(sandbox, '/authorizations', token));
    sandbox.clock.milliseconds += 365 * 24 * 60 * 60_000 - 60_001;
    expect(await list()).toHaveLength(2);
    sandbox.clock.milliseconds += 1;
    expect(await list()).toEqual([expect.objectContaining({ app_id: clientId })]);
  });

  test('name the newest grant of an application, of whichever kind', async () => {
    const sandbox = await quick();
    const token = await tokenOf(sandbox);
    const newest = async () => {
      const { data } = (await get(sandbox, '/authorizations', token)).body;
      expect(data).toHaveLength(1);
      return data[0];
    };
    sandbox.clock.milliseconds += 1000;
    const client = await signingClient(sandbox, await approvedCode(sandbox, { scope: 'PROFILE:READ' }));
    expect(await newest()).toMatchObject({
      authorization_id: client.authorizationId,
      scopes: ['PROFILE:READ'],
      created_at: '2026-01-01T00:00:01.000Z',
    });
    sandbox.clock.milliseconds += 1000;
    await tokenOf(sandbox);
    expect(await newest()).toMatchObject({
      scopes: ['PROFILE:READ', 'PHONE:READ'],
      created_at: '2026-01-01T00:00:02.000Z',
    });
  });
});

describe('Mixin cancelling', () => {
  test('ends every token of the application for the person, and no other', async () => {
    const sandbox = await quick();
    const token = await tokenOf(sandbox);
    const client = await signingClient(sandbox, await approvedCode(sandbox));
    const ofAnother = await tokenOfOther(sandbox);
    const ofBo = await tokenOf(sandbox, 'bo');
    const { status, body } = await cancel(sandbox, token, clientId);
    expect([status, body]).toEqual([200, { data: null }]);
    expect(errorOf(await get(sandbox, '/me', token))).toEqual([202, 401]);
    expect(errorOf(await signedCall(client))).toEqual([202, 401]);
    expect((await get(sandbox, '/me', ofAnother)).status).toBe(200);
    expect((await get(sandbox, '/me', ofBo)).body.data.full_name).toBe('Bo');
  });

  test('by a signed call is answered with the signature of the grant that it ends', async () => {
    const sandbox = await quick();
    const client = await signingClient(sandbox, await approvedCode(sandbox));
    const body = JSON.stringify({ client_id: clientId });
    const response = await signedCall(client, { method: 'POST', uri: '/oauth/cancel', body });
    expect(response.body).toEqual({ data: null });
    expect(response.headers['x-integrity-token']).toBeTruthy();
    expect(sandbox.state.signingGrants.size).toBe(0);
  });

  test('of an application without a grant changes nothing', async () => {
    const sandbox = await quick();
    const token = await tokenOf(sandbox);
    expect((await cancel(sandbox, token, other.clientId)).status).toBe(200);
    expect((await get(sandbox, '/me', token)).status).toBe(200);
  });
});

test('a Mixin code says what is asked for, to anybody, and never the authorization code', async () => {
  const sandbox = await quick();
  await approvedCode(sandbox);
  const { codeId, authorizationId, code } = [...sandbox.state.mixinAuthorizations.values()][0]!;
  const { text, body } = await request(sandbox.app).get(`/api.mixin.one/codes/${codeId}`);
  expect(body.data).toMatchObject({
    type: 'authorization',
    authorization_id: authorizationId,
    authorization_code: '',
    code_id: codeId,
    scopes: ['PROFILE:READ', 'PHONE:READ'],
    created_at: '2026-01-01T00:00:00.000Z',
  });
  expect(text).not.toContain(code);
});

describe('other names of Mixin’s hosts', () => {
  test('www.mixin.one leads to the bare host', async () => {
    const { app } = await quick();
    const path = authorizationPath('mixin', { scope });
    const response = await request(app).get(path.replace('/mixin.one/', '/www.mixin.one/'));
    expect([response.status, response.headers['location']]).toEqual([302, path]);
  });

  test('mixin-api.zeromesh.net signs its answers over the same path', async () => {
    const sandbox = await quick();
    const client = await signingClient(sandbox, await approvedCode(sandbox));
    const response = await signedCall(client, { host: 'mixin-api.zeromesh.net', uri: '/me?a=1' });
    const [header, payload = '', signature = ''] = String(response.headers['x-integrity-token']).split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    expect(claims.sig).toBe(hash(`GET/me?a=1${response.text}`));
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: client.serverKey }, format: 'jwk' });
    const signed = Buffer.from(`${header}.${payload}`);
    expect(verify(null, signed, key, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  test('below a path the signed path is still the true one', async () => {
    const sandbox = await testSandbox({ autoApprove: true, baseUrl: 'http://localhost:4000/sandbox' });
    const app = { ...sandbox, app: prefixed(sandbox) };
    const client = await signingClient(app, await approvedCode(app));
    expect((await signedCall(client)).body.data.full_name).toBe('Ada');
  });
});

/** The application as seen by tests that know nothing of its path. */
function prefixed({ app }: TestSandbox): TestSandbox['app'] {
  const rewrite = (req: Parameters<typeof app>[0], res: Parameters<typeof app>[1]) => {
    req.url = `/sandbox${req.url}`;
    app(req, res);
  };
  return rewrite as unknown as TestSandbox['app'];
}

test('an unknown address of the API is 404 inside HTTP 202', async () => {
  const { app } = await quick();
  const { status, body } = await request(app).get('/api.mixin.one/users/nobody');
  const error = { status: 202, code: 404, description: 'The endpoint is not found.' };
  expect([status, body]).toEqual([202, { error }]);
});
