import type { Registration } from '../registrations.ts';
import { type Service, services } from '../services.ts';

/** The sandbox's own application, one registration a service; as made up as `madeUpClients`. */
export const tryItClients: Readonly<Record<Service, { clientId: string; clientSecret: string }>> = {
  twitch: { clientId: 'sandboxtryitclientid0000000000', clientSecret: 'sandboxtryitsecret000000000000' },
  mixer: {
    clientId: 'facade000000000000000000000000000000000000c0ffee',
    clientSecret: 'decade0000000000000000000000000000000000000000000000000000c0ffee',
  },
  mixin: {
    clientId: 'facade00-0000-4000-8000-000000c0ffee',
    clientSecret: 'decade0000000000000000000000000000000000000000000000000001c0ffee',
  },
  resonite: {
    clientId: 'facade00-0000-4000-8000-000001c0ffee',
    clientSecret: 'sandbox-try-it-secret-00000000000000',
  },
};

/** Twitch's registration is Kraken's as well. */
const callbacks: Readonly<Record<Service, readonly string[]>> = {
  twitch: ['twitch', 'kraken'],
  mixer: ['mixer'],
  mixin: ['mixin'],
  resonite: ['resonite'],
};

export function tryItRegistrations(baseUrl: string): Registration[] {
  return services.map((service) => ({
    service,
    ...tryItClients[service],
    name: 'Try it',
    redirectUris: callbacks[service].map((name) => `${baseUrl}/try/${name}/callback`),
  }));
}
