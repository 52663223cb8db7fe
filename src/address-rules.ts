/* What an address has to be like: null where it is, else what is wrong. */

export function secureOrLoopback(url: URL): string | null {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))
    ? null
    : 'must be https, or http to this machine.';
}

/** The endpoints where a client secret and a code would travel in the clear: `token (http://…)`. */
export function findInsecure(endpoints: object): string[] {
  return Object.entries(endpoints)
    .filter(([, url]) => !URL.canParse(url) || secureOrLoopback(new URL(url)) !== null)
    .map(([name, url]) => `${name} (${url})`);
}

export function plainHttp(url: URL): string | null {
  return /^https?:$/.test(url.protocol) && !url.search && !url.hash
    ? null
    : 'must be a plain http or https address.';
}

export function isLoopback({ hostname }: URL): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(\.\d+){3}$/.test(hostname)
  );
}
