import { STATUS_CODES } from 'node:http';
import { check, type Check, type Exchange } from '../endpoint.ts';
import { queryOf } from '../parameters.ts';
import { jsonError, type ProtocolError } from '../protocol-error.ts';
import type { AccessToken, AppToken } from '../records.ts';
import { credentials } from '../tokens.ts';
import { twitchChallenge } from './twitch-challenge.ts';
import { liveTwitchToken } from './twitch-validation.ts';

/** Three keys, unlike at id.twitch.tv. */
function helixError(
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): ProtocolError {
  return jsonError(status, { error: STATUS_CODES[status], status, message }, message, headers);
}

function unauthorized({ parts }: Exchange, message: string): ProtocolError {
  return helixError(401, message, twitchChallenge(parts));
}

function bearerValue({ req }: Exchange): string | undefined {
  return credentials(req.get('authorization'), 'Bearer');
}

export function presentedToken(exchange: Exchange): AccessToken | AppToken | undefined {
  const { parts } = exchange;
  return parts.faults.has('userinfo_401') ? undefined : liveTwitchToken(parts, bearerValue(exchange));
}

/** Logins have no case. */
export function askedFor({ req }: Exchange): { ids: Set<string>; logins: Set<string>; count: number } {
  const query = queryOf(req);
  const [ids, logins] = [query.getAll('id'), query.getAll('login')];
  const lower = logins.map((login) => login.toLowerCase());
  return { ids: new Set(ids), logins: new Set(lower), count: ids.length + logins.length };
}

const forum = 'Twitch forum thread 23916';
const reference = 'dev.twitch.tv: API reference, Get Users';

const headerChecks: readonly Check<Exchange>[] = [
  check(
    'a client id or a token is given',
    `${forum}; the words: nicklaw5/helix clips_test.go`,
    (exchange) => {
      const { req } = exchange;
      if (req.get('client-id') || req.get('authorization')) return;
      throw unauthorized(exchange, 'Must provide a valid Client-ID or OAuth token');
    },
  ),
  check('a token is given', `${forum}; the words: true-dubach/node-twitch-webhook#18`, (exchange) => {
    if (!exchange.req.get('authorization')) throw unauthorized(exchange, 'OAuth token is missing');
  }),
  check(
    'the scheme is Bearer',
    `${forum}; what else is answered was not found, the words are those for a bad token`,
    (exchange) => {
      if (bearerValue(exchange) === undefined) throw unauthorized(exchange, 'Invalid OAuth token');
    },
  ),
  check('the access token lives', 'TwitchLib/TwitchLib.Api#403', (exchange) => {
    if (!presentedToken(exchange)) throw unauthorized(exchange, 'Invalid OAuth token');
  }),
  check('a client id is given', `${forum}; the words: pilcrowonpaper/arctic#35`, (exchange) => {
    if (!exchange.req.get('client-id')) throw unauthorized(exchange, 'Client ID is missing');
  }),
  check(
    'the client id is the one that the token was made for',
    `${forum}; the words: louis70109/Twitch-Bot#19`,
    (exchange) => {
      if (presentedToken(exchange)!.clientId === exchange.req.get('client-id')) return;
      throw unauthorized(exchange, 'Client ID and OAuth token do not match');
    },
  ),
];

const mostUsers = 100;

export const usersChecks: readonly Check<Exchange>[] = [
  ...headerChecks,
  check(
    'the request names users, or its token belongs to one',
    `${reference}; the words: nicklaw5/helix users_test.go`,
    (exchange) => {
      if (askedFor(exchange).count > 0 || 'personId' in presentedToken(exchange)!) return;
      throw helixError(400, 'Must provide an ID, Login or OAuth Token');
    },
  ),
  check('it names a hundred users at most', `${reference}; the words are ours`, (exchange) => {
    if (askedFor(exchange).count > mostUsers) throw helixError(400, 'Too many ids and logins');
  }),
];
