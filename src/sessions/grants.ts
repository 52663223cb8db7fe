import { setTimeout as pause } from 'node:timers/promises';
import { LoginError } from '../errors.ts';
import { inFlow } from '../inspector/own-flows.ts';
import { recordCheck } from '../inspector/recorder.ts';
import type { Client } from '../oauth/client.ts';
import { sendRefreshRequest } from '../oauth/refresh-request.ts';
import { sendRevocationRequest } from '../oauth/revocation-request.ts';
import type { Tokens } from '../oauth/token-response.ts';
import { sendValidationRequest } from '../oauth/validation-request.ts';
import type { ExpiringRecord, ExpiringRecords, RecordOfKind } from '../storage/expiring-records.ts';
import { isStorageError, StorageError } from '../storage/storage-error.ts';
import { type Leases, leasePollMilliseconds } from './leases.ts';
import type { KeyRing } from './seal.ts';

/**
 * The tokens that one session holds for one identity. Sealed at rest, deleted at sign-out and at
 * unlinking, and never kept longer than a session may last. All instants in milliseconds since 1970.
 */
export interface Grant {
  readonly tokens: Tokens;
  /** Null while the tokens are still those of the login. */
  readonly renewedAt: number | null;
  /** Null where the provider does not want its tokens validated. */
  readonly check: Check | null;
  /** Set once the provider has called the access over; the tokens are wiped then. */
  readonly ended: Ended | null;
}

/** The last validation of a token, and when the next one is due. */
export interface Check {
  readonly triedAt: number;
  readonly dueAt: number;
}

interface Ended {
  readonly at: number;
  /** `refused`: no longer accepted. `foreign`: the tokens now speak for another person or client. */
  readonly why: 'refused' | 'foreign';
}

export interface GrantPlace {
  /** The session's `ref`. */
  readonly ref: string;
  readonly identityId: string;
}

/** A grant's place, and whose tokens they must be. */
interface GrantOwner extends GrantPlace {
  readonly subject: string;
}

export interface Grants {
  /** What stores a login's tokens, for a session that is only just being made. */
  toRecord(place: GrantPlace, client: Client, tokens: Tokens, expiresAt: number): RecordOfKind;
  /** Stores a login's tokens, in place of those that the session held for the identity, which it gives. */
  put(place: GrantPlace, client: Client, tokens: Tokens, expiresAt: number): Promise<Grant | null>;
  get(place: GrantPlace): Promise<Grant | null>;
  /**
   * Tokens that have not ended, refreshed if need be, or because the provider has just refused the
   * access token `refused`, and validated where that is due. Null when this session holds none.
   *
   * One call to the provider however many ask at once, on however many nodes; new tokens are stored
   * before anyone uses them. What the provider calls over, or somebody else's, is wiped and stays as
   * ended. Throws what a refresh throws, and `identity_changed`; after network trouble the tokens
   * are kept.
   */
  freshTokens(client: Client, owner: GrantOwner, refused: string | null): Promise<Tokens | null>;
  /** Marks a grant as ended and wipes its tokens, unless it holds other ones than `used` by now. */
  end(place: GrantPlace, used: Tokens, why: Ended['why']): Promise<void>;
  /** True when a validation is due: none in the last hour, or none since this process started. */
  isCheckDue(check: Check): boolean;
  /** Gets and removes this session's grant. */
  take(place: GrantPlace): Promise<Grant | null>;
  /** Gets and removes the grants of an identity in all sessions. No key opens an `unreadable` one any more. */
  takeAll(identityId: string): Promise<(Grant | 'unreadable')[]>;
}

/** Refreshed a little before the end, so that a slow request does not arrive after it. */
const earlyMilliseconds = 60 * 1000;
/** Longer than a validation, a refresh and one more validation: each is waited for 8 seconds at most. */
const leaseMilliseconds = 30 * 1000;
/** Who waits for another node gives up after what one answer of a provider may take. */
const waitMilliseconds = 10 * 1000;
/** More than a browser has logins under way: with each try that fails, another request's has succeeded. */
const triesToPut = 50;
/** After a validation that led nowhere. */
const retryCheckMilliseconds = 60 * 1000;

const wiped: Tokens = {
  accessToken: null,
  refreshToken: null,
  expiresAt: null,
  grantedScope: null,
  signing: null,
};

/** True when nothing can be done with a grant any more. */
export function hasEnded({ tokens: { expiresAt, refreshToken }, ended }: Grant, now: number): boolean {
  return ended !== null || (expiresAt !== null && expiresAt <= now && refreshToken === null);
}

const toKey = ({ ref, identityId }: GrantPlace) => `${ref}.${identityId}`;

/** How a renewal or a validation of tokens ended. */
type GrantOutcome = 'good' | 'over' | 'foreign' | 'not-asked' | 'not-stored' | 'superseded';

