import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type SessionData, Store } from 'express-session';
import type { ExpiringRecord, ExpiringRecords, RecordOfKind } from '../storage/expiring-records.ts';
import { isStorageError, StorageError } from '../storage/storage-error.ts';

export interface SessionLimits {
  readonly idleMilliseconds: number;
  readonly absoluteMilliseconds: number;
}

/** A session as its account sees it. */
export interface StoredSession {
  readonly ref: string;
  readonly facts: SessionFacts;
  /** Milliseconds since 1970, a few minutes rough. */
  readonly lastActiveAt: number;
}

/** Which session of which account, whatever its id is at the moment. */
export interface SessionPlace {
  readonly accountId: string;
  readonly ref: string;
}

export type SessionFacts = Partial<Omit<SessionData, 'cookie'>>;

type Request = Parameters<Store['createSession']>[0];
type Done = (error?: unknown) => void;

/** A mere visit is written down when it prolongs the session by this much, or by 2 % of the idle limit. */
const touchMilliseconds = 5 * 60 * 1000;
/** More than a browser sends at once: with each try that fails, another request's has succeeded. */
const triesToMerge = 50;

/** Session ids are stored hashed: a copied database holds no working cookie. */
function toSessionKey(sessionId: string): string {
  return hash('sha256', sessionId, 'base64url');
}

/**
 * express-session's store on expiring records, which belong to the account.
 *
 * express-session writes a whole session back whenever a request ends, so a slow request would
 * revive a session that was signed out meanwhile, and undo what a faster one has written. Here only a
 * session that never was stored is created; a loaded one stays gone when it is gone, and only the
 * facts that this request has changed are written, on top of what the record says by then.
 *
 * A record ends with the idle limit; the absolute limit is looked at when it is read.
 */
export class RecordStore extends Store {
  /** Set by express-session: gives the request a new, empty session. */
  declare generate: (request: Request) => void;
  private readonly records: ExpiringRecords;
  private readonly limits: SessionLimits;
  private readonly now: () => number;
  /** What the records of session objects said. Held weakly: they live as long as their request. */
  private readonly known = new WeakMap<object, Known>();

  constructor(records: ExpiringRecords, limits: SessionLimits, now: () => number) {
    super();
    this.records = records;
    this.limits = limits;
    this.now = now;
  }

  override get(sessionId: string, done: (error: unknown, session?: SessionData | null) => void): void {
    this.find(sessionId).then(
      (session) => done(null, session),
      (error: unknown) => done(toPlainFailure(error)),
    );
  }

  private async find(sessionId: string): Promise<SessionData | null> {
    const record = await this.records.get('session', toSessionKey(sessionId));
    if (!record) return null;
    const data = JSON.parse(record.value) as SessionData;
    if (!this.isWithinLimits(data)) return null;
    this.known.set(data, { value: record.value, expiresAt: record.expiresAt });
    return data;
  }

  private isWithinLimits({ createdAt = 0 }: SessionFacts): boolean {
    return createdAt + this.limits.absoluteMilliseconds > this.now();
  }

  override createSession(request: Request, data: SessionData) {
    const session = super.createSession(request, data);
    // The browser has this cookie. Without an end express-session does not send it once more: a slow
    // answer would put it in the place of the one that another tab has got meanwhile.
    session.cookie.expires = null;
    const known = this.known.get(data);
    if (known) this.known.set(session, known);
    return session;
  }

  /** Calls `done` at once when there is nothing to write: express-session then sends the page in one piece. */
  override set(sessionId: string, session: SessionData, done: Done = () => {}): void {
    const before = this.known.get(session);
    const difference = before ? compare(toFacts(before), copyFacts(session)) : null;
    if (difference && isNone(difference)) {
      this.touch(sessionId, session, done);
      return;
    }
    this.known.set(session, { value: JSON.stringify(session), expiresAt: this.idleEnd() });
    this.save(toSessionKey(sessionId), session, difference).then(() => done(), done);
  }

  private async save(key: string, session: SessionData, difference: Difference | null): Promise<void> {
    if (!difference) return this.records.put('session', this.toRecord(key, session));
    const { changes, removed } = difference;
    await this.merge(() => this.records.get('session', key), changes, removed);
  }

