import request, { type Response } from 'supertest';
import { madeUpClients } from '../../../src/sandbox/registrations.ts';
import {
  twitchAuthorizationErrors,
  twitchDenied,
  twitchGranted,
  twitchRedirectMismatch,
} from '../../support/wire-samples/twitch/authorization.ts';
import {
  helixErrors,
  helixNobody,
  helixUser,
  helixUserWithoutEmail,
} from '../../support/wire-samples/twitch/helix.ts';
import {
  twitchDiscovery,
  twitchIdToken,
  twitchKeys,
  twitchUserinfo,
} from '../../support/wire-samples/twitch/openid.ts';
import {
  twitchFormerRevocation,
  twitchRevocationErrors,
  twitchRevoked,
} from '../../support/wire-samples/twitch/revocation.ts';
import { twitchTokenErrors } from '../../support/wire-samples/twitch/token-errors.ts';
import {
  twitchAppToken,
  twitchRefreshedTokens,
  twitchTokens,
  twitchTokensWithoutOpenid,
  twitchTokensWithoutScope,
} from '../../support/wire-samples/twitch/token.ts';
import {
  twitchValidation,
  twitchValidationErrors,
  twitchValidationWithoutScope,
} from '../../support/wire-samples/twitch/validation.ts';
import {
  authorizationPath,
  browserOf,
  codeGrant,
  locationOf,
  loginAs,
  type TestSandbox,
} from '../support.ts';
import { answered, ask, type Play, type Plays, toCallback, toTokenParts } from './answer.ts';

type Changes = Readonly<Record<string, string | null>>;

const { clientId, clientSecret } = madeUpClients.twitch;
const scope = 'openid user:read:email';
const everyClaim = Object.fromEntries(
  ['email', 'email_verified', 'picture', 'preferred_username', 'updated_at'].map((name) => [name, null]),
);
const claims = JSON.stringify({ id_token: everyClaim, userinfo: everyClaim });

function login(sandbox: TestSandbox, changes: Changes = {}, person = 'ada', answer = 'yes'): Promise<URL> {
  return loginAs(browserOf(sandbox), authorizationPath('twitch', { scope, ...changes }), person, answer);
}

const code = async (sandbox: TestSandbox, changes: Changes = {}): Promise<string> =>
  (await login(sandbox, changes)).searchParams.get('code')!;

/** Tokens of a login; `asked` changes its authorization request. */
async function tokens(sandbox: TestSandbox, asked: Changes = {}, person = 'ada'): Promise<Response['body']> {
  const given = (await login(sandbox, asked, person)).searchParams.get('code');
  const response = await ask(sandbox, twitchTokens).type('form').send(codeGrant('twitch', given));
  return response.body;
}

/** A token request with a code: `asked` changes the authorization request, `sent` the token request. */
const exchange = (asked: Changes = {}, sent: Changes = {}): Play =>
  answered(async (sandbox, sample) => {
    const members = codeGrant('twitch', await code(sandbox, asked), sent);
    return ask(sandbox, sample).type('form').send(members);
  });

const refresh = (members: (token: string) => Record<string, string>): Play =>
  answered(async (sandbox, sample) => {
    const client = { client_id: clientId, client_secret: clientSecret };
    const { refresh_token } = await tokens(sandbox);
    const sent = { grant_type: 'refresh_token', ...client, ...members(refresh_token) };
    return ask(sandbox, sample).type('form').send(sent);
  });

const refusedWith401: Play = answered(async (sandbox, sample) => {
  sandbox.state.faults.set('twitch', 'refresh_refused_401');
  const client = { client_id: clientId, client_secret: clientSecret };
  const members = { grant_type: 'refresh_token', ...client, refresh_token: 'unknown' };
  return ask(sandbox, sample).type('form').send(members);
});

const authorize = (changes: Changes): Play =>
  answered(({ app }) => request(app).get(authorizationPath('twitch', changes)));

const validate = (asked: Changes): Play =>
  answered(async (sandbox, sample) => {
    const { access_token } = await tokens(sandbox, asked);
    return ask(sandbox, sample).set('Authorization', `OAuth ${access_token}`);
  });

const revoke = (members: (token: string) => Record<string, string>): Play =>
  answered(async (sandbox, sample) => {
    const { access_token } = await tokens(sandbox);
    return ask(sandbox, sample).type('form').send(members(access_token));
  });

/** A request to Helix with these headers; null takes one out. */
const helix = (headers: Changes, asked: Changes = {}, person = 'ada', query = ''): Play =>
  answered(async (sandbox, sample) => {
    const { access_token } = await tokens(sandbox, asked, person);
    const usual = { Authorization: `Bearer ${access_token}`, 'Client-Id': clientId };
    const sent = Object.entries({ ...usual, ...headers }).filter(([, value]) => value !== null);
    return ask(sandbox, sample)
      .query(query)
      .set(Object.fromEntries(sent) as Record<string, string>);
  });

