import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import request, { type Response, type Test } from 'supertest';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { authorizationPath, locationOf, type TestSandbox } from './support.ts';

/** What a client of Mixin does, written anew for the tests. */

export const { clientId, clientSecret } = madeUpClients.mixin;
export const bothScopes = ['PROFILE:READ', 'PHONE:READ'];
export const scope = bothScopes.join(' ');

type Changes = Readonly<Record<string, string | null>>;

/** A code of a sandbox that approves by itself. */
export async function approvedCode({ app }: TestSandbox, changes: Changes = {}): Promise<string> {
  const response = await request(app).get(authorizationPath('mixin', { scope, ...changes }));
  return locationOf(response).searchParams.get('code') ?? '';
}

export function postToken({ app }: TestSandbox, body: object): Test {
  return request(app).post('/api.mixin.one/oauth/token').send(body);
}

export async function bearerToken(sandbox: TestSandbox, code: string): Promise<string> {
  const { body } = await postToken(sandbox, { client_id: clientId, client_secret: clientSecret, code });
  return body.data.access_token;
}

export interface SigningClient {
  sandbox: TestSandbox;
  privateKey: KeyObject;
  serverKey: string;
  authorizationId: string;
}

export async function signingClient(sandbox: TestSandbox, code: string): Promise<SigningClient> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const ed25519 = publicKey.export({ format: 'jwk' }).x;
  const { body } = await postToken(sandbox, {
    client_id: clientId,
    client_secret: clientSecret,
    code,
    ed25519,
  });
  const { data } = body;
  expect(Object.keys(data).sort()).toEqual(['authorization_id', 'ed25519', 'scope']);
  return { sandbox, privateKey, serverKey: data.ed25519, authorizationId: data.authorization_id };
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
export const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

export interface CallChanges {
  host?: string;
  method?: 'GET' | 'POST';
  uri?: string;
  body?: string;
  /** Laid over the right claims; undefined takes one out. */
  claims?: object;
  header?: object;
  requestId?: string;
  /** What comes after the payload and is signed with it. */
  more?: string;
  spoil?: (token: string) => string;
}

function requestToken(client: SigningClient, claims: object, { header, more, spoil }: CallChanges): string {
  const signed = `${encode({ alg: 'EdDSA', typ: 'JWT', ...header })}.${encode(claims)}${more ?? ''}`;
  const token = `${signed}.${sign(null, Buffer.from(signed), client.privateKey).toString('base64url')}`;
  return spoil?.(token) ?? token;
}

/** A call that the client signs; without changes it is `GET /me`. */
export function signedCall(client: SigningClient, changes: CallChanges = {}): Promise<Response> {
  const { host = 'api.mixin.one', method = 'GET', uri = '/me', body = '' } = changes;
  const iat = Math.floor(client.sandbox.clock.milliseconds / 1000);
  const claims = {
    iss: clientId,
    aid: client.authorizationId,
    iat,
    exp: iat + 60,
    jti: randomUUID() as string,
    sig: hash(`${method}${uri}${body}`),
    scp: scope,
    ...changes.claims,
  };
  const headers = {
    Authorization: `Bearer ${requestToken(client, claims, changes)}`,
    'X-Request-Id': changes.requestId ?? claims.jti,
  };
  const path = `/${host}${uri}`;
  const { app } = client.sandbox;
  const call = method === 'GET' ? request(app).get(path) : request(app).post(path).type('json').send(body);
  return call.set(headers) as unknown as Promise<Response>;
}

export const errorOf = (response: Response): [number, number] => [response.status, response.body.error?.code];
