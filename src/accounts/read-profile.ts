import { LoginError } from '../errors.ts';
import { inFlow } from '../inspector/own-flows.ts';
import { recordCheck } from '../inspector/recorder.ts';
import { ShapeError } from '../json.ts';
import type { Client } from '../oauth/client.ts';
import type { Tokens } from '../oauth/token-response.ts';
import { sendUserinfoRequest } from '../oauth/userinfo-request.ts';
import type { IdentityFacts } from '../providers/provider.ts';
import type { AccountStore, Identity, ProfileFailure } from './account-store.ts';
import { toDisplayText } from './display-text.ts';

/** What a session may do with an identity. */
export interface Access {
  /**
   * The tokens held, or newer ones when the provider has just refused the access token `refused`.
   * Null when none are held.
   */
  readonly tokens: (refused: string | null) => Promise<Tokens | null>;
  /** These tokens are over, or speak for somebody else. */
  readonly end: (used: Tokens, why: 'refused' | 'foreign') => Promise<void>;
}

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
 * meanwhile. Throws `userinfo_request_refused` or `token_request_refused` (the access is gone, or
 * none is held), `identity_changed` (the provider speaks of somebody else; nothing is kept), or why
 * nothing could be read. The former are facts about this session's access, which ends; the latter
 * is stored with the identity.
 */
export async function readProfile(
  dependencies: ReadProfileDependencies,
  client: Client,
  identity: Identity,
  access: Access,
): Promise<Identity | null> {
  return inFlow('read', client, () => readAndStore(dependencies, client, identity, access));
}

async function readAndStore(
  { accounts, now }: ReadProfileDependencies,
  client: Client,
  identity: Identity,
  access: Access,
): Promise<Identity | null> {
  try {
    const { userinfo, used } = await sendWithRenewal(client, access, now);
    const facts = readIdentity(client, userinfo);
    recordCheck('subject', facts.subject === identity.subject, facts.subject);
    if (facts.subject !== identity.subject) {
      await access.end(used, 'foreign');
      throw new LoginError('identity_changed', {
        provider: identity.provider,
        reason: 'the userinfo is about another subject',
      });
    }
    return await accounts.storeProfile(identity.id, facts, userinfo);
  } catch (error) {
    const failure = error instanceof LoginError ? toFailure(error) : null;
    if (failure) await accounts.recordProfileFailure(identity.id, failure);
    throw error;
  }
}

interface Answer {
  readonly userinfo: unknown;
  readonly used: Tokens;
}

/** Twitch wants apps to react to a 401 rather than to trust the clock, so one renewal is tried. */
async function sendWithRenewal(client: Client, access: Access, now: () => number): Promise<Answer> {
  const held = await access.tokens(null);
  if (held === null) throw noAccess(client);
  try {
    return { userinfo: await sendUserinfoRequest(client, held, now()), used: held };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const renewed = held.refreshToken === null ? null : await access.tokens(held.accessToken);
    if (renewed) return { userinfo: await sendOrEnd(client, access, renewed, now), used: renewed };
    await access.end(held, 'refused');
    throw error;
  }
}

/** The last try: what is refused now is over. */
async function sendOrEnd(
  client: Client,
  access: Access,
  tokens: Tokens,
  now: () => number,
): Promise<unknown> {
  try {
    return await sendUserinfoRequest(client, tokens, now());
  } catch (error) {
    if (isRefusal(error)) await access.end(tokens, 'refused');
    throw error;
  }
}

function noAccess({ provider }: Client): LoginError {
  const reason = 'no usable access is held';
  return new LoginError('userinfo_request_refused', { provider: provider.id, reason });
}

function isRefusal(error: unknown): boolean {
  return error instanceof LoginError && error.code === 'userinfo_request_refused';
}

/** Why nothing could be read, for the card; null where the session's access is the reason. */
function toFailure({ code, facts }: LoginError): ProfileFailure | null {
  if (code === 'identity_changed' || code === 'userinfo_request_refused') return null;
  if (code === 'token_request_refused' && facts.oauthError === 'invalid_grant') return null;
  const unreadable = code === 'userinfo_response_invalid' || code === 'token_response_invalid';
  return unreadable ? 'unreadable' : 'unreachable';
}

/**
 * Reads who it is from a profile, names made fit to show. Throws `userinfo_response_invalid` when it
 * has no usable subject.
 */
export function readIdentity(client: Client, userinfo: unknown): IdentityFacts {
  try {
    const facts = client.provider.toIdentity(userinfo);
    if (!isSubject(facts.subject)) throw new ShapeError('the subject');
    const handle = toDisplayText(facts.handle);
    recordCheck('userinfo-shape', true, 'the subject is there');
    return {
      ...facts,
      avatarUrl: toAddress(facts.avatarUrl),
      handle,
      displayName: toDisplayText(facts.displayName) || handle,
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    recordCheck('userinfo-shape', false, reason);
    throw new LoginError('userinfo_response_invalid', { provider: client.provider.id, reason });
  }
}

/** What every database keeps and compares byte for byte: no control character, no half of a pair. */
function isSubject(text: string): boolean {
  return /^\P{Cc}{1,255}$/u.test(text) && text.isWellFormed();
}

function toAddress(text: string | null): string | null {
  return text !== null && URL.canParse(text) ? new URL(text).href : null;
}
