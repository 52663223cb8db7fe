import { isIP } from 'node:net';
import { isLoopback } from '../address-rules.ts';
import type { Config } from '../config.ts';
import { clockName, type Finding, needsAction, notChecked, ok } from './finding.ts';
import { describeOtherName, type SeenRequest, toOpenedAddress } from './seen-address.ts';

/** What the checks of this server look at. */
export interface ServerFacts {
  readonly config: Config;
  /** Null on the command line: there is no browser. */
  readonly seen: SeenRequest | null;
  /** Without a `v`: `24.15.0`. */
  readonly nodeVersion: string;
  /** What `checkStorage` found. */
  readonly storage: readonly Finding[];
  /** What the last network checks say about the clock; empty when there were none. */
  readonly clock: readonly Finding[];
}

/** As `engines` in package.json has it; a test compares them. */
export const leastNode = [24, 15] as const;

/** Everything that is checked about this server, in the order in which it is shown. */
const checks: readonly ((facts: ServerFacts) => readonly Finding[])[] = [
  (facts) => [checkBaseAddress(facts)],
  (facts) => [checkHttps(facts)],
  (facts) => [checkProxy(facts)],
  (facts) => [checkMode(facts)],
  (facts) => [checkSecret(facts)],
  ({ storage }) => storage,
  (facts) => [checkCookies(facts)],
  (facts) => checkClock(facts),
  ({ nodeVersion }) => [checkNode(nodeVersion)],
  (facts) => [checkServices(facts)],
];

export function checkServer(facts: ServerFacts): Finding[] {
  return checks.flatMap((check) => check(facts));
}

function checkBaseAddress({ config, seen }: ServerFacts): Finding {
  const name = 'Base address';
  if (seen === null) return ok(name, `BASE_URL is ${config.baseUrl}.`);
  const otherName = describeOtherName(config, seen);
  if (otherName !== null) {
    const fix = `Open ${config.baseUrl}, or set BASE_URL to the address you use. Behind a proxy, pass Host on unchanged.`;
    return needsAction(name, otherName, fix);
  }
  return ok(name, `BASE_URL is ${config.baseUrl}, and that is the name you opened.`);
}

function checkHttps({ config, seen }: ServerFacts): Finding {
  const name = 'HTTPS';
  if (!config.secure) {
    if (isLoopback(new URL(config.origin))) return ok(name, 'Not needed: BASE_URL is this machine.');
    return needsAction(
      name,
      `BASE_URL is http under a name that is not this machine's. Most services refuse such return addresses, and cookies cross the network in the clear.`,
      'Put a proxy with a certificate in front, and begin BASE_URL with https://.',
    );
  }
  if (seen === null)
    return notChecked(name, 'BASE_URL is https. Only a request shows whether TLS ends in front.');
  const protocol = seen.forwardedProtocol ?? seen.protocol;
  if (protocol === 'https') return ok(name, 'BASE_URL is https, and so was this request.');
  if (seen.forwardedProtocol === 'http') {
    return needsAction(
      name,
      `You opened ${toOpenedAddress(config, seen)} but BASE_URL is ${config.baseUrl}. Sign-in would fail: the browser keeps our cookies over https only.`,
      'Let the proxy redirect http to https.',
    );
  }
  return notChecked(
    name,
    'BASE_URL is https, and this request came over plain http, as it does behind a proxy that ends TLS and does not say so.',
    'Let the proxy send X-Forwarded-Proto, and this page can tell.',
  );
}

function checkProxy({ config, seen }: ServerFacts): Finding {
  const name = 'Proxy';
  const { trustedProxies } = config;
  if (trustedProxies.length > 0)
    return ok(
      name,
      `TRUSTED_PROXIES names ${trustedProxies.length}. The visitor's address comes from there.`,
    );
  if (seen === null) {
    return config.secure
      ? notChecked(name, 'BASE_URL is https, so something in front ends TLS; TRUSTED_PROXIES is empty.')
      : ok(name, 'TRUSTED_PROXIES is empty: no proxy is believed.');
  }
  if (!seen.isForwarded) return ok(name, 'None was seen, and none is believed.');
  return needsAction(
    name,
    'A proxy is in front (X-Forwarded-For), and TRUSTED_PROXIES is empty. The list of sessions shows the address of the proxy for everybody, and rate limits count everybody together.',
    'Name the address of the proxy in TRUSTED_PROXIES.',
  );
}

