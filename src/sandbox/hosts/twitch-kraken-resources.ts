import { check, type Check, type Exchange, type Respond } from '../endpoint.ts';
import type { Person } from '../people.ts';
import type { AccessToken } from '../records.ts';
import { personOf, withProfileFaults } from '../token-request.ts';
import { credentials, liveAccessToken, profileToken, secondsLeft } from '../tokens.ts';
import { twitchPicture } from './twitch-claims.ts';
import { krakenError } from './twitch-kraken-error.ts';
import { type Validation, validate } from './twitch-validation.ts';

const badToken = () => krakenError(401, 'Token invalid or missing required scope');

/** `Bearer` was never documented for Kraken. */
function presentedValue({ req }: Exchange): string | undefined {
  const inQuery = typeof req.query['oauth_token'] === 'string' ? req.query['oauth_token'] : undefined;
  return credentials(req.get('authorization'), 'OAuth') ?? inQuery;
}

function tokenOfProfile(exchange: Exchange): AccessToken | undefined {
  return profileToken(exchange.parts, 'twitch', presentedValue(exchange));
}

/** After version 3 was withdrawn, a request without the Accept value of version 5 met a 410. */
const versionFiveAccepted = check<Exchange>('version five accepted', 'TODO', ({ req }) => {
  const accepts = (req.get('accept') ?? '').split(',').map((entry) => entry.trim());
  if (accepts.includes('application/vnd.twitchtv.v5+json') || req.query['api_version'] === '5') return;
  throw krakenError(
    410,
    'It is no longer possible to use v3 of the Twitch API. Use application/vnd.twitchtv.v5+json.',
  );
});

const clientOrTokenGiven = check<Exchange>('client or token given', 'TODO', ({ req }) => {
  const given = [
    req.get('client-id'),
    req.query['client_id'],
    req.get('authorization'),
    req.query['oauth_token'],
  ];
  if (given.every((entry) => entry === undefined)) throw krakenError(400, 'No client id specified');
});

const tokenWithScope = check<Exchange>('token with scope', 'TODO', (exchange) => {
  if (!tokenOfProfile(exchange)?.scopes.includes('user_read')) throw badToken();
});

export const userChecks: readonly Check<Exchange>[] = [
  versionFiveAccepted,
  clientOrTokenGiven,
  tokenWithScope,
];

/** In version 5 `_id` is a text, and what is absent is null. */
function krakenUser(person: Person): Record<string, unknown> {
  return {
    _id: person.twitch.id,
    bio: null,
    created_at: '2015-01-06T21:01:19Z',
    display_name: person.name,
    email: person.email,
    email_verified: person.email !== null,
    logo: person.hasPicture ? twitchPicture(person) : null,
    name: person.twitch.login,
    notifications: { email: false, push: true },
    partnered: false,
    twitter_connected: false,
    type: 'user',
    updated_at: '2016-04-27T16:22:18Z',
  };
}

export const answerUser: Respond<Exchange> = (exchange) => {
  const { parts, res } = exchange;
  const person = personOf(parts, tokenOfProfile(exchange)!.personId);
  res.json(withProfileFaults(parts, krakenUser(person), '_id'));
};

function tokenStatus({ parts }: Exchange, { token, clientId, person }: Validation): object {
  const createdAt = new Date(token.createdAt).toISOString();
  return {
    valid: true,
    authorization: { scopes: token.scopes, created_at: createdAt, updated_at: createdAt },
    user_name: person.twitch.login,
    user_id: person.twitch.id,
    client_id: clientId,
    expires_in: secondsLeft(token, parts),
  };
}

/** The status of a token; a dead one is told apart by the body only (the HTTP status was not recorded). */
export const answerRoot: Respond<Exchange> = (exchange) => {
  const validation = validate(
    exchange.parts,
    liveAccessToken(exchange.parts, 'twitch', presentedValue(exchange)),
  );
  exchange.res.json({
    token: validation ? tokenStatus(exchange, validation) : { valid: false, authorization: null },
  });
};
