import { LoginError } from '../errors.ts';
import type { Client } from '../oauth/client.ts';
import type { Context, ServiceInUse } from './context.ts';
import { toTimeWords } from './time-words.ts';

/** The service that an address names. Throws `provider_closed` or `provider_not_configured`. */
export function findClient({ services }: Context, id: string): Client {
  const service = services.find(({ provider }) => provider.id === id);
  if (service?.client) return service.client;
  const closed = service?.off === 'closed';
  throw new LoginError(
    closed ? 'provider_closed' : 'provider_not_configured',
    service ? { provider: service.provider.id } : {},
  );
}

/** The client that asks for an identity: of its service, in its mode. Null where there is none now. */
export function findClientOf(
  { services }: Pick<Context, 'services'>,
  { provider: id, mode }: { readonly provider: string; readonly mode: string },
): Client | null {
  const client = services.find(({ provider }) => provider.id === id)?.client;
  return client?.mode === mode ? client : null;
}

/** The name of a provider; the bare id of one that is no longer offered. */
export function nameOfProvider({ services }: Pick<Context, 'services'>, id: string): string {
  return services.find(({ provider }) => provider.id === id)?.provider.name ?? id;
}

/** The name, with “(sandbox)” behind it where a closed service only lives on in the sandbox. */
export function serviceLabel({ provider, client }: ServiceInUse): string {
  return provider.status !== 'live' && client?.mode === 'sandbox'
    ? `${provider.name} (sandbox)`
    : provider.name;
}

/** What was seen longer ago says nothing about now. */
const recentMilliseconds = 5 * 60 * 1000;

/**
 * Since when a service has been failing, for whoever is about to choose it: `03:40 UTC`. Null when
 * it works, and when nobody has asked it for some minutes.
 */
export function failingSince({ now }: Context, { client }: ServiceInUse): string | null {
  const breaker = client?.http.traffic().breaker;
  if (!breaker || breaker.failingSince === null || breaker.lastFailureAt === null) return null;
  return now() - breaker.lastFailureAt > recentMilliseconds
    ? null
    : toTimeWords(breaker.failingSince, now()).words;
}

/** The sandbox's own page, for developers, where it plays a service. */
export function sandboxHref({ config, services }: Context): string | null {
  const plays = services.some(({ client }) => client?.mode === 'sandbox');
  return plays && !config.production ? config.sandbox.url : null;
}
