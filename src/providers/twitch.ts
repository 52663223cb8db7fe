import { z } from 'zod';
import { isObject, readShape } from '../json.ts';
import type { IdentityFacts, Provider, WireAnswer } from './provider.ts';

/** Quirks, with sources and confidence: docs/providers/twitch.md. */
export const twitch: Provider = {
  id: 'twitch',
  name: 'Twitch',
  status: 'live',
  issuer: 'https://id.twitch.tv/oauth2',
  announcesIssuer: false,
  endpoints: {
    authorization: 'https://id.twitch.tv/oauth2/authorize',
    token: 'https://id.twitch.tv/oauth2/token',
    userinfo: 'https://api.twitch.tv/helix/users',
    // Missing from Twitch's discovery document, documented on its own page.
    revocation: 'https://id.twitch.tv/oauth2/revoke',
    validation: 'https://id.twitch.tv/oauth2/validate',
    jwks: 'https://id.twitch.tv/oauth2/keys',
  },
  scopes: {
    openid: { words: 'confirm who you are' },
    'user:read:email': { words: 'read your e-mail address' },
  },
  defaultScope: ['openid', 'user:read:email'],
  clientSecret: 'required',
  clientAuthentication: 'client_secret_post',
  // Twitch has no PKCE: a code is bound to its login by `state` and the ID token's nonce alone.
  pkce: null,
  idToken: 'with-nonce',
  accessToken: 'bearer',
  // E-mail reaches the ID token only when it is named here; the scope alone is not enough.
  authorizationParameters: { claims: '{"id_token":{"email":null,"email_verified":null}}' },
  // The literal text `true`; `1` and `force` are ignored.
  force: { parameters: { force_verify: 'true' } },
  stateInTokenRequest: false,
  conform: {
    tokenResponse: conformTwitchTokenResponse,
    userinfoResponse,
    validationResponse,
    revocationResponse,
  },
  userinfo: {
    authorization: 'Bearer',
    headers: (clientId) => ({ 'client-id': clientId }),
    requestId: false,
  },
  toIdentity,
  privateFields: ['email'],
  revocation: {
    words: 'We ask Twitch to cancel our access.',
    checkAt: 'twitch.tv/settings/connections',
  },
  // Wanted at the start of an application and every hour; who disconnects the app is to be signed out.
  validateEvery: 60 * 60 * 1000,
  imageSources: ['https://static-cdn.jtvnw.net/'],
  registration: {
    url: 'https://dev.twitch.tv/console/apps',
    place: 'dev.twitch.tv/console/apps',
    field: 'OAuth Redirect URLs',
    rules: [
      'Compared to the letter, with the port and every slash.',
      'It must be https, except http for localhost.',
      'A wrong one is reported to the first address of the list, whichever was asked for. So put this one first.',
      'The account that registers needs two-factor authentication. The client type is Confidential.',
      'An added address counts once the form is saved.',
    ],
    clientId: { pattern: /^[a-z0-9]{30}$/, words: '30 lower-case letters and digits' },
    clientSecret: { pattern: /^[a-z0-9]{30}$/, words: '30 lower-case letters and digits' },
    beforeSignIn: 'refuses-unknown',
    // 403 `invalid client secret`, or 400 `Invalid authorization code`.
    tellsSecretFromCode: true,
  },
  words: {
    handle: 'Account number',
    basics: 'your name, picture and account number',
    switchAccount: 'Switch Twitch account',
    switchHint: 'To use another one, sign out at twitch.tv first, then choose Switch again.',
    beforeSwitch: null,
    noEndDate: 'No end date given (Twitch)',
    denied: null,
  },
  departures: [
    {
      at: 'authorization',
      about: 'binding',
      what: 'There is no PKCE.',
      why: 'The nonce in the ID token binds the code to this login instead.',
      source: 'docs/providers/twitch.md, 11',
    },
    {
      at: 'authorization',
      about: 'parameters',
      what: 'The e-mail address reaches the ID token only when the parameter claims names it.',
      why: 'So claims is sent with every request.',
      source: 'docs/providers/twitch.md, 15',
    },
    {
      at: 'authorization',
      about: 'return-address',
      what: 'A wrong return address is reported to the first registered one, which RFC 6749 4.1.2.1 forbids.',
      why: 'So the root of this site knows that report, and names the address to register.',
      source: 'docs/providers/twitch.md, 21 and 22',
    },
    {
      at: 'callback',
      about: 'response',
      what: 'The authorization response carries scope.',
      why: 'It is never read: only the token response counts.',
      source: 'docs/providers/twitch.md, 6',
    },
    {
      at: 'token',
      about: 'granted-scope',
      what: 'scope is a JSON array, or missing when nothing was granted. RFC 6749 wants one text.',
      why: 'It is joined with spaces, and a missing one is read as nothing granted.',
      source: 'docs/providers/twitch.md, 2 and 3',
    },
    {
      at: 'token',
      about: 'token-answer',
      what: 'A refusal has a status and an English message, but no error. A wrong secret is 403.',
      why: 'The message is searched for words that say which standard error is meant.',
      source: 'docs/providers/twitch.md, 7 to 9',
    },
    {
      at: 'refresh',
      about: 'refresh',
      what: 'The refresh token may change, or come back as it was.',
      why: 'The one that came last is kept, before the new access token is used.',
      source: 'docs/providers/twitch.md, 23 and 24',
    },
    {
      at: 'userinfo',
      about: 'profile-request',
      what: 'Client-Id is sent beside the token.',
      why: 'Helix wants it so, and it has to be the client that the token was made for.',
      source: 'docs/providers/twitch.md, 16',
    },
    {
      at: 'userinfo',
      about: 'profile-answer',
      what: 'The answer is a list with one entry, inside data.',
      why: 'The first entry is the owner of the token.',
      source: 'docs/providers/twitch.md, 17',
    },
    {
      at: 'validation',
      about: 'validation',
      what: 'The scheme is OAuth, not Bearer.',
      why: 'Twitch documents it so for this one endpoint.',
      source: 'docs/providers/twitch.md, 27',
    },
    {
      at: 'revocation',
      about: 'revocation',
      what: 'Revoking a token that is over is 400. RFC 7009 wants 200.',
      why: 'It is taken as revoked: either way the token is gone.',
      source: 'docs/providers/twitch.md, 26',
    },
  ],
  trace: {
    shows: [
      'claims',
      'force_verify',
      'id',
      'login',
      'user_id',
      'display_name',
      'type',
      'broadcaster_type',
      'profile_image_url',
      'created_at',
    ],
  },
};

