import { type PlayedApi, playedApis } from './addresses.ts';
import type { Registration } from './registrations.ts';

interface Described {
  url: string;
  /** What it listens on. */
  host: string;
  registrations: readonly Registration[];
  /** Credentials that are made up may be printed; others come from somebody's file. */
  areMadeUp: boolean;
}

const line = (name: string, value: string): string => `  ${name.padEnd(14)} ${value}`;

function describeClient(
  { clientId, clientSecret, redirectUris }: Registration,
  areMadeUp: boolean,
): string[] {
  const secret = clientSecret === null ? 'none' : areMadeUp ? clientSecret : 'as in SANDBOX_REGISTRATIONS';
  return [
    line('client id', clientId),
    line('client secret', secret),
    ...redirectUris.map((uri) => line('redirect URI', uri)),
  ];
}

function describeService(
  { name, service, addresses }: PlayedApi,
  { url, registrations, areMadeUp }: Described,
): string[] {
  const clients = registrations.filter((entry) => entry.service === service);
  if (clients.length === 0) return [];
  return [
    '',
    name,
    ...Object.entries(addresses).map(([what, path]) => line(what, `${url}/${path}`)),
    ...clients.flatMap((client) => describeClient(client, areMadeUp)),
  ];
}

const loopback = new Set(['127.0.0.1', 'localhost', '::1']);

/** What a sandbox that runs alone prints when it is ready: everything that an application needs to know. */
export function describeSandbox(described: Described): string {
  const warning = loopback.has(described.host)
    ? []
    : ['', 'Whoever reaches this address can sign in as anybody: keep it off the internet.'];
  return [
    '',
    `The sandbox is at ${described.url}`,
    'It pretends to be the services below. Nothing in it survives a restart.',
    ...warning,
    ...playedApis.flatMap((entry) => describeService(entry, described)),
    '',
    'Ctrl+C to stop',
    '',
  ].join('\n');
}
