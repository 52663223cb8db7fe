import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { load } from 'cheerio';
import type { Response } from 'supertest';
import { madeUpClients } from '../../../src/sandbox/registrations.ts';
import {
  mixinAuthorization,
  mixinDenied,
  mixinGranted,
  mixinGrantedWithoutState,
  mixinGrantedWithReturnTo,
} from '../../support/wire-samples/mixin/authorization.ts';
import { mixinErrors } from '../../support/wire-samples/mixin/errors.ts';
import {
  mixinIntegrityToken,
  mixinProfile,
  mixinProfileWithoutPicture,
  mixinSafeProfile,
  mixinSignedProfile,
} from '../../support/wire-samples/mixin/profile.ts';
import { mixinPkce } from '../../support/wire-samples/mixin/signing.ts';
import { mixinAccessToken, mixinSigningGrant, mixinTokens } from '../../support/wire-samples/mixin/token.ts';
import { authorizationPath, browserOf, locationOf, mixinLogin, type TestSandbox } from '../support.ts';
import { answered, ask, type Play, type Plays, toCallback, toTokenParts } from './answer.ts';

type Changes = Readonly<Record<string, string | null>>;

const { clientId, clientSecret } = madeUpClients.mixin;
const profileOnly = ['PROFILE:READ'];
const both = ['PROFILE:READ', 'PHONE:READ'];

function login(
  sandbox: TestSandbox,
  changes: Changes = {},
  ticked = profileOnly,
  person = 'ada',
): Promise<URL> {
  const path = authorizationPath('mixin', { scope: both.join(' '), ...changes });
  return mixinLogin(browserOf(sandbox), path, ticked, person);
}

/** The members of a token request with a fresh code. */
async function members(
  sandbox: TestSandbox,
  changes: Changes = {},
  ticked = profileOnly,
  person = 'ada',
): Promise<Record<string, string>> {
  const code = (await login(sandbox, changes, ticked, person)).searchParams.get('code')!;
  return { client_id: clientId, client_secret: clientSecret, code };
}

async function bearer(sandbox: TestSandbox, ticked = profileOnly, person = 'ada'): Promise<string> {
  const sent = await members(sandbox, {}, ticked, person);
  return (await ask(sandbox, mixinTokens).send(sent)).body.data.access_token;
}

const profile = (ticked = profileOnly, person = 'ada'): Play =>
  answered(async (sandbox, sample) =>
    ask(sandbox, sample).set('Authorization', `Bearer ${await bearer(sandbox, ticked, person)}`),
  );

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

function requestToken(claims: object, privateKey: KeyObject): string {
  const signed = `${encode({ alg: 'EdDSA', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
}

/** The profile, asked for with a request that the client signed. */
async function signedProfile(sandbox: TestSandbox): Promise<Response> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const ed25519 = publicKey.export({ format: 'jwk' }).x;
  const { data } = (await ask(sandbox, mixinSigningGrant).send({ ...(await members(sandbox)), ed25519 }))
    .body;
  const iat = sandbox.clock.milliseconds / 1000;
  const sig = createHash('sha256').update('GET/me').digest('hex');
  const jti = randomUUID();
  const about = { iss: clientId, aid: data.authorization_id, iat, exp: iat + 60, jti, sig, scp: data.scope };
  return ask(sandbox, mixinSignedProfile).set({
    Authorization: `Bearer ${requestToken(about, privateKey)}`,
    'X-Request-Id': jti,
  });
}

const withFault = (fault: 'token_429' | 'token_500'): Play =>
  answered((sandbox, sample) => {
    sandbox.state.faults.set('mixin', fault);
    return ask(sandbox, sample).send({ client_id: clientId });
  });

/** The code behind the QR code that a browser waits with. */
const waitingAuthorization: Play = async (sandbox, sample) => {
  const browser = browserOf(sandbox);
  const waiting = await browser.get(authorizationPath('mixin', { scope: both.join(' ') }));
  const page = load((await browser.get(locationOf(waiting).pathname)).text);
  const codeId = new URL(page('a.mono').attr('href')!).pathname.split('/').at(-1);
  const url = `https://api.mixin.one/codes/${codeId}`;
  return answered(ask)(sandbox, { ...sample, request: { method: 'GET', url } });
};

export const mixinPlays: Plays = [
  [
    mixinSigningGrant,
    answered(async (sandbox, sample) => {
      const ed25519 = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x;
      return ask(sandbox, sample).send({ ...(await members(sandbox)), ed25519 });
    }),
  ],
  [mixinTokens, answered(async (sandbox, sample) => ask(sandbox, sample).send(await members(sandbox)))],
  [mixinAccessToken, async (sandbox) => toTokenParts(await bearer(sandbox))],

  [mixinProfile, profile()],
  [mixinSafeProfile, profile()],
  [mixinProfileWithoutPicture, profile(both, 'cy')],
  [mixinSignedProfile, answered((sandbox) => signedProfile(sandbox))],
  [
    mixinIntegrityToken,
    async (sandbox) => toTokenParts((await signedProfile(sandbox)).headers['x-integrity-token'] ?? ''),
  ],

  [
    mixinErrors.unreadable,
    answered((sandbox, sample) => ask(sandbox, sample).type('form').send({ client_id: clientId })),
  ],
  [
    mixinErrors.unauthorized,
    answered((sandbox, sample) => ask(sandbox, sample).set('Authorization', 'Bearer dead')),
  ],
  [mixinErrors.forbidden, profile(['PHONE:READ'])],
  [mixinErrors.notFound, answered(ask)],
  [mixinErrors.tooManyRequests, withFault('token_429')],
  [
    mixinErrors.invalidField,
    answered(async (sandbox, sample) => {
      const { code } = await members(sandbox, { code_challenge: mixinPkce.rfc7636Challenge });
      return ask(sandbox, sample).send({ client_id: clientId, code, code_verifier: mixinPkce.codeVerifier });
    }),
  ],
  [
    mixinErrors.codeExpired,
    answered(async (sandbox, sample) => {
      const sent = await members(sandbox);
      sandbox.clock.milliseconds += 10 * 60 * 1000;
      return ask(sandbox, sample).send(sent);
    }),
  ],
  [mixinErrors.serverFault, withFault('token_500')],

  [mixinGranted, async (sandbox) => toCallback(await login(sandbox), 'mixin')],
  [mixinGrantedWithoutState, async (sandbox) => toCallback(await login(sandbox, { state: null }), 'mixin')],
  [
    mixinGrantedWithReturnTo,
    async (sandbox) => toCallback(await login(sandbox, { return_to: '/x?y' }), 'mixin'),
  ],
  [mixinDenied, async (sandbox) => toCallback(await login(sandbox, {}, []), 'mixin')],
  [mixinAuthorization, waitingAuthorization],
];
