import { canFail, placesOf, readFaultName, readPlace, type SwitchedFault } from './faults.ts';

/** Something that was written down for the sandbox and cannot be read, in a sentence. */
export class SandboxInputError extends Error {}

/**
 * Reads `place:fault` or `place:fault:next`, for example `twitch:token_500` or
 * `api.twitch.tv:userinfo_html:next`. Throws `SandboxInputError`.
 */
export function readSwitchedFault(text: string): SwitchedFault {
  const [place, fault, reach = 'all', ...more] = text.split(':');
  const at = readPlace(place);
  if (!at) throw new SandboxInputError(`has no service or host in ${text}.`);
  const name = readFaultName(fault);
  if (!name) throw new SandboxInputError(`has no fault that is known in ${text}.`);
  if (!canFail(at, name)) {
    throw new SandboxInputError(`has ${name} at ${at}: it is for ${placesOf(name, at).join(', ')}.`);
  }
  if ((reach !== 'all' && reach !== 'next') || more.length > 0) {
    throw new SandboxInputError(`says neither all nor next at the end of ${text}.`);
  }
  return { at, name, reach };
}
