import { mixer } from './mixer.ts';
import { mixin, mixinWithBearerToken } from './mixin.ts';
import type { Endpoints, IdentityFacts, Provider } from './provider.ts';
import { resonite } from './resonite.ts';
import { twitch } from './twitch.ts';
import { twitchKraken } from './twitch-kraken.ts';

/** One service that people know by name, and the settings that choose among its sets of facts. */
export interface Service {
  readonly id: string;
  /** Variable → allowed values, the default first. */
  readonly settings: Readonly<Record<string, readonly string[]>>;
  readonly choose: (chosen: Readonly<Record<string, string>>) => Provider;
}

/** The ids of the services below, for types. */
export type ShippedId = 'twitch' | 'mixin' | 'resonite' | 'mixer';

/** In the order in which pages list them. */
export const services: readonly (Service & { readonly id: ShippedId })[] = [
  {
    id: 'twitch',
    settings: { TWITCH_API: ['helix', 'kraken'] },
    choose: (chosen) => (chosen['TWITCH_API'] === 'kraken' ? twitchKraken : twitch),
  },
  {
    id: 'mixin',
    settings: { MIXIN_TOKEN: ['ed25519', 'bearer'] },
    choose: (chosen) => (chosen['MIXIN_TOKEN'] === 'bearer' ? mixinWithBearerToken : mixin),
  },
  { id: 'resonite', settings: {}, choose: () => resonite },
  { id: 'mixer', settings: {}, choose: () => mixer },
];

/**
 * The same provider, played by the sandbox: `https://id.twitch.tv/oauth2/token` becomes
 * `<sandboxUrl>/id.twitch.tv/oauth2/token`. `sandboxUrl` has no slash at its end.
 */
export function inSandbox(provider: Provider, sandboxUrl: string): Provider {
  const map = (url: string) => url.replace(/^https:\/\//, `${sandboxUrl}/`);
  return {
    ...provider,
    issuer: map(provider.issuer),
    endpoints: mapEndpoints(provider.endpoints, map),
    publicEndpoints: provider.endpoints,
    imageSources: provider.imageSources.map(map),
    toIdentity: (userinfo) => mapPicture(provider.toIdentity(userinfo), map),
  };
}

export function mapEndpoints(endpoints: Endpoints, map: (url: string) => string): Endpoints {
  const mapped = Object.entries(endpoints).map(([name, url]) => [name, map(url)]);
  return Object.fromEntries(mapped) as unknown as Endpoints;
}

function mapPicture(facts: IdentityFacts, map: (url: string) => string): IdentityFacts {
  return facts.avatarUrl === null ? facts : { ...facts, avatarUrl: map(facts.avatarUrl) };
}

/** A picture's address, or null when it does not lie at one of the provider's own image hosts. */
export function allowedPicture(provider: Provider, url: string | null): string | null {
  if (url === null || url.length > 2000 || !URL.canParse(url)) return null;
  const { href } = new URL(url);
  return provider.imageSources.some((source) => href.startsWith(source)) ? href : null;
}

const day = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  timeZone: 'UTC',
});

/** When a service ended: `Mixer closed on 22 July 2020.`; null for one that lives. */
export function closingSentence({ status }: Provider): string | null {
  return status === 'live' ? null : `${status.what} closed on ${day.format(Date.parse(status.closed))}.`;
}

/** What the person reads for a scope: its words, or its bare name when we have none. */
export function scopeWords(provider: Provider, scope: string): string {
  return provider.scopes[scope]?.words ?? scope;
}
