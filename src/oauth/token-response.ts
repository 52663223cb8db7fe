import { z } from 'zod';
import { LoginError } from '../errors.ts';
import { recordCheck, recordToken } from '../inspector/recorder.ts';
import { isRecording } from '../inspector/scope.ts';
import { isObject, readShape } from '../json.ts';
import type { Provider, WireAnswer } from '../providers/provider.ts';
import { type HttpAnswer, requireUsable, toWireAnswer } from './http.ts';
import { toProviderWords } from './provider-words.ts';

/** What a session holds of one login's token response. Secret as a whole. */
export interface Tokens {
  /** Sent with each request; null where request tokens are signed instead. */
  readonly accessToken: string | null;
  readonly refreshToken: string | null;
  /** Milliseconds since 1970; null when the provider named no end. */
  readonly expiresAt: number | null;
  /** What the provider says it granted; null when it did not say, which means all (RFC 6749 5.1). */
  readonly grantedScope: readonly string[] | null;
  readonly signing: SigningKeys | null;
}

/** What signs request tokens (Mixin): our key pair's seed, and the key of the provider's answers. */
export interface SigningKeys {
  /** 32 bytes, base64url. */
  readonly seed: string;
  /** 32 bytes, base64url: signs X-Integrity-Token. */
  readonly serverPublicKey: string;
  readonly authorizationId: string;
  /** The granted scope exactly as received: `scp` of each request token. */
  readonly scope: string;
}

/** From the standard form to the provider's wire format. */
export function toWireTokenRequest(provider: Provider, form: string): { contentType: string; body: string } {
  const conformed = provider.conform.tokenRequest?.(new URLSearchParams(form));
  return conformed ?? { contentType: 'application/x-www-form-urlencoded;charset=UTF-8', body: form };
}

/**
 * From the provider's wire format to a standard answer of known shape (RFC 6749 5.1 or 5.2).
 * Throws `token_response_invalid` when it is neither, `provider_unreachable` or `provider_busy`
 * when that is what an error inside a success meant.
 */
export function toStandardTokenAnswer(provider: Provider, answer: HttpAnswer): WireAnswer {
  const wire = toWireAnswer(answer);
  const { status, body } = provider.conform.tokenResponse?.(wire) ?? wire;
  requireUsable(status, provider.id, 'token_response_invalid');
  const shape = provider.accessToken === 'ed25519' ? signingShape : bearerShape;
  // An error may come with status 200, alone or beside tokens: it always counts.
  if (isObject(body) && body['error'] !== undefined)
    return { status: Math.max(status, 400), body: readError(provider, body) };
  if (status >= 400) throw invalid(provider, `status ${status} without an error code`);
  try {
    const checked = Object.entries(readShape<z.ZodType>(shape, body) as Record<string, unknown>);
    recordShape(checked);
    const present = checked.filter(([name, value]) => value !== null && (value !== '' || name === 'scope'));
    return { status: 200, body: Object.fromEntries(present) };
  } catch (error) {
    throw invalid(provider, error instanceof Error ? error.message : 'unknown');
  }
}

/** For the trace: the shape fits, and an ID token can be read there. */
function recordShape(checked: readonly [string, unknown][]): void {
  if (!isRecording()) return;
  recordCheck('token-shape', true, checked.map(([name]) => name).join(', '));
  const idToken = checked.find(([name]) => name === 'id_token')?.[1];
  if (typeof idToken === 'string') recordToken('token', 'ID token', idToken);
}

/** Ten years. What is said to last longer lasts as good as for ever, and its end is no date any more. */
const longestLifeSeconds = 10 * 365 * 24 * 60 * 60;

// A number by RFC 6749 5.1; text is common.
const lifeSeconds = z
  .union([z.number().nonnegative(), z.string().regex(/^\d+$/).transform(Number)])
  .transform((seconds) => Math.min(seconds, longestLifeSeconds));

const bearerShape = z.object({
  access_token: z.string().min(1),
  token_type: z.string().regex(/^bearer$/i),
  // Null for what is absent.
  expires_in: lifeSeconds.nullish(),
  refresh_token: z.string().nullish(),
  scope: z.string().optional(),
  id_token: z.string().optional(),
});

const key = z.string().regex(/^[\w-]{43}$/);

/** Mixin's other answer: no token at all, but what request tokens are signed with. */
export const signingShape = z.object({
  ed25519: key,
  authorization_id: z.string().min(1),
  scope: z.string(),
});

/** A refusal, as `token_request_refused`. */
export function toRefusal(provider: Provider, body: unknown): LoginError {
  const error = isObject(body) ? String(body['error']) : 'unknown';
  const description = isObject(body) ? body['error_description'] : undefined;
  return new LoginError('token_request_refused', {
    provider: provider.id,
    reason: 'the token endpoint refused',
    oauthError: error,
    providerSaid: toProviderWords(error, description),
  });
}

function readError(provider: Provider, body: Record<string, unknown>): Record<string, unknown> {
  if (typeof body['error'] !== 'string') throw invalid(provider, 'error is not a string');
  return { error: body['error'], error_description: body['error_description'] };
}

function invalid(provider: Provider, reason: string): LoginError {
  return new LoginError('token_response_invalid', { provider: provider.id, reason });
}
