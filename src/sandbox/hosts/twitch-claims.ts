import type { Person } from '../people.ts';
import { pictureUrls } from '../pictures.ts';

/** Shown for a person without a picture of their own. */
const defaultPicture =
  'https://static-cdn.jtvnw.net/user-default-pictures-uv/default-profile_image-300x300.png';

export function twitchPicture(person: Person): string {
  return person.hasPicture ? pictureUrls.twitch(person) : defaultPicture;
}

/** Only the claims that were asked for by name; those about e-mail need the scope as well. */
export function twitchClaims(
  person: Person,
  asked: readonly string[],
  scopes: readonly string[],
): Record<string, unknown> {
  const mayReadEmail = scopes.includes('user:read:email') && person.email !== null;
  const email = mayReadEmail ? { email: person.email, email_verified: true } : {};
  const claims: Record<string, unknown> = {
    ...email,
    picture: twitchPicture(person),
    // The display name, not the login.
    preferred_username: person.name,
    // A text, where OpenID Connect Core 5.1 says a number.
    updated_at: '2025-02-03T16:16:16.968509Z',
  };
  return Object.fromEntries(Object.entries(claims).filter(([name]) => asked.includes(name)));
}
