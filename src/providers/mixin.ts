import { z } from 'zod';
import { isObject, readShape } from '../json.ts';
import type { Departure, IdentityFacts, Provider, WireAnswer } from './provider.ts';

/** With either kind of token. */
const departures: readonly Departure[] = [
  {
    at: 'authorization',
    about: 'binding',
    what: 'The code challenge hashes the verifier’s decoded bytes, not its text as RFC 7636 says.',
    why: 'A standard challenge is refused. With a client secret there is no challenge at all.',
    source: 'docs/providers/mixin.md, 1 and 4',
  },
  {
    at: 'authorization',
    about: 'person',
    what: 'The person answers on a phone.',
    why: 'What the phone and Mixin say to each other is not seen here.',
    source: 'docs/providers/mixin.md, 29',
  },
  {
    at: 'authorization',
    about: 'return-address',
    what: 'The return address of the request is ignored: the one that is registered counts.',
    why: 'It is sent all the same, and left out of the token request.',
    source: 'docs/providers/mixin.md, 12',
  },
  {
    at: 'token',
    about: 'token-request',
    what: 'The request is JSON, without grant_type and redirect_uri.',
    why: 'Mixin knows neither of the two.',
    source: 'docs/providers/mixin.md, 6',
  },
  {
    at: 'token',
    about: 'token-answer',
    what: 'The answer is wrapped in data, and errors come with status 202 and a number.',
    why: 'It is unwrapped, and error is looked for whatever the status.',
    source: 'docs/providers/mixin.md, 7 and 8',
  },
  {
    at: 'refresh',
    about: 'refresh',
    what: 'There is none: access lasts about a year.',
    why: 'No end date is shown. A refusal ends the access.',
    source: 'docs/providers/mixin.md, 30',
  },
  {
    at: 'userinfo',
    about: 'profile-answer',
    what: 'The answer is wrapped in data.',
    why: 'It is unwrapped.',
    source: 'docs/providers/mixin.md, 7',
  },
];

const departuresOfSigning: readonly Departure[] = [
  {
    at: 'token',
    about: 'token-answer',
    what: 'There is no access token, but the means to sign each request (Ed25519).',
    why: 'The request carries a new public key, the answer the key of Mixin’s own signatures.',
    source: 'docs/providers/mixin.md, 16',
  },
  {
    at: 'userinfo',
    about: 'profile-request',
    what: 'The token is made here, for this one request, and signed with the key of the login.',
    why: 'Its sig is a hash of method, path and body. X-Integrity-Token proves the answer likewise.',
    source: 'docs/providers/mixin.md, 16 and 22',
  },
];

/** Quirks, with sources and confidence: docs/providers/mixin.md. */
export const mixin: Provider = {
  id: 'mixin',
  name: 'Mixin',
  status: 'live',
  // Mixin names no issuer and sends no `iss`; its page's origin is only ever compared with itself.
  issuer: 'https://mixin.one',
  announcesIssuer: false,
  endpoints: {
    authorization: 'https://mixin.one/oauth/authorize',
    token: 'https://api.mixin.one/oauth/token',
    userinfo: 'https://api.mixin.one/me',
  },
  scopes: {
    'PROFILE:READ': { words: 'read your name, picture and Mixin number' },
    'PHONE:READ': { words: 'read your phone number', optional: true },
    'CONTACTS:READ': { words: 'read your contacts', optional: true },
    'ASSETS:READ': { words: 'read your assets', optional: true },
    'SNAPSHOTS:READ': { words: 'read your transfers', optional: true },
  },
  defaultScope: ['PROFILE:READ', 'PHONE:READ'],
  clientSecret: 'instead-of-pkce',
  clientAuthentication: 'client_secret_post',
  /**
   * Mixin hashes the verifier's 32 decoded bytes, not its ASCII text as RFC 7636 4.2 says.
   * A standard challenge is refused at the token endpoint. Seen in five unrelated clients;
   * not tried against the live service. Evidence: docs/providers/mixin.md, "PKCE".
   */
  pkce: 'S256-decoded',
  idToken: null,
  accessToken: 'ed25519',
  authorizationParameters: {},
  force: 'always-asks',
  stateInTokenRequest: false,
  conform: { tokenRequest, tokenResponse, userinfoResponse },
  userinfo: { authorization: 'signed', headers: () => ({}), requestId: true, serverTime },
  toIdentity,
  privateFields: [
    'phone',
    'pin_token_base64',
    'salt_base64',
    'tip_key_base64',
    'session_id',
    'code_id',
    'code_url',
  ],
  revocation: {
    words:
      'Open Mixin, go to Settings, Authorizations, and remove this app there too; we cannot do that for you. Until then the access lasts about a year.',
    checkAt: null,
  },
  imageSources: ['https://images.mixin.one/', 'https://mixin-images.zeromesh.net/'],
  registration: {
    url: 'https://developers.mixin.one/dashboard',
    place: 'developers.mixin.one/dashboard, your app',
    field: 'OAuth URL',
    rules: [
      'One address only. The request cannot change it, so nothing here can test it.',
      'No ? in it: Mixin puts one behind it.',
      'The client id is the UUID of the app, not its number that begins with 7000.',
    ],
    clientId: {
      pattern: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
      words: 'a UUID, 36 characters with hyphens',
    },
    clientSecret: null,
    // Its page takes every client id and ignores the return address until a phone approves.
    beforeSignIn: 'shows-nothing',
    // 401 may mean either.
    tellsSecretFromCode: false,
  },
  words: {
    handle: 'Mixin number',
    basics: null,
    switchAccount: 'Scan again with another Mixin account',
    switchHint: 'To use another one, approve with the Mixin app of that other account.',
    beforeSwitch: null,
    noEndDate: 'No end date given (Mixin)',
    denied: {
      reason: 'Mixin reports this also when every permission was unticked.',
      again: 'Show a new QR code',
    },
  },
  departures: [...departures, ...departuresOfSigning],
  trace: {
    shows: ['user_id', 'identity_number', 'full_name', 'avatar_url', 'type', 'created_at'],
    phone: true,
  },
};

