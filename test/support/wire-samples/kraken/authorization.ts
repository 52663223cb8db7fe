import type { WireSample } from '../sample.ts';

const request = { method: 'GET', url: 'https://api.twitch.tv/kraken/oauth2/authorize' } as const;

export const krakenGranted = {
  what: 'Kraken: callback after a yes',
  source: 'justintv/Twitch-API authentication.md; scope: justintv/Twitch-API#652',
  confidence: 'documented',
  status: null,
  body: { code: 'c1a2b3c4d5e6f7g8h9i0j1k2l3m4n5', scope: 'user_read', state: 'the-state' },
} satisfies WireSample;

export const krakenGrantedWithoutScope = {
  what: 'Kraken: callback after a yes to nothing',
  source: 'justintv/Twitch-API#652',
  confidence: 'observed',
  status: null,
  body: { code: 'c1a2b3c4d5e6f7g8h9i0j1k2l3m4n5', scope: '', state: 'the-state' },
  fixed: ['scope'],
} satisfies WireSample;

export const krakenRedirectMismatch = {
  what: 'Kraken: callback after a redirect_uri that is not registered',
  source: 'TerribleDev/OwinOAuthProviders#198 (2017); streamlink#190 (2016); RyanBayne/TwitchPress#308',
  confidence: 'observed',
  request,
  status: 302,
  body: {
    error: 'redirect_mismatch',
    error_description: 'Parameter redirect_uri does not match registered URI',
    state: 'the-state',
  },
  fixed: ['error', 'error_description'],
} satisfies WireSample;

export const krakenUnsupportedResponseType = {
  what: 'Kraken: callback after a response type that is not allowed',
  source: 'justintv/Twitch-API#690',
  confidence: 'observed',
  request,
  status: 302,
  body: {
    error: 'unsupported_response_type',
    error_description: 'Response type is not supported',
    state: 'the-state',
  },
  fixed: ['error', 'error_description'],
} satisfies WireSample;
