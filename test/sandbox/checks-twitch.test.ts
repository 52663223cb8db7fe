import { workingAuthorization } from '../../src/sandbox/authorization.ts';
import { twitchAuthorizationChecks } from '../../src/sandbox/hosts/twitch-authorization.ts';
import { usersChecks } from '../../src/sandbox/hosts/twitch-helix-checks.ts';
import { userinfoChecks, validationChecks } from '../../src/sandbox/hosts/twitch-resources.ts';
import { revocationChecks } from '../../src/sandbox/hosts/twitch-revocation.ts';
import { twitchTokenChecks } from '../../src/sandbox/hosts/twitch-token-checks.ts';
import { type Attempt, type CheckPair, describeChecks } from './check-pairs.ts';
import { authorizationPath, codeGrant } from './support.ts';
import {
  basic,
  clients,
  codePairs,
  commonPairs,
  refreshAt,
  refreshPairs,
  refusedTo,
  type Refusal,
  secondUri,
  type Send,
  unknownClientId,
} from './twitch-check-pairs.ts';
import {
  appTokenFor,
  type Changes,
  clientId,
  clientSecret,
  codeFor,
  get,
  given,
  type Headers,
  otherClient,
  postForm,
  postToken,
  tokensFor,
} from './twitch-support.ts';

/** The shape of id.twitch.tv. */
const says = (status: number, message: string): Refusal => [status, { status, message }];

const authorize =
  (changes: Changes = {}): Attempt =>
  (sandbox) =>
    get(sandbox, authorizationPath('twitch', { scope: 'openid', ...changes }));

describeChecks({
  title: 'Twitch authorization',
  // Only a fault can break this one.
  checks: twitchAuthorizationChecks.filter((check) => check !== workingAuthorization),
  good: authorize(),
  pairs: {
    'a client id is given': {
      broken: authorize({ client_id: null }),
      refusal: says(400, 'missing client id'),
    },
    'the client id is registered': {
      broken: authorize({ client_id: unknownClientId }),
      refusal: says(400, 'invalid client'),
    },
    'the redirect URI is one of those registered, to the letter': {
      broken: authorize({ redirect_uri: `${secondUri}/` }),
      kept: authorize({ redirect_uri: secondUri }),
      refusal: refusedTo(
        'error=redirect_mismatch&error_description=Parameter+redirect_uri+does+not+match+registered+URI',
      ),
    },
    'the response type is one of those listed': {
      broken: authorize({ response_type: 'code token' }),
      kept: authorize({ response_type: 'id_token code' }),
      refusal: refusedTo('error=unsupported_response_type&error_description=Response+type+is+not+supported'),
    },
    'no scope asked for is retired': {
      broken: authorize({ scope: 'openid chat_login' }),
      kept: authorize({ scope: 'openid chat:read' }),
      refusal: says(400, 'Sorry, the scope you are requesting is currently unavailable: chat_login'),
    },
    'every scope asked for exists': {
      broken: authorize({ scope: 'openid user:read:emails' }),
      kept: authorize({ scope: 'openid user:read:email' }),
      refusal: says(400, "invalid scope requested: 'user:read:emails'"),
    },
    'an ID token is asked for together with the scope openid': {
      broken: authorize({ response_type: 'token id_token', scope: 'user:read:email' }),
      kept: authorize({ response_type: 'token', scope: 'user:read:email' }),
      refusal: refusedTo('error=invalid_scope&error_description=The+scope+openid+is+missing'),
    },
    'claims, where given, is a JSON object': {
      broken: authorize({ claims: '["email"]' }),
      kept: authorize({ claims: '{"id_token":null,"userinfo":{"email":null}}' }),
      refusal: says(400, 'invalid claims parameter'),
    },
  },
});

/** The client id is looked for before anything that HTTP Basic says. */
const tokenPairs = (sendWith: Send, otherGrantType: string): Record<string, CheckPair> => ({
  ...commonPairs(says, sendWith, otherGrantType),
  'a client id is given': {
    broken: sendWith({ client_id: null }, basic),
    kept: sendWith({}, { Authorization: 'Basic bm9ib2R5Om5vdGhpbmc=' }),
    refusal: says(400, 'missing client id'),
  },
});

const exchangeCode: Send =
  (changes = {}, headers = {}) =>
  async (sandbox) =>
    postToken(sandbox, 'twitch', codeGrant('twitch', await codeFor(sandbox), changes), headers);

