import type { Confidence, WireAnswerSample } from '../sample.ts';

interface Refusal {
  readonly what: string;
  readonly url: string;
  readonly status: number;
  readonly error: string;
  readonly message: string;
  readonly source: string;
  readonly confidence: Confidence;
}

/** `error` is the phrase of the HTTP status (justintv/Twitch-API README.md), no code of RFC 6749. */
function refused(refusal: Refusal): WireAnswerSample<{ error: string; status: number; message: string }> {
  const { what, url, status, error, message, source, confidence } = refusal;
  const fixed = message === '' ? ['error', 'status'] : ['error', 'status', 'message'];
  const request = { method: 'GET', url } as const;
  return {
    what: `Kraken: ${what}`,
    source,
    confidence,
    request,
    status,
    body: { error, status, message },
    fixed,
  };
}

const user = 'https://api.twitch.tv/kraken/user';
const authorize = 'https://api.twitch.tv/kraken/oauth2/authorize';

export const krakenErrors = {
  deadToken: refused({
    what: 'dead token, or missing scope',
    url: user,
    status: 401,
    error: 'Unauthorized',
    message: 'Token invalid or missing required scope',
    source: 'justintv/Twitch-API#652',
    confidence: 'observed',
  }),
  deadTokenOfThePage: refused({
    what: 'dead token, as documented',
    url: user,
    status: 401,
    error: 'Unauthorized',
    message: 'Invalid Token',
    source: 'justintv/Twitch-API README.md',
    confidence: 'documented',
  }),
  missingClientId: refused({
    what: 'neither a client id nor a token',
    url: user,
    status: 400,
    error: 'Bad Request',
    message: 'No client id specified',
    source: 'justintv/Twitch-API#626',
    confidence: 'observed',
  }),
  unknownClient: refused({
    what: 'authorization request of an unknown client',
    url: authorize,
    status: 400,
    error: 'Bad Request',
    message: 'client does not exist',
    source: 'WebTheoryLLC/omniauth-twitch#7 (2016)',
    confidence: 'observed',
  }),
  /** Status from the announcement, body from the shape of all errors; the words were not found. */
  version3Withdrawn: refused({
    what: 'no Accept header of version 5, from September 2019 on',
    url: user,
    status: 410,
    error: 'Gone',
    message: '',
    source: 'Twitch developer forum, thread 22241',
    confidence: 'inferred',
  }),
};