  /**
   * Gives the request a new session, in place of any it had, and stores it together with the grant of
   * the login that it begins with.
   */
  async start(request: Request, facts: SessionFacts, grant: RecordOfKind): Promise<void> {
    const former = this.known.has(request.session) ? toSessionKey(request.sessionID) : null;
    this.generate(request);
    Object.assign(request.session, facts);
    const record = this.toRecord(toSessionKey(request.sessionID), request.session);
    await this.records.putBoth(grant, { kind: 'session', ...record });
    this.known.set(request.session, record);
    if (former !== null) await this.records.delete('session', former);
  }

  /** Writes some facts on top of what the record says; a record that is gone stays gone. */
  private async merge(
    find: () => Promise<ExpiringRecord | null>,
    changes: SessionFacts,
    removed: readonly string[] = [],
  ): Promise<void> {
    for (let tries = 0; tries < triesToMerge; tries++) {
      const current = await find();
      if (!current) return;
      const value = withChanges(current, changes, removed);
      // Another request has said the same: many pages at once need not get in each other's way.
      if (value === current.value) {
        await this.records.prolong('session', current.key, this.idleEnd());
        return;
      }
      if (await this.records.update('session', { ...current, value, expiresAt: this.idleEnd() })) return;
    }
    throw new StorageError('busy', null, 'the session kept changing');
  }

  private toRecord(key: string, session: Partial<SessionData>) {
    const owner = session.accountId ?? '';
    return { key, owner, value: JSON.stringify(session), expiresAt: this.idleEnd() };
  }

  /**
   * Gives the request's session a new id and some new facts. The old id is dead in the same step,
   * and a session that was ended meanwhile stays ended: then the request has no session any more.
   *
   * When another tab has just renewed it, that id stays and the facts are added to it.
   */
  async renew(request: Request, changes: SessionFacts): Promise<'renewed' | 'renewed-elsewhere' | 'gone'> {
    const oldKey = toSessionKey(request.sessionID);
    const { cookie: _, ...facts } = request.session;
    const place = { accountId: facts.accountId ?? '', ref: facts.ref ?? '' };
    try {
      return (await this.rename(request, oldKey, facts, changes))
        ? 'renewed'
        : await this.mergeInto(place, changes);
    } catch (error) {
      // Half a renewal: the session as it was counts, not the one that the request would write and send.
      Reflect.deleteProperty(request, 'session');
      throw error;
    }
  }

  /** Moves the record to a new id. False when there is none under the old one any more. */
  private async rename(
    request: Request,
    oldKey: string,
    facts: SessionFacts,
    changes: SessionFacts,
  ): Promise<boolean> {
    this.generate(request);
    // What is left of the absolute limit: it goes on counting from the sign-in.
    const left = (facts.createdAt ?? 0) + this.limits.absoluteMilliseconds - this.now();
    request.session.cookie.maxAge = Math.max(1000, left);
    for (let tries = 0; tries < triesToMerge; tries++) {
      const current = await this.records.get('session', oldKey);
      if (!current) break;
      for (const name of Object.keys(request.session)) {
        if (name !== 'cookie') Reflect.deleteProperty(request.session, name);
      }
      Object.assign(request.session, toFacts(current), changes);
      const record = this.toRecord(toSessionKey(request.sessionID), request.session);
      if (!(await this.records.rename('session', oldKey, { ...record, version: current.version }))) continue;
      this.known.set(request.session, record);
      return true;
    }
    // Without a session express-session neither stores anything nor sets a cookie.
    Reflect.deleteProperty(request, 'session');
    return false;
  }

  /** Another tab has renewed the session, or somebody has ended it. */
  private async mergeInto(place: SessionPlace, changes: SessionFacts): Promise<'renewed-elsewhere' | 'gone'> {
    if (!(await this.findRecord(place))) return 'gone';
    await this.change(place, changes);
    return 'renewed-elsewhere';
  }

  /** Writes some facts into a session under whatever id it has, whatever a request has read of it. */
  async change(place: SessionPlace, changes: SessionFacts): Promise<void> {
    await this.merge(() => this.findRecord(place), changes);
  }

