import { createHash } from 'node:crypto';
import request, { type Test } from 'supertest';
import { workingAuthorization } from '../../src/sandbox/authorization.ts';
import { authorizationChecks } from '../../src/sandbox/hosts/resonite-authorization.ts';
import { codeChecks, refreshChecks } from '../../src/sandbox/hosts/resonite-grant-checks.ts';
import { profileChecks, userinfoChecks } from '../../src/sandbox/hosts/resonite-resources.ts';
import { commonTokenChecks } from '../../src/sandbox/hosts/resonite-token-checks.ts';
import { madeUpClients, type Registration } from '../../src/sandbox/registrations.ts';
import { type Attempt, type CheckPair, describeChecks } from './check-pairs.ts';
import {
  authorizationPath,
  callbackOf,
  codeGrant,
  locationOf,
  testSandbox,
  type TestSandbox,
} from './support.ts';

type Changes = Readonly<Record<string, string | null>>;

const { clientId, clientSecret } = madeUpClients.resonite;
const scope = 'openid profile email offline_access';
const verifier = 'a-verifier-that-is-forty-three-letters-long';
const challenge = createHash('sha256').update(verifier).digest('base64url');
const pkce = { code_challenge: challenge, code_challenge_method: 'S256' };
const minutes = 60 * 1000;
const twoWeeks = 14 * 24 * 60 * minutes;

const secretive: Registration = {
  service: 'resonite',
  clientId: 'facade00-0000-4000-8000-00000000000a',
  clientSecret: 'sécret: with +&%',
  name: 'Another',
  redirectUris: [callbackOf('resonite')],
};
const open: Registration = {
  ...secretive,
  clientId: 'facade00-0000-4000-8000-00000000000b',
  clientSecret: null,
};
const clients = [secretive, open];
const asSecretive = { client_id: secretive.clientId, client_secret: secretive.clientSecret };
const asOpen = { client_id: open.clientId, client_secret: null };

const uri = (id: string): string => `https://documentation.openiddict.com/errors/${id}`;
const oauthError = (error: string, error_description: string, id: string) => ({
  error,
  error_description,
  error_uri: uri(id),
});
const missing = (name: string) =>
  [400, oauthError('invalid_request', `The mandatory '${name}' parameter is missing.`, 'ID2029')] as const;

function authorize(changes: Changes = {}, more = ''): Attempt {
  return ({ app }) => request(app).get(`${authorizationPath('resonite', { scope, ...changes })}${more}`);
}

describeChecks({
  title: 'Resonite authorization',
  // A fault alone breaks this one: resonite-faults.test.ts has it.
  checks: authorizationChecks.filter((check) => check !== workingAuthorization),
  good: authorize(),
  pairs: {
    'client_id is given': {
      broken: authorize({ client_id: null }),
      refusal: [400, 'parameter is missing. (ID2029)'],
    },
    'the client id is registered': {
      broken: authorize({ client_id: open.clientId }),
      refusal: [400, 'is invalid. (ID2052)'],
    },
    'no parameter comes twice': {
      broken: authorize({}, '&state=another'),
      refusal: [400, 'parameter is repeated.'],
      kept: authorize({}, '&State=another'),
    },
    'redirect_uri is given': {
      broken: authorize({ redirect_uri: null }),
      refusal: [400, 'parameter is missing. (ID2029)'],
    },
    'response_type is given': {
      broken: authorize({ response_type: null }),
      refusal: [400, 'parameter is missing. (ID2029)'],
    },
    'the response type is code': {
      broken: authorize({ response_type: 'code id_token' }),
      refusal: [400, 'unsupported_response_type: '],
    },
    'the response mode is query, or left to the service': {
      broken: authorize({ response_mode: 'fragment' }),
      refusal: [400, 'is not supported. (ID2032)'],
      kept: authorize({ response_mode: 'query' }),
    },
    'the prompt none stands alone': {
      broken: authorize({ prompt: 'none login' }),
      refusal: [400, 'is invalid. (ID2052)'],
      kept: authorize({ prompt: 'none' }),
    },
    'a code challenge method comes with a code challenge': {
      broken: authorize({ code_challenge_method: 'S256' }),
      refusal: [400, '(ID2037)'],
      kept: authorize(pkce),
    },
    'a code challenge comes with its method': {
      broken: authorize({ code_challenge: challenge }),
      refusal: [400, 'parameter is missing. (ID2029)'],
      kept: authorize(pkce),
    },
    'the code challenge method is S256': {
      broken: authorize({ ...pkce, code_challenge_method: 'plain' }),
      refusal: [400, 'is not supported. (ID2032)'],
      kept: authorize(pkce),
    },
    'the redirect URI is registered': {
      broken: authorize({ redirect_uri: `${callbackOf('resonite')}/` }),
      refusal: [400, 'is not valid for this client application. (ID2043)'],
      kept: authorize({ redirect_uri: 'http://localhost:3000/second/resonite' }),
    },
    'every scope is one of Resonite’s': {
      broken: authorize({ scope: 'profile phone' }),
      refusal: [400, 'invalid_scope: '],
      kept: authorize({ scope: 'profile patreon' }),
    },
  },
});

