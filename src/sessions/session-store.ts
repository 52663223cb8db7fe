import { createHash } from 'node:crypto';
import { type SessionData, Store } from 'express-session';
import type { ExpiringRecords } from '../storage/expiring-records.ts';

export interface SessionLimits {
  readonly idleMilliseconds: number;
  readonly absoluteMilliseconds: number;
}

type Request = Parameters<Store['createSession']>[0];
type Done = (error?: unknown) => void;

/** How much of the idle limit may pass before a mere visit is written down. */
const touchAfter = 0.02;

/** Session ids are stored hashed: a copied database holds no working cookie. */
function toSessionKey(sessionId: string): string {
  return createHash('sha256').update(sessionId).digest('base64url');
}

/**
 * express-session's store on expiring records.
 *
 * express-session writes a whole session back whenever a request ends, so a slow request would
 * revive a session that was signed out meanwhile. Here only a session that never was stored is
 * created; a loaded one is updated, and stays gone when it is gone.
 */
export class RecordStore extends Store {
  /** Set by express-session: gives the request a new, empty session. */
  declare generate: (request: Request) => void;
  private readonly records: ExpiringRecords;
  private readonly limits: SessionLimits;
  private readonly now: () => number;
  /** Session objects that have a record. Held weakly: they live as long as their request. */
  private readonly stored = new WeakSet<object>();

  constructor(records: ExpiringRecords, limits: SessionLimits, now: () => number) {
    super();
    this.records = records;
    this.limits = limits;
    this.now = now;
  }

  override get(sessionId: string, done: (error: unknown, session?: SessionData | null) => void): void {
    this.find(sessionId).then((session) => done(null, session), done);
  }

  private async find(sessionId: string): Promise<SessionData | null> {
    const record = await this.records.get('session', toSessionKey(sessionId));
    return record ? (JSON.parse(record.value) as SessionData) : null;
  }

  override createSession(request: Request, data: SessionData) {
    const session = super.createSession(request, data);
    this.stored.add(session);
    return session;
  }

  override set(sessionId: string, session: SessionData, done: Done = () => {}): void {
    this.save(sessionId, session).then(() => done(), done);
  }

  private async save(sessionId: string, session: SessionData): Promise<void> {
    const record = this.toRecord(sessionId, session);
    if (!this.stored.has(session)) {
      this.stored.add(session);
      return this.records.put('session', record);
    }
    const current = await this.records.get('session', record.key);
    if (current) await this.records.update('session', { ...record, version: current.version });
  }

  private toRecord(sessionId: string, session: Partial<SessionData>) {
    const key = toSessionKey(sessionId);
    return {
      key,
      owner: session.ref ?? '',
      value: JSON.stringify(session),
      expiresAt: this.latestEnd(session),
    };
  }

  /**
   * Gives the request's session a new id and some new facts. The old id is dead in the same step,
   * and a session that was ended meanwhile stays ended: then the request has no session any more.
   *
   * When another tab has just renewed it, that id stays and the facts are added to it.
   */
  async renew(
    request: Request,
    changes: Partial<SessionData>,
  ): Promise<'renewed' | 'renewed-elsewhere' | 'gone'> {
    const oldKey = toSessionKey(request.sessionID);
    const { cookie, ...facts } = request.session;
    this.generate(request);
    Object.assign(request.session, facts, changes);
    // What is left of the absolute limit: it goes on counting from the sign-in.
    if (typeof cookie.maxAge === 'number') request.session.cookie.maxAge = Math.max(1000, cookie.maxAge);
    if (await this.records.rename('session', oldKey, this.toRecord(request.sessionID, request.session))) {
      this.stored.add(request.session);
      return 'renewed';
    }
    // Without a session express-session neither stores anything nor sets a cookie.
    Reflect.deleteProperty(request, 'session');
    const [current] = await this.records.listByOwner('session', facts.ref ?? '');
    if (!current) return 'gone';
    const value = JSON.stringify({ ...JSON.parse(current.value), ...changes });
    await this.records.update('session', { ...current, value });
    return 'renewed-elsewhere';
  }

  /** Ends a session under whatever id it has. */
  async end(ref: string): Promise<void> {
    await this.records.deleteByOwner('session', ref);
  }

  /** True while the session has not been ended. */
  async isAlive(ref: string): Promise<boolean> {
    return (await this.records.listByOwner('session', ref)).length > 0;
  }

  override touch(sessionId: string, session: SessionData, done: Done = () => {}): void {
    this.prolong(sessionId, session).then(() => done(), done);
  }

  private async prolong(sessionId: string, session: SessionData): Promise<void> {
    const current = await this.records.get('session', toSessionKey(sessionId));
    const end = this.latestEnd(session);
    if (!current || end - current.expiresAt < this.limits.idleMilliseconds * touchAfter) return;
    await this.records.update('session', { ...current, expiresAt: end });
  }

  override destroy(sessionId: string, done: Done = () => {}): void {
    this.records.delete('session', toSessionKey(sessionId)).then(() => done(), done);
  }

  /** The idle limit from now, but never past the absolute limit. */
  private latestEnd(session: Partial<SessionData>): number {
    const idleEnd = this.now() + this.limits.idleMilliseconds;
    return Math.min(idleEnd, (session.createdAt ?? this.now()) + this.limits.absoluteMilliseconds);
  }
}