  private async findRecord({ accountId, ref }: SessionPlace): Promise<ExpiringRecord | null> {
    const records = await this.records.listByOwner('session', accountId);
    const isIt = (facts: SessionFacts) => facts.ref === ref && this.isWithinLimits(facts);
    return records.find((record) => isIt(toFacts(record))) ?? null;
  }

  /** How many sessions an account has, those included that have just reached their absolute limit. */
  count(accountId: string): Promise<number> {
    return this.records.countByOwner('session', accountId);
  }

  /** All sessions of an account, the last active first; or those that are left when so many are skipped. */
  async list(accountId: string, skip = 0): Promise<StoredSession[]> {
    const records = await this.records.listByOwner('session', accountId, skip);
    return records
      .map((record) => {
        const facts = toFacts(record);
        const lastActiveAt = record.expiresAt - this.limits.idleMilliseconds;
        return { ref: facts.ref ?? '', facts, lastActiveAt };
      })
      .filter(({ facts }) => this.isWithinLimits(facts))
      .toSorted((a, b) => b.lastActiveAt - a.lastActiveAt);
  }

  /** Ends a session under whatever id it has. Answers whether there was one. */
  async end(place: SessionPlace): Promise<boolean> {
    for (let ended = false; ; ) {
      const record = await this.findRecord(place);
      if (!record) return ended;
      // It may have got another id since it was found: look again, until there is none.
      if (await this.records.delete('session', record.key)) ended = true;
    }
  }

  /** True while the session has not been ended. */
  async isAlive(place: SessionPlace): Promise<boolean> {
    return (await this.findRecord(place)) !== null;
  }

  /** Nothing is rewritten: only the record's end moves, and only now and then. Else `done` is called at once. */
  override touch(sessionId: string, session: SessionData, done: Done = () => {}): void {
    const step = Math.min(touchMilliseconds, this.limits.idleMilliseconds * 0.02);
    const known = this.known.get(session);
    if (!known || this.idleEnd() - known.expiresAt < step) done();
    else this.records.prolong('session', toSessionKey(sessionId), this.idleEnd()).then(() => done(), done);
  }

  override destroy(sessionId: string, done: Done = () => {}): void {
    this.records.delete('session', toSessionKey(sessionId)).then(() => done(), done);
  }

  private idleEnd(): number {
    return this.now() + this.limits.idleMilliseconds;
  }
}

/** express-session takes an error whose code is ENOENT for “no such session”. */
function toPlainFailure(error: unknown): unknown {
  return isStorageError(error) && error.code === 'ENOENT' ? new StorageError(error.kind, 'NO_SOCKET') : error;
}

type Known = Pick<ExpiringRecord, 'value' | 'expiresAt'>;

/** A session's facts, detached from the object that requests change. */
function copyFacts(session: Partial<SessionData>): SessionFacts {
  const { cookie: _, ...facts } = JSON.parse(JSON.stringify(session)) as SessionData;
  return facts;
}

/** What a request has changed. */
interface Difference {
  readonly changes: SessionFacts;
  readonly removed: readonly string[];
}

const isNone = ({ changes, removed }: Difference) =>
  Object.keys(changes).length === 0 && removed.length === 0;

function compare(before: SessionFacts, after: SessionFacts): Difference {
  const changed = Object.entries(after).filter(
    ([name, value]) => !isDeepStrictEqual(value, before[name as keyof SessionFacts]),
  );
  return {
    changes: Object.fromEntries(changed) as SessionFacts,
    removed: Object.keys(before).filter((name) => !(name in after)),
  };
}

function withChanges(record: ExpiringRecord, changes: SessionFacts, removed: readonly string[]): string {
  const data = { ...JSON.parse(record.value), ...changes } as Record<string, unknown>;
  for (const name of removed) delete data[name];
  return JSON.stringify(data);
}

function toFacts({ value }: Pick<ExpiringRecord, 'value'>): SessionFacts {
  const { cookie: _, ...facts } = JSON.parse(value) as SessionData;
  return facts;
}
