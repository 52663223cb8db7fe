import { check, type Check, type Exchange, type Respond } from '../endpoint.ts';
import { formParameters, jsonMembers } from '../parameters.ts';
import type { Person } from '../people.ts';
import { pictureUrls } from '../pictures.ts';
import type { AccessToken } from '../records.ts';
import { personOf, withProfileFaults } from '../token-request.ts';
import { credentials, liveAccessToken, profileToken } from '../tokens.ts';
import { mixerBadToken, mixerCsrfError } from './mixer-error.ts';

function presentedToken({ parts, req }: Exchange): AccessToken | undefined {
  return profileToken(parts, 'mixer', credentials(req.get('authorization'), 'Bearer'));
}

/** `Bearer` only: that `OAuth` was tolerated for a time is a guess from two old libraries. */
const readableAuthorization = check<Exchange>('readable authorization', 'TODO', ({ parts, req }) => {
  const header = req.get('authorization');
  if (header && credentials(header, 'Bearer') === undefined) throw mixerCsrfError(parts.random.mixed(32));
});

const tokenAlive = check<Exchange>('token alive', 'TODO', (exchange) => {
  if (!presentedToken(exchange)) throw mixerBadToken();
});

/** Any live token may read its own user; only `email` needs a scope. */
export const currentUserChecks: readonly Check<Exchange>[] = [readableAuthorization, tokenAlive];

const joined = '2019-08-01T16:45:00.000Z';
const changed = '2020-01-06T19:26:43.640Z';

function mixerChannel({ mixer }: Person): object {
  return {
    id: mixer.channelId,
    userId: mixer.id,
    token: mixer.username,
    name: 'My stream title',
    online: false,
    audience: 'teen',
    partnered: false,
    suspended: false,
    featured: false,
    featureLevel: 0,
    viewersTotal: 0,
    viewersCurrent: 0,
    numFollowers: 0,
    languageId: 'en',
    typeId: null,
    createdAt: joined,
    updatedAt: changed,
    deletedAt: null,
  };
}

/** What `user:details:self` adds; whether Mixer left these out or sent null without it was not found. */
function privateDetails(person: Person): object {
  return {
    email: person.email ?? undefined,
    allowEmail: person.email !== null,
    hasTwoFactor: false,
    twoFactor: { enabled: false, codesViewed: false },
    preferences: { 'chat:whispers': true, 'channel:mature:allowed': false },
  };
}

function mixerUser(person: Person, mayReadDetails: boolean): Record<string, unknown> {
  return {
    id: person.mixer.id,
    username: person.mixer.username,
    verified: person.email !== null,
    level: 12,
    experience: 4242,
    sparks: 1000,
    bio: null,
    primaryTeam: null,
    avatarUrl: person.hasPicture ? pictureUrls.mixer(person) : null,
    social: { verified: [] },
    groups: [{ id: 1, name: 'User' }],
    channel: mixerChannel(person),
    ...(mayReadDetails ? privateDetails(person) : {}),
    frontendVersion: null,
    createdAt: joined,
    updatedAt: changed,
    deletedAt: null,
  };
}

export const answerCurrentUser: Respond<Exchange> = (exchange) => {
  const { parts, res } = exchange;
  const token = presentedToken(exchange)!;
  const user = mixerUser(personOf(parts, token.personId), token.scopes.includes('user:details:self'));
  res.json(withProfileFaults(parts, user, 'id'));
};

/** Takes a token and no client, against RFC 7662 2.1; callers posted JSON. */
export const answerIntrospection: Respond<Exchange> = ({ parts, req, res }) => {
  const value = jsonMembers(req)?.['token'] ?? formParameters(req).get('token');
  const token = typeof value === 'string' ? liveAccessToken(parts, 'mixer', value) : undefined;
  if (!token) {
    res.json({ active: false });
    return;
  }
  const { mixer } = parts.state.people.get(token.personId);
  const about = { scope: token.scopes.join(' '), client_id: token.clientId };
  res.json({ active: true, ...about, username: mixer.username, sub: String(mixer.id) });
};
