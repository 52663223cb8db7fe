/** What these tests use of packages that come without types. */

declare module 'passport-oauth2' {
  import { Strategy as PassportStrategy } from 'passport';

  export interface StrategyOptions {
    readonly clientID: string;
    readonly clientSecret: string;
    readonly callbackURL: string;
    readonly authorizationURL: string;
    readonly tokenURL: string;
    readonly scope: string;
    readonly state: boolean;
    readonly skipUserProfile: boolean;
  }

  export type Verify<Profile> = (
    accessToken: string,
    refreshToken: string,
    profile: Profile,
    done: (error: null, user: object) => void,
  ) => void;

  export class Strategy<Profile> extends PassportStrategy {
    constructor(options: StrategyOptions, verify: Verify<Profile>);
  }
}

declare module 'passport-mixer' {
  import { Strategy as OAuth2Strategy } from 'passport-oauth2';

  export interface MixerProfile {
    readonly provider: 'mixer';
    readonly id: number;
    readonly username: string;
    readonly email?: string;
  }

  export class Strategy extends OAuth2Strategy<MixerProfile> {}
}

declare module 'passport-twitch-new' {
  import { Strategy as OAuth2Strategy } from 'passport-oauth2';

  /** The first entry of Helix `/users` as it came, and `provider`. */
  export interface TwitchProfile {
    readonly provider: 'twitch';
    readonly id: string;
    readonly login: string;
    readonly display_name: string;
    readonly email?: string;
  }

  export class Strategy extends OAuth2Strategy<TwitchProfile> {}
}
