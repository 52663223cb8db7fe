import type { Response } from 'supertest';
import { madeUpClients } from '../../../src/sandbox/registrations.ts';
import {
  resoniteDenied,
  resoniteGranted,
  resoniteGrantedWithIssuer,
} from '../../support/wire-samples/resonite/authorization.ts';
import { resoniteDeadToken, resoniteTokenErrors } from '../../support/wire-samples/resonite/errors.ts';
import {
  resoniteDiscovery,
  resoniteIdToken,
  resoniteKeys,
  resoniteUserinfo,
} from '../../support/wire-samples/resonite/openid.ts';
import {
  resoniteProfile,
  resoniteSparseProfile,
  resoniteSupporterProfile,
} from '../../support/wire-samples/resonite/profile.ts';
import {
  resoniteRefreshedTokens,
  resoniteTokens,
  resoniteTokensWithIdToken,
  resoniteTokensWithoutRefreshToken,
} from '../../support/wire-samples/resonite/token.ts';
import { authorizationPath, browserOf, codeGrant, loginAs, type TestSandbox } from '../support.ts';
import { answered, ask, type Play, type Plays, toCallback, toTokenParts } from './answer.ts';

type Changes = Readonly<Record<string, string | null>>;

const { clientId, clientSecret } = madeUpClients.resonite;
const usual = 'profile email offline_access';
const everything = `openid ${usual}`;
const fourteenDays = 14 * 24 * 60 * 60 * 1000;

function login(sandbox: TestSandbox, scope = usual, person = 'ada', answer = 'yes'): Promise<URL> {
  return loginAs(browserOf(sandbox), authorizationPath('resonite', { scope }), person, answer);
}

async function tokens(sandbox: TestSandbox, scope = usual, person = 'ada'): Promise<Response['body']> {
  const code = (await login(sandbox, scope, person)).searchParams.get('code');
  return (await ask(sandbox, resoniteTokens).type('form').send(codeGrant('resonite', code))).body;
}

/** A token request with a code, sent so often, or so late. */
const exchange = (changes: Changes = {}, { scope = usual, times = 1, later = 0 } = {}): Play =>
  answered(async (sandbox, sample) => {
    const code = (await login(sandbox, scope)).searchParams.get('code');
    sandbox.clock.milliseconds += later;
    const send = () =>
      ask(sandbox, sample)
        .type('form')
        .send(codeGrant('resonite', code, changes));
    for (let before = 1; before < times; before++) await send();
    return send();
  });

const refresh = (changes: Record<string, string> = {}, { times = 1, later = 0 } = {}): Play =>
  answered(async (sandbox, sample) => {
    const { refresh_token } = await tokens(sandbox);
    sandbox.clock.milliseconds += later;
    const members = { client_id: clientId, client_secret: clientSecret, refresh_token, ...changes };
    const send = () =>
      ask(sandbox, sample)
        .type('form')
        .send({ grant_type: 'refresh_token', ...members });
    for (let before = 1; before < times; before++) await send();
    return send();
  });

const withToken = (scope: string, person = 'ada'): Play =>
  answered(async (sandbox, sample) => {
    const { access_token } = await tokens(sandbox, scope, person);
    return ask(sandbox, sample).set('Authorization', `Bearer ${access_token}`);
  });

const errors = resoniteTokenErrors;

export const resonitePlays: Plays = [
  [resoniteTokens, exchange()],
  [resoniteTokensWithoutRefreshToken, exchange({}, { scope: 'profile' })],
  [resoniteTokensWithIdToken, exchange({}, { scope: everything })],
  [resoniteRefreshedTokens, refresh()],

  [errors.invalidCode, exchange({ code: 'unknown' })],
  [errors.usedCode, exchange({}, { times: 2 })],
  [errors.expiredCode, exchange({}, { later: 10 * 60 * 1000 })],
  [errors.otherRedirectUri, exchange({ redirect_uri: 'http://localhost:3000/second/resonite' })],
  [errors.wrongSecret, exchange({ client_secret: 'wrong' })],
  [errors.invalidRefreshToken, refresh({ refresh_token: 'unknown' })],
  [errors.usedRefreshToken, refresh({}, { times: 2 })],
  [errors.expiredRefreshToken, refresh({}, { later: fourteenDays })],
  [
    resoniteDeadToken,
    answered((sandbox, sample) => ask(sandbox, sample).set('Authorization', 'Bearer dead')),
  ],

  [resoniteProfile, withToken('profile email')],
  [resoniteSparseProfile, withToken('profile', 'cy')],
  [resoniteSupporterProfile, withToken('profile email patreon')],

  [resoniteIdToken, async (sandbox) => toTokenParts((await tokens(sandbox, everything)).id_token)],
  [resoniteUserinfo, withToken('openid')],
  [resoniteDiscovery, answered(ask)],
  [resoniteKeys, answered(ask)],

  [resoniteGranted, async (sandbox) => toCallback(await login(sandbox), 'resonite')],
  [
    resoniteGrantedWithIssuer,
    async (sandbox) => {
      sandbox.state.faults.set('resonite', 'authorize_with_iss');
      return toCallback(await login(sandbox), 'resonite');
    },
  ],
  [resoniteDenied, async (sandbox) => toCallback(await login(sandbox, usual, 'ada', 'no'), 'resonite')],
];
