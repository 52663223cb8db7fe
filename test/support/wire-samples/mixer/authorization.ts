import type { WireSample } from '../sample.ts';

export const mixerGranted = {
  what: 'Mixer: callback after a yes',
  source: "Mixer's OAuth page; clients that compare state",
  confidence: 'inferred',
  status: null,
  body: { code: 'aB3dEf6hIj9lMn2p', state: 'the-state' },
} satisfies WireSample;

/** `access_denied` is Mixer's own word for a short code that was denied. */
export const mixerDenied = {
  what: 'Mixer: callback after a no',
  source:
    '@mixer/client-node providers/OAuth (which parameters it reads); mixer/shortcode-oauth csharp, OAuthError.cs',
  confidence: 'guessed',
  status: null,
  body: { error: 'access_denied', error_description: 'Some text.', state: 'the-state' },
  fixed: ['error'],
  optional: ['error_description'],
} satisfies WireSample;
