import { check, type Check, type Exchange, type Respond } from '../endpoint.ts';
import type { Person } from '../people.ts';
import { pictureUrls } from '../pictures.ts';
import type { AccessToken } from '../records.ts';
import { personOf, withProfileFaults } from '../token-request.ts';
import { credentials, profileToken } from '../tokens.ts';
import { resoniteBadToken, resoniteInsufficientScope } from './resonite-error.ts';

function presentedToken({ parts, req }: Exchange): AccessToken | undefined {
  return profileToken(parts, 'resonite', credentials(req.get('authorization'), 'Bearer'));
}

const tokenAlive = check<Exchange>('token alive', 'TODO', (exchange) => {
  if (!presentedToken(exchange)) throw resoniteBadToken();
});

function granted(scope: string): Check<Exchange> {
  return check<Exchange>(`scope ${scope} granted`, 'TODO', (exchange) => {
    if (!presentedToken(exchange)?.scopes.includes(scope)) throw resoniteInsufficientScope(scope);
  });
}

export const profileChecks: readonly Check<Exchange>[] = [tokenAlive, granted('profile')];
export const userinfoChecks: readonly Check<Exchange>[] = [tokenAlive, granted('openid')];

/** What OpenIddict answers by itself, and what a plug-in's sample shows. */
export const answerUserinfo: Respond<Exchange> = (exchange) => {
  const { parts, res } = exchange;
  const token = presentedToken(exchange)!;
  const sub = personOf(parts, token.personId).resonite.id;
  const userinfo = { sub, iss: `${parts.baseUrl}/account.resonite.com/`, aud: token.clientId };
  res.json(withProfileFaults(parts, userinfo, 'sub'));
};

/** Field name and contents of the supporter data are a guess: the newer of two names. */
const supporterMetadata = [
  {
    $type: 'patreon',
    isActiveSupporter: true,
    isActive: true,
    totalSupportMonths: 12,
    totalSupportCents: 12000,
  },
];

/** Not wrapped, and optional members are absent, not null. `supressBanEvasion` is the true spelling. */
function resoniteProfile(person: Person, scopes: readonly string[]): Record<string, unknown> {
  const iconUrl = pictureUrls.resonite(person);
  return {
    id: person.resonite.id,
    username: person.resonite.username,
    normalizedUsername: person.resonite.username.toLowerCase(),
    email: scopes.includes('email') ? (person.email ?? undefined) : undefined,
    registrationDate: '2023-10-05T18:04:11.1234567Z',
    isVerified: person.email !== null,
    isLocked: false,
    supressBanEvasion: false,
    '2fa_login': false,
    tags: person.hasPicture ? ['mentor'] : undefined,
    profile: person.hasPicture ? { iconUrl, displayBadges: [] } : undefined,
    supporterMetadata: scopes.includes('patreon') ? supporterMetadata : undefined,
  };
}

export const answerProfile: Respond<Exchange> = (exchange) => {
  const { parts, res } = exchange;
  const token = presentedToken(exchange)!;
  const profile = resoniteProfile(personOf(parts, token.personId), token.scopes);
  res.json(withProfileFaults(parts, profile, 'id'));
};