/** With MIXIN_TOKEN=bearer: Mixin makes the access token, and nothing is signed. */
export const mixinWithBearerToken: Provider = {
  ...mixin,
  accessToken: 'bearer',
  userinfo: { ...mixin.userinfo, authorization: 'Bearer' },
  departures: [
    ...departures,
    {
      at: 'token',
      about: 'token-answer',
      what: 'There is no token_type.',
      why: 'It is filled in as bearer.',
      source: 'docs/providers/mixin.md, 26',
    },
  ],
};

/** JSON instead of a form, and without the two fields that Mixin does not know. */
function tokenRequest(form: URLSearchParams): { contentType: string; body: string } {
  const { grant_type: _, redirect_uri: __, ...fields } = Object.fromEntries(form);
  return { contentType: 'application/json', body: JSON.stringify(fields) };
}

/** Unwraps `data`, adds the missing `token_type`, and finds the errors inside HTTP 202. */
function tokenResponse(answer: WireAnswer): WireAnswer {
  const { status, body } = unwrap(answer);
  if (status >= 400 || !isObject(body)) return { status, body };
  return { status, body: 'access_token' in body ? { token_type: 'bearer', ...body } : body };
}

function userinfoResponse(answer: WireAnswer): WireAnswer {
  return unwrap(answer);
}

/** Mixin's numbers, docs/providers/mixin.md "Errors". All else is `invalid_request`. */
const standardErrors: Readonly<Record<number, { status: number; error: string }>> = {
  401: { status: 401, error: 'invalid_client' },
  403: { status: 403, error: 'invalid_client' },
  429: { status: 429, error: 'temporarily_unavailable' },
  // A field is wrong: at the token endpoint that is the verifier.
  10002: { status: 400, error: 'invalid_grant' },
  20121: { status: 400, error: 'invalid_grant' },
};

/** `error` is read whatever the HTTP status: the documentation, SDKs and logs disagree about it. */
function unwrap({ status, body }: WireAnswer): WireAnswer {
  if (!isObject(body)) return { status, body };
  const { error } = body;
  if (!isObject(error)) return { status: status === 202 ? 200 : status, body: body['data'] ?? body };
  const code = typeof error['code'] === 'number' ? error['code'] : 0;
  const standard = standardErrors[code] ?? {
    status: code >= 500 && code < 7002 ? 503 : 400,
    error: 'invalid_request',
  };
  return {
    status: standard.status,
    body: {
      error: standard.error,
      error_description: `${code} ${String(error['description'] ?? '')}`.trim(),
    },
  };
}

const userShape = z.looseObject({
  user_id: z.guid(),
  // A string of digits; other kinds of user have "0".
  identity_number: z.string().optional(),
  full_name: z.string().nullish(),
  avatar_url: z.string().nullish(),
});

/** X-Server-Time is in nanoseconds: more digits than a number has, of which the first ones matter. */
function serverTime(headers: Readonly<Record<string, string>>): number | null {
  const nanoseconds = headers['x-server-time'] ?? '';
  return /^\d{13,20}$/.test(nanoseconds) ? Number(nanoseconds) / 1_000_000 : null;
}

function toIdentity(userinfo: unknown): IdentityFacts {
  const user = readShape(userShape, userinfo);
  const number = user.identity_number ?? '0';
  return {
    subject: user.user_id,
    displayName: user.full_name?.trim() || `Mixin ${number}`,
    handle: number === '0' ? user.user_id : number,
    avatarUrl: user.avatar_url || null,
    publicProfileUrl: null,
  };
}
