import type { RequestHandler } from 'express';
import { sendPage } from './pages.ts';
import type { SandboxParts } from './parts.ts';
import { pictureUrls } from './pictures.ts';
import { serviceNames } from './services.ts';

/** What stands where, for the page that says so. */
const endpoints = [
  {
    name: 'Twitch',
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
    name: 'Twitch Kraken',
    paths: [
      'api.twitch.tv/kraken/oauth2/authorize',
      'api.twitch.tv/kraken/oauth2/token',
      'api.twitch.tv/kraken/oauth2/revoke',
      'api.twitch.tv/kraken/user',
      'api.twitch.tv/kraken',
    ],
  },
  {
    name: 'Mixer',
    paths: [
      'mixer.com/oauth/authorize',
      'mixer.com/api/v1/oauth/token',
      'mixer.com/api/v1/oauth/token/introspect',
      'mixer.com/api/v1/users/current',
    ],
  },
  {
    name: 'Mixin',
    paths: [
      'mixin.one/oauth/authorize',
      'mixin.one/codes/…',
      'api.mixin.one/oauth/token',
      'api.mixin.one/me',
      'api.mixin.one/safe/me',
    ],
  },
  {
    name: 'Resonite',
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

/** What the sandbox is, who lives in it, and which applications it knows. */
export function rootPage(parts: SandboxParts): RequestHandler {
  return (_req, res) => {
    const people = parts.state.people.list().map((person) => ({
      ...person,
      picture: person.hasPicture ? pictureUrls.twitch(person).replace('https:/', parts.basePath) : null,
    }));
    const registrations = parts.registrations.map((entry) => ({
      ...entry,
      service: serviceNames[entry.service],
    }));
    sendPage(parts, res, 'root', null, { baseUrl: parts.baseUrl, people, registrations, endpoints });
  };
}