async function codeOf({ app }: TestSandbox, changes: Changes = {}): Promise<string | null> {
  const { client_secret: _, ...asked } = changes;
  const response = await request(app).get(authorizationPath('resonite', { scope, ...asked }));
  return locationOf(response).searchParams.get('code');
}

const tokenPath = '/account.resonite.com/connect/token';

const post = ({ app }: TestSandbox, members: object): Test =>
  request(app).post(tokenPath).type('form').send(members);

interface Way {
  /** As which client the code is asked for, and with which challenge. */
  asked?: Changes;
  wait?: number;
}

/** Gets a code, waits, and exchanges it with the changes. */
function exchange(changes: Changes = {}, { asked = {}, wait = 0 }: Way = {}): Attempt {
  return async (sandbox) => {
    const code = await codeOf(sandbox, asked);
    sandbox.clock.milliseconds += wait;
    const { client_id = clientId, client_secret = clientSecret } = asked;
    return post(sandbox, codeGrant('resonite', code, { client_id, client_secret, ...changes }));
  };
}

/** RFC 6749 2.3.1: both halves are form-encoded first. */
function basic(id: string, secret: string): string {
  const encode = (text: string) => new URLSearchParams({ text }).toString().slice('text='.length);
  return `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')}`;
}

function exchangeWith(authorization: string, changes: Changes, asked: Changes = {}): Attempt {
  return async (sandbox) => {
    const members = codeGrant('resonite', await codeOf(sandbox, asked), changes);
    return post(sandbox, members).set('Authorization', authorization);
  };
}

const noClient = { client_id: null, client_secret: null };

const common: Record<string, CheckPair> = {
  'the type of the body is given': {
    broken: ({ app }) => request(app).post(tokenPath),
    refusal: [
      400,
      oauthError('invalid_request', "The mandatory 'Content-Type' header is missing.", 'ID2081'),
    ],
  },
  'the body is a form': {
    broken: ({ app }) => request(app).post(tokenPath).send({ grant_type: 'authorization_code' }),
    refusal: [
      400,
      oauthError('invalid_request', "The specified 'Content-Type' header is invalid.", 'ID2082'),
    ],
  },
  'no parameter comes twice': {
    broken: ({ app }) => request(app).post(tokenPath).type('form').send('code=a&code=a'),
    refusal: [400, { error: 'invalid_request', error_description: "The 'code' parameter is repeated." }],
  },
  'the client authenticates in one way': {
    broken: exchangeWith(basic(clientId, clientSecret), { client_id: null }),
    refusal: [
      400,
      oauthError('invalid_request', 'Multiple client credentials cannot be specified.', 'ID2087'),
    ],
    kept: exchangeWith(basic(clientId, clientSecret), { client_secret: null }),
  },
  'Basic credentials can be read': {
    broken: exchangeWith(`Basic ${Buffer.from('no colon').toString('base64')}`, noClient),
    refusal: [400, oauthError('invalid_request', 'The specified client credentials are invalid.', 'ID2055')],
    kept: exchangeWith(basic(secretive.clientId, secretive.clientSecret!), noClient, {
      client_id: secretive.clientId,
    }),
  },
  'grant_type is given': { broken: exchange({ grant_type: null }), refusal: missing('grant_type') },
  'the grant type is that of a code or of a refresh token': {
    broken: exchange({ grant_type: 'client_credentials' }),
    refusal: [
      400,
      oauthError('unsupported_grant_type', "The specified 'grant_type' is not supported.", 'ID2032'),
    ],
  },
  'client_id is given': { broken: exchange({ client_id: null }), refusal: missing('client_id') },
  'the client id is registered': {
    broken: exchange({ client_id: 'facade00-0000-4000-8000-00000000000c' }),
    refusal: [401, oauthError('invalid_client', "The specified 'client_id' is invalid.", 'ID2052')],
  },
  'a client that has no secret sends none': {
    broken: exchange({ client_secret: 'a-secret' }, { asked: asOpen }),
    refusal: [
      401,
      oauthError(
        'invalid_client',
        "The 'client_secret' parameter is not valid for this client application.",
        'ID2053',
      ),
    ],
    kept: exchange({}, { asked: asOpen }),
  },
  'a client that has a secret sends it': {
    broken: exchange({ client_secret: null }),
    refusal: [
      401,
      oauthError(
        'invalid_client',
        "The 'client_secret' parameter required for this client application is missing.",
        'ID2054',
      ),
    ],
    kept: exchange({}, { asked: asOpen }),
  },
  'the client secret is right': {
    broken: exchange({ client_secret: secretive.clientSecret }),
    refusal: [401, oauthError('invalid_client', 'The specified client credentials are invalid.', 'ID2055')],
    kept: exchange({}, { asked: asSecretive }),
  },
};

