import { type People, type Person, type PersonChanges, personFromName } from '../people.ts';
import type { SandboxParts } from '../parts.ts';
import { findRegistration } from '../registrations.ts';
import { type Service, serviceNames } from '../services.ts';
import type { Settings } from '../state.ts';
import { notFound } from './control-error.ts';
import type { ControlParts } from './parts.ts';

/** What can be done to the sandbox, once for the page and the API. Each takes input that was read. */

type NewPerson = Required<PersonChanges>;

export function findPerson({ state }: SandboxParts, id: unknown): Person {
  const person = typeof id === 'string' ? state.people.find(id) : undefined;
  if (!person) throw notFound('There is no person with this id.');
  return person;
}

function noteOf({ email, hasPicture }: Pick<Person, 'email' | 'hasPicture'>): string {
  return `${email === null ? 'no e-mail' : 'verified e-mail'}, ${hasPicture ? 'picture' : 'no picture'}`;
}

/** Ids follow from the name; a second person of the same name gets others. */
function newIds(people: People, name: string): Person {
  for (let count = 1; ; count += 1) {
    const made = personFromName(count === 1 ? name : `${name} (${count})`);
    if (!people.find(made.id)) return made;
  }
}

export function addPerson({ state: { people } }: SandboxParts, input: NewPerson): Person {
  const made = newIds(people, input.name);
  const resonite = { ...made.resonite, username: input.name };
  const person = { ...made, ...input, resonite, note: noteOf(input) };
  people.put(person);
  return person;
}

/** All ids stay. A new name means new usernames, where a service has such. */
export function editPerson(parts: SandboxParts, id: string, changes: PersonChanges): Person {
  const before = findPerson(parts, id);
  const { people } = parts.state;
  const edited = people.edit(id, changes)!;
  const { twitch, mixer } = edited.name === before.name ? before : personFromName(edited.name);
  const person = {
    ...edited,
    note: noteOf(edited),
    twitch: { ...edited.twitch, login: twitch.login },
    mixer: { ...edited.mixer, username: mixer.username },
  };
  people.put(person);
  return person;
}

export function changeSettings({ state }: SandboxParts, changes: Partial<Settings>): Settings {
  Object.assign(state.settings, changes);
  return state.settings;
}

export function removeAccess(
  { state, registrations }: SandboxParts,
  access: { service: Service; clientId: string; personId: string },
): string {
  const { service, clientId, personId } = access;
  const isThis = (each: typeof access): boolean =>
    each.service === service && each.clientId === clientId && each.personId === personId;
  if (!state.listAccess().some(isThis)) throw notFound('This application has no access to remove.');
  state.revokeAccess(service, clientId, personId);
  const application = findRegistration(registrations, service, clientId)?.name ?? clientId;
  return `${application} has no access at ${serviceNames[service]} any more, and its tokens are dead.`;
}

export function expireToken({ state }: SandboxParts, mark: unknown): void {
  if (typeof mark === 'string' && state.expireToken(mark)) return;
  throw notFound('There is no access token with this mark.');
}

/** Everything as it was at the start. */
export function reset({ state, logins }: ControlParts): void {
  state.reset();
  logins.clear();
}
