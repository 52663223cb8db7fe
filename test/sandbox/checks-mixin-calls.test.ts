import { randomUUID } from 'node:crypto';
import request from 'supertest';
import {
  authorizationsChecks,
  cancelChecks,
  codeChecks,
} from '../../src/sandbox/hosts/mixin-authorizations.ts';
import { callChecks } from '../../src/sandbox/hosts/mixin-call.ts';
import { type Attempt, type CheckPair, describeChecks } from './check-pairs.ts';
import {
  approvedCode,
  bearerToken,
  type CallChanges,
  clientId,
  hash,
  scope,
  signedCall,
  signingClient,
} from './mixin-client.ts';
import { authorizationPath, start, type TestSandbox } from './support.ts';

/** Each kind of call runs the checks of the other kind as well, which then have nothing to refuse. */

const minute = 60 * 1000;
const year = 365 * 24 * 60 * minute;
const now = start / 1000;

const refusal = (code: number, description: string) =>
  [202, { error: { status: 202, code, description } }] as const;
const unauthorized = refusal(401, 'Unauthorized, maybe invalid token.');
const forbidden = refusal(403, 'Forbidden');
const unreadable = refusal(400, 'The request body can’t be pasred as valid data.');

interface Way {
  asked?: string;
  wait?: number;
}

/** Signs a call after a login. */
function signed(changes: CallChanges = {}, { asked = scope, wait = 0 }: Way = {}): Attempt {
  return async (sandbox) => {
    const client = await signingClient(sandbox, await approvedCode(sandbox, { scope: asked }));
    sandbox.clock.milliseconds += wait;
    return signedCall(client, changes);
  };
}

/** Signs `GET /me` and then the call that is judged. */
function signedAfter(claims: object, call: CallChanges, wait = 0): Attempt {
  return async (sandbox) => {
    const client = await signingClient(sandbox, await approvedCode(sandbox));
    await signedCall(client, { claims });
    sandbox.clock.milliseconds += wait;
    return signedCall(client, call);
  };
}

function withKeyOfAnother(): Attempt {
  return async (sandbox) => {
    const one = await signingClient(sandbox, await approvedCode(sandbox));
    const { privateKey } = await signingClient(sandbox, await approvedCode(sandbox));
    return signedCall({ ...one, privateKey });
  };
}

const jti = randomUUID();
const long = { iat: now, exp: now + 90 * 24 * 60 * 60 };

/** What is checked at each path; the query is part of what is signed. */
function ofRequestTokens(call: CallChanges): Record<string, CheckPair> {
  const { method = 'GET', uri = '/me', body = '' } = call;
  const claiming = (claims: object, way: Way = {}) => signed({ ...call, claims }, way);
  return {
    'a request token has three parts in base64url without padding': {
      broken: signed({ ...call, spoil: (token) => `${token}==` }),
      refusal: unauthorized,
      kept: signed(call),
    },
    'a request token claims iss, aid, iat, exp, jti, sig and scp': {
      broken: claiming({ iat: `${now}` }),
      refusal: unauthorized,
      kept: claiming({ nbf: now }),
    },
    'aid names a grant': {
      broken: claiming({ aid: randomUUID() }),
      refusal: unauthorized,
      kept: signed(call),
    },
    'the signature is by the key of the grant': {
      broken: withKeyOfAnother(),
      refusal: unauthorized,
      kept: signed(call),
    },
    'the grant is not over': {
      broken: signed(call, { wait: year }),
      refusal: unauthorized,
      kept: signed(call, { wait: year - 1 }),
    },
    'iss is the client': {
      broken: claiming({ iss: randomUUID() }),
      refusal: unauthorized,
      kept: claiming({ iss: clientId }),
    },
    'iat is not in the future': {
      broken: claiming({ iat: now + 61, exp: now + 120 }),
      refusal: unauthorized,
      kept: claiming({ iat: now + 60, exp: now + 120 }),
    },
    'exp is not over': {
      broken: claiming({ iat: now - 120, exp: now - 60 }),
      refusal: unauthorized,
      kept: claiming({ iat: now - 120, exp: now - 59 }),
    },
    'exp is after iat': {
      broken: claiming({ iat: now, exp: now }),
      refusal: unauthorized,
      kept: claiming({ iat: now, exp: now + 1 }),
    },
    'jti is X-Request-Id': {
      broken: signed({ ...call, requestId: randomUUID() }),
      refusal: unauthorized,
      kept: claiming({ jti: 'no UUID, but the same' }),
    },
    'scp is within the grant': {
      broken: claiming({ scp: `${scope} ASSETS:READ` }),
      refusal: unauthorized,
      kept: claiming({ scp: 'PROFILE:READ' }),
    },
    'sig covers the method, the path with its query, and the body': {
      broken: claiming({ sig: hash(`${method}/api.mixin.one${uri}${body}`) }),
      refusal: unauthorized,
      kept: claiming({ sig: hash(`${method}${uri}${body}`) }),
    },
    'jti was not seen before': {
      broken: signedAfter({ jti, ...long }, { ...call, claims: { jti, ...long } }, year / 12),
      refusal: unauthorized,
      kept: signedAfter({ ...long }, { ...call, claims: long }, year / 12),
    },
    'PROFILE:READ was granted, and is in scp': {
      broken: claiming({ scp: 'PHONE:READ' }),
      refusal: forbidden,
      kept: claiming({ scp: 'PROFILE:READ' }),
    },
  };
}

