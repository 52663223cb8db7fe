import { createHash } from 'node:crypto';
import {
  base64RawURLEncode,
  getChallenge,
  getED25519KeyPair,
  MixinApi,
  type OAuthKeystore,
  ResponseError,
} from '@mixin.dev/mixin-node-sdk';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { authorizationCode, type ListeningSandbox, rejection, useSandbox } from './support.ts';

const { clientId, clientSecret } = madeUpClients.mixin;
const startSandbox = useSandbox();
const startMixin = () => startSandbox('http://localhost:3000/login/callback');

const bothScopes = 'PROFILE:READ PHONE:READ';

function api({ url }: ListeningSandbox, keystore?: OAuthKeystore) {
  const requestConfig = { baseURL: `${url}/api.mixin.one` };
  return MixinApi(keystore ? { requestConfig, keystore } : { requestConfig });
}

/** The SDK leaves the address of the authorization page to the application. */
function codeFor({ url }: ListeningSandbox, more: Record<string, string> = {}): Promise<string> {
  const parameters = { client_id: clientId, scope: bothScopes, response_type: 'code', state: 's', ...more };
  return authorizationCode(`${url}/mixin.one/oauth/authorize?${new URLSearchParams(parameters)}`);
}

type Proof = { code: string; code_verifier: string } | { code: string; client_secret: string };

async function pkceProof(sandbox: ListeningSandbox): Promise<Proof> {
  const { challenge, verifier } = getChallenge();
  const code = await codeFor(sandbox, { code_challenge: challenge, code_challenge_method: 'S256' });
  return { code, code_verifier: verifier };
}

async function secretProof(sandbox: ListeningSandbox): Promise<Proof> {
  return { code: await codeFor(sandbox), client_secret: clientSecret };
}

const waysToProveTheClient = [
  { way: 'PKCE', prove: pkceProof },
  { way: 'the client secret', prove: secretProof },
];

/** What the SDK signs with: a key of its own for the grant that the code stands for. */
async function keystoreFor(sandbox: ListeningSandbox, proof: Proof): Promise<OAuthKeystore> {
  const { seed, publicKey } = getED25519KeyPair();
  const ed25519 = base64RawURLEncode(publicKey);
  const grant = await api(sandbox).oauth.getToken({ client_id: clientId, ...proof, ed25519 });
  expect(grant).toEqual({
    ed25519: expect.stringMatching(/^[\w-]{43}$/),
    authorization_id: expect.stringMatching(/^[\da-f-]{36}$/),
    scope: expect.stringContaining('PROFILE:READ'),
  });
  const { scope, authorization_id } = grant;
  return {
    app_id: clientId,
    scope,
    authorization_id,
    session_private_key: Buffer.from(seed).toString('hex'),
  };
}

/** Mixin refuses with HTTP 202; the SDK throws what is in the body. */
async function expectRefusal(
  { state }: ListeningSandbox,
  promise: Promise<unknown>,
  code: number,
): Promise<void> {
  const error = await rejection(promise);
  expect(error).toBeInstanceOf(ResponseError);
  expect(error).toMatchObject({ code, status: 202 });
  expect(state.requests.at(-1)).toMatchObject({ host: 'api.mixin.one', status: 202 });
}

