import { liveAppToken } from '../app-tokens.ts';
import type { RequestParts } from '../parts.ts';
import type { Person } from '../people.ts';
import type { AccessToken, AppToken } from '../records.ts';
import { liveAccessToken } from '../tokens.ts';

/** What Twitch says about a token to whoever presents it, in both generations. */
export interface Validation {
  clientId: string;
  /** Null for a token of the application itself. */
  person: Person | null;
  scopes: readonly string[];
  createdAt: number;
  expiresAt: number;
}

const anotherClientId = 'anothertwitchclientid000000000';

export function liveTwitchToken(
  parts: RequestParts,
  value: string | undefined,
): AccessToken | AppToken | undefined {
  return liveAccessToken(parts, 'twitch', value) ?? liveAppToken(parts, 'twitch', value);
}

function personOfToken({ state, faults }: RequestParts, token: AccessToken | AppToken): Person | null {
  if (!('personId' in token)) return null;
  const isOther = faults.has('validate_other_person');
  return isOther ? state.people.another(token.personId) : state.people.get(token.personId);
}

/** Undefined for a dead token, as a fault calls every one; other faults name a stranger. */
export function validate(parts: RequestParts, value: string | undefined): Validation | undefined {
  const token = liveTwitchToken(parts, value);
  if (!token || parts.faults.has('validate_401')) return undefined;
  return {
    clientId: parts.faults.has('validate_other_client') ? anotherClientId : token.clientId,
    person: personOfToken(parts, token),
    scopes: 'scopes' in token ? token.scopes : [],
    createdAt: token.createdAt,
    expiresAt: token.expiresAt,
  };
}
