import type { Response } from 'supertest';
import { madeUpClients } from '../../../src/sandbox/registrations.ts';
import { mixerApiErrors } from '../../support/wire-samples/mixer/api-errors.ts';
import { mixerDenied, mixerGranted } from '../../support/wire-samples/mixer/authorization.ts';
import { mixerActiveToken, mixerInactiveToken } from '../../support/wire-samples/mixer/introspection.ts';
import { mixerTokenErrors } from '../../support/wire-samples/mixer/token-errors.ts';
import { mixerRefreshedTokens, mixerTokens } from '../../support/wire-samples/mixer/token.ts';
import {
  mixerUser,
  mixerUserWithoutDetails,
  mixerUserWithoutPicture,
} from '../../support/wire-samples/mixer/user.ts';
import { authorizationPath, browserOf, codeGrant, loginAs, type TestSandbox } from '../support.ts';
import { answered, ask, type Play, type Plays, toCallback } from './answer.ts';

type Changes = Readonly<Record<string, string | null>>;

const { clientId, clientSecret } = madeUpClients.mixer;
const details = 'user:details:self';

function login(sandbox: TestSandbox, scope = details, person = 'ada', answer = 'yes'): Promise<URL> {
  return loginAs(browserOf(sandbox), authorizationPath('mixer', { scope }), person, answer);
}

async function tokens(sandbox: TestSandbox, scope = details, person = 'ada'): Promise<Response['body']> {
  const code = (await login(sandbox, scope, person)).searchParams.get('code');
  return (await ask(sandbox, mixerTokens).type('form').send(codeGrant('mixer', code))).body;
}

const exchange = (changes: Changes = {}): Play =>
  answered(async (sandbox, sample) => {
    const code = (await login(sandbox)).searchParams.get('code');
    return ask(sandbox, sample)
      .type('form')
      .send(codeGrant('mixer', code, changes));
  });

/** Renews as often as said, each time with the first refresh token. */
const refresh = (times: number): Play =>
  answered(async (sandbox, sample) => {
    const { refresh_token } = await tokens(sandbox);
    const client = { client_id: clientId, client_secret: clientSecret };
    const send = () =>
      ask(sandbox, sample)
        .type('form')
        .send({ grant_type: 'refresh_token', refresh_token, ...client });
    for (let before = 1; before < times; before++) await send();
    return send();
  });

const current = (scope = details, person = 'ada'): Play =>
  answered(async (sandbox, sample) => {
    const { access_token } = await tokens(sandbox, scope, person);
    return ask(sandbox, sample).set('Authorization', `Bearer ${access_token}`);
  });

const presenting = (authorization: string): Play =>
  answered((sandbox, sample) => ask(sandbox, sample).set('Authorization', authorization));

const tooMany: Play = answered((sandbox) => {
  sandbox.state.faults.set('mixer', 'token_429');
  return ask(sandbox, mixerTokens).type('form').send(codeGrant('mixer', 'any'));
});

export const mixerPlays: Plays = [
  [mixerTokens, exchange()],
  [mixerRefreshedTokens, refresh(1)],

  [mixerTokenErrors.wrongSecret, exchange({ client_secret: 'wrong' })],
  [mixerTokenErrors.unknownClient, exchange({ client_id: 'nobody' })],
  [mixerTokenErrors.invalidRequest, exchange({ grant_type: null })],
  [mixerTokenErrors.invalidGrant, exchange({ code: 'unknown' })],
  [mixerTokenErrors.usedRefreshToken, refresh(2)],
  [mixerTokenErrors.unsupportedGrantType, exchange({ grant_type: 'password' })],

  [mixerUser, current()],
  [mixerUserWithoutDetails, current('chat:connect')],
  [mixerUserWithoutPicture, current(details, 'cy')],

  [
    mixerActiveToken,
    answered(async (sandbox, sample) =>
      ask(sandbox, sample).send({ token: (await tokens(sandbox)).access_token }),
    ),
  ],
  [mixerInactiveToken, answered((sandbox, sample) => ask(sandbox, sample).send({ token: 'dead' }))],

  [mixerApiErrors.deadToken, presenting('Bearer dead')],
  [mixerApiErrors.unreadableAuthorization, presenting('Nonsense')],
  [mixerApiErrors.tooManyRequests, tooMany],

  [mixerGranted, async (sandbox) => toCallback(await login(sandbox), 'mixer')],
  [mixerDenied, async (sandbox) => toCallback(await login(sandbox, details, 'ada', 'no'), 'mixer')],
];