function checkMode({ config }: ServerFacts): Finding {
  const name = 'Mode';
  const played = config.services.some(({ state }) => state === 'sandbox');
  if (config.production) {
    const sandbox = played ? ' The sandbox is on, for this machine alone.' : '';
    return ok(name, `NODE_ENV is production: no pages for developers.${sandbox}`);
  }
  if (isLoopback(new URL(config.origin)) || isPrivate(config))
    return ok(name, 'Development: pages for developers are on. They are not for the public.');
  return needsAction(
    name,
    'This is development under a public name: everybody can see the pages for developers, and use the sandbox where it is on.',
    'Set NODE_ENV=production.',
  );
}

function checkSecret({ config }: ServerFacts): Finding {
  const name = 'Secret';
  const { length, oddities } = config.credentials['SESSION_SECRET'] ?? { length: 0, oddities: [] };
  if (length === 0) {
    const sentence = `SESSION_SECRET is not set. One was made and is kept in ${config.dataDir}: whoever deletes that signs everybody out.`;
    return ok(name, sentence);
  }
  if (oddities.length > 0) {
    const fix = 'Set SESSION_SECRET to the output of npm run secret, without anything around it.';
    return needsAction(name, `SESSION_SECRET looks wrong: it ${oddities.join(', and it ')}.`, fix);
  }
  if (config.sessionSecrets.some(isGuessable)) {
    const sentence = 'SESSION_SECRET can be guessed: it repeats a few characters.';
    return needsAction(name, sentence, 'Set it to the output of npm run secret.');
  }
  const several = config.sessionSecrets.length > 1 ? `, ${config.sessionSecrets.length} values` : '';
  return ok(name, `SESSION_SECRET is set (${length} characters${several}).`);
}

/** 32 random bytes have far more different characters, in any way of writing them down. */
function isGuessable(secret: string): boolean {
  return new Set(secret).size < 10;
}

function checkCookies({ config, seen }: ServerFacts): Finding {
  const name = 'Cookies';
  const kind = config.secure
    ? 'Named __Host-latchkey…, sent over https only.'
    : 'Named latchkey…, because BASE_URL is http.';
  if (seen === null) return notChecked(name, `${kind} Only a browser shows whether they come back.`);
  if (seen.hasCookie) return ok(name, `${kind} Your browser sends them back.`);
  return notChecked(
    name,
    `${kind} None came with this request, as on a first visit.`,
    'Choose a theme below: that sets one. If it says this again, the browser does not keep them.',
  );
}

function checkClock({ clock, storage, seen }: ServerFacts): readonly Finding[] {
  if (clock.length > 0) return clock;
  if (storage.some(({ name }) => name.startsWith(clockName))) return [];
  const sentence = 'Nothing to compare it with. ID tokens and signed requests have to be fresh.';
  const fix = seen
    ? 'Check a service now: the time in its answer is compared.'
    : 'The doctor compares it with the time in the answers of the live services, if asked with --network.';
  return [notChecked(clockName, sentence, fix)];
}

function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = leastNode;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return ok('Node', `${version}.`);
  const least = `${leastMajor}.${leastMinor}`;
  return needsAction('Node', `${version} is older than ${least}.`, `Use Node ${least}; npm ci brings one.`);
}

function checkServices({ config }: ServerFacts): Finding {
  const usable = config.services.filter(({ state }) => state !== 'off').length;
  if (usable > 0) return ok('Services', `${usable} of ${config.services.length} can be used to sign in.`);
  const fix = 'Register an application at one of the services and set its variables.';
  return needsAction('Services', 'Nobody can sign in: no service is set up, and the sandbox is off.', fix);
}

/** A network at home or at work, where a phone reaches this machine. */
function isPrivate({ origin }: Config): boolean {
  const { hostname } = new URL(origin);
  if (isIP(hostname) === 4) return /^(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01])|169\.254)\./.test(hostname);
  if (hostname.startsWith('[')) return /^\[f[cde]/.test(hostname);
  return hostname.endsWith('.local') || !hostname.includes('.');
}
