import { z } from 'zod';
import { isObject, readShape } from '../json.ts';
import { type IdentityFacts, plainUserinfo, type Provider, type WireAnswer } from './provider.ts';

/** Closed on 22 July 2020: the sandbox plays it. Quirks: docs/providers/mixer.md. */
export const mixer: Provider = {
  id: 'mixer',
  name: 'Mixer',
  status: { closed: '2020-07-22', what: 'Mixer' },
  // Mixer had no issuer identifier; its origin stands in and is only ever compared with itself.
  issuer: 'https://mixer.com',
  announcesIssuer: false,
  endpoints: {
    authorization: 'https://mixer.com/oauth/authorize',
    token: 'https://mixer.com/api/v1/oauth/token',
    userinfo: 'https://mixer.com/api/v1/users/current',
  },
  scopes: { 'user:details:self': { words: 'read your e-mail address and private details' } },
  defaultScope: ['user:details:self'],
  // A client that was registered without a secret must not send one.
  clientSecret: 'optional',
  clientAuthentication: 'client_secret_post',
  pkce: null,
  idToken: null,
  accessToken: 'bearer',
  authorizationParameters: {},
  force: { parameters: { approval_prompt: 'force' } },
  stateInTokenRequest: false,
  conform: { userinfoResponse },
  userinfo: plainUserinfo,
  toIdentity,
  privateFields: ['email'],
  revocation: { words: 'Nothing to cancel: Mixer is gone.', checkAt: null },
  imageSources: ['https://uploads.mixer.com/'],
  registration: {
    url: null,
    place: 'mixer.com/lab/oauth, formerly',
    field: 'Hosts',
    rules: [
      'Nothing can be registered any more.',
      'Only host names were registered; port and path were free.',
    ],
    clientId: { pattern: /^[0-9a-f]{48}$/, words: '48 digits from 0 to f' },
    clientSecret: null,
    beforeSignIn: 'refuses-unknown',
    tellsSecretFromCode: true,
  },
  words: {
    handle: 'Account number',
    basics: 'your name, picture and account number',
    switchAccount: 'Switch Mixer account',
    switchHint: 'To use another one, sign out at Mixer first, then choose Switch again.',
    beforeSwitch: null,
    noEndDate: 'No end date given (Mixer)',
    denied: null,
  },
  departures: [
    {
      at: 'authorization',
      about: 'binding',
      what: 'There is neither PKCE nor a nonce.',
      why: 'state alone ties the code to this login.',
      source: 'docs/providers/mixer.md, 6',
    },
    {
      at: 'authorization',
      about: 'return-address',
      what: 'Only the host of the return address is compared. A wrong one ends on a page of Mixer’s own.',
      why: 'The person does not come back, and the login lapses after ten minutes.',
      source: 'docs/providers/mixer.md, 11',
    },
    {
      at: 'token',
      about: 'token-request',
      what: 'A client that was registered without a secret must not send one.',
      why: 'None is sent when none is configured.',
      source: 'docs/providers/mixer.md, 7',
    },
    {
      at: 'token',
      about: 'granted-scope',
      what: 'The answer does not name the scope.',
      why: 'What was asked for counts as granted, as RFC 6749 5.1 says.',
      source: 'docs/providers/mixer.md, 5',
    },
    {
      at: 'refresh',
      about: 'refresh',
      what: 'Each refresh token works once.',
      why: 'The new one is kept before it is used, and only one refresh is under way at a time.',
      source: 'docs/providers/mixer.md, 4',
    },
    {
      at: 'userinfo',
      about: 'profile-answer',
      what: 'Refusals are errorCode and errorMessage, not the error of OAuth.',
      why: 'They are read as invalid_token.',
      source: 'docs/providers/mixer.md, 10',
    },
  ],
  trace: {
    shows: [
      'approval_prompt',
      'id',
      'username',
      'avatarUrl',
      'level',
      'experience',
      'sparks',
      'verified',
      'createdAt',
      'updatedAt',
    ],
  },
};

/** API errors are `{errorCode, errorMessage}`, not OAuth's shape. */
function userinfoResponse({ status, body }: WireAnswer): WireAnswer {
  if (status < 400 || !isObject(body)) return { status, body };
  return { status, body: { error: 'invalid_token', error_description: body['errorMessage'] } };
}

const userShape = z.looseObject({
  // A JSON number: one beyond 2^53 cannot be told from its neighbour and is refused.
  id: z.number().int().positive().refine(Number.isSafeInteger),
  username: z.string().min(1),
  avatarUrl: z.string().nullish(),
});

function toIdentity(userinfo: unknown): IdentityFacts {
  const user = readShape(userShape, userinfo);
  return {
    subject: String(user.id),
    displayName: user.username,
    handle: String(user.id),
    avatarUrl: user.avatarUrl || null,
    publicProfileUrl: null,
  };
}
