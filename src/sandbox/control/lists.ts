import { faultNames, faultTable } from '../faults.ts';
import type { Person } from '../people.ts';
import type { SandboxParts } from '../parts.ts';
import type { AccessToken, AppToken } from '../records.ts';
import { findRegistration } from '../registrations.ts';
import type { RequestRecord } from '../request-log.ts';
import { scopeWords } from '../scopes.ts';
import type { Service } from '../services.ts';
import { markOf } from '../state.ts';

/** What there is to see, once for the page and the API. No secret, code or token is in any of it. */

export function listFaults({ state }: SandboxParts) {
  return {
    on: [...state.faults.list()],
    known: faultNames.map((name) => ({ name, ...faultTable[name] })),
  };
}

interface Owned {
  service: Service;
  clientId: string;
  /** Absent where an application acts for itself. */
  personId?: string;
  scopes?: readonly string[];
}

function describeOwned({ state, registrations }: SandboxParts, owned: Owned) {
  const { service, clientId, personId = null, scopes = [] } = owned;
  return {
    service,
    clientId,
    application: findRegistration(registrations, service, clientId)?.name ?? clientId,
    personId,
    person: personId === null ? null : state.people.get(personId).name,
    scopes: scopes.map((scope) => ({ scope, words: scopeWords[scope] ?? null })),
  };
}

export function listAccess(parts: SandboxParts) {
  return parts.state.listAccess().map((access) => describeOwned(parts, access));
}

function describeToken(parts: SandboxParts, token: AccessToken | AppToken) {
  const { value, createdAt, expiresAt } = token;
  const isOver = expiresAt <= parts.now();
  return {
    mark: markOf(value),
    ...describeOwned(parts, token),
    createdAt: new Date(createdAt).toISOString(),
    /** Null when it is over. */
    endsAt: isOver ? null : new Date(expiresAt).toISOString(),
  };
}

/** The newest first. */
export function listTokens(parts: SandboxParts, limit = Number.POSITIVE_INFINITY) {
  const tokens = parts.state.listTokens().slice(0, limit);
  return tokens.map((token) => describeToken(parts, token));
}

/** Ids in a path name sign-ins that are under way, so they are left out. */
function withoutIds(path: string): string {
  return path.replaceAll(/[0-9a-f-]{16,}/gi, '…');
}

function describeRequest(record: RequestRecord) {
  const { time, host, path, service, method, grantType, status, verdict, failedCheck, faults } = record;
  const { queryNames, bodyNames } = record;
  return {
    time: new Date(time).toISOString(),
    method,
    host,
    path: withoutIds(path),
    service,
    grantType,
    status,
    verdict,
    failedCheck,
    faults,
    queryNames,
    bodyNames,
  };
}

/** The newest first, without a single value that was sent. */
export function listRequests({ state }: SandboxParts, limit = Number.POSITIVE_INFINITY) {
  return state.requests.slice(-limit).reverse().map(describeRequest);
}

export function listPeople({ state }: SandboxParts): readonly Person[] {
  return state.people.list();
}
