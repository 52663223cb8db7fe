import type { WireSample } from '../sample.ts';

const request = { method: 'GET', url: 'https://account.resonite.com/api/user/profile' } as const;
const logins =
  'Yellow-Dog-Man/resonite-oauth-example views/profile.pug; mediawiki-extensions-WSOAuth ResoniteAuth.php; Xeravax/disconite-resonite-oidc lib/resonite_oauth_authenticator.rb';

const pictureHash = '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef';

export const resonitePicture = `https://assets.resonite.com/${pictureHash}`;

/** What logins read. */
const read = {
  id: 'U-1NaExampleAbc',
  username: 'ExampleUser',
  normalizedUsername: 'exampleuser',
  isVerified: true,
};

/**
 * The public object of a user has these; whether the profile sends them was not found. `supressBanEvasion` is
 * the true spelling.
 */
const perhaps = {
  registrationDate: '2023-10-05T18:04:11.1234567Z',
  isLocked: false,
  supressBanEvasion: false,
  '2fa_login': true,
  entitlements: [{ $type: 'badge', badgeType: 'any', badgeCount: 1, entitlementOrigins: ['any'] }],
  migratedData: {
    username: 'OldName',
    userId: 'U-OldName',
    quotaBytes: 0,
    usedBytes: 0,
    quotaBytesSources: { base: 0, patreon: 0 },
    registrationDate: '2019-01-01T00:00:00Z',
  },
};

/** Not wrapped. */
export const resoniteProfile = {
  what: 'Resonite: profile with an e-mail address and a picture',
  source: `${logins}; wiki.resonite.com/API`,
  confidence: 'documented',
  request,
  status: 200,
  body: {
    ...read,
    ...perhaps,
    email: 'user@example.test',
    isActiveSupporter: true,
    tags: ['mentor'],
    profile: { iconUrl: `resdb:///${pictureHash}.webp`, displayBadges: [] },
  },
  optional: [...Object.keys(perhaps), 'profile.displayBadges'],
} satisfies WireSample;

/** What is absent is left out, not null: even `tags` and `profile`. */
export const resoniteSparseProfile = {
  what: 'Resonite: profile of somebody who has little, without the scope email',
  source: 'wiki.resonite.com/API; a sample answer in the documentation of resonet-lib',
  confidence: 'observed',
  request,
  status: 200,
  body: { ...read, ...perhaps, isActiveSupporter: false },
  optional: [...Object.keys(perhaps), 'isActiveSupporter'],
} satisfies WireSample;

/** Which member the scope adds was not found; this is the newer of two names, with what models say of it. */
export const resoniteSupporterProfile = {
  ...resoniteProfile,
  what: 'Resonite: profile with the scope patreon',
  source: 'wiki.resonite.com/OAuth (the scope); models of the user object in public clients (the member)',
  confidence: 'guessed',
  body: {
    ...resoniteProfile.body,
    supporterMetadata: [
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
    ],
  },
} satisfies WireSample;
