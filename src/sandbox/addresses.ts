import type { Service } from './services.ts';

/** The addresses that an application is configured with, without the sandbox's own before them. */
export interface ServiceAddresses {
  readonly name: string;
  readonly service: Service;
  readonly addresses: Readonly<Record<string, string>>;
}

export const serviceAddresses: readonly ServiceAddresses[] = [
  {
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
    name: 'Twitch as it was until 2022 (Kraken)',
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
    name: 'Mixin',
    service: 'mixin',
    addresses: {
      authorization: 'mixin.one/oauth/authorize',
      token: 'api.mixin.one/oauth/token',
      profile: 'api.mixin.one/me',
    },
  },
  {
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
