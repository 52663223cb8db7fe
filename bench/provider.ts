/** What stub, driver and contestants know of the provider. */

/** A GUID, as Resonite hands them out. */
export const clientId = '6f9619ff-8b86-4d01-b42d-00c04fc964ff';
export const clientSecret = 'the-secret-of-the-benchmark';
export const scopes = ['profile', 'email', 'offline_access'] as const;

export const endpointPaths = {
  authorization: '/connect/authorize',
  token: '/connect/token',
  userinfo: '/api/user/profile',
} as const;

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

/** The same number is the same person, in every run. */
export function personOf(number: number): Person {
  const name = `Person${String(number).padStart(8, '0')}`;
  return { id: `U-${name}`, name, email: `${name.toLowerCase()}@example.test` };
}

/** The user call's answer, in the shape of Resonite's. */
export function profileOf({ id, name, email }: Person): object {
  return {
    id,
    username: name,
    normalizedUsername: name.toLowerCase(),
    email,
    registrationDate: '2023-10-05T18:04:11.1234567Z',
    isVerified: true,
    isLocked: false,
    supressBanEvasion: false,
    '2fa_login': false,
    tags: ['mentor'],
    profile: {
      iconUrl: 'resdb:///b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9.webp',
      displayBadges: [],
    },
    isActiveSupporter: false,
  };
}
