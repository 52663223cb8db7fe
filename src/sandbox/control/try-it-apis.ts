import { type PlayedApi, playedApis } from '../addresses.ts';

/** How Try it logs in at each API, as an application would. */
export interface TriedApi {
  readonly scope: string;
  readonly authorization: {
    readonly to: string;
    readonly sends: readonly string[];
    /** What makes the service ask again; null where it always asks. */
    readonly force: Readonly<Record<string, string>> | null;
  };
  readonly token: {
    readonly to: string;
    readonly type: 'form' | 'json';
    readonly sends: readonly string[];
    /** Where the access token is in the answer. */
    readonly holds: string;
  };
  readonly profile: {
    readonly to: string;
    readonly headers: (token: string, clientId: string) => Readonly<Record<string, string>>;
    /** What is where in the answer; the first is the id, without which there is no login. */
    readonly facts: readonly (readonly [label: string, place: string])[];
  };
  /** Worth knowing about this one. */
  readonly note: string;
}

const usual = ['response_type', 'client_id', 'redirect_uri', 'scope', 'state'];
const usualToken = ['grant_type', 'client_id', 'client_secret', 'code', 'redirect_uri'];
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

export const triedApis: Readonly<Record<PlayedApi['key'], TriedApi>> = {
  twitch: {
    scope: 'openid user:read:email',
    authorization: {
      to: 'id.twitch.tv/oauth2/authorize',
      sends: usual,
      force: { force_verify: 'true' },
    },
    token: { to: 'id.twitch.tv/oauth2/token', type: 'form', sends: usualToken, holds: 'access_token' },
    profile: {
      to: 'api.twitch.tv/helix/users',
      headers: (token, clientId) => ({ ...bearer(token), 'Client-Id': clientId }),
      facts: [
        ['Id', 'data.0.id'],
        ['Login', 'data.0.login'],
        ['Name', 'data.0.display_name'],
        ['E-mail', 'data.0.email'],
      ],
    },
    note: 'An application would also check the ID token: its signature, who it is from and for, and when it ends.',
  },
  kraken: {
    scope: 'user_read',
    authorization: {
      to: 'api.twitch.tv/kraken/oauth2/authorize',
      sends: usual,
      force: { force_verify: 'true' },
    },
    token: {
      to: 'api.twitch.tv/kraken/oauth2/token',
      type: 'form',
      sends: usualToken,
      holds: 'access_token',
    },
    profile: {
      to: 'api.twitch.tv/kraken/user',
      headers: (token, clientId) => ({
        Accept: 'application/vnd.twitchtv.v5+json',
        Authorization: `OAuth ${token}`,
        'Client-ID': clientId,
      }),
      facts: [
        ['Id', '_id'],
        ['Login', 'name'],
        ['Name', 'display_name'],
        ['E-mail', 'email'],
      ],
    },
    note: 'Kraken wants its version in Accept, and the word OAuth before the token where others want Bearer.',
  },
  mixer: {
    scope: 'user:details:self',
    authorization: {
      to: 'mixer.com/oauth/authorize',
      sends: usual,
      force: { approval_prompt: 'force' },
    },
    token: { to: 'mixer.com/api/v1/oauth/token', type: 'form', sends: usualToken, holds: 'access_token' },
    profile: {
      to: 'mixer.com/api/v1/users/current',
      headers: bearer,
      facts: [
        ['Id', 'id'],
        ['Name', 'username'],
        ['E-mail', 'email'],
      ],
    },
    note: 'Mixer had no ID token: the profile is the only thing that says who it is.',
  },
  mixin: {
    scope: 'PROFILE:READ PHONE:READ',
    authorization: { to: 'mixin.one/oauth/authorize', sends: ['client_id', 'scope', 'state'], force: null },
    token: {
      to: 'api.mixin.one/oauth/token',
      type: 'json',
      sends: ['client_id', 'client_secret', 'code'],
      holds: 'data.access_token',
    },
    profile: {
      to: 'api.mixin.one/me',
      headers: bearer,
      facts: [
        ['Id', 'data.user_id'],
        ['Number', 'data.identity_number'],
        ['Name', 'data.full_name'],
        ['Phone', 'data.phone'],
      ],
    },
    note: 'Mixin always sends the browser to the registered callback. With a public key in the token request there would be no token, and each request would be signed.',
  },
  resonite: {
    scope: 'openid profile email',
    authorization: {
      to: 'account.resonite.com/connect/authorize',
      sends: [...usual, 'code_challenge', 'code_challenge_method'],
      force: { prompt: 'login' },
    },
    token: {
      to: 'account.resonite.com/connect/token',
      type: 'form',
      sends: [...usualToken, 'code_verifier'],
      holds: 'access_token',
    },
    profile: {
      to: 'account.resonite.com/api/user/profile',
      headers: bearer,
      facts: [
        ['Id', 'id'],
        ['Name', 'username'],
        ['E-mail', 'email'],
      ],
    },
    note: 'An application would also check the ID token: its signature, who it is from and for, and when it ends.',
  },
};

export function findPlayedApi(key: unknown): PlayedApi | undefined {
  return playedApis.find((api) => api.key === key);
}
