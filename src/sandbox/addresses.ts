import type { Service } from './services.ts';

/** What stands where: for the page that says so, and for what `npm run sandbox` prints. */
export interface PlayedApi {
  /** The name in the address of its Try it. */
  readonly key: 'twitch' | 'kraken' | 'mixer' | 'mixin' | 'resonite';
  readonly name: string;
  readonly service: Service;
  /** What is there, and where, after the address of the sandbox. */
  readonly addresses: Readonly<Record<string, string>>;
}

export const playedApis: readonly PlayedApi[] = [
  {
    key: 'twitch',
    name: 'Twitch',
    service: 'twitch',
    addresses: {
      issuer: 'id.twitch.tv/oauth2',
      discovery: 'id.twitch.tv/oauth2/.well-known/openid-configuration',
      authorization: 'id.twitch.tv/oauth2/authorize',
      token: 'id.twitch.tv/oauth2/token',
      profile: 'api.twitch.tv/helix/users',
      userinfo: 'id.twitch.tv/oauth2/userinfo',
      validation: 'id.twitch.tv/oauth2/validate',
      revocation: 'id.twitch.tv/oauth2/revoke',
      keys: 'id.twitch.tv/oauth2/keys',
    },
  },
  {
    key: 'kraken',
    name: 'Twitch Kraken',
    service: 'twitch',
    addresses: {
      authorization: 'api.twitch.tv/kraken/oauth2/authorize',
      token: 'api.twitch.tv/kraken/oauth2/token',
      profile: 'api.twitch.tv/kraken/user',
      validation: 'api.twitch.tv/kraken',
      revocation: 'api.twitch.tv/kraken/oauth2/revoke',
    },
  },
  {
    key: 'mixer',
    name: 'Mixer',
    service: 'mixer',
    addresses: {
      authorization: 'mixer.com/oauth/authorize',
      token: 'mixer.com/api/v1/oauth/token',
      profile: 'mixer.com/api/v1/users/current',
      introspection: 'mixer.com/api/v1/oauth/token/introspect',
    },
  },
  {
    key: 'mixin',
    name: 'Mixin',
    service: 'mixin',
    addresses: {
      authorization: 'mixin.one/oauth/authorize',
      token: 'api.mixin.one/oauth/token',
      profile: 'api.mixin.one/me',
      'profile (Safe)': 'api.mixin.one/safe/me',
      grants: 'api.mixin.one/authorizations',
      revocation: 'api.mixin.one/oauth/cancel',
    },
  },
  {
    key: 'resonite',
    name: 'Resonite',
    service: 'resonite',
    addresses: {
      issuer: 'account.resonite.com/',
      discovery: 'account.resonite.com/.well-known/openid-configuration',
      authorization: 'account.resonite.com/connect/authorize',
      token: 'account.resonite.com/connect/token',
      profile: 'account.resonite.com/api/user/profile',
      userinfo: 'account.resonite.com/connect/userinfo',
      keys: 'account.resonite.com/.well-known/jwks',
    },
  },
];
