import type { WireSample } from '../sample.ts';

export const resoniteGranted = {
  what: 'Resonite: callback after a yes',
  source: 'Yellow-Dog-Man/mediawiki-extensions-WSOAuth ResoniteAuth.php',
  confidence: 'documented',
  status: null,
  body: { code: 'aB3dEf6hIj9lMn2pQr5tUv8xYz1bCd4fGh7jKl0nOp3', state: 'the-state' },
} satisfies WireSample;

/** RFC 9207. OpenIddict sends it; whether Resonite does was not found. */
export const resoniteGrantedWithIssuer = {
  what: 'Resonite: callback after a yes, with iss',
  source: 'openiddict/openiddict-core OpenIddictServerHandlers.Authentication.cs',
  confidence: 'guessed',
  status: null,
  body: { ...resoniteGranted.body, iss: 'https://account.resonite.com/' },
  fixed: ['iss'],
} satisfies WireSample;

export const resoniteDenied = {
  what: 'Resonite: callback after a no',
  source: 'RFC 6749 4.1.2.1; openiddict/openiddict-core OpenIddictResources.resx',
  confidence: 'guessed',
  status: null,
  body: {
    error: 'access_denied',
    error_description: 'The authorization was denied by the end user.',
    error_uri: 'https://documentation.openiddict.com/errors/ID2015',
    state: 'the-state',
  },
  fixed: ['error', 'error_description', 'error_uri'],
  optional: ['error_description', 'error_uri'],
} satisfies WireSample;
