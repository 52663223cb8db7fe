import { z } from 'zod';
import { SandboxInputError } from './fault-list.ts';
import { madeUpClients, type Registration } from './registrations.ts';
import { services } from './services.ts';

const registration = z
  .strictObject({
    service: z.enum(services),
    clientId: z.string().min(1).optional(),
    clientSecret: z.string().min(1).nullable().optional(),
    name: z.string().min(1).default('My application'),
    redirectUris: z.array(z.url()).min(1),
    hosts: z.array(z.string().min(1)).min(1).optional(),
  })
  .transform(({ service, clientId, clientSecret, hosts, ...rest }): Registration => {
    const madeUp = madeUpClients[service];
    const id = clientId ?? madeUp.clientId;
    // Whoever names an id of their own and no secret has a client without one.
    const secret = clientSecret === undefined && clientId === undefined ? madeUp.clientSecret : clientSecret;
    return { service, clientId: id, clientSecret: secret ?? null, ...rest, ...(hosts ? { hosts } : {}) };
  });

const registrationFile = z.array(registration).min(1);

function sentence({ path, message }: { path: readonly PropertyKey[]; message: string }): string {
  return `${path.map(String).join('.') || 'it'}: ${message}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SandboxInputError('names a file that is not JSON.');
  }
}

/**
 * Reads a list of registrations as an application's developer writes it down. What is left out is made
 * up: a client id, with it a secret, and a name. Throws `SandboxInputError` with the first mistake.
 */
export function readRegistrations(text: string): Registration[] {
  const read = registrationFile.safeParse(parse(text));
  if (!read.success) {
    throw new SandboxInputError(`names a file with a mistake in it: ${sentence(read.error.issues[0]!)}.`);
  }
  return read.data;
}

/** One application at all services, with credentials that are made up. */
export function madeUpRegistrations(redirectUris: readonly string[]): Registration[] {
  return services.map((service) => ({
    service,
    ...madeUpClients[service],
    name: 'My application',
    redirectUris: redirectUris.map((uri) => uri.replaceAll('{service}', service)),
  }));
}
