import { STATUS_CODES } from 'node:http';
import { workingAuthorization } from '../../src/sandbox/authorization.ts';
import { krakenAuthorizationChecks } from '../../src/sandbox/hosts/twitch-kraken-authorization.ts';
import { krakenError } from '../../src/sandbox/hosts/twitch-kraken-error.ts';
import { krakenUserChecks } from '../../src/sandbox/hosts/twitch-kraken-resources.ts';
import { krakenRevocationChecks } from '../../src/sandbox/hosts/twitch-kraken-token.ts';
import { krakenChecks } from '../../src/sandbox/hosts/twitch-kraken-version.ts';
import { krakenTokenChecks } from '../../src/sandbox/hosts/twitch-token-checks.ts';
import { type Attempt, type CheckPair, describeChecks } from './check-pairs.ts';
import { authorizationPath, callbackOf, codeGrant } from './support.ts';
import {
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
  type Changes,
  clientId,
  codeFor,
  fiveAccepted,
  get,
  given,
  otherClient,
  postForm,
  postToken,
  tokensFor,
} from './twitch-support.ts';

/** `error` is the phrase of the status. */
const says = (status: number, message: string): Refusal => [
  status,
  { error: STATUS_CODES[status], status, message },
];

const authorize =
  (changes: Changes = {}): Attempt =>
  (sandbox) =>
    get(sandbox, authorizationPath('kraken', { scope: 'user_read', ...changes }));

describeChecks({
  title: 'Kraken authorization',
  // Only a fault can break this one.
  checks: krakenAuthorizationChecks.filter((check) => check !== workingAuthorization),
  good: authorize(),
  pairs: {
    'a client id is given': {
      broken: authorize({ client_id: null }),
      refusal: says(400, 'No client id specified'),
    },
    'the client id is registered': {
      broken: authorize({ client_id: unknownClientId }),
      refusal: says(400, 'client does not exist'),
    },
    'the redirect URI is one of those registered, to the letter': {
      broken: authorize({ redirect_uri: `${secondUri}?` }),
      kept: authorize({ redirect_uri: secondUri }),
      refusal: refusedTo(
        'error=redirect_mismatch&error_description=Parameter+redirect_uri+does+not+match+registered+URI',
      ),
    },
    'the response type is one of those listed': {
      broken: authorize({ response_type: 'id_token' }),
      kept: authorize({ response_type: 'token' }),
      refusal: refusedTo('error=unsupported_response_type&error_description=Response+type+is+not+supported'),
    },
    'every scope asked for exists': {
      broken: authorize({ scope: 'user_read user:read:email' }),
      kept: authorize({ scope: 'user_read channel_read' }),
      refusal: says(400, "invalid scope requested: 'user:read:email'"),
    },
  },
});

const tokenChecks = krakenTokenChecks(krakenError);

/** `state` in the form means nothing. */
const exchangeCode: Send =
  (changes = {}, headers = {}) =>
  async (sandbox) => {
    const members = codeGrant('twitch', await codeFor(sandbox, 'kraken'), { state: 'any', ...changes });
    return postToken(sandbox, 'kraken', members, headers);
  };

describeChecks({
  title: 'Kraken token endpoint, with a code',
  checks: [...tokenChecks.common, ...tokenChecks.code],
  good: exchangeCode(),
  clients,
  pairs: {
    ...commonPairs(says, exchangeCode),
    ...codePairs(says, 'kraken', exchangeCode),
    'the redirect URI is that of the authorization request': {
      broken: exchangeCode({ redirect_uri: secondUri }),
      kept: exchangeCode({ redirect_uri: callbackOf('twitch') }),
      refusal: says(400, 'Parameter redirect_uri does not match registered URI'),
    },
  },
});

const refresh = refreshAt('kraken');

describeChecks({
  title: 'Kraken token endpoint, with a refresh token',
  checks: [...tokenChecks.common, ...tokenChecks.refresh],
  good: refresh(),
  clients,
  pairs: {
    ...commonPairs(says, refresh),
    ...refreshPairs(says, 'kraken'),
  },
});

