import type { RequestParts } from '../parts.ts';
import type { Person } from '../people.ts';
import type { AccessToken } from '../records.ts';

/** What Twitch says about a token to whoever presents it, in both generations. */
export interface Validation {
  token: AccessToken;
  clientId: string;
  person: Person;
}

const anotherClientId = 'anothertwitchclientid000000000';

/** Undefined for a dead token, as a fault calls every one; other faults name a stranger. */
export function validate(
  { state, faults }: RequestParts,
  token: AccessToken | undefined,
): Validation | undefined {
  if (!token || faults.has('validate_401')) return undefined;
  const isOtherClient = faults.has('validate_other_client');
  const isOtherPerson = faults.has('validate_other_person');
  return {
    token,
    clientId: isOtherClient ? anotherClientId : token.clientId,
    person: isOtherPerson ? state.people.another(token.personId) : state.people.get(token.personId),
  };
}
