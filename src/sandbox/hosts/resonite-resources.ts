import { check, type Check, type Exchange, type Respond } from '../endpoint.ts';
import type { Person } from '../people.ts';
import { pictureUrls } from '../pictures.ts';
import type { AccessToken } from '../records.ts';
import { personOf, withProfileFaults } from '../token-request.ts';
import { credentials, isExpired } from '../tokens.ts';
import { resoniteBadToken } from './resonite-error.ts';

/** The token of the request, alive or not; faults call every one unknown. */
function issuedToken({ parts, req }: Exchange): AccessToken | undefined {
  const { faults, state } = parts;
  if (faults.has('userinfo_401') || faults.has('access_revoked')) return undefined;
  const token = state.accessTokens.get(credentials(req.get('authorization'), 'Bearer') ?? '');
  return token?.service === 'resonite' ? token : undefined;
}

/** RFC 6750 3.1, with OpenIddict's words; what Resonite itself answers to a bad token was not found. */
const from = (id: string): string =>
  `RFC 6750 3.1; openiddict/openiddict-core OpenIddictResources.resx ${id}, by inference`;

const tokenGiven = check<Exchange>('a bearer token is given', from('ID2000'), ({ parts, req }) => {
  if (!credentials(req.get('authorization'), 'Bearer')) throw resoniteBadToken(parts, null);
});

const tokenIssued = check<Exchange>('the access token was issued here', from('ID2004'), (exchange) => {
  if (issuedToken(exchange)) return;
  const description = 'The specified token is invalid.';
  throw resoniteBadToken(exchange.parts, { error: 'invalid_token', description, id: 'ID2004' });
});

const tokenFresh = check<Exchange>('the access token is not too old', from('ID2019'), (exchange) => {
  if (!isExpired(issuedToken(exchange)!, exchange.parts)) return;
  const description = 'The specified token is no longer valid.';
  throw resoniteBadToken(exchange.parts, { error: 'invalid_token', description, id: 'ID2019' });
});

/** That the scope `profile` opens the profile is the wiki's word; the refusal is the standard's. */
function granted(scope: string, source: string): Check<Exchange> {
  return check(`the scope ${scope} was granted`, source, (exchange) => {
    if (issuedToken(exchange)!.scopes.includes(scope)) return;
    const description = `The scope ${scope} is missing.`;
    throw resoniteBadToken(exchange.parts, { error: 'insufficient_scope', description, id: null });
  });
}

const tokenChecks: readonly Check<Exchange>[] = [tokenGiven, tokenIssued, tokenFresh];

export const profileChecks: readonly Check<Exchange>[] = [
  ...tokenChecks,
  granted('profile', 'wiki.resonite.com/OAuth for the scope; RFC 6750 3.1 for the refusal, in our words'),
];

export const userinfoChecks: readonly Check<Exchange>[] = [
  ...tokenChecks,
  granted('openid', 'OpenID Connect Core 5.3; RFC 6750 3.1 for the refusal, in our words'),
];

/** What OpenIddict answers by itself, and what a plug-in's sample shows. */
export const answerUserinfo: Respond<Exchange> = (exchange) => {
  const { parts, res } = exchange;
  const token = issuedToken(exchange)!;
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
    lastTierCents: 1000,
    highestTierCents: 1000,
    lowestTierCents: 500,
    firstSupportTimestamp: '2023-10-05T18:04:11Z',
    lastSupportTimestamp: '2024-10-05T18:04:11Z',
  },
];

/**
 * Not wrapped, and optional members are absent, not null. `supressBanEvasion` is the true spelling. Two logins
 * in use read `isActiveSupporter`; that it is false without the scope `patreon` is a guess.
 */
function resoniteProfile(person: Person, scopes: readonly string[]): Record<string, unknown> {
  const iconUrl = pictureUrls.resonite(person);
  const isSupporter = scopes.includes('patreon');
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
    supporterMetadata: isSupporter ? supporterMetadata : undefined,
    isActiveSupporter: isSupporter,
  };
}

export const answerProfile: Respond<Exchange> = (exchange) => {
  const { parts, res } = exchange;
  const token = issuedToken(exchange)!;
  const profile = resoniteProfile(personOf(parts, token.personId), token.scopes);
  res.json(withProfileFaults(parts, profile, 'id'));
};
