import { z } from 'zod';
import { apis, services } from './services.ts';

/** What the sandbox remembers; the same shapes go into the state file. Times are milliseconds. */

/** OpenID Connect Core 5.5: names of single claims asked for, for each place. */
const claimsRequest = z.object({ idToken: z.array(z.string()), userinfo: z.array(z.string()) });

export const pendingAuthorization = z.object({
  id: z.string(),
  service: z.enum(services),
  api: z.enum(apis),
  clientId: z.string(),
  redirectUri: z.string(),
  /** The words of `response_type` in alphabetical order: `code`, or `id_token token`. */
  responseType: z.string(),
  scopes: z.array(z.string()),
  state: z.string().nullable(),
  nonce: z.string().nullable(),
  claims: claimsRequest,
  codeChallenge: z.string().nullable(),
  force: z.boolean(),
  parameters: z.array(z.object({ name: z.string(), value: z.string(), verdict: z.string() })),
  createdAt: z.number(),
  personId: z.string().nullable(),
  /** Where the browser was sent with the answer; a second click on the button goes to the same place. */
  answeredWith: z.string().nullable(),
});

export const authorizationCode = z.object({
  code: z.string(),
  service: z.enum(services),
  clientId: z.string(),
  personId: z.string(),
  redirectUri: z.string(),
  scopes: z.array(z.string()),
  nonce: z.string().nullable(),
  claims: claimsRequest,
  codeChallenge: z.string().nullable(),
  authorizationId: z.string().nullable(),
  expiresAt: z.number(),
  used: z.boolean(),
});

export const accessToken = z.object({
  value: z.string(),
  service: z.enum(services),
  clientId: z.string(),
  personId: z.string(),
  scopes: z.array(z.string()),
  claims: claimsRequest,
  createdAt: z.number(),
  expiresAt: z.number(),
});

/** A token of an application itself (RFC 6749 4.4): it belongs to nobody. */
export const appToken = accessToken.omit({ personId: true, scopes: true, claims: true });

export const refreshToken = z.object({
  value: z.string(),
  service: z.enum(services),
  clientId: z.string(),
  personId: z.string(),
  scopes: z.array(z.string()),
  claims: claimsRequest,
  expiresAt: z.number().nullable(),
  used: z.boolean(),
});

/** That a person lets an application in, with these scopes. */
export const access = z.object({
  service: z.enum(services),
  clientId: z.string(),
  personId: z.string(),
  scopes: z.array(z.string()),
});

/** A Mixin grant of the signing kind: no access token, but two keys. */
export const signingGrant = z.object({
  authorizationId: z.string(),
  clientId: z.string(),
  personId: z.string(),
  scopes: z.array(z.string()),
  clientKey: z.string(),
  serverPrivateKey: z.string(),
  serverKey: z.string(),
  /** Marks of the `jti` seen so far, each with the second in which it stops mattering. */
  seen: z.array(z.tuple([z.string(), z.number()])),
  expiresAt: z.number(),
});

export const mixinAuthorization = z.object({
  authorizationId: z.string(),
  codeId: z.string(),
  clientId: z.string(),
  scopes: z.array(z.string()),
  state: z.string(),
  returnTo: z.string().nullable(),
  codeChallenge: z.string().nullable(),
  query: z.string(),
  parameters: z.array(z.object({ name: z.string(), value: z.string(), verdict: z.string() })),
  status: z.enum(['waiting', 'seen', 'approved', 'denied']),
  code: z.string().nullable(),
  expiresAt: z.number(),
});

export type ClaimsRequest = z.infer<typeof claimsRequest>;
export type PendingAuthorization = z.infer<typeof pendingAuthorization>;
export type AuthorizationCode = z.infer<typeof authorizationCode>;
export type AccessToken = z.infer<typeof accessToken>;
export type AppToken = z.infer<typeof appToken>;
export type RefreshToken = z.infer<typeof refreshToken>;
export type SigningGrant = z.infer<typeof signingGrant>;
export type Access = z.infer<typeof access>;
export type MixinAuthorization = z.infer<typeof mixinAuthorization>;
export type ReceivedParameter = PendingAuthorization['parameters'][number];

export const noClaims: ClaimsRequest = { idToken: [], userinfo: [] };
