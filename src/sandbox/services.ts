/** The services that the sandbox plays. Twitch's two generations, Helix and Kraken, are one service. */
export const services = ['twitch', 'mixer', 'mixin', 'resonite'] as const;

export type Service = (typeof services)[number];

/** The four authorization pages: Kraken has one of its own at api.twitch.tv. */
export const apis = ['twitch', 'kraken', 'mixer', 'resonite'] as const;

export type Api = (typeof apis)[number];

export const serviceNames: Readonly<Record<Service, string>> = {
  twitch: 'Twitch',
  mixer: 'Mixer',
  mixin: 'Mixin',
  resonite: 'Resonite',
};