/**
 * Makes Twitch's token answers standard: `scope` comes as an array, `null`, `[""]` or not at all,
 * and errors are `{status, message}` without `error`.
 */
export function conformTwitchTokenResponse({ status, body }: WireAnswer): WireAnswer {
  if (!isObject(body)) return { status, body };
  if (status >= 400) return { status, body: toStandardError(body) };
  const { scope, ...rest } = body;
  // RFC 6749 5.1 takes a missing scope for all that was asked; Twitch leaves it out for nothing.
  if (scope === null || scope === undefined) return { status, body: { ...rest, scope: '' } };
  const granted = Array.isArray(scope) ? scope.filter((name) => typeof name === 'string').join(' ') : scope;
  return { status, body: { ...rest, scope: granted } };
}

/** The texts that decide, in lower case; all from the error table in docs/providers/twitch.md. */
const standardErrors: readonly [text: string, error: string][] = [
  ['invalid client', 'invalid_client'],
  ['missing client', 'invalid_client'],
  ['client does not exist', 'invalid_client'],
  ['authorization code', 'invalid_grant'],
  ['refresh token', 'invalid_grant'],
];

function toStandardError(body: Record<string, unknown>): Record<string, unknown> {
  const message = typeof body['message'] === 'string' ? body['message'] : '';
  const known = standardErrors.find(([text]) => message.toLowerCase().includes(text));
  return { error: known?.[1] ?? 'invalid_request', error_description: message };
}

/** Names the client and the person of a token that stands; an answer without says nothing. */
function validationResponse({ status, body }: WireAnswer): WireAnswer {
  const names =
    isObject(body) && typeof body['client_id'] === 'string' && typeof body['user_id'] === 'string';
  return { status, body: status >= 400 || names ? body : null };
}

/** Helix wraps the token's owner in a list: `{"data":[{…}]}`. */
function userinfoResponse({ status, body }: WireAnswer): WireAnswer {
  if (!isObject(body)) return { status, body };
  if (status >= 400) return { status, body: { error: 'invalid_token', error_description: body['message'] } };
  return { status, body: Array.isArray(body['data']) ? body['data'][0] : undefined };
}

/** Revoking a dead token is 400 at Twitch, while RFC 7009 2.2 wants 200: either way it is gone. */
function revocationResponse({ status, body }: WireAnswer): WireAnswer {
  const message = isObject(body) ? body['message'] : null;
  return status === 400 && message === 'Invalid token' ? { status: 200, body } : { status, body };
}

const userShape = z.looseObject({
  id: z.string().regex(/^\d{1,32}$/),
  login: z.string().min(1),
  display_name: z.string().optional(),
  profile_image_url: z.string().optional(),
});

function toIdentity(userinfo: unknown): IdentityFacts {
  const user = readShape(userShape, userinfo);
  return {
    subject: user.id,
    displayName: user.display_name || user.login,
    handle: user.id,
    avatarUrl: user.profile_image_url || null,
    publicProfileUrl: `https://www.twitch.tv/${encodeURIComponent(user.login)}`,
  };
}
