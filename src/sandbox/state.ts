import { createHash } from 'node:crypto';
import type { Response } from 'express';
import { FaultSwitches, type SwitchedFault } from './faults.ts';
import { Kept } from './kept.ts';
import { People } from './people.ts';
import type {
  Access,
  AccessToken,
  AppToken,
  AuthorizationCode,
  MixinAuthorization,
  PendingAuthorization,
  RefreshToken,
  SigningGrant,
} from './records.ts';
import type { RequestRecord } from './request-log.ts';
import type { Service } from './services.ts';

/** What a person, a script or a setting may choose about the whole sandbox. */
export interface Settings {
  /** Approves everything at once and shows no page. */
  autoApprove: boolean;
  /** Whom a sandbox that approves by itself takes: the id of a person, or a name as if typed. Null: the first. */
  autoApproveAs: string | null;
  /** The scopes it grants of those asked for; null for all of them. */
  autoApproveScopes: readonly string[] | null;
  /** Stops before each redirect between application and service, and says what it carries. */
  stepMode: boolean;
}

export const usualSettings: Settings = {
  autoApprove: false,
  autoApproveAs: null,
  autoApproveScopes: null,
  stepMode: false,
};

/** What a service beside the four remembers: whose it is once that is known, and when it is over. */
interface Remembered {
  readonly personId: string | null;
  readonly expiresAt: number;
}

interface Owned {
  service: Service;
  clientId: string;
  personId: string;
}

/** How many of each kind are remembered: far more than anybody tries out by hand. */
const limits = { pending: 2_000, codes: 5_000, tokens: 10_000, remembered: 10_000 };

function deleteWhere<V>(records: Map<string, V>, matches: (record: V) => boolean): void {
  for (const [key, record] of records) if (matches(record)) records.delete(key);
}

function ownerKey({ service, clientId, personId }: Owned): string {
  return JSON.stringify([service, clientId, personId]);
}

function rememberedKey(owner: Owned, scopes: readonly string[]): string {
  return `${ownerKey(owner)} ${[...new Set(scopes)].sort().join(' ')}`;
}

/** Names a token without giving it away: for pages and addresses. */
export function markOf(value: string): string {
  return createHash('sha256').update(value).digest('hex').slice(0, 12);
}

/** All that the pretended providers remember, and the levers a test may pull. */
export class SandboxState {
  readonly #now: () => number;
  readonly #initial: Settings;
  readonly #initialFaults: readonly SwitchedFault[];
  settings: Settings;
  readonly faults = new FaultSwitches();
  readonly people: People;
  /** Newest last, at most 500. */
  readonly requests: RequestRecord[] = [];
  readonly pending = new Kept<PendingAuthorization>(limits.pending);
  readonly mixinAuthorizations = new Kept<MixinAuthorization>(limits.pending);
  readonly codes = new Kept<AuthorizationCode>(limits.codes);
  readonly accessTokens = new Kept<AccessToken>(limits.tokens);
  readonly appTokens = new Kept<AppToken>(limits.tokens);
  readonly refreshTokens = new Kept<RefreshToken>(limits.tokens);
  readonly signingGrants = new Kept<SigningGrant>(limits.tokens);
  /** Grants that let the next login with the same scope set pass without a question. */
  readonly remembered = new Kept<Access>(limits.remembered);
  /** The records of services beside the four. */
  readonly #more: Kept<Remembered>[] = [];
  /** Responses that a fault keeps waiting. */
  readonly hanging = new Set<Response>();
  #isClosing = false;

