import { load } from 'cheerio';
import request, { type Response } from 'supertest';
import { createSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/app.ts';
import { madeUpClients, type Registration } from '../../src/sandbox/registrations.ts';
import { type Service, services } from '../../src/sandbox/services.ts';

export const baseUrl = 'http://localhost:4000';
export const start = Date.UTC(2026, 0, 1);

export const callbackOf = (service: Service): string => `http://localhost:3000/login/${service}/callback`;

export const registrations: readonly Registration[] = services.map((service) => ({
  service,
  ...madeUpClients[service],
  name: 'Latchkey',
  redirectUris: [callbackOf(service), `http://localhost:3000/second/${service}`],
}));

interface Clock {
  milliseconds: number;
}

export interface TestSandbox extends Sandbox {
  clock: Clock;
}

export async function testSandbox(options: Partial<SandboxOptions> = {}): Promise<TestSandbox> {
  const clock = { milliseconds: start };
  const now = (): number => clock.milliseconds;
  const sandbox = await createSandbox({ baseUrl, registrations, autoApprove: false, now, ...options });
  return { ...sandbox, clock };
}

export const authorizationPaths = {
  twitch: '/id.twitch.tv/oauth2/authorize',
  kraken: '/api.twitch.tv/kraken/oauth2/authorize',
  mixer: '/mixer.com/oauth/authorize',
  mixin: '/mixin.one/oauth/authorize',
  resonite: '/account.resonite.com/connect/authorize',
} as const;

type Api = keyof typeof authorizationPaths;

const serviceOf = (api: Api): Service => (api === 'kraken' ? 'twitch' : api);

/** The authorization request as a URL path; null takes a parameter out. */
export function authorizationPath(api: Api, changes: Readonly<Record<string, string | null>> = {}): string {
  const service = serviceOf(api);
  const parameters: Record<string, string | null> = {
    response_type: 'code',
    client_id: madeUpClients[service].clientId,
    redirect_uri: callbackOf(service),
    state: 'the-state',
    ...changes,
  };
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== null);
  return `${authorizationPaths[api]}?${new URLSearchParams(given)}`;
}

export function locationOf(response: Response): URL {
  return new URL(response.headers['location'] ?? '', baseUrl);
}

export function formAddress(response: Response): string {
  return load(response.text)('form[method=post]').attr('action') ?? '';
}

export type Browser = ReturnType<typeof request.agent>;

export const browserOf = ({ app }: Sandbox): Browser => request.agent(app);

/** Goes through both pages as `person` and gives the callback. */
export async function loginAs(browser: Browser, path: string, person = 'ada', answer = 'yes'): Promise<URL> {
  const signIn = await browser.get(path);
  const chosen = await browser.post(formAddress(signIn)).type('form').send({ person });
  if (locationOf(chosen).host !== new URL(baseUrl).host) return locationOf(chosen);
  const consent = await browser.get(locationOf(chosen).pathname);
  return locationOf(await browser.post(formAddress(consent)).type('form').send({ answer }));
}

/** Scans, ticks and approves at Mixin, all in one browser. */
export async function mixinLogin(
  browser: Browser,
  path: string,
  scopes: string[],
  person = 'ada',
): Promise<URL> {
  const waiting = locationOf(await browser.get(path)).pathname;
  const page = load((await browser.get(waiting)).text);
  const phone = page('a:contains("Open on this device")').attr('href') ?? '';
  await browser.get(phone);
  const body = new URLSearchParams({ answer: 'yes', person });
  for (const scope of scopes) body.append('scope', scope);
  await browser.post(phone).type('form').send(body.toString());
  return locationOf(await browser.get(waiting));
}

/** The members of a token request with a code; null takes one out. */
export function codeGrant(
  service: Service,
  code: string | null,
  changes: Readonly<Record<string, string | null>> = {},
): Record<string, string> {
  const members: Record<string, string | null> = {
    grant_type: 'authorization_code',
    client_id: madeUpClients[service].clientId,
    client_secret: madeUpClients[service].clientSecret,
    redirect_uri: callbackOf(service),
    code,
    ...changes,
  };
  return Object.fromEntries(
    Object.entries(members).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}