describeChecks({
  title: 'Twitch token endpoint, with a code',
  checks: [...twitchTokenChecks.common, ...twitchTokenChecks.code],
  good: exchangeCode(),
  clients,
  pairs: {
    ...tokenPairs(exchangeCode, 'urn:ietf:params:oauth:grant-type:device_code'),
    ...codePairs(says, 'twitch', exchangeCode),
    'the redirect URI is that of the authorization request': {
      broken: exchangeCode({ redirect_uri: secondUri }),
      kept: async (sandbox) => {
        const code = await codeFor(sandbox, 'twitch', { redirect_uri: secondUri });
        return postToken(sandbox, 'twitch', codeGrant('twitch', code, { redirect_uri: secondUri }));
      },
      refusal: says(400, 'Parameter redirect_uri does not match registered URI'),
    },
  },
});

const refresh = refreshAt('twitch');

describeChecks({
  title: 'Twitch token endpoint, with a refresh token',
  checks: [...twitchTokenChecks.common, ...twitchTokenChecks.refresh],
  good: refresh(),
  clients,
  pairs: {
    ...tokenPairs(refresh, 'password'),
    ...refreshPairs(says, 'twitch'),
    'every scope asked for exists': {
      broken: refresh({ scope: 'openid nonsense' }),
      kept: refresh({ scope: 'openid bits:read' }),
      refusal: says(400, "invalid scope requested: 'nonsense'"),
    },
  },
});

const askAppToken: Send =
  (changes = {}, headers = {}) =>
  (sandbox) => {
    const members = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
    return postToken(sandbox, 'twitch', given({ ...members, ...changes }), headers);
  };

describeChecks({
  title: 'Twitch token endpoint, with the client alone',
  checks: [...twitchTokenChecks.common, ...twitchTokenChecks.app],
  good: askAppToken(),
  pairs: {
    ...tokenPairs(askAppToken, 'client_credential'),
    'every scope asked for exists': {
      broken: askAppToken({ scope: 'nonsense' }),
      kept: askAppToken({ scope: 'bits:read' }),
      refusal: says(400, "invalid scope requested: 'nonsense'"),
    },
  },
});

/** A request with the access token of a login, or with another header; at the end of its life when asked. */
const present =
  (path: string, toHeaders: (token: string) => Headers, leftMilliseconds = 60_000, scope?: string): Attempt =>
  async (sandbox) => {
    const changes = scope === undefined ? {} : { scope };
    const { access_token, expires_in } = await tokensFor(sandbox, 'twitch', changes);
    sandbox.clock.milliseconds += expires_in * 1000 - leftMilliseconds;
    return get(sandbox, path, toHeaders(access_token));
  };

const withScheme =
  (scheme: string) =>
  (token: string): Headers => ({ Authorization: `${scheme} ${token}` });

const validatePath = '/id.twitch.tv/oauth2/validate';

describeChecks({
  title: 'Twitch validation',
  checks: validationChecks,
  good: present(validatePath, withScheme('OAuth')),
  pairs: {
    'an Authorization header is there': {
      broken: present(`${validatePath}?oauth_token=abc`, () => ({})),
      refusal: says(401, 'missing authorization token'),
    },
    'the scheme is OAuth or Bearer': {
      broken: present(validatePath, withScheme('Token')),
      kept: present(validatePath, withScheme('bearer')),
      refusal: says(401, 'invalid access token'),
    },
    'the access token lives': {
      broken: present(validatePath, withScheme('OAuth'), 0),
      kept: present(validatePath, withScheme('OAuth'), 1),
      refusal: says(401, 'invalid access token'),
    },
  },
});

const userinfoPath = '/id.twitch.tv/oauth2/userinfo';

describeChecks({
  title: 'Twitch userinfo',
  checks: userinfoChecks,
  good: present(userinfoPath, withScheme('Bearer')),
  pairs: {
    'an Authorization header is there': {
      broken: present(userinfoPath, () => ({})),
      refusal: says(401, 'missing authorization token'),
    },
    'the scheme is Bearer': {
      broken: present(userinfoPath, withScheme('OAuth')),
      kept: present(userinfoPath, withScheme('bearer')),
      refusal: says(401, 'invalid access token'),
    },
    'the access token lives': {
      broken: present(userinfoPath, withScheme('Bearer'), 0),
      kept: present(userinfoPath, withScheme('Bearer'), 1),
      refusal: says(401, 'invalid access token'),
    },
    'the access token has the scope openid': {
      broken: present(userinfoPath, withScheme('Bearer'), 1, 'user:read:email'),
      kept: present(userinfoPath, withScheme('Bearer'), 1, 'openid'),
      refusal: says(401, 'invalid access token'),
    },
  },
});

