import type { Confidence, WireAnswerSample, WireSample } from '../sample.ts';

interface Refusal {
  readonly error: {
    readonly status: number;
    readonly code: number;
    readonly description: string;
    readonly extra?: unknown;
  };
}

/** The shape of every refusal: inside HTTP 202 as a rule, and `error` is an object. */
export function mixinRefusal(code: number, description = 'text', status = 202): Refusal {
  return { error: { status, code, description } };
}

const table = 'developers.mixin.one developers-docs/docs/api/error-codes.md';
const url = 'https://api.mixin.one/oauth/token';

interface Case {
  readonly what: string;
  readonly code: number;
  /** To the letter, where a source gives it; the table of the documentation only describes. */
  readonly description?: string;
  readonly status?: number;
  readonly request?: WireSample['request'];
  readonly source?: string;
  readonly confidence?: Confidence;
}

function refused({ what, code, description, status = 202, ...rest }: Case): WireAnswerSample<Refusal> {
  const places = ['error.status', 'error.code'];
  return {
    what: `Mixin: ${what}`,
    source: rest.source ?? table,
    confidence: rest.confidence ?? 'documented',
    request: rest.request ?? { method: 'POST', url },
    status,
    body: mixinRefusal(code, description ?? 'Some text.', status),
    fixed: description === undefined ? places : [...places, 'error.description'],
  };
}

const profile = { method: 'GET', url: 'https://api.mixin.one/me' } as const;
const goSdk = 'MixinNetwork/bot-api-go-client error.go';

/** A client goes by `code` and never by the text. Which place gives which code is partly likely only. */
export const mixinErrors = {
  unreadable: refused({ what: 'body that cannot be read', code: 400 }),
  unauthorized: refused({
    what: 'dead token, or a bad signature',
    code: 401,
    description: 'Unauthorized, maybe invalid token.',
    request: profile,
    source: `${goSdk}; logged answers in public code`,
  }),
  forbidden: refused({
    what: 'missing scope',
    code: 403,
    description: 'Forbidden',
    request: profile,
    source: goSdk,
    confidence: 'inferred',
  }),
  notFound: refused({
    what: 'no such endpoint',
    code: 404,
    description: 'The endpoint is not found.',
    request: { method: 'GET', url: 'https://api.mixin.one/nothing' },
    source: `${table}; ${goSdk}`,
  }),
  tooManyRequests: refused({ what: 'too many requests', code: 429 }),
  /** What `extra` holds differs. */
  invalidField: {
    ...refused({ what: 'verifier that does not fit', code: 10002 }),
    source: `${table}; that a verifier gives this code is a guess`,
    body: { error: { ...mixinRefusal(10002, 'Some text.').error, extra: undefined } },
    optional: ['error.extra'],
  } satisfies WireAnswerSample<Refusal> as WireAnswerSample<Refusal>,
  codeExpired: refused({
    what: 'code that is too old',
    code: 20121,
    description: 'Authorization code expired.',
    source: 'MixinNetwork/android-app ErrorHandler.kt; an older table of developers.mixin.one',
    confidence: 'inferred',
  }),
  serverFault: refused({ what: 'fault of the server', code: 500, status: 500 }),
};