describe('the Mixin SDK', () => {
  test.each(waysToProveTheClient)(
    'exchanges a code with $way, and signs for the profile',
    async ({ prove }) => {
      const sandbox = await startMixin();
      const keystore = await keystoreFor(sandbox, await prove(sandbox));
      expect(keystore.scope).toBe(bothScopes);
      expect(await api(sandbox, keystore).user.profile()).toMatchObject({
        type: 'user',
        user_id: 'ada00000-0000-4000-8000-000000000001',
        identity_number: '1052001',
        full_name: 'Ada',
        phone: '+15550100001',
        avatar_url: expect.stringMatching(/^https:\/\/images\.mixin\.one\//),
        biography: '',
        relationship: 'ME',
        has_safe: true,
      });
    },
  );

  test.each(waysToProveTheClient)('exchanges a code with $way for a bearer token', async ({ prove }) => {
    const sandbox = await startMixin();
    const proof = await prove(sandbox);
    const grant = await api(sandbox).oauth.getToken({ client_id: clientId, ...proof });
    expect(grant).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      scope: bothScopes,
    });
    // The SDK has no way to send such a token: it signs, or sends none.
    const headers = { Authorization: `Bearer ${grant.access_token}` };
    const response = await fetch(`${sandbox.url}/api.mixin.one/me`, { headers });
    expect(await response.json()).toMatchObject({ data: { full_name: 'Ada' } });
  });

  test('may sign any number of requests with one grant', async () => {
    const sandbox = await startMixin();
    const { user } = api(sandbox, await keystoreFor(sandbox, await secretProof(sandbox)));
    const names = [await user.profile(), await user.profile()].map(({ full_name }) => full_name);
    expect(names).toEqual(['Ada', 'Ada']);
  });

  test('reads an empty phone number without its permission', async () => {
    const sandbox = await startMixin();
    const code = await codeFor(sandbox, { scope: 'PROFILE:READ' });
    const keystore = await keystoreFor(sandbox, { code, client_secret: clientSecret });
    expect(await api(sandbox, keystore).user.profile()).toMatchObject({ full_name: 'Ada', phone: '' });
  });

  test('is refused another verifier', async () => {
    const sandbox = await startMixin();
    const { code } = await pkceProof(sandbox);
    const proof = { code, code_verifier: getChallenge().verifier };
    await expectRefusal(sandbox, api(sandbox).oauth.getToken({ client_id: clientId, ...proof }), 10002);
  });

  test('is refused a challenge by the rule of RFC 7636, which is not Mixin’s', async () => {
    const sandbox = await startMixin();
    const { verifier } = getChallenge();
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const proof = { code: await codeFor(sandbox, { code_challenge: challenge }), code_verifier: verifier };
    await expectRefusal(sandbox, api(sandbox).oauth.getToken({ client_id: clientId, ...proof }), 10002);
  });

  test('is refused a wrong secret and a used code', async () => {
    const sandbox = await startMixin();
    const { getToken } = api(sandbox).oauth;
    const proof = { client_id: clientId, code: await codeFor(sandbox), client_secret: clientSecret };
    await expectRefusal(sandbox, getToken({ ...proof, client_secret: 'wrong' }), 401);
    await getToken(proof);
    await expectRefusal(sandbox, getToken(proof), 20121);
  });

  test('is refused a signature by another key, and one over more than was granted', async () => {
    const sandbox = await startMixin();
    const keystore = await keystoreFor(sandbox, await secretProof(sandbox));
    const foreignKey = Buffer.from(getED25519KeyPair().seed).toString('hex');
    const foreign = api(sandbox, { ...keystore, session_private_key: foreignKey });
    await expectRefusal(sandbox, foreign.user.profile(), 401);
    const greedy = api(sandbox, { ...keystore, scope: `${keystore.scope} ASSETS:READ` });
    await expectRefusal(sandbox, greedy.user.profile(), 401);
  });

  test('is refused a signature for a grant that the person has ended', async () => {
    const sandbox = await startMixin();
    const keystore = await keystoreFor(sandbox, await secretProof(sandbox));
    sandbox.state.revokeAccess('mixin', clientId, 'ada');
    await expectRefusal(sandbox, api(sandbox, keystore).user.profile(), 401);
  });

  test('lists the grant by oauth.authorizations, of all applications and of one', async () => {
    const sandbox = await startMixin();
    const keystore = await keystoreFor(sandbox, await secretProof(sandbox));
    const { oauth } = api(sandbox, keystore);
    const grant = expect.objectContaining({
      type: 'authorization',
      authorization_id: keystore.authorization_id,
      scopes: bothScopes.split(' '),
      app: expect.objectContaining({ app_id: clientId }),
    });
    expect(await oauth.authorizations()).toEqual([grant]);
    expect(await oauth.authorizations(clientId)).toEqual([grant]);
    const [everything, one] = sandbox.requestsAt('api.mixin.one', '/authorizations');
    expect([everything!.query, one!.query]).toEqual([{}, { app: clientId }]);
  });

  test('ends the grant by oauth.revokeAuthorize, and its signatures are refused then', async () => {
    const sandbox = await startMixin();
    const client = api(sandbox, await keystoreFor(sandbox, await secretProof(sandbox)));
    await client.oauth.revokeAuthorize(clientId);
    const [request] = sandbox.requestsAt('api.mixin.one', '/oauth/cancel');
    expect([request!.method, request!.body]).toEqual(['POST', { client_id: clientId }]);
    await expectRefusal(sandbox, client.user.profile(), 401);
  });
});
