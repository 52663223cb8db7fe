import type { Response } from 'express';
import { FaultSwitches } from './faults.ts';
import { People, type Person } from './people.ts';
import type {
  AccessToken,
  AuthorizationCode,
  MixinAuthorization,
  PendingAuthorization,
  RefreshToken,
  SigningGrant,
} from './records.ts';
import type { RequestRecord } from './request-log.ts';
import type { Service } from './services.ts';

interface Owned {
  service: Service;
  clientId: string;
  personId: string;
}

function deleteWhere<V>(records: Map<string, V>, matches: (record: V) => boolean): void {
  for (const [key, record] of records) if (matches(record)) records.delete(key);
}

function rememberedKey({ service, clientId, personId }: Owned, scopes: readonly string[]): string {
  return JSON.stringify([service, clientId, personId, [...new Set(scopes)].sort().join(' ')]);
}

/** All that the pretended providers remember, and the levers a test may pull. */
export class SandboxState {
  readonly faults = new FaultSwitches();
  readonly people = new People();
  /** Newest last, at most 500. */
  readonly requests: RequestRecord[] = [];
  readonly pending = new Map<string, PendingAuthorization>();
  readonly mixinAuthorizations = new Map<string, MixinAuthorization>();
  readonly codes = new Map<string, AuthorizationCode>();
  readonly accessTokens = new Map<string, AccessToken>();
  readonly refreshTokens = new Map<string, RefreshToken>();
  readonly signingGrants = new Map<string, SigningGrant>();
  /** Grants that let the next login with the same scope set pass without a question. */
  readonly remembered = new Set<string>();
  /** Responses that a fault keeps waiting. */
  readonly hanging = new Set<Response>();
  /** Whom a sandbox that approves by itself takes: the id of a person, or a name as if typed. Null: the first. */
  autoApproveAs: string | null = null;

  listPeople(): readonly Person[] {
    return this.people.list();
  }

  autoApprovedPerson(): Person {
    if (!this.autoApproveAs) return this.people.first();
    return this.people.find(this.autoApproveAs) ?? this.people.fromName(this.autoApproveAs);
  }

  remember(owner: Owned, scopes: readonly string[]): void {
    this.remembered.add(rememberedKey(owner, scopes));
  }

  isRemembered(owner: Owned, scopes: readonly string[]): boolean {
    return this.remembered.has(rememberedKey(owner, scopes));
  }

  /** As if the person had removed the application in the provider's settings: every token dies. */
  revokeAccess(service: Service, clientId: string, personId: string): void {
    const isTheirs = (record: Omit<Owned, 'service'>): boolean =>
      record.clientId === clientId && record.personId === personId;
    const isTheirsHere = (record: Owned): boolean => record.service === service && isTheirs(record);
    deleteWhere(this.codes, isTheirsHere);
    deleteWhere(this.accessTokens, isTheirsHere);
    deleteWhere(this.refreshTokens, isTheirsHere);
    if (service === 'mixin') deleteWhere(this.signingGrants, isTheirs);
    const prefix = JSON.stringify([service, clientId, personId]).slice(0, -1);
    for (const key of this.remembered) if (key.startsWith(`${prefix},`)) this.remembered.delete(key);
  }

  /** Forgets what ended an hour ago; until then who comes late still learns that it is late. */
  forgetOld(now: number): void {
    const limit = now - 60 * 60 * 1000;
    const isOver = ({ expiresAt }: { expiresAt: number | null }): boolean =>
      expiresAt !== null && expiresAt < limit;
    deleteWhere(this.pending, ({ createdAt }) => createdAt < limit);
    deleteWhere(this.mixinAuthorizations, isOver);
    deleteWhere(this.codes, isOver);
    deleteWhere(this.accessTokens, isOver);
    deleteWhere(this.refreshTokens, isOver);
    deleteWhere(this.signingGrants, isOver);
  }

  /** Ends the access tokens of a service and leaves its refresh tokens alone. */
  expireAccessTokens(service: Service): void {
    for (const token of this.accessTokens.values()) if (token.service === service) token.expiresAt = 0;
  }
}