const revoke =
  (changes: Changes = {}): Attempt =>
  async (sandbox) => {
    const { access_token } = await tokensFor(sandbox);
    const members = given({ client_id: clientId, token: access_token, ...changes });
    return postForm(sandbox, '/id.twitch.tv/oauth2/revoke', members);
  };

const revokeTwice: Attempt = async (sandbox) => {
  const { access_token } = await tokensFor(sandbox);
  const members = { client_id: clientId, token: access_token };
  await postForm(sandbox, '/id.twitch.tv/oauth2/revoke', members);
  return postForm(sandbox, '/id.twitch.tv/oauth2/revoke', members);
};

const revokeRefreshToken: Attempt = async (sandbox) => {
  const { refresh_token } = await tokensFor(sandbox);
  return postForm(sandbox, '/id.twitch.tv/oauth2/revoke', { client_id: clientId, token: refresh_token });
};

describeChecks({
  title: 'Twitch revocation',
  checks: revocationChecks,
  good: revoke(),
  clients,
  pairs: {
    'a client id is given': {
      broken: revoke({ client_id: null }),
      kept: revoke({ client_secret: 'is-not-asked-for' }),
      refusal: says(400, 'missing client id'),
    },
    'the client id is registered': {
      broken: revoke({ client_id: unknownClientId }),
      refusal: says(404, 'client does not exist'),
    },
    'a token is given': {
      broken: revoke({ token: null }),
      refusal: says(400, 'missing oauth token'),
    },
    'the token lives': {
      broken: revokeTwice,
      kept: revokeRefreshToken,
      refusal: says(400, 'Invalid token'),
    },
    'the token was made for this client': {
      broken: revoke({ client_id: otherClient.client_id }),
      refusal: says(400, 'Invalid token'),
    },
  },
});

const helixSays = (status: number, error: string, message: string): Refusal => [
  status,
  { error, status, message },
];
const unauthorized = (message: string) => helixSays(401, 'Unauthorized', message);

const usersPath = '/api.twitch.tv/helix/users';
const withClient =
  (scheme: string, id: string | null = clientId) =>
  (token: string): Headers =>
    given({ Authorization: `${scheme} ${token}`, 'Client-Id': id });

const asApplication =
  (query: string): Attempt =>
  async (sandbox) => {
    const { access_token } = await appTokenFor(sandbox);
    return get(sandbox, `${usersPath}${query}`, withClient('Bearer')(access_token));
  };

const users = (count: number): string => {
  const ids = Array.from({ length: count - 1 }, (_, index) => `id=${index}`);
  return `${usersPath}?${['login=nobody', ...ids].join('&')}`;
};

describeChecks({
  title: 'Helix users',
  checks: usersChecks,
  good: present(usersPath, withClient('Bearer')),
  clients,
  pairs: {
    'a client id or a token is given': {
      broken: present(usersPath, () => ({})),
      refusal: unauthorized('Must provide a valid Client-ID or OAuth token'),
    },
    'a token is given': {
      broken: present(usersPath, () => ({ 'Client-Id': clientId })),
      refusal: unauthorized('OAuth token is missing'),
    },
    'the scheme is Bearer': {
      broken: present(usersPath, withClient('OAuth')),
      kept: present(usersPath, withClient('bearer')),
      refusal: unauthorized('Invalid OAuth token'),
    },
    'the access token lives': {
      broken: present(usersPath, withClient('Bearer'), 0),
      kept: present(usersPath, withClient('Bearer'), 1),
      refusal: unauthorized('Invalid OAuth token'),
    },
    'a client id is given': {
      broken: present(`${usersPath}?client_id=${clientId}`, withClient('Bearer', null)),
      refusal: unauthorized('Client ID is missing'),
    },
    'the client id is the one that the token was made for': {
      broken: present(usersPath, withClient('Bearer', otherClient.client_id)),
      refusal: unauthorized('Client ID and OAuth token do not match'),
    },
    'the request names users, or its token belongs to one': {
      broken: asApplication(''),
      kept: asApplication('?login=ninja_dev'),
      refusal: helixSays(400, 'Bad Request', 'Must provide an ID, Login or OAuth Token'),
    },
    'it names a hundred users at most': {
      broken: present(users(101), withClient('Bearer')),
      kept: present(users(100), withClient('Bearer')),
      refusal: helixSays(400, 'Bad Request', 'Too many ids and logins'),
    },
  },
});
