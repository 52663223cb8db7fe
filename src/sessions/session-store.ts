import { createHash } from 'node:crypto';
import { type SessionData, Store } from 'express-session';
import type { ExpiringRecords } from '../storage/expiring-records.ts';

export interface SessionLimits {
  readonly idleMilliseconds: number;
  readonly absoluteMilliseconds: number;
}

type Done = (error?: unknown) => void;

/** How much of the idle limit may pass before a mere visit is written down. */
const touchAfter = 0.02;

/** Session ids are stored hashed: a copied database holds no working cookie. */
export function toSessionKey(sessionId: string): string {
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

  override createSession(request: Parameters<Store['createSession']>[0], data: SessionData) {
    const session = super.createSession(request, data);
    this.stored.add(session);
    return session;
  }

  override set(sessionId: string, session: SessionData, done: Done = () => {}): void {
    this.save(sessionId, session).then(() => done(), done);
  }

  private async save(sessionId: string, session: SessionData): Promise<void> {
    const key = toSessionKey(sessionId);
    const record = {
      key,
      owner: session.accountId ?? '',
      value: JSON.stringify(session),
      expiresAt: this.end(session),
    };
    if (!this.stored.has(session)) {
      this.stored.add(session);
      return this.records.put('session', record);
    }
    const current = await this.records.get('session', key);
    if (current) await this.records.update('session', { ...record, version: current.version });
  }

  override touch(sessionId: string, session: SessionData, done: Done = () => {}): void {
    this.prolong(sessionId, session).then(() => done(), done);
  }

  private async prolong(sessionId: string, session: SessionData): Promise<void> {
    const current = await this.records.get('session', toSessionKey(sessionId));
    const end = this.end(session);
    if (!current || end - current.expiresAt < this.limits.idleMilliseconds * touchAfter) return;
    await this.records.update('session', { ...current, expiresAt: end });
  }

  override destroy(sessionId: string, done: Done = () => {}): void {
    this.records.delete('session', toSessionKey(sessionId)).then(() => done(), done);
  }

  /** The idle limit from now, but never past the absolute limit. */
  private end(session: SessionData): number {
    const idleEnd = this.now() + this.limits.idleMilliseconds;
    return Math.min(idleEnd, (session.createdAt ?? this.now()) + this.limits.absoluteMilliseconds);
  }
}