const badGrant = (description: string, id: string) =>
  [400, oauthError('invalid_grant', description, id)] as const;

async function exchangeTwice(sandbox: TestSandbox) {
  const members = codeGrant('resonite', await codeOf(sandbox));
  await post(sandbox, members);
  return post(sandbox, members);
}

describeChecks({
  title: 'Resonite token endpoint with a code',
  checks: [...commonTokenChecks, ...codeChecks],
  good: exchange(),
  clients,
  pairs: {
    ...common,
    'code is given': { broken: exchange({ code: null }), refusal: missing('code') },
    'the code was issued here': {
      broken: exchange({ code: 'of-nobody' }),
      refusal: badGrant('The specified authorization code is invalid.', 'ID2001'),
    },
    'the code is not too old': {
      broken: exchange({}, { wait: 10 * minutes }),
      refusal: badGrant('The specified authorization code is no longer valid.', 'ID2016'),
      kept: exchange({}, { wait: 10 * minutes - 1 }),
    },
    'the code was not used before': {
      broken: exchangeTwice,
      refusal: badGrant('The specified authorization code has already been redeemed.', 'ID2010'),
    },
    'the code was issued to this client': {
      broken: exchange(asSecretive),
      refusal: badGrant(
        'The specified authorization code cannot be used by this client application.',
        'ID2069',
      ),
      kept: exchange({}, { asked: asSecretive }),
    },
    'redirect_uri is given': { broken: exchange({ redirect_uri: null }), refusal: missing('redirect_uri') },
    'the redirect URI is that of the authorization request': {
      broken: exchange({ redirect_uri: 'http://localhost:3000/second/resonite' }),
      refusal: badGrant(
        "The specified 'redirect_uri' parameter doesn't match the client redirection URI the authorization code was initially sent to.",
        'ID2072',
      ),
      kept: exchange(
        { redirect_uri: 'http://localhost:3000/second/resonite' },
        { asked: { redirect_uri: 'http://localhost:3000/second/resonite' } },
      ),
    },
    'a code verifier comes only where a challenge was sent': {
      broken: exchange({ code_verifier: verifier }),
      refusal: [
        400,
        oauthError(
          'invalid_request',
          "The 'code_verifier' parameter cannot be used when no 'code_challenge' was specified in the authorization request.",
          'ID2073',
        ),
      ],
      kept: exchange({ code_verifier: verifier }, { asked: pkce }),
    },
    'a code verifier comes where a challenge was sent': {
      broken: exchange({}, { asked: pkce }),
      refusal: missing('code_verifier'),
      kept: exchange({ code_verifier: verifier }, { asked: pkce }),
    },
    'the code verifier fits the challenge': {
      broken: exchange({ code_verifier: challenge }, { asked: pkce }),
      refusal: badGrant("The specified 'code_verifier' is invalid.", 'ID2052'),
      kept: exchange({ code_verifier: verifier }, { asked: pkce }),
    },
  },
});

const refreshGrant = (refresh_token: string | null, changes: Changes = {}) =>
  codeGrant('resonite', null, { grant_type: 'refresh_token', redirect_uri: null, refresh_token, ...changes });

/** Logs in, waits, and refreshes with the changes. */
function refresh(changes: Changes = {}, { asked = {}, wait = 0 }: Way = {}): Attempt {
  return async (sandbox) => {
    const { body } = await post(sandbox, codeGrant('resonite', await codeOf(sandbox, asked), asked));
    sandbox.clock.milliseconds += wait;
    return post(sandbox, refreshGrant(body.refresh_token, { ...asked, ...changes }));
  };
}

async function refreshTwice(sandbox: TestSandbox, which: 'same' | 'next') {
  const { body } = await post(sandbox, codeGrant('resonite', await codeOf(sandbox)));
  const first = await post(sandbox, refreshGrant(body.refresh_token));
  return post(sandbox, refreshGrant((which === 'same' ? body : first.body).refresh_token));
}

