import { z } from 'zod';
import { isObject, readShape } from '../json.ts';
import type { IdentityFacts, Provider, WireAnswer } from './provider.ts';
import { conformTwitchTokenResponse, twitch } from './twitch.ts';

/**
 * Twitch as it was until 28 February 2022, chosen with TWITCH_API=kraken: for the sandbox or a
 * compatible server. The same people and account numbers as today's Twitch, so the same id.
 * Quirks, with sources and confidence: docs/providers/twitch-kraken.md.
 */
export const twitchKraken: Provider = {
  ...twitch,
  status: { closed: '2022-02-28', what: 'Kraken, the former API of Twitch,' },
  issuer: 'https://api.twitch.tv/kraken',
  endpoints: {
    authorization: 'https://api.twitch.tv/kraken/oauth2/authorize',
    token: 'https://api.twitch.tv/kraken/oauth2/token',
    userinfo: 'https://api.twitch.tv/kraken/user',
    revocation: 'https://api.twitch.tv/kraken/oauth2/revoke',
    // The root of the API: it says which token it was asked with.
    validation: 'https://api.twitch.tv/kraken',
  },
  scopes: { user_read: { words: 'read your e-mail address and private details' } },
  defaultScope: ['user_read'],
  idToken: null,
  authorizationParameters: {},
  stateInTokenRequest: true,
  conform: { ...twitch.conform, tokenResponse, userinfoResponse, validationResponse },
  userinfo: {
    // `Bearer` was never documented for Kraken.
    authorization: 'OAuth',
    // Without the v5 Accept header the answer is 410 (v3 was withdrawn in 2019).
    headers: (clientId) => ({ 'client-id': clientId, accept: 'application/vnd.twitchtv.v5+json' }),
    requestId: false,
  },
  toIdentity,
  departures: [
    {
      at: 'authorization',
      about: 'binding',
      what: 'There is neither PKCE nor a nonce.',
      why: 'state alone ties the code to this login.',
      source: 'docs/providers/twitch-kraken.md, 14',
    },
    {
      at: 'authorization',
      about: 'return-address',
      what: 'A wrong return address is reported to the registered one, which RFC 6749 4.1.2.1 forbids.',
      why: 'So the root of this site knows that report, and names the address to register.',
      source: 'docs/providers/twitch-kraken.md, 16',
    },
    {
      at: 'token',
      about: 'token-request',
      what: 'state is sent once more.',
      why: 'It is documented so.',
      source: 'docs/providers/twitch-kraken.md, 2',
    },
    {
      at: 'token',
      about: 'token-answer',
      what: 'There is no token_type. A refusal has a phrase where the standard has an error code.',
      why: 'The missing field is filled in as bearer, and the message says which error is meant.',
      source: 'docs/providers/twitch-kraken.md, 1 and 12',
    },
    {
      at: 'token',
      about: 'granted-scope',
      what: 'scope is a JSON array. RFC 6749 wants one text.',
      why: 'It is joined with spaces.',
      source: 'docs/providers/twitch-kraken.md, 4',
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
      what: 'The scheme is OAuth, and Accept names version 5.',
      why: 'Bearer was never documented, and without version 5 the answer was 410.',
      source: 'docs/providers/twitch-kraken.md, 5 and 6',
    },
    {
      at: 'validation',
      about: 'validation',
      what: 'The root of the API answers 200 also for a token that is over.',
      why: 'valid in the answer decides.',
      source: 'docs/providers/twitch-kraken.md, 19',
    },
  ],
  trace: {
    shows: [
      'force_verify',
      '_id',
      'name',
      'display_name',
      'type',
      'logo',
      'created_at',
      'updated_at',
      'user_name',
      'user_id',
    ],
  },
  registration: {
    ...twitch.registration,
    url: null,
    place: 'the console of the compatible server',
    rules: ['Nothing new can be registered at Twitch.', 'Compared to the letter.'],
  },
};

/** The documented answer has two fields only; a standard client insists on `token_type`. */
function tokenResponse(answer: WireAnswer): WireAnswer {
  const { status, body } = conformTwitchTokenResponse(answer);
  return { status, body: status < 400 && isObject(body) ? { token_type: 'bearer', ...body } : body };
}

function userinfoResponse({ status, body }: WireAnswer): WireAnswer {
  if (status < 400 || !isObject(body)) return { status, body };
  return { status, body: { error: 'invalid_token', error_description: body['message'] } };
}

/** The root answers 200 also for a dead token: `{"token":{"valid":false}}`. */
function validationResponse({ status, body }: WireAnswer): WireAnswer {
  const token = isObject(body) ? body['token'] : undefined;
  if (status >= 400 || !isObject(token)) return { status, body };
  return { status: token['valid'] === true ? 200 : 401, body: token };
}

const userShape = z.looseObject({
  // A number in v3, a string in v5.
  _id: z.union([z.string().regex(/^\d{1,32}$/), z.number().int().positive().refine(Number.isSafeInteger)]),
  name: z.string().min(1),
  display_name: z.string().nullish(),
  logo: z.string().nullish(),
});

function toIdentity(userinfo: unknown): IdentityFacts {
  const user = readShape(userShape, userinfo);
  return {
    subject: String(user._id),
    displayName: user.display_name || user.name,
    handle: String(user._id),
    avatarUrl: user.logo || null,
    publicProfileUrl: `https://www.twitch.tv/${encodeURIComponent(user.name)}`,
  };
}
