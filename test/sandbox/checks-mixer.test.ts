import request from 'supertest';
import { workingAuthorization } from '../../src/sandbox/authorization.ts';
import { authorizationChecks } from '../../src/sandbox/hosts/mixer-authorization.ts';
import { currentUserChecks, introspectionChecks } from '../../src/sandbox/hosts/mixer-resources.ts';
import { codeChecks, commonTokenChecks, refreshChecks } from '../../src/sandbox/hosts/mixer-token.ts';
import type { Registration } from '../../src/sandbox/registrations.ts';
import { type Attempt, type CheckPair, describeChecks } from './check-pairs.ts';
import { authorizationPath, callbackOf, codeGrant, locationOf, type TestSandbox } from './support.ts';

type Changes = Readonly<Record<string, string | null>>;

const minutes = 60 * 1000;
const year = 365 * 24 * 60 * minutes;
const scope = 'user:details:self';

const secretive: Registration = {
  service: 'mixer',
  clientId: 'feedbeef0000000000000000000000000000000000000001',
  clientSecret: 'another-secret',
  name: 'Another',
  redirectUris: [callbackOf('mixer')],
  hosts: ['localhost', '*.example.com'],
};
const open: Registration = {
  ...secretive,
  clientId: 'feedbeef0000000000000000000000000000000000000002',
  clientSecret: null,
};
const clients = [secretive, open];
const asSecretive = { client_id: secretive.clientId, client_secret: secretive.clientSecret };
const asOpen = { client_id: open.clientId, client_secret: null };

const oauthError = (error: string, error_description: string) => ({ error, error_description });
const badCode = [400, oauthError('invalid_grant', 'The authorization code is invalid.')] as const;
const badSecret = [400, oauthError('invalid_client', 'OAuth client secret invalid.')] as const;
const badRefresh = [400, oauthError('invalid_grant', 'The refresh token is invalid.')] as const;

function authorize(changes: Changes = {}): Attempt {
  return ({ app }) => request(app).get(authorizationPath('mixer', { scope, ...changes }));
}

const backWith = (error: string) => `${callbackOf('mixer')}?error=${error}`;

describeChecks({
  title: 'Mixer authorization',
  // A fault alone breaks this one: faults.test.ts has it.
  checks: authorizationChecks.filter((check) => check !== workingAuthorization),
  good: authorize(),
  clients,
  pairs: {
    'the client id is registered': {
      broken: authorize({ client_id: 'facade' }),
      refusal: [400, 'OAuth client not found.'],
    },
    'the redirect URI is an address of http or https': {
      broken: authorize({ redirect_uri: 'ftp://localhost/login/mixer/callback' }),
      refusal: [400, 'The redirect uri is invalid.'],
      kept: authorize({ redirect_uri: 'https://localhost/login/mixer/callback' }),
    },
    'the host of the redirect URI is registered': {
      broken: authorize({ client_id: secretive.clientId, redirect_uri: 'https://example.com/back' }),
      refusal: [400, 'The redirect uri is invalid.'],
      kept: authorize({ client_id: secretive.clientId, redirect_uri: 'http://a.b.example.com:8919/x?y=1' }),
    },
    'a response type is given': {
      broken: authorize({ response_type: null }),
      refusal: [302, backWith('invalid_request')],
    },
    'the response type is code or token': {
      broken: authorize({ response_type: 'code token' }),
      refusal: [302, backWith('unsupported_response_type')],
      kept: authorize({ response_type: 'token' }),
    },
    'every scope is one of Mixer’s': {
      broken: authorize({ scope: `${scope} user:details:others` }),
      refusal: [302, backWith('invalid_scope')],
      kept: authorize({ scope: `${scope} chat:connect` }),
    },
  },
});

async function codeOf({ app }: TestSandbox, changes: Changes = {}): Promise<string | null> {
  const { client_secret: _, ...asked } = changes;
  const response = await request(app).get(authorizationPath('mixer', { scope, ...asked }));
  return locationOf(response).searchParams.get('code');
}

