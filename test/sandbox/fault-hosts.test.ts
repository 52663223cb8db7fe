import request, { type Response } from 'supertest';
import {
  canFail,
  type FaultName,
  faultNames,
  faultTable,
  faultyEndpoints,
} from '../../src/sandbox/faults.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { type Host, hostsWithFaults, serviceOfHost } from '../../src/sandbox/services.ts';
import { approvedCode, postToken as postMixinToken, signedCall, signingClient } from './mixin-client.ts';
import { authorizationPath, codeGrant, locationOf, testSandbox, type TestSandbox } from './support.ts';
import { kraken, refreshMembers } from './twitch-support.ts';

/** A fault can be asked for where it can happen, and is refused with words everywhere else. */

/** What can never happen there. */
const impossible = [
  ['api.twitch.tv', 'keys_none', 'id.twitch.tv, account.resonite.com'],
  ['id.twitch.tv', 'kraken_v3', 'api.twitch.tv'],
  ['mixin.one', 'integrity_wrong', 'api.mixin.one, mixin-api.zeromesh.net'],
  ['id.twitch.tv', 'revoke_truncated', 'api.twitch.tv, api.mixin.one, mixin-api.zeromesh.net'],
] as const satisfies readonly (readonly [Host, FaultName, string])[];

describe.each(impossible)('at %s the fault %s', (host, name, able) => {
  test('is refused by the JSON interface, which says where it can be', async () => {
    const sandbox = await testSandbox();
    const { status, body } = await request(sandbox.app).put(`/api/faults/${host}/${name}`);
    expect([status, body.message]).toEqual([
      400,
      `${host} cannot have the fault ${name}. It is for ${able}.`,
    ]);
    expect(sandbox.state.faults.list()).toEqual([]);
  });

  test('is refused by the form', async () => {
    const sandbox = await testSandbox();
    const form = request(sandbox.app).post('/control/faults/on').set('Accept', 'text/html').type('form');
    const { status, text } = await form.send({ at: host, name, reach: 'all' });
    expect([status, text.includes(`${host} cannot have the fault ${name}.`)]).toEqual([400, true]);
    expect(sandbox.state.faults.list()).toEqual([]);
  });

  test('is refused in the header of a request', async () => {
    const sandbox = await testSandbox();
    const { status, text } = await request(sandbox.app).get(`/${host}/`).set('X-Sandbox-Fault', name);
    expect([status, text]).toEqual([
      400,
      'X-Sandbox-Fault names a fault that this host cannot have. GET /api/faults lists the faults and their hosts.\n',
    ]);
    expect(sandbox.state.requests.at(-1)?.verdict).toBe('a fault that this host cannot have');
  });
});

test('who follows a redirecting fault may bring the header along', async () => {
  const { app } = await testSandbox();
  const { status } = await request(app).get('/elsewhere/token').set('X-Sandbox-Fault', 'token_redirect');
  expect(status).toBe(200);
});

interface Endpoints {
  readonly api: 'twitch' | 'kraken' | 'mixer' | 'resonite';
  readonly scope: string;
  readonly token: string;
  readonly rest: (
    sandbox: TestSandbox,
    tokens: Partial<Record<string, string>>,
  ) => readonly PromiseLike<unknown>[];
}

const bearer = (token = '') => ({ Authorization: `Bearer ${token}` });

