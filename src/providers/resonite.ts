import { z } from 'zod';
import { readShape } from '../json.ts';
import { type IdentityFacts, plainUserinfo, type Provider, type RegistrationFacts } from './provider.ts';

/** Quirks, with sources and confidence: docs/providers/resonite.md. */
export const resonite: Provider = {
  id: 'resonite',
  name: 'Resonite',
  status: 'live',
  // With the slash, as its ID tokens carry it.
  issuer: 'https://account.resonite.com/',
  // It may send `iss` (its paths look like OpenIddict's); nothing says that it always does.
  announcesIssuer: false,
  endpoints: {
    authorization: 'https://account.resonite.com/connect/authorize',
    token: 'https://account.resonite.com/connect/token',
    userinfo: 'https://account.resonite.com/api/user/profile',
    jwks: 'https://account.resonite.com/.well-known/jwks',
  },
  scopes: {
    profile: { words: 'read your name, picture and tags' },
    email: { words: 'read your e-mail address' },
    offline_access: { words: 'read your profile again later' },
    patreon: { words: 'read whether you are a supporter' },
    openid: { words: 'confirm who you are' },
  },
  defaultScope: ['profile', 'email', 'offline_access'],
  clientSecret: 'required',
  clientAuthentication: 'client_secret_post',
  pkce: 'S256',
  // The ID token usually lacks the nonce, so none is sent: PKCE binds the code.
  idToken: 'without-nonce',
  accessToken: 'bearer',
  authorizationParameters: {},
  force: 'cannot-force',
  stateInTokenRequest: false,
  conform: {},
  userinfo: plainUserinfo,
  toIdentity,
  privateFields: ['email', 'alternateEmails', 'oldEmails', 'dateOfBirth', 'uniqueDeviceIDs'],
  revocation: {
    words: 'Resonite offers no way for us to cancel our access. Look at account.resonite.com for it.',
    checkAt: 'account.resonite.com',
  },
  imageSources: ['https://assets.resonite.com/'],
  registration: {
    url: 'https://wiki.resonite.com/OAuth',
    place: 'the Resonite staff; wiki.resonite.com/OAuth says how',
    field: null,
    rules: [
      'The Resonite staff registers applications by hand. There is no page for it.',
      'A path, not the bare host: some clients add a slash to that.',
      'Repeated to the letter in the token request.',
    ],
    clientId: {
      pattern: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
      words: 'a GUID, 36 characters with hyphens',
    },
    clientSecret: null,
    beforeSignIn: 'refuses-unknown',
    // As RFC 6749 5.2 says: invalid_client, or invalid_grant.
    tellsSecretFromCode: true,
    message: toRegistrationMessage,
  },
  words: {
    handle: 'Account',
    basics: null,
    switchAccount: 'Switch Resonite account',
    switchHint: 'To use another one, sign out at account.resonite.com first, then choose Switch again.',
    beforeSwitch:
      'Resonite may sign you in again as the same account. Sign out at account.resonite.com first.',
    noEndDate: 'No end date given (Resonite)',
    denied: null,
  },
  departures: [
    {
      at: 'authorization',
      about: 'binding',
      what: 'No nonce is sent, also where an ID token is asked for.',
      why: 'The ID token usually lacks it. PKCE binds the code to this login.',
      source: 'docs/providers/resonite.md, 5',
    },
    {
      at: 'refresh',
      about: 'refresh',
      what: 'A refresh token comes only with the scope offline_access.',
      why: 'It is asked for by default.',
      source: 'docs/providers/resonite.md, 8 and 9',
    },
    {
      at: 'userinfo',
      about: 'profile-answer',
      what: 'The profile has id, and no sub.',
      why: 'Where there is an ID token, its sub has to be this id.',
      source: 'docs/providers/resonite.md, 7',
    },
  ],
  trace: {
    shows: ['id', 'username', 'iconUrl', 'registrationDate', 'isVerified', 'tags', 'tagline'],
  },
};

function toRegistrationMessage({ baseUrl, redirectUri, scope }: RegistrationFacts): string {
  return `Hello Resonite team,

please register an OAuth client for a web application that lets people sign in with Resonite.

Application: Latchkey, at ${baseUrl}
Return address (redirect URI): ${redirectUri}
Scopes: ${scope.join(' ')}
Grant types: authorization code, with PKCE (S256), and refresh token
Client authentication: the client secret, in the body of the token request, from our server only

We need the client id and the client secret. Please send the secret in private.

Thank you`;
}

const userShape = z.looseObject({
  id: z.string().regex(/^U-\S{1,128}$/),
  username: z.string().min(1),
  profile: z.looseObject({ iconUrl: z.string().nullish() }).nullish(),
});

/** Key on `id`: usernames change hands. */
function toIdentity(userinfo: unknown): IdentityFacts {
  const user = readShape(userShape, userinfo);
  return {
    subject: user.id,
    displayName: user.username,
    handle: user.id,
    avatarUrl: toPictureUrl(user.profile?.iconUrl ?? ''),
    publicProfileUrl: null,
  };
}

/** `resdb:///HASH.webp` is https://assets.resonite.com/HASH; anything else is no picture. */
function toPictureUrl(iconUrl: string): string | null {
  const hash = /^resdb:\/\/\/([0-9a-f]{64})(?:\.\w+)?$/i.exec(iconUrl)?.[1];
  return hash === undefined ? null : `https://assets.resonite.com/${hash}`;
}