const post = ({ app }: TestSandbox, members: object, type = 'form') =>
  request(app).post('/mixer.com/api/v1/oauth/token').type(type).send(members);

/** Gets a code as the client that `client` names, waits, and exchanges it with the changes. */
function exchange(changes: Changes = {}, { client = {} as Changes, wait = 0, type = 'form' } = {}): Attempt {
  return async (sandbox) => {
    const code = await codeOf(sandbox, client);
    sandbox.clock.milliseconds += wait;
    return post(sandbox, codeGrant('mixer', code, { ...client, ...changes }), type);
  };
}

const common: Record<string, CheckPair> = {
  'the body is a form or JSON': {
    broken: ({ app }) => request(app).post('/mixer.com/api/v1/oauth/token').type('text').send('grant_type=x'),
    refusal: [400, oauthError('invalid_request', 'The body is neither a form nor JSON.')],
    kept: exchange({}, { type: 'json' }),
  },
  'the client id is registered': {
    broken: exchange({ client_id: 'facade' }),
    refusal: [400, oauthError('invalid_client', 'OAuth client not found.')],
  },
  'a client that has a secret sends it': {
    broken: exchange({ client_secret: null }),
    refusal: badSecret,
    kept: exchange({}, { client: asOpen }),
  },
  'a client that has no secret sends none': {
    broken: exchange({ client_secret: 'a-secret' }, { client: asOpen }),
    refusal: badSecret,
    kept: exchange({}, { client: asOpen }),
  },
  'the client secret is right': {
    broken: exchange({ client_secret: secretive.clientSecret }),
    refusal: badSecret,
    kept: exchange({}, { client: asSecretive }),
  },
  'a grant type is given': {
    broken: exchange({ grant_type: null }),
    refusal: [400, oauthError('invalid_request', 'grant_type is missing.')],
  },
  'the grant type is that of a code or of a refresh token': {
    broken: exchange({ grant_type: 'client_credentials' }),
    refusal: [400, oauthError('unsupported_grant_type', 'This grant_type is not known.')],
  },
};

describeChecks({
  title: 'Mixer token endpoint with a code',
  checks: [...commonTokenChecks, ...codeChecks],
  good: exchange(),
  clients,
  pairs: {
    ...common,
    'a code is given': {
      broken: exchange({ code: null }),
      refusal: [400, oauthError('invalid_request', 'code is missing.')],
    },
    'the code was issued here': { broken: exchange({ code: 'ABCDabcd01234567' }), refusal: badCode },
    'the code was issued to this client': {
      broken: exchange(asSecretive),
      refusal: badCode,
      kept: exchange({}, { client: asSecretive }),
    },
    'the code was not used before': {
      broken: async (sandbox) => {
        const members = codeGrant('mixer', await codeOf(sandbox));
        await post(sandbox, members);
        return post(sandbox, members);
      },
      refusal: badCode,
      kept: async (sandbox) => {
        await exchange()(sandbox);
        return exchange()(sandbox);
      },
    },
    'the code is not too old': {
      broken: exchange({}, { wait: 10 * minutes }),
      refusal: badCode,
      kept: exchange({}, { wait: 10 * minutes - 1 }),
    },
    'the redirect URI is that of the authorization request': {
      broken: exchange({ redirect_uri: 'http://localhost:8919/login/mixer/callback' }),
      refusal: [
        400,
        oauthError('invalid_grant', 'The redirect_uri is not the one of the authorization request.'),
      ],
      kept: exchange({}, { client: { redirect_uri: 'http://localhost:8919/elsewhere' } }),
    },
  },
});

const refreshGrant = (refresh_token: string | null, changes: Changes = {}) => {
  const members = codeGrant('mixer', null, { grant_type: 'refresh_token', refresh_token, ...changes });
  return Object.fromEntries(Object.entries(members).filter(([name]) => name !== 'redirect_uri'));
};

