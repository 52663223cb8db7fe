import { splitScope } from './parameters.ts';
import type { Exchange } from './parts.ts';
import type { Person } from './people.ts';
import { ProtocolError } from './protocol-error.ts';
import { isKnownScope } from './scopes.ts';
import type { SandboxState } from './state.ts';

/** Who says yes without being shown a page, and to which scopes. */
export interface Approval {
  person: Person;
  /** Of those that are asked for. */
  scopes: string[];
}

function personNamed(state: SandboxState, idOrName: string | null): Person {
  if (!idOrName) return state.people.first();
  return state.people.find(idOrName) ?? state.people.fromName(idOrName);
}

/** Node reads headers as Latin-1 (RFC 9110 5.5 leaves it open); a name is meant as UTF-8, and as if typed. */
function readName(header: string | undefined): string | undefined {
  const text = header === undefined ? undefined : Buffer.from(header, 'latin1').toString('utf8');
  return text?.trim().slice(0, 200);
}

/** A slip would grant nothing without a word; a scope that no service here has may be one of an own service's. */
function readScopes(header: string | undefined, asked: readonly string[]): readonly string[] | undefined {
  if (header === undefined) return undefined;
  const scopes = splitScope(header);
  const unknown = scopes.find((scope) => !isKnownScope(scope) && !asked.includes(scope));
  if (unknown === undefined) return scopes;
  throw new ProtocolError({
    status: 400,
    channel: 'json',
    verdict: 'a scope that is not known',
    contentType: 'text/plain',
    body: `X-Sandbox-Scope names ${unknown.slice(0, 60)}, a scope that no service here has. Correct it, or leave it out.\n`,
  });
}

/**
 * A script may say it for its own request, whatever the setting: `X-Sandbox-Person: bo` and
 * `X-Sandbox-Scope: openid`. A page of another site cannot send such headers along.
 */
export function approvalOf({ parts: { state }, req }: Exchange, asked: readonly string[]): Approval | null {
  const { autoApprove, autoApproveAs, autoApproveScopes } = state.settings;
  const person = readName(req.get('x-sandbox-person'));
  const granted = readScopes(req.get('x-sandbox-scope'), asked) ?? autoApproveScopes;
  if (!autoApprove && person === undefined) return null;
  return {
    person: personNamed(state, person ?? autoApproveAs),
    scopes: asked.filter((scope) => granted === null || granted.includes(scope)),
  };
}
