import { Router } from 'express';
import { check, type Check, endpoint, type Exchange, type Respond } from '../endpoint.ts';
import { queryOf } from '../parameters.ts';
import type { Person } from '../people.ts';
import type { SandboxParts } from '../parts.ts';
import { jsonError, type ProtocolError } from '../protocol-error.ts';
import type { AccessToken } from '../records.ts';
import { personOf, withProfileFaults } from '../token-request.ts';
import { credentials, profileToken } from '../tokens.ts';
import { twitchPicture } from './twitch-claims.ts';

/** Three keys, and the challenge with single quotes that Twitch was seen to send. */
function helixUnauthorized(message: string): ProtocolError {
  const challenge = { 'WWW-Authenticate': "OAuth realm='TwitchTV', error='invalid_token'" };
  return jsonError(401, { error: 'Unauthorized', status: 401, message }, message, challenge);
}

const badToken = () => helixUnauthorized('Invalid OAuth token');

function presentedToken({ parts, req }: Exchange): AccessToken | undefined {
  return profileToken(parts, 'twitch', credentials(req.get('authorization'), 'Bearer'));
}

const somethingPresented = check<Exchange>('something presented', 'TODO', ({ req }) => {
  if (!req.get('authorization')) throw helixUnauthorized('OAuth token is missing');
});

const tokenAlive = check<Exchange>('token alive', 'TODO', (exchange) => {
  if (!presentedToken(exchange)) throw badToken();
});

const clientIdGiven = check<Exchange>('client id given', 'TODO', ({ req }) => {
  if (!req.get('client-id')) throw helixUnauthorized('Must provide a valid Client-ID or OAuth token');
});

/** Since 2020 the Client-Id must be the one that the token was made for. */
const clientIdOfToken = check<Exchange>('client id of token', 'TODO', (exchange) => {
  if (presentedToken(exchange)!.clientId === exchange.req.get('client-id')) return;
  throw helixUnauthorized('Client ID and OAuth token do not match');
});

const usersChecks: readonly Check<Exchange>[] = [
  somethingPresented,
  tokenAlive,
  clientIdGiven,
  clientIdOfToken,
];

/** `email` is left out without the scope, and for a person without a verified address. */
function helixUser(person: Person, mayReadEmail: boolean): Record<string, unknown> {
  return {
    id: person.twitch.id,
    login: person.twitch.login,
    display_name: person.name,
    type: '',
    broadcaster_type: '',
    description: '',
    profile_image_url: twitchPicture(person),
    offline_image_url: '',
    view_count: 0,
    email: mayReadEmail ? (person.email ?? undefined) : undefined,
    created_at: '2016-12-14T20:32:28Z',
  };
}

function askedPeople(exchange: Exchange, owner: Person): readonly Person[] {
  const query = queryOf(exchange.req);
  const ids = query.getAll('id');
  const logins = query.getAll('login');
  if (ids.length + logins.length === 0) return [owner];
  const people = exchange.parts.state.people.list();
  return people.filter(({ twitch }) => ids.includes(twitch.id) || logins.includes(twitch.login));
}

const answerUsers: Respond<Exchange> = (exchange) => {
  const { parts, res } = exchange;
  const token = presentedToken(exchange)!;
  const owner = personOf(parts, token.personId);
  const users = askedPeople(exchange, owner).map((person) => {
    const mayReadEmail = person === owner && token.scopes.includes('user:read:email');
    return withProfileFaults(parts, helixUser(person, mayReadEmail), 'id');
  });
  res.json({ data: users });
};

/** api.twitch.tv/helix: the one resource a login needs. */
export function helixRouter(parts: SandboxParts): Router {
  const router = Router();
  router.get(
    '/users',
    endpoint(parts, {
      faults: 'userinfo',
      start: (exchange) => exchange,
      checks: usersChecks,
      respond: answerUsers,
    }),
  );
  return router;
}
