import { check, type Check, type Exchange } from '../endpoint.ts';
import { multipartFields, queryParameters, formParameters, splitScope, toParameters } from '../parameters.ts';
import type { ProtocolError } from '../protocol-error.ts';
import { findRegistration } from '../registrations.ts';
import { unknownScopes } from '../scopes.ts';
import {
  findCode,
  findRefreshToken,
  isCodeExpired,
  isWrongSecret,
  startTokenRequest,
  type TokenExchange,
} from '../token-request.ts';
import { twitchError } from './twitch-error.ts';

type Fail = (status: number, message: string) => ProtocolError;

/** A check of both generations: each words its refusals in a shape of its own. */
interface Rule {
  readonly name: string;
  readonly source: string;
  readonly run: (exchange: TokenExchange, fail: Fail) => void;
}

const helixTest = 'nicklaw5/helix authentication_test.go';
const codeWords = `the words: ${helixTest}`;

const clientRules: readonly Rule[] = [
  {
    name: 'a client id is given',
    source: 'dev.twitch.tv: Getting OAuth Access Tokens; the words: nicklaw5/twitch-api-php#16',
    run: ({ parameters }, fail) => {
      if (!parameters.has('client_id')) throw fail(400, 'missing client id');
    },
  },
  {
    name: 'the client id is registered',
    source: `${helixTest}; Teekeks/pyTwitchAPI#338`,
    run: (exchange, fail) => {
      const { parts, parameters } = exchange;
      const registration = findRegistration(parts.registrations, 'twitch', parameters.get('client_id'));
      if (!registration) throw fail(400, 'invalid client');
      exchange.registration = registration;
    },
  },
  {
    name: 'a client secret is given, and not by HTTP Basic',
    source: 'twitchdev/issues#1097; nextauthjs/next-auth#6363 for Basic',
    run: ({ parameters }, fail) => {
      if (!parameters.has('client_secret')) throw fail(400, 'missing client secret');
    },
  },
  {
    name: 'the client secret is the right one',
    source: `${helixTest}; Radioh/ha_twitch_helix#3`,
    run: (exchange, fail) => {
      if (isWrongSecret(exchange)) throw fail(403, 'invalid client secret');
    },
  },
];

const grantTypeRules = (grantTypes: readonly string[]): readonly Rule[] => [
  {
    name: 'a grant type is given',
    source: 'RFC 6749 4.1.3; not found at Twitch, the words are ours',
    run: ({ parameters }, fail) => {
      if (!parameters.has('grant_type')) throw fail(400, 'missing grant type');
    },
  },
  {
    name: 'the grant type is one of those played here',
    source: 'RFC 6749 5.2, unsupported_grant_type; not found at Twitch, the words are ours',
    run: ({ parameters }, fail) => {
      if (!grantTypes.includes(parameters.get('grant_type')!)) throw fail(400, 'invalid grant type');
    },
  },
];

const badCode = 'Invalid authorization code';

const codeRules: readonly Rule[] = [
  {
    name: 'the code was given to this client',
    source: `RFC 6749 4.1.3; ${codeWords}`,
    run: (exchange, fail) => {
      const code = findCode(exchange);
      if (!code) throw fail(400, badCode);
      exchange.code = code;
    },
  },
  {
    name: 'the code was not used before',
    source: `RFC 6749 4.1.2; ${codeWords}`,
    run: ({ code }, fail) => {
      if (code.used) throw fail(400, badCode);
    },
  },
  {
    name: 'the code has not expired',
    source: `RFC 6749 4.1.2, ten minutes; how long a code lives at Twitch was not found; ${codeWords}`,
    run: (exchange, fail) => {
      if (isCodeExpired(exchange)) throw fail(400, badCode);
    },
  },
  {
    name: 'the redirect URI is that of the authorization request',
    source: `RFC 6749 4.1.3; ${codeWords}, where the last two run together`,
    run: ({ parameters, code }, fail) => {
      if (parameters.get('redirect_uri') === code.redirectUri) return;
      throw fail(400, 'Parameter redirect_uri does not match registered URI');
    },
  },
];

const knownScopes: Rule = {
  name: 'every scope asked for exists',
  source: `${helixTest}, for a refresh`,
  run: ({ parameters }, fail) => {
    const unknown = unknownScopes('twitch', splitScope(parameters.get('scope')))[0];
    if (unknown !== undefined) throw fail(400, `invalid scope requested: '${unknown}'`);
  },
};

/** 400 is what most clients report; some saw 401. */
function badRefreshToken({ parts }: TokenExchange, fail: Fail): ProtocolError {
  return fail(parts.faults.has('refresh_refused_401') ? 401 : 400, 'Invalid refresh token');
}

const refreshRules: readonly Rule[] = [
  {
    name: 'a refresh token is given',
    source: helixTest,
    run: ({ parameters }, fail) => {
      if (!parameters.has('refresh_token')) throw fail(400, 'missing refresh token');
    },
  },
  {
    name: 'the refresh token was given to this client',
    source: `RFC 6749 6; the words: ${helixTest}, Teekeks/pyTwitchAPI#37, twitchdev/issues#1037`,
    run: (exchange, fail) => {
      const token = findRefreshToken(exchange);
      if (!token) throw badRefreshToken(exchange, fail);
      exchange.refreshToken = token;
    },
  },
  {
    name: 'the refresh token was not replaced by a newer one',
    source: 'dev.twitch.tv: Refreshing Access Tokens, which may change it; the words as for an unknown one',
    run: (exchange, fail) => {
      if (exchange.refreshToken.used) throw badRefreshToken(exchange, fail);
    },
  },
];

function toChecks(rules: readonly Rule[], fail: Fail, note: string): readonly Check<TokenExchange>[] {
  return rules.map(({ name, source, run }) =>
    check<TokenExchange>(name, `${source}${note}`, (exchange) => run(exchange, fail)),
  );
}

export const twitchTokenChecks = {
  common: toChecks(
    [...clientRules, ...grantTypeRules(['authorization_code', 'refresh_token', 'client_credentials'])],
    twitchError,
    '',
  ),
  code: toChecks(codeRules, twitchError, ''),
  refresh: toChecks([...refreshRules, knownScopes], twitchError, ''),
  app: toChecks([knownScopes], twitchError, ', and here by analogy'),
};

/** The words of Kraken's token endpoint were not found. */
export function krakenTokenChecks(fail: Fail) {
  const note = '. At id.twitch.tv; the words of Kraken were not found';
  const grantTypes = grantTypeRules(['authorization_code', 'refresh_token']);
  return {
    common: toChecks([...clientRules, ...grantTypes], fail, note),
    code: toChecks(codeRules, fail, note),
    refresh: toChecks(refreshRules, fail, note),
  };
}

/** Twitch takes the parameters in the query, in a form or in a multipart form, and never looks at HTTP Basic. */
export function startTwitchTokenRequest(exchange: Exchange): TokenExchange {
  const { req } = exchange;
  const multipart = toParameters(multipartFields(req));
  return startTokenRequest(
    exchange,
    new Map([...queryParameters(req), ...formParameters(req), ...multipart]),
  );
}
