import { generateKeyPairSync } from 'node:crypto';
import request from 'supertest';
import { authorizationChecks } from '../../src/sandbox/hosts/mixin.ts';
import { tokenChecks } from '../../src/sandbox/hosts/mixin-token-checks.ts';
import type { Registration } from '../../src/sandbox/registrations.ts';
import { mixinPkce } from '../support/wire-samples/mixin/signing.ts';
import { type Attempt, describeChecks } from './check-pairs.ts';
import { approvedCode, clientId, clientSecret, postToken, scope } from './mixin-client.ts';
import { authorizationPath, callbackOf, type TestSandbox } from './support.ts';

type Changes = Readonly<Record<string, string | null>>;

const minutes = 60 * 1000;

const other: Registration = {
  service: 'mixin',
  clientId: 'facade00-0000-4000-8000-00000000000f',
  clientSecret: 'another-secret',
  name: 'Another',
  redirectUris: [callbackOf('mixin')],
};

function authorize(changes: Changes = {}): Attempt {
  return ({ app }) => request(app).get(authorizationPath('mixin', { scope, ...changes }));
}

describeChecks({
  title: 'Mixin authorization',
  checks: authorizationChecks,
  good: authorize({ response_type: null, redirect_uri: 'https://attacker.example' }),
  pairs: {
    'the client id is registered': {
      broken: authorize({ client_id: other.clientId }),
      refusal: [400, 'Error 400: the client_id is not readable.'],
    },
    'the scope holds PROFILE:READ': {
      broken: authorize({ scope: 'PHONE:READ' }),
      refusal: [400, 'Error 10002: the scope must hold PROFILE:READ.'],
      kept: authorize({ scope: 'PROFILE:READ' }),
    },
    'every scope is one of Mixin’s': {
      broken: authorize({ scope: 'PROFILE:READ FULL' }),
      refusal: [400, 'Error 10002: there is no scope FULL.'],
      kept: authorize({ scope: 'PROFILE:READ+STICKER:READ' }),
    },
  },
});

const usual = { client_id: clientId, client_secret: clientSecret };
const challenged = { code_challenge: mixinPkce.codeChallenge };
const verifier = mixinPkce.codeVerifier;
const withVerifier = { client_id: clientId, code_verifier: verifier };

/** Gets a code, waits, and exchanges it with these members. */
function exchange(members: object = usual, { asked = {} as Changes, wait = 0 } = {}): Attempt {
  return async (sandbox) => {
    const code = await approvedCode(sandbox, asked);
    sandbox.clock.milliseconds += wait;
    return postToken(sandbox, { code, ...members });
  };
}

async function twice(sandbox: TestSandbox) {
  const members = { ...usual, code: await approvedCode(sandbox) };
  await postToken(sandbox, members);
  return postToken(sandbox, members);
}

const refusal = (code: number, description: string, extra?: object) =>
  [202, { error: { status: 202, code, description, ...(extra ? { extra } : {}) } }] as const;
const unreadable = refusal(400, 'The request body can’t be pasred as valid data.');
const unauthorized = refusal(401, 'Unauthorized, maybe invalid token.');
const expired = refusal(20121, 'Authorization code expired.');
const badField = (field: string) => refusal(10002, 'The request data has invalid field.', { field });

const publicKey = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x ?? '';

describeChecks({
  title: 'Mixin token endpoint',
  checks: tokenChecks,
  good: exchange(),
  clients: [other],
  pairs: {
    'the body is JSON': {
      broken: ({ app }) => request(app).post('/api.mixin.one/oauth/token').type('form').send(usual),
      refusal: unreadable,
    },
    'the client id is registered': {
      broken: exchange({ ...usual, client_id: 'facade00-0000-4000-8000-00000000000e' }),
      refusal: unreadable,
    },
    'a client secret is right if it is sent': {
      broken: exchange({ ...usual, client_secret: other.clientSecret }),
      refusal: unauthorized,
      kept: exchange({ ...withVerifier, client_secret: '' }, { asked: challenged }),
    },
    'the code was issued here': {
      broken: exchange({ ...usual, code: 'ab'.repeat(32) }),
      refusal: unauthorized,
    },
    'the code was issued to this client': {
      broken: exchange({ client_id: other.clientId, client_secret: other.clientSecret }),
      refusal: unauthorized,
      kept: exchange(
        { client_id: other.clientId, client_secret: other.clientSecret },
        { asked: { client_id: other.clientId } },
      ),
    },
    'the code was not used before': { broken: twice, refusal: expired },
    'the code is not too old': {
      broken: exchange(usual, { wait: 10 * minutes }),
      refusal: expired,
      kept: exchange(usual, { wait: 10 * minutes - 1 }),
    },
    'a client secret or a code challenge stands for the client': {
      broken: exchange({ client_id: clientId }),
      refusal: unauthorized,
      kept: exchange(withVerifier, { asked: challenged }),
    },
    'a code verifier comes only where a challenge was sent': {
      broken: exchange({ ...usual, code_verifier: verifier }),
      refusal: badField('code_verifier'),
      kept: exchange({ ...usual, code_verifier: '' }),
    },
    'a code verifier comes where a challenge was sent': {
      broken: exchange(usual, { asked: challenged }),
      refusal: badField('code_verifier'),
      kept: exchange({ ...usual, code_verifier: verifier }, { asked: challenged }),
    },
    'the code verifier is base64url without padding': {
      broken: exchange({ ...withVerifier, code_verifier: `${verifier}=` }, { asked: challenged }),
      refusal: badField('code_verifier'),
      kept: exchange(withVerifier, { asked: challenged }),
    },
    'the code challenge is the hash of the decoded verifier': {
      broken: exchange(withVerifier, { asked: { code_challenge: mixinPkce.rfc7636Challenge } }),
      refusal: badField('code_verifier'),
      kept: exchange(withVerifier, { asked: challenged }),
    },
    'the ed25519 key is 32 bytes in base64url without padding': {
      broken: exchange({ ...usual, ed25519: `${publicKey}=` }),
      refusal: badField('ed25519'),
      kept: exchange({ ...usual, ed25519: publicKey }),
    },
  },
});
