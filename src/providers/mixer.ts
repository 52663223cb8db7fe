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
  departures: {
    returnAddress: 'Only its host is compared',
    tokenRequest: 'No secret from a client that has none',
    tokenAnswer: null,
    scopeForm: 'Not in the answer',
    refresh: 'Each refresh token works once',
    userinfoAnswer: 'Errors are errorCode and errorMessage',
  },
  words: {
    handle: 'Account number',
    basics: 'your name, picture and account number',
    switchAccount: 'Switch Mixer account',
    switchHint: 'To use another one, sign out at Mixer first, then choose Switch again.',
    noEndDate: 'No end date given (Mixer)',
    denied: null,
  },
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
    departures: [
      {
        at: 'authorization',
        what: 'There is neither PKCE nor a nonce.',
        why: 'state alone ties the code to this login.',
        source: 'docs/providers/mixer.md',
      },
      {
        at: 'userinfo',
        what: 'Refusals are errorCode and errorMessage, not the error of OAuth.',
        why: 'They are read as invalid_token.',
        source: 'docs/providers/mixer.md',
      },
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