/** Logs in as the client that `client` names, waits, and refreshes with the changes. */
function refresh(changes: Changes = {}, { client = {} as Changes, wait = 0 } = {}): Attempt {
  return async (sandbox) => {
    const { body } = await post(sandbox, codeGrant('mixer', await codeOf(sandbox, client), client));
    sandbox.clock.milliseconds += wait;
    return post(sandbox, refreshGrant(body.refresh_token, { ...client, ...changes }));
  };
}

async function refreshTwice(sandbox: TestSandbox, which: 'same' | 'next') {
  const { body } = await post(sandbox, codeGrant('mixer', await codeOf(sandbox)));
  const first = await post(sandbox, refreshGrant(body.refresh_token));
  return post(sandbox, refreshGrant((which === 'same' ? body : first.body).refresh_token));
}

describeChecks({
  title: 'Mixer token endpoint with a refresh token',
  checks: refreshChecks,
  good: refresh(),
  clients,
  pairs: {
    'a refresh_token is given': {
      broken: refresh({ refresh_token: null }),
      refusal: [400, oauthError('invalid_request', 'refresh_token is missing.')],
    },
    'the refresh token was issued here': {
      broken: refresh({ refresh_token: 'a'.repeat(64) }),
      refusal: badRefresh,
    },
    'the refresh token was issued to this client': {
      broken: refresh(asOpen),
      refusal: badRefresh,
      kept: refresh({}, { client: asOpen }),
    },
    'the refresh token was not used before': {
      broken: (sandbox) => refreshTwice(sandbox, 'same'),
      refusal: badRefresh,
      kept: (sandbox) => refreshTwice(sandbox, 'next'),
    },
    'the refresh token is not older than a year': {
      broken: refresh({}, { wait: year }),
      refusal: badRefresh,
      kept: refresh({}, { wait: year - 1 }),
    },
  },
});

type Headers = (token: string) => Record<string, string>;
const bearer: Headers = (token) => ({ Authorization: `Bearer ${token}` });

function current(headers: Headers = bearer, wait = 0): Attempt {
  return async (sandbox) => {
    const { body } = await post(sandbox, codeGrant('mixer', await codeOf(sandbox)));
    sandbox.clock.milliseconds += wait;
    return request(sandbox.app).get('/mixer.com/api/v1/users/current').set(headers(body.access_token));
  };
}

describeChecks({
  title: 'Mixer user',
  checks: currentUserChecks,
  good: current(),
  pairs: {
    'the Authorization header can be read': {
      broken: current((token) => ({ Authorization: `Token ${token}` })),
      refusal: [
        461,
        {
          error: 'Invalid or missing CSRF header, see details here: <https://dev.mixer.pro/rest.html#csrf>',
          statusCode: 461,
        },
      ],
      // As passport-mixer sends it.
      kept: current((token) => ({ Authorization: `OAuth ${token}` })),
    },
    'the access token was issued and is alive': {
      broken: current(bearer, 6 * 60 * minutes),
      refusal: [401, { errorCode: 24325, errorMessage: 'OAuth token is invalid' }],
      kept: current(bearer, 6 * 60 * minutes - 1),
    },
  },
});

function introspect(body: (token: string) => string | object, type: string): Attempt {
  return async (sandbox) => {
    const tokens = await post(sandbox, codeGrant('mixer', await codeOf(sandbox)));
    const { access_token } = tokens.body;
    const path = '/mixer.com/api/v1/oauth/token/introspect';
    return request(sandbox.app).post(path).type(type).send(body(access_token));
  };
}

describeChecks({
  title: 'Mixer introspection',
  checks: introspectionChecks,
  good: introspect((token) => ({ token }), 'json'),
  pairs: {
    'the body is JSON or a form': {
      broken: introspect((token) => token, 'text'),
      refusal: [400, oauthError('invalid_request', 'The body is neither JSON nor a form.')],
      kept: introspect((token) => ({ token, client_id: 'any', client_secret: 'any' }), 'form'),
    },
    'a token is given': {
      broken: introspect(() => ({}), 'json'),
      refusal: [400, oauthError('invalid_request', 'token is missing.')],
      kept: introspect(() => ({ token: 'of-nobody' }), 'json'),
    },
  },
});
