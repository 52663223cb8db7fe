import request, { type Response } from 'supertest';
import { madeUpClients } from '../../../src/sandbox/registrations.ts';
import {
  krakenGranted,
  krakenGrantedWithoutScope,
  krakenRedirectMismatch,
  krakenUnsupportedResponseType,
} from '../../support/wire-samples/kraken/authorization.ts';
import { krakenErrors } from '../../support/wire-samples/kraken/errors.ts';
import { krakenRevoked } from '../../support/wire-samples/kraken/revocation.ts';
import {
  krakenRoot,
  krakenRootForADeadToken,
  krakenRootOfVersion3,
} from '../../support/wire-samples/kraken/root.ts';
import { krakenTokens } from '../../support/wire-samples/kraken/token.ts';
import {
  krakenUser,
  krakenUserOfVersion3,
  krakenUserWithoutEmail,
} from '../../support/wire-samples/kraken/user.ts';
import {
  authorizationPath,
  browserOf,
  codeGrant,
  locationOf,
  loginAs,
  type TestSandbox,
} from '../support.ts';
import { answered, ask, type Play, type Plays, toCallback } from './answer.ts';

const { clientId } = madeUpClients.twitch;
const version3 = 'application/vnd.twitchtv.v3+json';
const version5 = 'application/vnd.twitchtv.v5+json';

function login(sandbox: TestSandbox, scope: string | null = 'user_read', person = 'ada'): Promise<URL> {
  return loginAs(browserOf(sandbox), authorizationPath('kraken', { scope }), person);
}

async function exchange(sandbox: TestSandbox, person = 'ada'): Promise<Response> {
  const code = (await login(sandbox, 'user_read', person)).searchParams.get('code');
  const members = { ...codeGrant('twitch', code), state: 'the-state' };
  return ask(sandbox, krakenTokens).type('form').send(members);
}

/** A request to the API with a token, the Accept header of a version, and a Client-ID. */
const withToken = (accept: string, person = 'ada'): Play =>
  answered(async (sandbox, sample) => {
    const { access_token } = (await exchange(sandbox, person)).body;
    if (accept === version3) sandbox.state.faults.set('twitch', 'kraken_v3');
    return ask(sandbox, sample).set({
      Accept: accept,
      Authorization: `OAuth ${access_token}`,
      'Client-ID': clientId,
    });
  });

const withHeaders = (headers: Record<string, string>): Play =>
  answered((sandbox, sample) => ask(sandbox, sample).set(headers));

const redirected =
  (changes: Readonly<Record<string, string>>): Play =>
  async ({ app }) => {
    const response = await request(app).get(authorizationPath('kraken', changes));
    return toCallback(locationOf(response), 'twitch', response.status);
  };

const deadToken = withHeaders({ Accept: version5, Authorization: 'OAuth dead', 'Client-ID': clientId });

export const krakenPlays: Plays = [
  [krakenTokens, answered((sandbox) => exchange(sandbox))],

  [krakenUserOfVersion3, withToken(version3)],
  [krakenUser, withToken(version5)],
  [krakenUserWithoutEmail, withToken(version5, 'bo')],

  [krakenRootOfVersion3, withToken(version3)],
  [krakenRoot, withToken(version5)],
  [krakenRootForADeadToken, deadToken],

  [krakenErrors.deadToken, deadToken],
  [krakenErrors.missingClientId, withHeaders({ Accept: version5 })],
  [
    krakenErrors.unknownClient,
    answered(({ app }) => request(app).get(authorizationPath('kraken', { client_id: 'nobody' }))),
  ],
  [krakenErrors.version3Withdrawn, withToken('application/json')],

  [krakenGranted, async (sandbox) => toCallback(await login(sandbox), 'twitch')],
  [krakenGrantedWithoutScope, async (sandbox) => toCallback(await login(sandbox, null), 'twitch')],
  [krakenRedirectMismatch, redirected({ redirect_uri: 'https://attacker.example/' })],
  [krakenUnsupportedResponseType, redirected({ response_type: 'id_token' })],

  [
    krakenRevoked,
    answered(async (sandbox, sample) => {
      const { access_token: token } = (await exchange(sandbox)).body;
      return ask(sandbox, sample).type('form').send({ client_id: clientId, token });
    }),
  ],
];
