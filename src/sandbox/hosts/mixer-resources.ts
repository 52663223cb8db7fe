import { check, type Check, type Exchange, type Respond } from '../endpoint.ts';
import { formParameters, isForm, jsonMembers, type Parameters, toParameters } from '../parameters.ts';
import type { Person } from '../people.ts';
import { pictureUrls } from '../pictures.ts';
import type { AccessToken } from '../records.ts';
import { personOf, withProfileFaults } from '../token-request.ts';
import { credentials, liveAccessToken, profileToken } from '../tokens.ts';
import { mixerBadToken, mixerCsrfError, mixerOAuthError } from './mixer-error.ts';

/**
 * `OAuth` beside the documented `Bearer`: passport-mixer and passport-beam send it, and were in use while
 * Mixer was. No word of Mixer's own about it was found, only a reminder of 2020 to say `Bearer`.
 */
function credentialsOf({ req }: Exchange): string | undefined {
  return credentials(req.get('authorization'), 'Bearer', 'OAuth');
}

function presentedToken(exchange: Exchange): AccessToken | undefined {
  return profileToken(exchange.parts, 'mixer', credentialsOf(exchange));
}

/** The token of this answer may be sent along next time; then the request counts as one without a token. */
const authorizationReadable = check<Exchange>(
  'the Authorization header can be read',
  'mixer/developer-docs FAQ, csrf; mixer/beam-client-java MixerHttpClientTest has the words',
  (exchange) => {
    const { parts, req } = exchange;
    const isReadable = !req.get('authorization') || credentialsOf(exchange) !== undefined;
    if (!isReadable && !req.get('x-csrf-token')) throw mixerCsrfError(parts.random.mixed(32));
  },
);

const tokenAlive = check<Exchange>(
  'the access token was issued and is alive',
  'mixer/developer-docs#48 has number and words',
  (exchange) => {
    if (!presentedToken(exchange)) throw mixerBadToken();
  },
);

/** Any live token may read its own user; only `email` needs a scope. */
export const currentUserChecks: readonly Check<Exchange>[] = [authorizationReadable, tokenAlive];

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

export interface IntrospectionExchange extends Exchange {
  parameters: Parameters;
}

/** Callers posted JSON. A form is what the standard has, and what openid-client sends. */
export function startIntrospection(exchange: Exchange): IntrospectionExchange {
  const members = jsonMembers(exchange.req);
  const parameters = members ? toParameters(Object.entries(members)) : formParameters(exchange.req);
  return { ...exchange, parameters };
}

/** What Mixer answered to either was not found. It wants no client, against RFC 7662 2.1. */
export const introspectionChecks: readonly Check<IntrospectionExchange>[] = [
  check(
    'the body is JSON or a form',
    'RFC 7662 2.1 for the form, public callers for JSON; the refusal is ours',
    ({ req }) => {
      if (jsonMembers(req) || isForm(req)) return;
      throw mixerOAuthError('invalid_request', 'The body is neither JSON nor a form.');
    },
  ),
  check('a token is given', 'RFC 7662 2.1; the refusal is ours', ({ parameters }) => {
    if (!parameters.has('token')) throw mixerOAuthError('invalid_request', 'token is missing.');
  }),
];

/** A token that is not alive is no error (RFC 7662 2.2). */
export const answerIntrospection: Respond<IntrospectionExchange> = ({ parts, res, parameters }) => {
  const token = liveAccessToken(parts, 'mixer', parameters.get('token'));
  if (!token) {
    res.json({ active: false });
    return;
  }
  const { mixer } = parts.state.people.get(token.personId);
  const about = { scope: token.scopes.join(' '), client_id: token.clientId };
  res.json({ active: true, ...about, username: mixer.username, sub: String(mixer.id) });
};