/** Everything that can be asked there, well and badly. */
const endpoints: Readonly<Partial<Record<Host, Endpoints>>> = {
  'id.twitch.tv': {
    api: 'twitch',
    scope: 'openid user:read:email',
    token: '/id.twitch.tv/oauth2/token',
    rest: ({ app }, { access_token }) => [
      request(app).get('/id.twitch.tv/oauth2/userinfo').set(bearer(access_token)),
      request(app).get('/id.twitch.tv/oauth2/validate').set(bearer(access_token)),
      request(app).get('/id.twitch.tv/oauth2/keys'),
      request(app).get('/id.twitch.tv/oauth2/.well-known/openid-configuration'),
      request(app).post('/id.twitch.tv/oauth2/revoke').type('form').send({ token: access_token }),
    ],
  },
  'api.twitch.tv': {
    api: 'kraken',
    scope: 'user_read',
    token: '/api.twitch.tv/kraken/oauth2/token',
    rest: (sandbox, { access_token }) => [
      kraken(sandbox, '', access_token ?? ''),
      kraken(sandbox, '/user', access_token ?? ''),
      kraken(sandbox, '/user', 'unknown'),
      kraken(sandbox, '/user', 'unknown', { Accept: 'application/json' }),
      request(sandbox.app).post('/api.twitch.tv/kraken/oauth2/revoke').type('form').send({}),
    ],
  },
  'mixer.com': {
    api: 'mixer',
    scope: 'user:details:self',
    token: '/mixer.com/api/v1/oauth/token',
    rest: ({ app }, { access_token }) => [
      request(app).get('/mixer.com/api/v1/users/current').set(bearer(access_token)),
      request(app)
        .post('/mixer.com/api/v1/oauth/token/introspect')
        .type('form')
        .send({ token: access_token }),
    ],
  },
  'account.resonite.com': {
    api: 'resonite',
    scope: 'openid profile email offline_access',
    token: '/account.resonite.com/connect/token',
    rest: ({ app }, { access_token }) => [
      request(app).get('/account.resonite.com/api/user/profile').set(bearer(access_token)),
      request(app).get('/account.resonite.com/api/user/profile').set(bearer('unknown')),
      request(app).get('/account.resonite.com/.well-known/jwks'),
      request(app).get('/account.resonite.com/.well-known/openid-configuration'),
    ],
  },
};

async function useAll(sandbox: TestSandbox, host: Host, whenIssued: () => void): Promise<void> {
  const { api, scope, token, rest } = endpoints[host]!;
  const service = serviceOfHost(host) as 'twitch';
  const post = async (members: object): Promise<Response> =>
    request(sandbox.app).post(token).type('form').send(members);
  const authorize = async () =>
    locationOf(
      await request(sandbox.app).get(authorizationPath(api, { scope, nonce: 'the-nonce' })),
    ).searchParams.get('code');
  const [code, another] = [await authorize(), await authorize()];
  const { body: tokens } = await post(codeGrant(service, code));
  whenIssued();
  await authorize();
  await post(codeGrant(service, another));
  const { clientId, clientSecret } = madeUpClients[service];
  const client = { client_id: clientId, client_secret: clientSecret };
  for (const answer of rest(sandbox, tokens)) await answer;
  for (const refreshToken of [tokens.refresh_token, 'unknown'])
    await post(refreshMembers(refreshToken, client));
}

async function useMixin(sandbox: TestSandbox, host: Host, whenIssued: () => void): Promise<void> {
  const client = await signingClient(sandbox, await approvedCode(sandbox));
  const code = await approvedCode(sandbox);
  whenIssued();
  await approvedCode(sandbox);
  await request(sandbox.app).post(`/${host}/oauth/token`).send(codeGrant('mixin', code));
  await signedCall(client, { host });
  await request(sandbox.app).post(`/${host}/oauth/cancel`).send({});
  await postMixinToken(sandbox, {});
}

describe.each(hostsWithFaults)('at %s', (host) => {
  test('every fault that is taken makes a difference', async () => {
    const sandbox = await testSandbox({ autoApprove: true });
    const use = endpoints[host] ? useAll : useMixin;
    // Of the ways in which an answer can break two are enough: one before it, and one that needs its body.
    const isTried = (name: FaultName) =>
      !Object.hasOwn(faultyEndpoints, faultTable[name].group) || /_(500|truncated)$/.test(name);
    const names = faultNames.filter((name) => canFail(host, name) && isTried(name));
    expect(names.length).toBeGreaterThan(10);
    const unmet: FaultName[] = [];
    for (const name of names) {
      sandbox.state.reset();
      await use(sandbox, host, () => sandbox.state.faults.set(host, name)).catch(() => undefined);
      const met = sandbox.state.requests.some(
        (record) => record.host === host && record.faults.includes(name),
      );
      if (!met) unmet.push(name);
    }
    expect(unmet).toEqual([]);
  }, 60_000);
});
