import { LoginError } from '../errors.ts';
import type { Client } from '../oauth/client.ts';
import type { Tokens } from '../oauth/token-response.ts';
import { sendUserinfoRequest } from '../oauth/userinfo-request.ts';
import type { IdentityFacts } from '../providers/provider.ts';
import type { AccountStore, Identity, ProfileFailure } from './account-store.ts';
import { toDisplayText } from './display-text.ts';

/**
 * Where tokens come from: those held, or newer ones when the provider has just refused the access
 * token `refused`. Null when none are held.
 */
export type TokenSource = (refused: string | null) => Promise<Tokens | null>;

export interface ReadProfileDependencies {
  readonly accounts: AccountStore;
  readonly now: () => number;
}

/** A copy younger than this is shown as it is. */
const freshForMilliseconds = 5 * 60 * 1000;
/** After a failure the provider is left alone for this long, unless the person asks. */
const retryAfterMilliseconds = 60 * 1000;

export function isDue(identity: Identity, now: number): boolean {
  const failedAt = identity.profile_failed_at;
  if (failedAt !== null && now - failedAt < retryAfterMilliseconds) return false;
  return failedAt !== null || now - identity.profile_read_at >= freshForMilliseconds;
}

/**
 * Reads an identity's profile at its provider and stores the copy; null when it was unlinked
 * meanwhile. A failure is stored too and thrown: `userinfo_request_refused` or
 * `token_request_refused` (the access is gone), `identity_changed` (the provider speaks of somebody
 * else; nothing is kept), or that it could not be reached. That this session holds no access
 * (`userinfo_request_refused` as well) says nothing about the identity and is not stored.
 */
export async function readProfile(
  { accounts, now }: ReadProfileDependencies,
  client: Client,
  identity: Identity,
  tokens: TokenSource,
): Promise<Identity | null> {
  try {
    const userinfo = await sendWithRenewal(client, tokens, now);
    const facts = readIdentity(client, userinfo);
    if (facts.subject !== identity.subject) {
      throw new LoginError('identity_changed', {
        provider: identity.provider,
        reason: 'the userinfo is about another subject',
      });
    }
    return await accounts.storeProfile(identity.id, facts, userinfo);
  } catch (error) {
    if (error instanceof NoAccess) throw error.toLoginError(identity.provider);
    if (error instanceof LoginError) await accounts.recordProfileFailure(identity.id, toFailure(error));
    throw error;
  }
}

/** This session holds no tokens to ask with. */
class NoAccess extends Error {
  toLoginError(provider: string): LoginError {
    return new LoginError('userinfo_request_refused', { provider, reason: 'no usable access is held' });
  }
}

/** Twitch wants apps to react to a 401 rather than to trust the clock, so one renewal is tried. */
async function sendWithRenewal(client: Client, tokens: TokenSource, now: () => number): Promise<unknown> {
  const held = await tokens(null);
  if (held === null) throw new NoAccess();
  try {
    return await sendUserinfoRequest(client, held, now());
  } catch (error) {
    const refused = error instanceof LoginError && error.code === 'userinfo_request_refused';
    if (!refused || held.refreshToken === null) throw error;
    const renewed = await tokens(held.accessToken);
    if (renewed === null) throw error;
    return sendUserinfoRequest(client, renewed, now());
  }
}

/** Why a profile could not be read, for its card. */
function toFailure({ code, facts }: LoginError): ProfileFailure {
  if (code === 'identity_changed') return 'changed';
  if (code === 'userinfo_response_invalid' || code === 'token_response_invalid') return 'unreadable';
  const over =
    code === 'userinfo_request_refused' ||
    (code === 'token_request_refused' && facts.oauthError === 'invalid_grant');
  return over ? 'refused' : 'unreachable';
}

/**
 * Reads who it is from a profile, names made fit to show. Throws `userinfo_response_invalid` when it
 * has no usable subject.
 */
export function readIdentity(client: Client, userinfo: unknown): IdentityFacts {
  try {
    const facts = client.provider.toIdentity(userinfo);
    const handle = toDisplayText(facts.handle);
    return { ...facts, handle, displayName: toDisplayText(facts.displayName) || handle };
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    throw new LoginError('userinfo_response_invalid', { provider: client.provider.id, reason });
  }
}
