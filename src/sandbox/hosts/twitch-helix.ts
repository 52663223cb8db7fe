import { Router } from 'express';
import { endpoint, type Exchange, type Respond } from '../endpoint.ts';
import type { Person } from '../people.ts';
import type { SandboxParts } from '../parts.ts';
import { described, personOf, withProfileFaults } from '../token-request.ts';
import { twitchPicture } from './twitch-claims.ts';
import { askedFor, presentedToken, usersChecks } from './twitch-helix-checks.ts';

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

function askedPeople(exchange: Exchange, owner: Person | null): readonly Person[] {
  const { ids, logins, count } = askedFor(exchange);
  if (count === 0) return owner ? [owner] : [];
  const { parts } = exchange;
  const isAsked = ({ twitch }: Person): boolean => ids.has(twitch.id) || logins.has(twitch.login);
  return parts.state.people
    .list()
    .filter(isAsked)
    .map((person) => described(parts, person));
}

const answerUsers: Respond<Exchange> = (exchange) => {
  const { parts, res } = exchange;
  const token = presentedToken(exchange)!;
  const owner = 'personId' in token ? personOf(parts, token.personId) : null;
  const hasScope = 'scopes' in token && token.scopes.includes('user:read:email');
  const users = askedPeople(exchange, owner).map((person) =>
    withProfileFaults(parts, helixUser(person, hasScope && person.id === owner?.id), 'id'),
  );
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
