import type { RequestHandler } from 'express';
import { check, type Check, type Exchange } from '../endpoint.ts';
import { queryParameters } from '../parameters.ts';
import { krakenError } from './twitch-kraken-error.ts';

/** An exchange with the API, in the version that it asks for; null once that is over. */
export interface KrakenExchange extends Exchange {
  version: 3 | 5 | null;
}

function asksForFive({ req }: Exchange): boolean {
  const types = (req.get('accept') ?? '').split(',').map((entry) => entry.split(';')[0]!.trim());
  return (
    types.includes('application/vnd.twitchtv.v5+json') || queryParameters(req).get('api_version') === '5'
  );
}

/** Version 3 was what came without a word, until it was withdrawn. */
export function startKraken(exchange: Exchange): KrakenExchange {
  if (asksForFive(exchange)) return { ...exchange, version: 5 };
  return { ...exchange, version: exchange.parts.faults.has('kraken_v3') ? 3 : null };
}

const versionServed = check<KrakenExchange>(
  'version 5 is asked for, or version 3 is still there',
  'Twitch forum thread 22241, an announcement for 2019-09-12; the words are ours',
  ({ res, version }) => {
    if (version === null) {
      throw krakenError(
        410,
        'It is no longer possible to use v3 of the Twitch API. Use application/vnd.twitchtv.v5+json.',
      );
    }
    res.set('X-API-Version', String(version));
  },
);

const clientOrTokenGiven = check<KrakenExchange>(
  'a client id or a token is given, in a header or in the query',
  'justintv/Twitch-API README.md and #626; laurencee/Livestream.Monitor#21 for a token in its place',
  ({ req }) => {
    const query = queryParameters(req);
    const given = [req.get('client-id'), req.get('authorization')];
    if (given.some(Boolean) || query.has('client_id') || query.has('oauth_token')) return;
    throw krakenError(400, 'No client id specified');
  },
);

/** What every request to the API has to be. */
export const krakenChecks: readonly Check<KrakenExchange>[] = [versionServed, clientOrTokenGiven];

/**
 * `?callback=name` wraps the answer into a call of that function, with 200 whatever it says, so that a
 * script element can read it (justintv/Twitch-API README.md).
 */
export const jsonp: RequestHandler = (req, res, next) => {
  const name = queryParameters(req).get('callback') ?? '';
  if (!/^[\w$.]{1,100}$/.test(name)) return next();
  const send = res.send.bind(res);
  res.send = (body: unknown) => {
    if (typeof body !== 'string') return send(body);
    res.send = send;
    return res.status(200).type('application/javascript').send(`${name}(${body});`);
  };
  next();
};
