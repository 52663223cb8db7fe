import type { WireSample } from '../sample.ts';
import { twitchRefusal } from './refusal.ts';

const url = 'https://id.twitch.tv/oauth2/authorize';

export const twitchGranted = {
  what: 'Twitch: callback after a yes',
  source: 'dev.twitch.tv: Getting OAuth Access Tokens',
  confidence: 'documented',
  status: null,
  body: { code: 'c1a2b3c4d5e6f7g8h9i0j1k2l3m4n5', scope: 'openid user:read:email', state: 'the-state' },
} satisfies WireSample;

export const twitchDenied = {
  what: 'Twitch: callback after a no',
  source: 'dev.twitch.tv: Getting OAuth Access Tokens',
  confidence: 'documented',
  status: null,
  body: { error: 'access_denied', error_description: 'The user denied you access', state: 'the-state' },
  fixed: ['error', 'error_description'],
} satisfies WireSample;

/** Sent to the first address that is registered; RFC 6749 4.1.2.1 forbids the redirect. */
export const twitchRedirectMismatch = {
  what: 'Twitch: callback after a redirect_uri that is not registered',
  source: 'twitchdev/issues#762; twitchdev/twitch-cli docs/token.md',
  confidence: 'documented',
  request: { method: 'GET', url },
  status: 302,
  body: {
    error: 'redirect_mismatch',
    error_description: 'Parameter redirect_uri does not match registered URI',
    state: 'the-state',
  },
  fixed: ['error', 'error_description'],
} satisfies WireSample;

/** Shown to the person, who stays at Twitch. */
export const twitchAuthorizationErrors = {
  missingClientId: twitchRefusal({
    what: 'authorization request without a client id',
    url,
    method: 'GET',
    status: 400,
    message: 'missing client id',
    source: 'SocialiteProviders/Providers#444',
  }),
  retiredScope: twitchRefusal({
    what: 'authorization request for a scope that was withdrawn',
    url,
    method: 'GET',
    status: 400,
    message: 'Sorry, the scope you are requesting is currently unavailable',
    begins: true,
    source: 'destinygg/website#196; jprjr/docker-multistreamer#22',
  }),
  /** Seen at the token endpoint; that this page says the same is an inference. */
  unknownScope: twitchRefusal({
    what: 'authorization request for an unknown scope',
    url,
    method: 'GET',
    status: 400,
    message: "invalid scope requested: 'nonsense'",
    source: 'nicklaw5/helix authentication_test.go, for the token endpoint',
    confidence: 'inferred',
  }),
};
