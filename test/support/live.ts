import { services as providers } from '../../src/providers/index.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';

/** Live at all four, with the sandbox's addresses in the places of the true ones. */
export function liveAt(sandboxUrl: string): Record<string, string> {
  const settings = providers.flatMap((service) => {
    const { id, endpoints } = service.choose({});
    const prefix = id.toUpperCase();
    const { clientId, clientSecret } = madeUpClients[id as keyof typeof madeUpClients];
    const overrides = Object.entries(endpoints)
      .filter(([name]) => name !== 'jwks')
      .map(([name, url]) => [`${prefix}_${name.toUpperCase()}_ENDPOINT`, url.replace('https:/', sandboxUrl)]);
    return [
      [prefix, 'live'],
      [`${prefix}_CLIENT_ID`, clientId],
      [`${prefix}_CLIENT_SECRET`, clientSecret],
      ...overrides,
    ];
  });
  return Object.fromEntries(settings);
}