describeChecks({
  title: 'Resonite token endpoint with a refresh token',
  checks: refreshChecks,
  good: refresh(),
  clients,
  pairs: {
    'refresh_token is given': { broken: refresh({ refresh_token: null }), refusal: missing('refresh_token') },
    'the refresh token was issued here': {
      broken: refresh({ refresh_token: 'of-nobody' }),
      refusal: badGrant('The specified refresh token is invalid.', 'ID2003'),
    },
    'the refresh token is not too old': {
      broken: refresh({}, { wait: twoWeeks }),
      refusal: badGrant('The specified refresh token is no longer valid.', 'ID2018'),
      kept: refresh({}, { wait: twoWeeks - 1 }),
    },
    'the refresh token was not used before': {
      broken: (sandbox) => refreshTwice(sandbox, 'same'),
      refusal: badGrant('The specified refresh token has already been redeemed.', 'ID2012'),
      kept: (sandbox) => refreshTwice(sandbox, 'next'),
    },
    'the refresh token was issued to this client': {
      broken: refresh(asOpen),
      refusal: badGrant('The specified refresh token cannot be used by this client application.', 'ID2071'),
      kept: refresh({}, { asked: asOpen }),
    },
    'no scope is asked for beyond those that were granted': {
      broken: refresh({ scope: `${scope} patreon` }),
      refusal: badGrant("The specified 'scope' is invalid.", 'ID2052'),
      kept: refresh({ scope: 'profile' }),
    },
  },
});

/** Logs in with these scopes, waits, and asks with the token. */
function ask(
  path: string,
  { asked = scope, wait = 0, header = (token: string) => `Bearer ${token}` } = {},
): Attempt {
  return async (sandbox) => {
    const members = codeGrant('resonite', await codeOf(sandbox, { scope: asked }));
    const { access_token } = (await post(sandbox, members)).body;
    sandbox.clock.milliseconds += wait;
    const call = request(sandbox.app).get(`/account.resonite.com/${path}`);
    return call.set('Authorization', header(access_token));
  };
}

/** Nothing is in the body: the header has it all (RFC 6750 3.1), as is tested at the end. */
const nothing = {};

describe.each([
  ['api/user/profile', profileChecks, 'profile', 'openid email'],
  ['connect/userinfo', userinfoChecks, 'openid', 'profile email'],
] as const)('Resonite /%s', (path, checks, needed, others) => {
  describeChecks({
    title: 'by its checks',
    checks,
    good: ask(path),
    pairs: {
      'a bearer token is given': {
        broken: ask(path, { header: (token) => `OAuth ${token}` }),
        refusal: [401, nothing],
        kept: ask(path, { header: (token) => `bearer ${token}` }),
      },
      'the access token was issued here': {
        broken: ask(path, { header: (token) => `Bearer ${token}x` }),
        refusal: [401, nothing],
      },
      'the access token is not too old': {
        broken: ask(path, { wait: 60 * minutes }),
        refusal: [401, nothing],
        kept: ask(path, { wait: 60 * minutes - 1 }),
      },
      [`the scope ${needed} was granted`]: {
        broken: ask(path, { asked: others }),
        refusal: [403, nothing],
        kept: ask(path, { asked: needed }),
      },
    },
  });
});

const challengeOf = (scheme: string, error: string, description: string, id: string) =>
  `${scheme} error="${error}", error_description="${description}", error_uri="${uri(id)}"`;

test.each<[string, Attempt, string]>([
  ['no token', ask('api/user/profile', { header: () => 'Basic x' }), 'Bearer'],
  [
    'an unknown token',
    ask('connect/userinfo', { header: () => 'Bearer x' }),
    challengeOf('Bearer', 'invalid_token', 'The specified token is invalid.', 'ID2004'),
  ],
  [
    'an old token',
    ask('connect/userinfo', { wait: 60 * minutes }),
    challengeOf('Bearer', 'invalid_token', 'The specified token is no longer valid.', 'ID2019'),
  ],
  [
    'a token without the scope',
    ask('api/user/profile', { asked: 'openid' }),
    'Bearer error="insufficient_scope", error_description="The scope profile is missing."',
  ],
  [
    'a wrong secret, even in the body',
    exchange({ client_secret: 'wrong' }),
    challengeOf('Basic', 'invalid_client', 'The specified client credentials are invalid.', 'ID2055'),
  ],
])('Resonite challenges after %s', async (_name, attempt, expected) => {
  const response = (await attempt(await testSandbox({ autoApprove: true }))) as request.Response;
  expect(response.headers['www-authenticate']).toBe(expected);
  const isAtTheTokenEndpoint = expected.startsWith('Basic');
  expect(response.text !== '').toBe(isAtTheTokenEndpoint);
});
