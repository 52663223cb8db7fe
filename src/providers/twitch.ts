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
  // Twitch has no PKCE: a code is bound to its login by `state` and the ID token's nonce alone.
  pkce: null,
  idToken: 'with-nonce',
  accessToken: 'bearer',
  // E-mail reaches the ID token only when it is named here; the scope alone is not enough.
  authorizationParameters: { claims: '{"id_token":{"email":null,"email_verified":null}}' },
  // The literal text `true`; `1` and `force` are ignored.
  force: { parameters: { force_verify: 'true' } },
  stateInTokenRequest: false,
  conform: { tokenResponse: conformTwitchTokenResponse, userinfoResponse, revocationResponse },
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
  departures: {
    returnAddress: 'A wrong one is reported to the first registered address',
    tokenRequest: null,
    tokenAnswer: 'Errors are status and message, without an error code',
    scopeForm: 'A list; left out when nothing was granted',
    refresh: 'The refresh token may change',
    userinfoAnswer: 'One entry of a list in data',
  },
  words: {
    handle: 'Account number',
    basics: 'your name, picture and account number',
    switchAccount: 'Switch Twitch account',
    switchHint: 'To use another one, sign out at twitch.tv first, then choose Switch again.',
    noEndDate: 'No end date given (Twitch)',
    denied: null,
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
