import { z } from 'zod';
import { canFail, type Place, placesOf, readFaultName, readPlace, type SwitchedFault } from '../faults.ts';
import { isKnownScope } from '../scopes.ts';
import { hostsWithFaults, services, type Service, wordsOfPlace } from '../services.ts';
import { ControlError, notAllowed, notFound } from './control-error.ts';

/** Everything that comes in is unknown until one of these has read it. */

const personName = z
  .string({ error: 'Name is a text.' })
  .trim()
  .min(1, { error: 'Enter a name.' })
  .max(200, { error: 'The name may have up to 200 characters.' });

const email = z
  .string({ error: 'E-mail address is a text, or null for none.' })
  .trim()
  .regex(/^[^\s@]+@[^\s@]+$/, { error: 'Enter an e-mail address like ada@example.test, or none.' })
  .max(254, { error: 'The e-mail address may have up to 254 characters.' })
  .nullable();

const phone = z
  .string({ error: 'Phone number is a text, empty for none.' })
  .trim()
  .regex(/^(\+\d{7,15})?$/, { error: 'Enter a phone number like +15550100001, or none.' });

const hasPicture = z.boolean({ error: 'hasPicture is true or false.' });

const only = (names: string) => ({ error: `The members are ${names}` });

export const newPersonInput = z.strictObject(
  {
    name: personName,
    email: email.default(null),
    hasPicture: hasPicture.default(false),
    phone: phone.default(''),
  },
  only('name, email, hasPicture, phone.'),
);

/** Only what is given changes. */
export const personChangesInput = z.strictObject(
  {
    name: personName.exactOptional(),
    email: email.exactOptional(),
    hasPicture: hasPicture.exactOptional(),
    phone: phone.exactOptional(),
  },
  only('name, email, hasPicture, phone.'),
);

const scope = z.string().refine(isKnownScope, {
  error: ({ input }) => `No service here has the scope ${String(input).slice(0, 60)}.`,
});

const whom = { error: 'autoApproveAs is the id or the name of a person, or null for the first one.' };

export const settingsInput = z.strictObject(
  {
    autoApprove: z.boolean({ error: 'autoApprove is true or false.' }).exactOptional(),
    autoApproveAs: z.string(whom).min(1, whom).max(200, whom).nullable().exactOptional(),
    autoApproveScopes: z
      .array(scope, { error: 'autoApproveScopes is a list of scopes, or null for all.' })
      .nullable()
      .exactOptional(),
    stepMode: z.boolean({ error: 'stepMode is true or false.' }).exactOptional(),
  },
  only('autoApprove, autoApproveAs, autoApproveScopes, stepMode.'),
);

const reachInput = z.strictObject(
  { reach: z.enum(['all', 'next'], { error: 'reach is all or next.' }).default('all') },
  only('reach.'),
);

/** Throws a ControlError that names each member that is not as it should be. */
export function readInput<S extends z.ZodType>(schema: S, input: unknown): z.infer<S> {
  const { data, error } = schema.safeParse(input);
  if (!error) return data as z.infer<S>;
  const problems = error.issues.map(({ path, message }) => ({
    field: String(path[0] ?? ''),
    words: message,
  }));
  throw new ControlError(400, 'invalid_input', problems);
}

export function readService(value: unknown): Service {
  const service = services.find((each) => each === value);
  if (!service) throw notFound(`The services here are ${services.join(', ')}.`);
  return service;
}

export function readAt(value: unknown): Place {
  const place = readPlace(value);
  if (place) return place;
  const places = [...services, ...hostsWithFaults].join(', ');
  throw notAllowed('at', `Choose a service or a host. There are ${places}.`);
}

/** A fault that something at this place can have. */
export function readFault(at: unknown, name: unknown, input: unknown): SwitchedFault {
  const place = readAt(at);
  const fault = readFaultName(name);
  if (!fault) throw notAllowed('name', 'Choose a fault by its name. GET /api/faults lists them.');
  if (canFail(place, fault)) return { at: place, name: fault, ...readInput(reachInput, input) };
  const able = placesOf(fault, place).map(wordsOfPlace).join(', ');
  throw notAllowed('name', `${wordsOfPlace(place)} cannot have the fault ${fault}. It is for ${able}.`);
}
