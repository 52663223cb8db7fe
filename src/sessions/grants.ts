import type { Client } from '../oauth/client.ts';
import { sendRefreshRequest } from '../oauth/refresh-request.ts';
import type { Tokens } from '../oauth/token-response.ts';
import { LoginError } from '../errors.ts';
import type { ExpiringRecord, ExpiringRecords } from '../storage/expiring-records.ts';
import type { KeyRing } from './seal.ts';

/**
 * The tokens that one session holds for one identity. Sealed at rest, deleted at sign-out and at
 * unlinking, and never kept longer than a session may last.
 */
export interface Grant {
  readonly tokens: Tokens;
  /** Milliseconds since 1970; null while the tokens are still those of the login. */
  readonly renewedAt: number | null;
}

export interface GrantPlace {
  /** The session's `ref`. */
  readonly ref: string;
  readonly identityId: string;
}

export interface Grants {
  put(place: GrantPlace, grant: Grant, expiresAt: number): Promise<void>;
  get(place: GrantPlace): Promise<Grant | null>;
  /**
   * Tokens that have not ended, refreshed if need be, or because the provider has just refused the
   * access token `refused`. Null when this session holds none. One call to the provider however many
   * ask at once; the new tokens are stored before anyone uses them, and a refresh token that the
   * provider calls dead is deleted. Throws what a refresh throws.
   */
  freshTokens(client: Client, place: GrantPlace, refused: string | null): Promise<Tokens | null>;
  /** Gets and removes this session's grant. */
  take(place: GrantPlace): Promise<Grant | null>;
  /** Gets and removes the grants of an identity in all sessions. */
  takeAll(identityId: string): Promise<Grant[]>;
}

/** Refreshed a little before the end, so that a slow request does not arrive after it. */
const earlyMilliseconds = 60 * 1000;

/** True when the access token is over and nothing can renew it. */
export function hasEnded({ expiresAt, refreshToken }: Tokens, now: number): boolean {
  return expiresAt !== null && expiresAt <= now && refreshToken === null;
}

const toKey = ({ ref, identityId }: GrantPlace) => `${ref}.${identityId}`;

export function createGrants(records: ExpiringRecords, keys: KeyRing, now: () => number): Grants {
  const refreshing = new Map<string, Promise<Tokens | null>>();

  function open(record: ExpiringRecord | null): Grant | null {
    const text = record && keys.open('grant', record.key, record.value);
    return text ? (JSON.parse(text) as Grant) : null;
  }

  /** What another process has stored since `record` was read; null when nothing. */
  async function newerThan(record: ExpiringRecord): Promise<Tokens | null> {
    const latest = await records.get('grant', record.key);
    return latest && latest.version !== record.version ? (open(latest)?.tokens ?? null) : null;
  }

  /** Ending, or just refused while nobody has replaced it. */
  function needsRefresh({ accessToken, expiresAt, refreshToken }: Tokens, refused: string | null): boolean {
    const ending = expiresAt !== null && expiresAt - earlyMilliseconds <= now();
    return refreshToken !== null && (ending || (refused !== null && accessToken === refused));
  }

  async function refresh(client: Client, key: string, refused: string | null): Promise<Tokens | null> {
    // Read once more: a refresh that has just ended has made this one needless.
    const record = await records.get('grant', key);
    const grant = open(record);
    if (!record || !grant) return null;
    if (!needsRefresh(grant.tokens, refused)) return grant.tokens;
    try {
      const tokens = await sendRefreshRequest(client, grant.tokens, now());
      const renewed: Grant = { tokens, renewedAt: now() };
      const value = keys.seal('grant', key, JSON.stringify(renewed));
      return (await records.update('grant', { ...record, value })) ? tokens : await newerThan(record);
    } catch (error) {
      const newer = await newerThan(record);
      if (newer) return newer;
      if (isDead(error)) await records.delete('grant', key);
      throw error;
    }
  }

  async function freshTokens(
    client: Client,
    place: GrantPlace,
    refused: string | null,
  ): Promise<Tokens | null> {
    const key = toKey(place);
    const grant = open(await records.get('grant', key));
    if (!grant || hasEnded(grant.tokens, now())) return null;
    if (!needsRefresh(grant.tokens, refused)) return grant.tokens;
    const underWay = refreshing.get(key);
    if (underWay) return underWay;
    const started = refresh(client, key, refused).finally(() => refreshing.delete(key));
    refreshing.set(key, started);
    return started;
  }

  return {
    freshTokens,
    async put(place, grant, expiresAt) {
      const key = toKey(place);
      const value = keys.seal('grant', key, JSON.stringify(grant));
      await records.put('grant', { key, owner: place.identityId, value, expiresAt });
    },
    async get(place) {
      return open(await records.get('grant', toKey(place)));
    },
    async take(place) {
      return open(await records.delete('grant', toKey(place)));
    },
    async takeAll(identityId) {
      const held = await records.deleteByOwner('grant', identityId);
      return held.map(open).filter((grant) => grant !== null);
    },
  };
}

/** The provider says that the refresh token is over, which no second try will change. */
function isDead(error: unknown): boolean {
  return (
    error instanceof LoginError &&
    error.code === 'token_request_refused' &&
    error.facts.oauthError === 'invalid_grant'
  );
}
