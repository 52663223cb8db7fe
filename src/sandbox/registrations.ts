import type { Service } from './services.ts';

/** An application that a pretended provider knows, as its developer console would hold it. */
export interface Registration {
  service: Service;
  clientId: string;
  clientSecret: string | null;
  name: string;
  /** In order: Twitch reports a mismatch to the first one, and Mixin sends everybody to the first one. */
  redirectUris: readonly string[];
  /** Mixer only: host patterns, `*.example.com` or `localhost`. By default the hosts of `redirectUris`. */
  hosts?: readonly string[];
}

/** Credentials that nobody ever got from a provider; they have the length and alphabet of true ones. */
export const madeUpClients: Readonly<Record<Service, { clientId: string; clientSecret: string }>> = {
  twitch: { clientId: 'sandboxtwitchclientid000000000', clientSecret: 'sandboxtwitchsecret00000000000' },
  mixer: {
    clientId: 'facade000000000000000000000000000000000000facade',
    clientSecret: 'decade0000000000000000000000000000000000000000000000000000decade',
  },
  mixin: {
    clientId: 'facade00-0000-4000-8000-000000000001',
    clientSecret: 'decade0000000000000000000000000000000000000000000000000000000001',
  },
  resonite: {
    clientId: 'facade00-0000-4000-8000-000000000002',
    clientSecret: 'sandbox-resonite-secret-000000000000',
  },
};

/** A secret that anybody can read here may be printed and shown; one that somebody configured never. */
export function isMadeUp({ service, clientId, clientSecret }: Registration): boolean {
  const madeUp = madeUpClients[service];
  return madeUp.clientId === clientId && madeUp.clientSecret === clientSecret;
}

/** The first that stands there twice: only one of them would ever be found. */
export function findDouble(registrations: readonly Registration[]): Registration | undefined {
  return registrations.find(
    ({ service, clientId }, index) =>
      findRegistration(registrations.slice(0, index), service, clientId) !== undefined,
  );
}

export function findRegistration(
  registrations: readonly Registration[],
  service: Service,
  clientId: string | undefined,
): Registration | undefined {
  return registrations.find((entry) => entry.service === service && entry.clientId === clientId);
}

/** The host rule of Mixer's developer page: `*.example.com` covers sub-domains, not the domain itself. */
export function hostMatches(pattern: string, hostname: string): boolean {
  if (pattern.startsWith('*.')) return hostname.endsWith(pattern.slice(1)) && hostname !== pattern.slice(2);
  return pattern === hostname;
}

export function registeredHosts(registration: Registration): readonly string[] {
  return registration.hosts ?? registration.redirectUris.map((uri) => new URL(uri).hostname);
}
