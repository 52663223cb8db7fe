import type { Exchange } from './parts.ts';
import type { Person } from './people.ts';
import type { SandboxState } from './state.ts';

/** Who says yes without being shown a page, and to which scopes. */
export interface Approval {
  person: Person;
  /** Of those that are asked for; null for all of them. */
  scopes: readonly string[] | null;
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

/**
 * A script may say it for its own request, whatever the setting: `X-Sandbox-Person: bo` and
 * `X-Sandbox-Scope: openid`. A page of another site cannot send such headers along.
 */
export function approvalOf({ parts: { state }, req }: Exchange): Approval | null {
  const { autoApprove, autoApproveAs, autoApproveScopes } = state.settings;
  const person = readName(req.get('x-sandbox-person'));
  if (!autoApprove && person === undefined) return null;
  const scope = req.get('x-sandbox-scope');
  return {
    person: personNamed(state, person ?? autoApproveAs),
    scopes: scope === undefined ? autoApproveScopes : scope.split(' '),
  };
}

export function approvedScopes({ scopes }: Approval, asked: readonly string[]): string[] {
  return asked.filter((scope) => scopes === null || scopes.includes(scope));
}
