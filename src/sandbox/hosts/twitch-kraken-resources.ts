import { check, type Check, type Exchange, type Respond } from '../endpoint.ts';
import { queryParameters } from '../parameters.ts';
import type { Person } from '../people.ts';
import { findRegistration } from '../registrations.ts';
import type { AccessToken } from '../records.ts';
import { personOf, withProfileFaults } from '../token-request.ts';
import { credentials, profileToken, secondsLeft } from '../tokens.ts';
import { twitchRealm } from './twitch-challenge.ts';
import { twitchPicture } from './twitch-claims.ts';
import { krakenUnauthorized } from './twitch-kraken-error.ts';
import { krakenChecks, type KrakenExchange } from './twitch-kraken-version.ts';
import { type Validation, validate } from './twitch-validation.ts';

/** `Bearer` was never documented for Kraken; the body counts for no GET. */
function presentedValue({ req }: Exchange): string | undefined {
  return credentials(req.get('authorization'), 'OAuth') ?? queryParameters(req).get('oauth_token');
}

function tokenOfProfile(exchange: Exchange): AccessToken | undefined {
  return profileToken(exchange.parts, 'twitch', presentedValue(exchange));
}

export const krakenUserChecks: readonly Check<KrakenExchange>[] = [
  ...krakenChecks,
  check(
    'the access token came with the scheme OAuth, or in the query',
    'justintv/Twitch-API authentication.md; the words: justintv/Twitch-API#652',
    (exchange) => {
      if (presentedValue(exchange) === undefined) throw krakenUnauthorized(exchange.parts);
    },
  ),
  check(
    'the access token lives',
    'justintv/Twitch-API README.md, which says Invalid Token; the words: justintv/Twitch-API#652',
    (exchange) => {
      if (!tokenOfProfile(exchange)) throw krakenUnauthorized(exchange.parts);
    },
  ),
  check(
    'the access token has the scope user_read',
    'justintv/Twitch-API v3_resources/users.md; the words: justintv/Twitch-API#652',
    (exchange) => {
      if (tokenOfProfile(exchange)!.scopes.includes('user_read')) return;
      throw krakenUnauthorized(exchange.parts);
    },
  ),
];

/** What is absent is null, and so is the e-mail address while it is not verified. */
function commonUser(person: Person): Record<string, unknown> {
  return {
    bio: null,
    created_at: '2015-01-06T21:01:19Z',
    display_name: person.name,
    email: person.email,
    logo: person.hasPicture ? twitchPicture(person) : null,
    name: person.twitch.login,
    notifications: { email: false, push: true },
    partnered: false,
    type: 'user',
    updated_at: '2016-04-27T16:22:18Z',
  };
}

const apiAddress = (baseUrl: string): string => `${baseUrl}/api.twitch.tv/kraken`;

/** `_id` is a number here, and a text in version 5. */
function userOfThree(person: Person, baseUrl: string): Record<string, unknown> {
  const self = `${apiAddress(baseUrl)}/users/${person.twitch.login}`;
  return { ...commonUser(person), _id: Number(person.twitch.id), _links: { self } };
}

function userOfFive(person: Person): Record<string, unknown> {
  return {
    ...commonUser(person),
    _id: person.twitch.id,
    email_verified: person.email !== null,
    twitter_connected: false,
  };
}

export const answerKrakenUser: Respond<KrakenExchange> = (exchange) => {
  const { parts, res, version } = exchange;
  const person = personOf(parts, tokenOfProfile(exchange)!.personId);
  const user = version === 3 ? userOfThree(person, parts.baseUrl) : userOfFive(person);
  res.set('WWW-Authenticate', twitchRealm).json(withProfileFaults(parts, user, '_id'));
};

/** Without the fractions of a second that `toISOString` has. */
function toTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

function tokenStatus({ parts, version }: KrakenExchange, said: Validation): object {
  const createdAt = toTime(said.createdAt);
  const status = {
    valid: true,
    authorization: { scopes: said.scopes, created_at: createdAt, updated_at: createdAt },
    user_name: said.person?.twitch.login ?? null,
  };
  if (version === 3) return status;
  const userId = said.person?.twitch.id ?? null;
  return { ...status, user_id: userId, client_id: said.clientId, expires_in: secondsLeft(said, parts) };
}

/** The links of version 3; those of a person only for a living token. */
function rootLinks(baseUrl: string, person: Person | null): Record<string, string> {
  const names = ['channel', 'user', 'streams', 'ingests', 'teams', 'search'];
  const own = person
    ? ['users', 'channels', 'chat'].map((name) => [name, `${name}/${person.twitch.login}`])
    : [];
  const paths = [...names.map((name) => [name, name]), ...own];
  return Object.fromEntries(paths.map(([name, path]) => [name, `${apiAddress(baseUrl)}/${path}`]));
}

/** Whether the Client-ID is one that Twitch knows (justintv/Twitch-API#407). */
function isIdentified({ parts, req }: Exchange): boolean {
  const clientId = req.get('client-id') ?? queryParameters(req).get('client_id');
  return findRegistration(parts.registrations, 'twitch', clientId) !== undefined;
}

/** The status of a token; a dead one is told apart by the body only (the HTTP status was not recorded). */
export const answerKrakenRoot: Respond<KrakenExchange> = (exchange) => {
  const { parts, res, version } = exchange;
  const said = validate(parts, presentedValue(exchange));
  const token = said ? tokenStatus(exchange, said) : { valid: false, authorization: null };
  const links = version === 3 ? { _links: rootLinks(parts.baseUrl, said?.person ?? null) } : {};
  res.set('WWW-Authenticate', twitchRealm).json({ identified: isIdentified(exchange), token, ...links });
};