/** Hears of each of them, for the log and the metrics. */
export type GrantListener = (event: 'refresh' | 'validate', provider: string, outcome: GrantOutcome) => void;

/** A grant together with the version of its record. */
interface Held {
  readonly record: ExpiringRecord;
  readonly grant: Grant;
}

export function createGrants(
  records: ExpiringRecords,
  keys: KeyRing,
  leases: Leases,
  now: () => number,
  tell: GrantListener,
): Grants {
  const startedAt = now();
  const underWay = new Map<string, Promise<Tokens | null>>();

  function open(record: ExpiringRecord | null): Grant | null {
    const text = record && keys.open('grant', record.key, record.value);
    return text ? (JSON.parse(text) as Grant) : null;
  }

  async function find(key: string): Promise<Held | null> {
    const record = await records.get('grant', key);
    const grant = open(record);
    return record && grant ? { record, grant } : null;
  }

  /** Stores a changed grant; null when it was replaced or deleted since it was found. */
  async function store({ record }: Held, grant: Grant): Promise<Held | null> {
    const value = keys.seal('grant', record.key, JSON.stringify(grant));
    const stored = await records.update('grant', { ...record, value });
    return stored ? { record: { ...record, value, version: record.version + 1 }, grant } : null;
  }

  const endHeld = (held: Held, why: Ended['why']) =>
    store(held, { ...held.grant, tokens: wiped, ended: { at: now(), why } });

  /** Ending, or just refused while nobody has replaced it. */
  function needsRefresh({ accessToken, expiresAt, refreshToken }: Tokens, refused: string | null): boolean {
    const ending = expiresAt !== null && expiresAt - earlyMilliseconds <= now();
    return refreshToken !== null && (ending || (refused !== null && accessToken === refused));
  }

  const isCheckDue = ({ triedAt, dueAt }: Check) => now() >= dueAt || triedAt < startedAt;

  const needsCheck = ({ check }: Grant) => check !== null && isCheckDue(check);

  /** Does the work under the grant's lease; null when there is none to do, as when another did it. */
  async function renewAlone(
    client: Client,
    owner: GrantOwner,
    refused: string | null,
  ): Promise<Tokens | null> {
    const key = toKey(owner);
    const deadline = performance.now() + waitMilliseconds;
    for (;;) {
      const held = await find(key);
      if (!held || hasEnded(held.grant, now())) return null;
      if (!needsRefresh(held.grant.tokens, refused) && !needsCheck(held.grant)) return held.grant.tokens;
      const lease = await leases.take(`grant.${key}`, leaseMilliseconds);
      if (lease) {
        try {
          return await inFlow(purposeOf(held), client, () => renew(client, owner, refused));
        } finally {
          await lease.release();
        }
      }
      // Another node asks the provider. What it gets will be in the record.
      if (performance.now() > deadline) throw waitedTooLong(client);
      await pause(leasePollMilliseconds);
    }
  }

  const purposeOf = ({ grant }: Held) => (needsCheck(grant) ? 'validate' : 'renew');

  async function renew(client: Client, owner: GrantOwner, refused: string | null): Promise<Tokens | null> {
    // Read once more: what has just ended has made this needless.
    let held = await find(toKey(owner));
    if (!held || hasEnded(held.grant, now())) return null;
    const ending = needsRefresh(held.grant.tokens, refused);
    if (ending) held = await refresh(client, owner, held);
    if (held && needsCheck(held.grant)) held = await check(client, owner, held, !ending);
    return held && held.grant.ended === null ? held.grant.tokens : null;
  }

  /** One refresh. When the grant was replaced meanwhile, as by a new login, that one counts. */
  async function refresh(client: Client, owner: GrantOwner, held: Held): Promise<Held | null> {
    try {
      const { tokens, idTokenSubject } = await sendRefreshRequest(client, held.grant.tokens, now());
      recordCheck('refresh-person', idTokenSubject === null ? 'skipped' : idTokenSubject === owner.subject);
      if (idTokenSubject !== null && idTokenSubject !== owner.subject) throw await foreign(client, held);
      const renewed = { ...held.grant, tokens, renewedAt: now() };
      // Once more: some providers take a refresh token a single time, and then these are all there is.
      const stored = await store(held, renewed).catch(() => store(held, renewed));
      tell('refresh', client.provider.id, stored ? 'good' : 'superseded');
      if (stored) return stored;
      const current = await find(toKey(owner));
      // Signed out, unlinked or relinked meanwhile: nobody would know of these tokens any more. But a
      // refresh token that does not change is the other node's as well, if it has refreshed too.
      if (current?.grant.tokens.refreshToken !== tokens.refreshToken)
        await sendRevocationRequest(client, tokens);
      return current;
    } catch (error) {
      tell('refresh', client.provider.id, toOutcome(error));
      if (isOver(error)) await endHeld(held, 'refused');
      throw error;
    }
  }

  /** One validation. A token that is over may still be renewed; what cannot be asked now is asked soon. */
  async function check(
    client: Client,
    owner: GrantOwner,
    held: Held,
    mayRefresh: boolean,
  ): Promise<Held | null> {
    const { grant } = held;
    const checked = (nextAfter: number) => ({ triedAt: now(), dueAt: now() + nextAfter });
    const outcome = await sendValidationRequest(client, grant.tokens, owner.subject).catch(() => null);
    tell('validate', client.provider.id, outcome ?? 'not-asked');
    if (outcome === 'foreign') throw await foreign(client, held);
    if (outcome === 'over') {
      if (!mayRefresh || grant.tokens.refreshToken === null) return endHeld(held, 'refused');
      const renewed = await refresh(client, owner, held);
      return renewed && check(client, owner, renewed, false);
    }
    const next = outcome === 'good' ? (client.provider.validateEvery ?? 0) : retryCheckMilliseconds;
    return (await store(held, { ...grant, check: checked(next) })) ?? (await find(toKey(owner)));
  }

  async function foreign({ provider }: Client, held: Held): Promise<LoginError> {
    await endHeld(held, 'foreign');
    return new LoginError('identity_changed', {
      provider: provider.id,
      reason: 'the tokens speak for another person or client',
    });
  }

  async function freshTokens(
    client: Client,
    owner: GrantOwner,
    refused: string | null,
  ): Promise<Tokens | null> {
    const key = toKey(owner);
    const grant = open(await records.get('grant', key));
    if (!grant || hasEnded(grant, now())) return null;
    if (!needsRefresh(grant.tokens, refused) && !needsCheck(grant)) return grant.tokens;
    const asked = underWay.get(key);
    if (asked) {
      const tokens = await asked;
      // That one may have been asked for before the provider refused this token.
      return tokens && refused !== null && tokens.accessToken === refused
        ? freshTokens(client, owner, refused)
        : tokens;
    }
    const started = renewAlone(client, owner, refused).finally(() => underWay.delete(key));
    underWay.set(key, started);
    return started;
  }

  function toRecord(
    place: GrantPlace,
    { provider }: Client,
    tokens: Tokens,
    expiresAt: number,
  ): RecordOfKind {
    const key = toKey(place);
    const grant: Grant = { tokens, renewedAt: null, check: firstCheck(provider, now()), ended: null };
    const value = keys.seal('grant', key, JSON.stringify(grant));
    return { kind: 'grant', key, owner: place.identityId, value, expiresAt };
  }

  return {
    toRecord,
    freshTokens,
    isCheckDue,
    async put(place, client, tokens, expiresAt) {
      const { kind, ...record } = toRecord(place, client, tokens, expiresAt);
      for (let tries = 0; tries < triesToPut; tries++) {
        const current = await records.get(kind, record.key);
        const put = current
          ? await records.update(kind, { ...record, version: current.version })
          : await records.create(kind, record);
        // Else a refresh or another login was faster: then its tokens are the former ones.
        if (put) return open(current);
      }
      throw new StorageError('busy', null, 'the grant kept changing');
    },
    async get(place) {
      return open(await records.get('grant', toKey(place)));
    },
    async end(place, used, why) {
      const held = await find(toKey(place));
      if (held && sameTokens(held.grant.tokens, used)) await endHeld(held, why);
    },
    async take(place) {
      return open(await records.delete('grant', toKey(place)));
    },
    async takeAll(identityId) {
      const held = await records.deleteByOwner('grant', identityId);
      return held.map((record) => open(record) ?? 'unreadable');
    },
  };
}

/** A login's tokens have just been made and checked. Null where the provider wants no validation. */
export function firstCheck({ validateEvery }: Client['provider'], now: number): Check | null {
  return validateEvery ? { triedAt: now, dueAt: now + validateEvery } : null;
}

function waitedTooLong({ provider }: Client): LoginError {
  const reason = 'another process asks the provider and has no answer yet';
  return new LoginError('provider_unreachable', { provider: provider.id, reason });
}

/** True for the tokens of one and the same token response. */
export function sameTokens(a: Tokens, b: Tokens): boolean {
  return a.accessToken === b.accessToken && a.signing?.seed === b.signing?.seed;
}

function toOutcome(error: unknown): GrantOutcome {
  if (isOver(error)) return 'over';
  if (isStorageError(error)) return 'not-stored';
  return error instanceof LoginError && error.code === 'identity_changed' ? 'foreign' : 'not-asked';
}

/** The provider says that the refresh token is over, which no second try will change. */
function isOver(error: unknown): boolean {
  return (
    error instanceof LoginError &&
    error.code === 'token_request_refused' &&
    error.facts.oauthError === 'invalid_grant'
  );
}
