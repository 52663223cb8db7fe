import type { Confidence, WireSample } from '../sample.ts';

interface Refusal {
  readonly what: string;
  readonly error: string;
  readonly description?: string;
  readonly status?: number | null;
  readonly source?: string;
  readonly confidence?: Confidence;
}

/** RFC 6749 5.2. The codes are those of Mixer's own library; texts were not found but for one. */
function refused(refusal: Refusal): WireSample<Record<string, string>> {
  const { what, error, description, status = 400 } = refusal;
  const isKnown = description !== undefined;
  return {
    what: `Mixer: ${what}`,
    source: refusal.source ?? 'mixer/shortcode-oauth csharp, OAuthError.cs',
    confidence: refusal.confidence ?? 'documented',
    request: { method: 'POST', url: 'https://mixer.com/api/v1/oauth/token' },
    status,
    body: { error, error_description: description ?? 'Some text.', error_uri: 'https://mixer.com/lab/oauth' },
    fixed: isKnown ? ['error', 'error_description'] : ['error'],
    optional: isKnown ? ['error_uri'] : ['error_description', 'error_uri'],
  };
}

export const mixerTokenErrors = {
  /** Wrong, missing, and sent by a client that has none: all the same. */
  wrongSecret: refused({
    what: 'wrong client secret',
    error: 'invalid_client',
    description: 'OAuth client secret invalid.',
    source: 'SaviorXTanren/StreamingClientLibrary#41 and #64',
    confidence: 'observed',
  }),
  /** The report gives the words loosely and the status not at all. */
  unknownClient: refused({
    what: 'unknown client',
    error: 'invalid_client',
    status: null,
    source: 'mixer/interactive-unity-plugin#112',
    confidence: 'observed',
  }),
  invalidRequest: refused({ what: 'token request without grant_type', error: 'invalid_request' }),
  invalidGrant: refused({ what: 'bad, used or old code', error: 'invalid_grant' }),
  usedRefreshToken: refused({
    what: 'refresh token for the second time',
    error: 'invalid_grant',
    source: "Mixer's OAuth page (one works once); mixer/shortcode-oauth csharp, OAuthError.cs",
  }),
  unsupportedGrantType: refused({ what: 'unknown grant_type', error: 'unsupported_grant_type' }),
  unauthorizedClient: refused({ what: 'grant that the client may not use', error: 'unauthorized_client' }),
  invalidScope: refused({ what: 'scope that is not good', error: 'invalid_scope' }),
};