/** A call with an access token of Mixin's making. */
function bearer(path: string, { asked = scope, wait = 0 }: Way = {}): Attempt {
  return async (sandbox) => {
    const token = await bearerToken(sandbox, await approvedCode(sandbox, { scope: asked }));
    sandbox.clock.milliseconds += wait;
    return request(sandbox.app).get(`/api.mixin.one${path}`).set('Authorization', `Bearer ${token}`);
  };
}

function ofAccessTokens(path: string): Record<string, CheckPair> {
  return {
    'a bearer token is given': {
      broken: ({ app }) => request(app).get(`/api.mixin.one${path}`).set('Authorization', 'Bearer'),
      refusal: unauthorized,
      kept: bearer(path),
    },
    'an access token of Mixin’s is one that lives': {
      broken: bearer(path, { wait: year }),
      refusal: unauthorized,
      kept: bearer(path, { wait: year - 1 }),
    },
  };
}

describeChecks({
  title: 'Mixin profile',
  checks: callChecks,
  good: bearer('/me'),
  pairs: { ...ofAccessTokens('/me'), ...ofRequestTokens({}) },
});

describeChecks({
  title: 'Mixin profile at its newer address, with a query, at the other host',
  checks: callChecks,
  good: bearer('/safe/me'),
  pairs: {
    ...ofAccessTokens('/safe/me?a=1'),
    ...ofRequestTokens({ host: 'mixin-api.zeromesh.net', uri: '/safe/me?a=1' }),
  },
});

const byApp = (app: string) => `/authorizations?app=${app}`;

describeChecks({
  title: 'Mixin authorizations',
  checks: authorizationsChecks,
  good: bearer('/authorizations'),
  pairs: {
    ...ofAccessTokens('/authorizations'),
    ...ofRequestTokens({ uri: byApp(clientId) }),
    'the app asked for is a UUID': {
      broken: bearer(byApp('7000100000')),
      refusal: unreadable,
      kept: bearer(byApp(clientId.toUpperCase())),
    },
  },
});

const cancelled = (client_id: unknown): CallChanges => ({
  method: 'POST',
  uri: '/oauth/cancel',
  body: JSON.stringify({ client_id }),
});

function bearerCancel(type: string, body: string, header = 'Bearer ', wait = 0): Attempt {
  return async (sandbox) => {
    const token = await bearerToken(sandbox, await approvedCode(sandbox));
    sandbox.clock.milliseconds += wait;
    const call = request(sandbox.app).post('/api.mixin.one/oauth/cancel').type(type);
    return call.set('Authorization', header === '' ? header : `${header}${token}`).send(body);
  };
}

const good = bearerCancel('json', JSON.stringify({ client_id: clientId }));

describeChecks({
  title: 'Mixin cancelling of grants',
  checks: cancelChecks,
  good,
  pairs: {
    'a bearer token is given': { broken: bearerCancel('json', '{}', ''), refusal: unauthorized },
    'an access token of Mixin’s is one that lives': {
      broken: bearerCancel('json', '{}', 'Bearer ', year),
      refusal: unauthorized,
    },
    ...ofRequestTokens(cancelled(clientId)),
    'the body is JSON': {
      broken: bearerCancel('form', `client_id=${clientId}`),
      refusal: unreadable,
      kept: signed(cancelled(clientId)),
    },
    'the client id is a UUID': {
      broken: signed(cancelled(7000100000)),
      refusal: unreadable,
      kept: signed(cancelled(randomUUID())),
    },
  },
});

/** Opens a login that waits, unless the sandbox approves by itself, and reads its code. */
function readCode(wait = 0, change = (codeId: string) => codeId): Attempt {
  return async (sandbox: TestSandbox) => {
    await request(sandbox.app).get(authorizationPath('mixin', { scope }));
    const { codeId } = [...sandbox.state.mixinAuthorizations.values()][0]!;
    sandbox.clock.milliseconds += wait;
    return request(sandbox.app).get(`/api.mixin.one/codes/${change(codeId)}`);
  };
}

const notFound = refusal(404, 'The endpoint is not found.');

describeChecks({
  title: 'Mixin codes',
  checks: codeChecks,
  good: readCode(),
  pairs: {
    'the code is that of a login': { broken: readCode(0, () => randomUUID()), refusal: notFound },
    'the code is not too old': {
      broken: readCode(10 * minute),
      refusal: notFound,
      kept: readCode(10 * minute - 1),
    },
  },
});
