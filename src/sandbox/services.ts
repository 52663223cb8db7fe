/** The services that the sandbox plays. Twitch's two generations, Helix and Kraken, are one service. */
export const services = ['twitch', 'mixer', 'mixin', 'resonite'] as const;

export type Service = (typeof services)[number];

/** The pretended hosts, each with the service that it belongs to. */
const servicesByHost = {
  'id.twitch.tv': 'twitch',
  'api.twitch.tv': 'twitch',
  'static-cdn.jtvnw.net': 'twitch',
  'mixer.com': 'mixer',
  'uploads.mixer.com': 'mixer',
  'mixin.one': 'mixin',
  'www.mixin.one': 'mixin',
  'api.mixin.one': 'mixin',
  'mixin-api.zeromesh.net': 'mixin',
  'images.mixin.one': 'mixin',
  'account.resonite.com': 'resonite',
  'assets.resonite.com': 'resonite',
} as const satisfies Record<string, Service>;

export type Host = keyof typeof servicesByHost;

/** Hosts of pictures, and one that only leads to another: nothing there asks for a fault. */
export const hostsWithoutFaults: readonly string[] = [
  'static-cdn.jtvnw.net',
  'uploads.mixer.com',
  'www.mixin.one',
  'images.mixin.one',
  'assets.resonite.com',
] satisfies Host[];

/** The hosts where something can go wrong on request. */
export const hostsWithFaults = Object.keys(servicesByHost).filter(
  (host) => !hostsWithoutFaults.includes(host),
) as Host[];

export function serviceOfHost(host: string): Service | null {
  return Object.hasOwn(servicesByHost, host) ? servicesByHost[host as Host] : null;
}

/** The pretended host that a path begins with; like the routers, whatever its case. */
export function hostInPath(path: string): string {
  return path.split(/[/?]/)[1]?.toLowerCase() ?? '';
}

/** The four authorization pages: Kraken has one of its own at api.twitch.tv. */
export const apis = ['twitch', 'kraken', 'mixer', 'resonite'] as const;

export type Api = (typeof apis)[number];

export const serviceNames: Readonly<Record<Service, string>> = {
  twitch: 'Twitch',
  mixer: 'Mixer',
  mixin: 'Mixin',
  resonite: 'Resonite',
};

/** A service by its name, a host as it is. */
export function wordsOfPlace(at: string): string {
  return Object.hasOwn(serviceNames, at) ? serviceNames[at as Service] : at;
}