const revoke =
  (changes: Changes = {}): Attempt =>
  async (sandbox) => {
    const { access_token } = await tokensFor(sandbox, 'kraken');
    const members = given({ client_id: clientId, token: access_token, ...changes });
    return postForm(sandbox, '/api.twitch.tv/kraken/oauth2/revoke', members);
  };

describeChecks({
  title: 'Kraken revocation',
  checks: krakenRevocationChecks,
  good: revoke(),
  clients,
  pairs: {
    'a client id is given': {
      broken: revoke({ client_id: null }),
      refusal: says(400, 'No client id specified'),
    },
    'the client id is registered': {
      broken: revoke({ client_id: unknownClientId }),
      refusal: says(400, 'client does not exist'),
    },
    'the token is a living one of this client': {
      broken: revoke({ client_id: otherClient.client_id }),
      refusal: says(400, 'Invalid token'),
    },
  },
});

interface Presented {
  headers?: (token: string) => Changes;
  query?: (token: string) => Record<string, string>;
  scope?: string;
  leftMilliseconds?: number;
}

/** A request to the API that is in order but for what is said here. */
const ask =
  (
    path: string,
    { headers = () => ({}), query, scope = 'user_read', leftMilliseconds = 60_000 }: Presented,
  ) =>
  async (sandbox: Parameters<Attempt>[0]) => {
    const { access_token, expires_in } = await tokensFor(sandbox, 'kraken', { scope });
    sandbox.clock.milliseconds += expires_in * 1000 - leftMilliseconds;
    const usual = { ...fiveAccepted, 'Client-ID': clientId, Authorization: `OAuth ${access_token}` };
    const address = query ? `${path}?${new URLSearchParams(query(access_token))}` : path;
    return get(sandbox, address, given({ ...usual, ...headers(access_token) }));
  };

const isOver = 'It is no longer possible to use v3 of the Twitch API. Use application/vnd.twitchtv.v5+json.';
const nobody: Changes = { 'Client-ID': null, Authorization: null };

const pairsOf = (path: string): Record<string, CheckPair> => ({
  'version 5 is asked for, or version 3 is still there': {
    broken: ask(path, { headers: () => ({ Accept: 'application/vnd.twitchtv.v3+json' }) }),
    kept: ask(path, { headers: () => ({ Accept: 'application/json' }), query: () => ({ api_version: '5' }) }),
    refusal: says(410, isOver),
  },
  'a client id or a token is given, in a header or in the query': {
    broken: ask(path, { headers: () => nobody }),
    kept: ask(path, { headers: () => nobody, query: (token) => ({ oauth_token: token }) }),
    refusal: says(400, 'No client id specified'),
  },
});

const rootPath = '/api.twitch.tv/kraken';

describeChecks({
  title: 'Kraken root',
  checks: krakenChecks,
  good: ask(rootPath, {}),
  pairs: pairsOf(rootPath),
});

const userPath = `${rootPath}/user`;
const noAccess = says(401, 'Token invalid or missing required scope');

describeChecks({
  title: 'Kraken user',
  checks: krakenUserChecks,
  good: ask(userPath, {}),
  pairs: {
    ...pairsOf(userPath),
    'the access token came with the scheme OAuth, or in the query': {
      broken: ask(userPath, { headers: (token) => ({ Authorization: `Bearer ${token}` }) }),
      kept: ask(userPath, { headers: (token) => ({ Authorization: `oauth ${token}` }) }),
      refusal: noAccess,
    },
    'the access token lives': {
      broken: ask(userPath, { leftMilliseconds: 0 }),
      kept: ask(userPath, { leftMilliseconds: 1 }),
      refusal: noAccess,
    },
    'the access token has the scope user_read': {
      broken: ask(userPath, { scope: 'channel_read' }),
      kept: ask(userPath, { scope: 'channel_read user_read' }),
      refusal: noAccess,
    },
  },
});
