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
  readonly requestedScope: readonly string[];
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
   * Tokens that have not ended, refreshed if need be (`always`: even if they have not). One call to
   * the provider however many ask at once; the new tokens are stored before anyone uses them.
   *
   * Throws `userinfo_request_refused` when there is nothing left to use, and what a refresh throws.
   */
  freshTokens(client: Client, place: GrantPlace, always?: boolean): Promise<Tokens>;
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
  const refreshing = new Map<string, Promise<Tokens>>();

  function open(record: ExpiringRecord | null): Grant | null {
    const text = record && keys.open('grant', record.key, record.value);
    return text ? (JSON.parse(text) as Grant) : null;
  }

  async function refresh(
    client: Client,
    place: GrantPlace,
    record: ExpiringRecord,
    grant: Grant,
  ): Promise<Tokens> {
    const tokens = await sendRefreshRequest(client, grant.tokens, now()).catch(async (error: unknown) => {
      // Refused, perhaps because another process has just used the same refresh token.
      const latest = await records.get('grant', record.key);
      const winner = latest && latest.version !== record.version ? open(latest) : null;
      if (winner) return winner.tokens;
      throw error;
    });
    const value = keys.seal(
      'grant',
      record.key,
      JSON.stringify({ ...grant, tokens, renewedAt: now() } satisfies Grant),
    );
    if (await records.update('grant', { ...record, value })) return tokens;
    // Somebody else stored newer tokens meanwhile, or the session has ended.
    const winner = open(await records.get('grant', toKey(place)));
    if (winner) return winner.tokens;
    throw gone(client);
  }

  async function freshTokens(client: Client, place: GrantPlace, always = false): Promise<Tokens> {
    const record = await records.get('grant', toKey(place));
    const grant = open(record);
    if (!record || !grant) throw gone(client);
    const { expiresAt, refreshToken } = grant.tokens;
    const ending = expiresAt !== null && expiresAt - earlyMilliseconds <= now();
    if (hasEnded(grant.tokens, now())) throw gone(client);
    if (refreshToken === null || (!ending && !always)) return grant.tokens;
    const underWay = refreshing.get(record.key);
    if (underWay) return underWay;
    const started = refresh(client, place, record, grant).finally(() => refreshing.delete(record.key));
    refreshing.set(record.key, started);
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
      const record = await records.get('grant', toKey(place));
      await records.delete('grant', toKey(place));
      return open(record);
    },
    async takeAll(identityId) {
      const held = await records.listByOwner('grant', identityId);
      await records.deleteByOwner('grant', identityId);
      return held.map(open).filter((grant) => grant !== null);
    },
  };
}

function gone(client: Client): LoginError {
  return new LoginError('userinfo_request_refused', {
    provider: client.provider.id,
    reason: 'no usable access is held',
  });
}
