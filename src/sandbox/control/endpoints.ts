import type { Service } from '../services.ts';

/** What stands where, for the page that says so. */
export interface PlayedApi {
  /** The name in the address of its Try it. */
  readonly key: 'twitch' | 'kraken' | 'mixer' | 'mixin' | 'resonite';
  readonly name: string;
  readonly service: Service;
  /** After the address of the sandbox; null where the service has none. */
  readonly issuer: string | null;
  readonly paths: readonly string[];
}

export const playedApis: readonly PlayedApi[] = [
  {
    key: 'twitch',
    name: 'Twitch',
    service: 'twitch',
    issuer: 'id.twitch.tv/oauth2',
    paths: [
      'id.twitch.tv/oauth2/.well-known/openid-configuration',
      'id.twitch.tv/oauth2/authorize',
      'id.twitch.tv/oauth2/token',
      'id.twitch.tv/oauth2/validate',
      'id.twitch.tv/oauth2/revoke',
      'id.twitch.tv/oauth2/userinfo',
      'id.twitch.tv/oauth2/keys',
      'api.twitch.tv/helix/users',
    ],
  },
  {
    key: 'kraken',
    name: 'Twitch Kraken',
    service: 'twitch',
    issuer: null,
    paths: [
      'api.twitch.tv/kraken/oauth2/authorize',
      'api.twitch.tv/kraken/oauth2/token',
      'api.twitch.tv/kraken/oauth2/revoke',
      'api.twitch.tv/kraken/user',
      'api.twitch.tv/kraken',
    ],
  },
  {
    key: 'mixer',
    name: 'Mixer',
    service: 'mixer',
    issuer: null,
    paths: [
      'mixer.com/oauth/authorize',
      'mixer.com/api/v1/oauth/token',
      'mixer.com/api/v1/oauth/token/introspect',
      'mixer.com/api/v1/users/current',
    ],
  },
  {
    key: 'mixin',
    name: 'Mixin',
    service: 'mixin',
    issuer: null,
    paths: [
      'mixin.one/oauth/authorize',
      'mixin.one/codes/…',
      'api.mixin.one/oauth/token',
      'api.mixin.one/me',
      'api.mixin.one/safe/me',
    ],
  },
  {
    key: 'resonite',
    name: 'Resonite',
    service: 'resonite',
    issuer: 'account.resonite.com/',
    paths: [
      'account.resonite.com/.well-known/openid-configuration',
      'account.resonite.com/.well-known/jwks',
      'account.resonite.com/connect/authorize',
      'account.resonite.com/connect/token',
      'account.resonite.com/connect/userinfo',
      'account.resonite.com/api/user/profile',
    ],
  },
];