  constructor(settings: Settings, faults: readonly SwitchedFault[], now: () => number) {
    this.#now = now;
    this.#initial = { ...settings };
    this.#initialFaults = faults;
    this.#setFaults();
    this.settings = { ...settings };
    this.people = new People((ids) => this.#forgetPeople(ids));
  }

  /** Keeps a response that takes its time, so that closing can end it. False when it is ended already. */
  hold(res: Response): boolean {
    if (this.#isClosing) {
      res.destroy();
      return false;
    }
    this.hanging.add(res);
    res.once('close', () => this.hanging.delete(res));
    return true;
  }

  /** Ends the responses that are kept waiting, and all that would be from now on. */
  letGo(): void {
    this.#isClosing = true;
    for (const res of this.hanging) res.destroy();
    this.hanging.clear();
  }

  /** Records of a service beside the four: they are limited, reset and forgotten like all others. */
  keepMore<V extends Remembered>(kind: keyof typeof limits): Kept<V> {
    const kept = new Kept<V>(limits[kind]);
    this.#more.push(kept as unknown as Kept<Remembered>);
    return kept;
  }

  remember(owner: Owned, scopes: readonly string[]): void {
    const { service, clientId, personId } = owner;
    this.remembered.set(rememberedKey(owner, scopes), { service, clientId, personId, scopes: [...scopes] });
  }

  isRemembered(owner: Owned, scopes: readonly string[]): boolean {
    return this.remembered.has(rememberedKey(owner, scopes));
  }

  /** The applications with access, each with all scopes that a person ever gave it. */
  listAccess(): Access[] {
    const found = new Map<string, Access>();
    const mixin = [...this.signingGrants.values()].map((grant) => ({ ...grant, service: 'mixin' as const }));
    const all = [this.remembered, this.accessTokens, this.refreshTokens].flatMap((kind): Access[] => [
      ...kind.values(),
    ]);
    for (const record of [...all, ...mixin]) {
      const { service, clientId, personId } = record;
      const scopes = new Set([...(found.get(ownerKey(record))?.scopes ?? []), ...record.scopes]);
      found.set(ownerKey(record), { service, clientId, personId, scopes: [...scopes].sort() });
    }
    return [...found.values()];
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
    deleteWhere(this.remembered, isTheirsHere);
  }

  /** Those of people and those of applications themselves, the newest first. */
  listTokens(): (AccessToken | AppToken)[] {
    const tokens = [...this.accessTokens.values(), ...this.appTokens.values()];
    return tokens.reverse().sort((one, other) => other.createdAt - one.createdAt);
  }

  /** The access token with this mark, ended at once. False when there is none. */
  expireToken(mark: string): boolean {
    const token = this.listTokens().find(({ value }) => markOf(value) === mark);
    if (token) token.expiresAt = Math.min(token.expiresAt, this.#now());
    return token !== undefined;
  }

  /** Ends the access tokens of a service and leaves its refresh tokens alone. */
  expireAccessTokens(service: Service): void {
    for (const token of this.listTokens())
      if (token.service === service) token.expiresAt = Math.min(token.expiresAt, this.#now());
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
    deleteWhere(this.appTokens, isOver);
    deleteWhere(this.refreshTokens, isOver);
    deleteWhere(this.signingGrants, isOver);
    for (const kept of this.#more) deleteWhere(kept, isOver);
  }

  /** Everything as it was at the start; the keys stay. */
  reset(): void {
    const kinds = [this.pending, this.mixinAuthorizations, this.codes, this.accessTokens];
    for (const kind of [...kinds, this.appTokens, this.refreshTokens, this.signingGrants, this.remembered])
      kind.clear();
    for (const kept of this.#more) kept.clear();
    this.requests.length = 0;
    this.#setFaults();
    this.people.reset();
    this.settings = { ...this.#initial };
  }

  #setFaults(): void {
    this.faults.clear();
    for (const { at, name, reach } of this.#initialFaults) this.faults.set(at, name, reach);
  }

  /** What belongs to people who are forgotten goes with them. */
  #forgetPeople(ids: ReadonlySet<string>): void {
    const isTheirs = ({ personId }: { personId: string | null }): boolean =>
      personId !== null && ids.has(personId);
    deleteWhere(this.pending, isTheirs);
    deleteWhere(this.codes, isTheirs);
    deleteWhere(this.accessTokens, isTheirs);
    deleteWhere(this.refreshTokens, isTheirs);
    deleteWhere(this.signingGrants, isTheirs);
    deleteWhere(this.remembered, isTheirs);
    for (const kept of this.#more) deleteWhere(kept, isTheirs);
  }
}