const asApplication = {
  grant_type: 'client_credentials',
  client_id: clientId,
  client_secret: clientSecret,
};

const appToken: Play = answered((sandbox, sample) => ask(sandbox, sample).type('form').send(asApplication));

const helixAsApplication: Play = answered(async (sandbox, sample) => {
  const { access_token } = (await ask(sandbox, twitchAppToken).type('form').send(asApplication)).body;
  return ask(sandbox, sample).set({ Authorization: `Bearer ${access_token}`, 'Client-Id': clientId });
});

const faultyServer: Play = answered((sandbox, sample) => {
  sandbox.state.faults.set('twitch', 'token_500');
  return ask(sandbox, sample).type('form').send(codeGrant('twitch', 'any'));
});

export const twitchPlays: Plays = [
  [twitchTokens, exchange()],
  [twitchTokensWithoutOpenid, exchange({ scope: 'user:read:email' })],
  [twitchTokensWithoutScope, exchange({ scope: null })],
  [twitchRefreshedTokens, refresh((refresh_token) => ({ refresh_token }))],

  [twitchAppToken, appToken],

  [twitchTokenErrors.invalidCode, exchange({}, { code: 'unknown' })],
  [twitchTokenErrors.unknownClient, exchange({}, { client_id: 'nobody' })],
  [twitchTokenErrors.wrongSecret, exchange({}, { client_secret: 'wrong' })],
  [twitchTokenErrors.missingSecret, exchange({}, { client_secret: null })],
  [twitchTokenErrors.missingClientId, exchange({}, { client_id: null })],
  [twitchTokenErrors.otherRedirectUri, exchange({}, { redirect_uri: 'http://localhost:3000/second/twitch' })],
  [twitchTokenErrors.missingRefreshToken, refresh(() => ({}))],
  [twitchTokenErrors.invalidRefreshToken, refresh(() => ({ refresh_token: 'unknown' }))],
  [twitchTokenErrors.invalidRefreshTokenWith401, refusedWith401],
  [twitchTokenErrors.unknownScope, refresh((refresh_token) => ({ refresh_token, scope: 'nonsense' }))],
  [twitchTokenErrors.serverFault, faultyServer],

  [twitchGranted, async (sandbox) => toCallback(await login(sandbox), 'twitch')],
  [twitchDenied, async (sandbox) => toCallback(await login(sandbox, {}, 'ada', 'no'), 'twitch')],
  [
    twitchRedirectMismatch,
    async ({ app }) => {
      const path = authorizationPath('twitch', { redirect_uri: 'https://attacker.example/' });
      const response = await request(app).get(path);
      return toCallback(locationOf(response), 'twitch', response.status);
    },
  ],
  [twitchAuthorizationErrors.missingClientId, authorize({ client_id: null })],
  [twitchAuthorizationErrors.retiredScope, authorize({ scope: 'chat_login' })],
  [twitchAuthorizationErrors.unknownScope, authorize({ scope: 'nonsense' })],

  [twitchValidation, validate({})],
  [twitchValidationWithoutScope, validate({ scope: null })],
  [twitchValidationErrors.missingToken, answered(ask)],
  [
    twitchValidationErrors.invalidToken,
    answered((sandbox, sample) => ask(sandbox, sample).set('Authorization', 'OAuth dead')),
  ],

  [twitchRevoked, revoke((token) => ({ client_id: clientId, token }))],
  [twitchRevocationErrors.deadToken, revoke(() => ({ client_id: clientId, token: 'dead' }))],
  [twitchRevocationErrors.unknownClient, revoke((token) => ({ client_id: 'nobody', token }))],

  [twitchFormerRevocation.missingToken, revoke(() => ({ client_id: clientId }))],

  [twitchDiscovery, answered(ask)],
  [twitchKeys, answered(ask)],
  [
    twitchIdToken,
    async (sandbox) => toTokenParts((await tokens(sandbox, { claims, nonce: 'the-nonce' })).id_token),
  ],
  [
    twitchUserinfo,
    answered(async (sandbox, sample) => {
      const { access_token } = await tokens(sandbox, { claims });
      return ask(sandbox, sample).set('Authorization', `Bearer ${access_token}`);
    }),
  ],

  [helixUser, helix({})],
  [helixUserWithoutEmail, helix({}, {}, 'bo')],
  [helixNobody, helix({}, {}, 'ada', 'id=999')],
  [helixErrors.invalidToken, helix({ Authorization: 'Bearer dead' })],
  [helixErrors.otherClientId, helix({ 'Client-Id': 'another' })],
  [helixErrors.missingClientId, helix({ 'Client-Id': null })],
  [helixErrors.missingEverything, helix({ 'Client-Id': null, Authorization: null })],
  [helixErrors.missingToken, helix({ Authorization: null })],
  [helixErrors.missingUser, helixAsApplication],
];
