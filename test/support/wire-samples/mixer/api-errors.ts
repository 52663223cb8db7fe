import type { WireSample } from '../sample.ts';

const request = { method: 'GET', url: 'https://mixer.com/api/v1/users/current' } as const;

export const mixerApiErrors = {
  deadToken: {
    what: 'Mixer: dead token at the API',
    source: 'mixer/developer-docs#48 (2020)',
    confidence: 'observed',
    request,
    status: 401,
    body: { errorCode: 24325, errorMessage: 'OAuth token is invalid' },
    fixed: ['errorCode', 'errorMessage'],
  },
  /** Documented for the breaks of version 2 of the API; that others answer alike is likely. */
  missingScope: {
    what: 'Mixer: missing scope at the API',
    source: 'mixer/developer-docs, 04.AdBreaks/doc.md',
    confidence: 'documented',
    status: 403,
    body: {
      errorCode: 42023,
      errorMessage: '[Debug] The OAuth token is missing the ',
    },
    fixed: ['errorCode'],
    begins: ['errorMessage'],
  },
  /** The address in the text was another one in each generation: dev.beam.pro, dev.mixer.pro. */
  unreadableAuthorization: {
    what: 'Mixer: Authorization header that cannot be read',
    source: 'mixer/developer-docs, FAQ "csrf"; mixer/beam-client-java MixerHttpClientTest',
    confidence: 'documented',
    request,
    status: 461,
    headers: { 'x-csrf-token': null },
    body: { error: 'Invalid or missing CSRF header, see details here: <https://dev.', statusCode: 461 },
    fixed: ['statusCode'],
    begins: ['error'],
  },
  tooManyRequests: {
    what: 'Mixer: too many requests',
    source: 'mixer/developer-docs, 05.RateLimits/doc.md',
    confidence: 'documented',
    status: 429,
    body: undefined,
  },
} as const satisfies Record<string, WireSample>;
